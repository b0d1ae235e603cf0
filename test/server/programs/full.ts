/**
 * Makes a name while there are few descriptors left, in the directory that is named, and says on standard output what
 * came of it, and how many descriptors stayed open: `full ROOT create`, or `full ROOT link` for a link to `there`. The
 * umask has to take something for there to be anything to undo.
 */

import { closeSync, openSync, readdirSync } from 'node:fs';
import { localDirectory } from '../../../runtime/fs/local-directory.js';
import { createFile } from '../../../runtime/fs/local-making.js';
import { AT_FDCWD, O_PATH, openAt } from '../../../runtime/os/open.js';
import type { Found } from '../../../runtime/session/backend.js';

const NOBODY = 0xffff_ffff;
const O_RDWR = 2;

interface Making {
  /** How many descriptors are left. */
  readonly spareCount: number;
  readonly make: () => unknown;
}

const [root = '', what = ''] = process.argv.slice(2);
const dirFD = openAt(AT_FDCWD, root, O_PATH);

function creating(): Making {
  const init = { mode: 0o666, uid: NOBODY, gid: NOBODY };
  return { spareCount: 2, make: () => createFile(dirFD, 'file', init, O_RDWR) };
}

function linking(): Making {
  const { file } = localDirectory(root).mount() as Found;
  const there = (file.walk!('there') as Found).file;
  return { spareCount: 0, make: () => there.link!(file, 'file') };
}

const { spareCount, make } = what === 'link' ? linking() : creating();
const before = readdirSync('/proc/self/fd').length;
const fillers: number[] = [];
try {
  for (;;) fillers.push(openSync('/dev/null', 'r'));
} catch {
  // Full.
}
for (const fd of fillers.splice(0, spareCount)) closeSync(fd);
let made: unknown;
try {
  made = make();
} catch (error) {
  made = String(error);
}
for (const fd of fillers) closeSync(fd);
const left = readdirSync('/proc/self/fd').length - before;
console.log(JSON.stringify({ made, left }));
