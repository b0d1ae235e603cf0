/** Samples by perf of what runs while calls are made. */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Side } from './side.js';

export const SECONDS = 3;
export const WARM_UP_CALLS = 300_000;
const BATCH_CALLS = 20_000;

/** Samples a process or a cpu, `whom`, for a while, while the calls go on. */
export async function record(whom: readonly string[], data: string): Promise<void> {
  const args = ['record', '-e', 'cpu-clock', '-F', '4000', '-o', data, ...whom, '--', 'sleep', `${SECONDS}`];
  const perf = spawn('perf', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  perf.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [code] = (await once(perf, 'close').catch(() => [-1])) as [number];
  if (code < 0) throw new Error('there is no perf; install it (Debian: linux-perf)');
  if (code > 0) throw new Error(`perf record failed: ${said.trim()}`);
}

export function report(data: string, fields: string): string {
  const args = ['report', '-i', data, '--stdio', '--no-children', '-g', 'none', '-F', fields, '-t', '|'];
  return execFileSync('perf', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

/** Calls until `done`; resolves to the mean time of a call. */
export async function callUntil(side: Side, done: Promise<unknown>): Promise<number> {
  let isDone = false;
  void done.finally(() => (isDone = true)).catch(() => undefined);
  let [sum, batches] = [0, 0];
  while (!isDone) {
    sum += await side.batch(BATCH_CALLS);
    batches++;
  }
  return sum / batches;
}
