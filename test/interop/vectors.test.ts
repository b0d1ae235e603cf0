/** Bytes that today's gVisor marshals now, of every message, random and extreme: not only those in the repository. */

import { execFileSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runVectors } from '../vectors.js';
import { findBuilt } from './peers.js';

const COUNT_PER_TYPE = 30;
const govectors = findBuilt('govectors');
const seed = Number(process.env['LISAFS_SEED'] ?? Date.now() % 1_000_000);

const vectors = suite("gVisor's own bytes");

/** Runs the body if the program is there; else it is skipped, and under CI fails. */
function needingVectors(name: string, body: (program: string) => void): void {
  if (govectors !== undefined) vectors(name, () => body(govectors));
  else if (process.env['CI']) vectors(name, () => assert.unreachable('no .cache/govectors; run test/interop/build.sh'));
  else vectors.skip(`${name}: no .cache/govectors; run test/interop/build.sh`);
}

needingVectors(`encode and decode, each to the other (LISAFS_SEED=${seed})`, (program) => {
  const text = execFileSync(program, [String(seed), String(COUNT_PER_TYPE)], {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  const lines: string[] = [];
  const status = runVectors(text, (line) => lines.push(line));
  assert.is(status, 0, lines.slice(0, 5).join('\n'));
  assert.match(lines.at(-1)!, new RegExp(`^${64 * COUNT_PER_TYPE} passed, 0 failed$`));
});

vectors.run();
