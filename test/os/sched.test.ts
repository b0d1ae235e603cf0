/** Leaving a cpu: where a thread goes, and what it may use afterwards. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { schedGetcpu } from '../../runtime/os/libc.js';
import { leaveCPU, yieldCPU } from '../../runtime/os/sched.js';

const SCHED = fileURLToPath(new URL('../../runtime/os/sched.js', import.meta.url));

/** The cpus that the calling thread may run on (proc(5)). */
function allowed(): string {
  return /^Cpus_allowed:\s*(\S+)$/mu.exec(readFileSync('/proc/thread-self/status', 'utf8'))![1]!;
}

const sched = suite('leaveCPU, yieldCPU');
const withOthers = availableParallelism() > 1 ? sched : sched.skip;

withOthers('a thread that leaves its cpu goes to another, and may use all of them afterwards', () => {
  const before = allowed();
  let changes = 0;
  // The kernel may bring it back at any time.
  for (let i = 0; i < 50; i++) {
    const cpu = schedGetcpu();
    assert.ok(leaveCPU());
    if (schedGetcpu() !== cpu) changes++;
    assert.is(allowed(), before);
  }
  assert.ok(changes > 0);
});

/** What a process that may use these cpus alone says of itself, before and after it has tried to leave its cpu. */
function told(cpus: string): string {
  const code = `
    import { readFileSync } from 'node:fs';
    import { leaveCPU } from ${JSON.stringify(SCHED)};
    const allowed = () => /^Cpus_allowed_list:\\s*(\\S+)$/mu.exec(readFileSync('/proc/thread-self/status', 'utf8'))[1];
    console.log([allowed(), leaveCPU(), leaveCPU(), allowed()].join(' '));`;
  const args = ['-c', cpus, process.execPath, '--input-type=module', '--eval', code];
  return execFileSync('taskset', args, { encoding: 'utf8' }).trim();
}

sched('one that may use a single cpu stays there', () => {
  assert.is(told('0'), '0 false false 0');
});

withOthers('one that was told which to use may use these afterwards', () => {
  assert.is(told('0,1'), '0-1 true true 0-1');
});

sched('a yield takes some microseconds', () => {
  const us = yieldCPU();
  assert.ok(Number.isInteger(us) && us >= 0 && us <= 1_000_000);
});

sched.run();
