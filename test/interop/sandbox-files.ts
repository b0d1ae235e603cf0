/** For our gofer in the tests: what is served at /bound, as the annotation says, and at / what config.json names. */

import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { memfs } from 'memfs';
import type { IFs } from 'memfs';
import { localDirectory, serveFS, type GoferModule } from '../../runtime/server.js';

export const ANNOTATION = 'test.lisafs.work';

/** A directory of the disk, in memory. Its hard links become files of their own. */
function copied(from: string, fs: IFs, to = '/'): IFs {
  for (const name of readdirSync(from)) {
    const [source, path] = [join(from, name), join(to, name)];
    const stat = lstatSync(source);
    if (stat.isSymbolicLink()) fs.symlinkSync(readlinkSync(source), path);
    else if (stat.isDirectory()) copied(source, (fs.mkdirSync(path, { mode: stat.mode & 0o7777 }), fs), path);
    else fs.writeFileSync(path, readFileSync(source), { mode: stat.mode & 0o7777 });
  }
  return fs;
}

const files: GoferModule = ({ destination, source, annotations }) => {
  if (destination !== '/bound') return undefined;
  switch (annotations[ANNOTATION]) {
    case 'in memory':
      return { root: serveFS(copied(source, memfs().fs).promises) };
    case 'without donation':
      return { root: localDirectory(source, { donate: false }) };
  }
  throw new Error(`the annotation ${ANNOTATION} says nothing known`);
};

export default files;
