/** A process that has no descriptors left: what fails for that leaves nothing behind. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EMFILE } from '../../runtime/wire/errno.js';

const PROGRAM = fileURLToPath(new URL('programs/full.js', import.meta.url));
const LIMITED = 'ulimit -n 100; umask 022; exec "$@"';

const test = suite('no descriptors left');

function inFull(what: string, there: readonly string[]): void {
  const root = mkdtempSync(join(tmpdir(), 'lisafs-full-'));
  for (const name of there) writeFileSync(join(root, name), '');
  const command = ['-c', LIMITED, 'sh', process.execPath, PROGRAM, root, what];
  assert.equal(JSON.parse(execFileSync('sh', command, { encoding: 'utf8' })), { made: -EMFILE, left: 0 });
  assert.equal(readdirSync(root), there);
  rmSync(root, { recursive: true });
}

test('a file that cannot be finished is removed, and its descriptors are closed', () => inFull('create', []));

test('a link that cannot be opened is removed, and what it was a link to is not', () => inFull('link', ['there']));

test.run();
