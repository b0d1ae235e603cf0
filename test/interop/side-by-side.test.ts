/**
 * gVisor's own server and ours, side by side: several thousand random calls on two directories that began equal, every
 * field of every answer that should be equal compared, and the two trees in the end. LISAFS_SEED repeats a run.
 */

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { startServed } from '../server/serving.js';
import { needingRunsc } from './peers.js';
import { RandomCalls } from './random-calls.js';
import { startSession, type Session } from './session.js';
import { Both, describeTree } from './side-by-side.js';

const CALLS_COUNT = 4000;
const seed = Number(process.env['LISAFS_SEED'] ?? Date.now() % 1_000_000);

function plant(root: string): void {
  mkdirSync(join(root, 'dir', 'sub'), { recursive: true });
  writeFileSync(join(root, 'file'), 'some content');
  writeFileSync(join(root, 'dir', 'file'), 'more of it');
  symlinkSync('dir/file', join(root, 'link'));
  symlinkSync('../..', join(root, 'dir', 'link'));
}

const test = suite('side by side');

for (const readOnly of [false, true]) {
  for (const channels of [2, 0]) {
    const what = `${readOnly ? 'read-only, ' : ''}over ${channels === 0 ? 'the socket' : 'channels'}`;
    needingRunsc(test, 'current')(`${what}: equal answers, equal trees`, async () => {
      const before = holdings();
      const theirs = await startSession({ runsc: 'current', channels, readonly: readOnly });
      const args = ['--host-uds=all', '--host-fifo=open', ...(readOnly ? ['--read-only', '--donate'] : [])];
      const ours = await startServed({ args, channels });
      try {
        await compare([theirs, ours], readOnly ? CALLS_COUNT / 4 : CALLS_COUNT);
      } finally {
        await ours.end();
        await theirs.end();
      }
      assertNothingLeft(before);
    });
  }
}

async function compare(sessions: readonly [Session, Session], count: number): Promise<void> {
  for (const { path } of sessions) plant(path);
  const both = new Both(sessions);
  try {
    await new RandomCalls(both, seed).run(count);
  } catch (error) {
    console.log(`side by side: LISAFS_SEED=${seed} repeats it`);
    throw error;
  }
  const [gvisor, ours] = sessions.map(({ path }) => describeTree(path));
  assert.equal(ours, gvisor, `the trees differ; LISAFS_SEED=${seed}`);
  if (process.env['LISAFS_SHOW_COUNTS']) console.log(Object.fromEntries([...both.counts].sort()));
}

test.run();
