/** A process that has no descriptors left: what fails for that leaves nothing behind. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EMFILE } from '../../runtime/wire/errno.js';

const PROGRAM = fileURLToPath(new URL('programs/full.js', import.meta.url));
const LIMITED = 'ulimit -n 100; umask 022; exec "$@"';

const test = suite('no descriptors left');

test('a file that cannot be finished is removed, and its descriptors are closed', () => {
  const root = mkdtempSync(join(tmpdir(), 'lisafs-full-'));
  const said = execFileSync('sh', ['-c', LIMITED, 'sh', process.execPath, PROGRAM, root], { encoding: 'utf8' });
  assert.equal(JSON.parse(said), { made: -EMFILE, left: 0 });
  assert.equal(readdirSync(root), []);
  rmSync(root, { recursive: true });
});

test.run();
