/** The slowest of many synchronous calls, and what the scheduler did to them. */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Effort } from '../rounds.js';
import { Side } from '../side.js';
import type { Tail } from '../tail.js';
import type { Case, Outcome } from './case.js';

const CALLS = 300_000;
const TRACED_CALLS = 100_000;
const QUICK_CALLS = 200;

const us = (ns: number): string => `${(ns / 1000).toFixed(1)} us`;

function describe(tail: Tail): string[] {
  const { calls, p50, p99, p999, max, slow, preempted, slept, neither } = tail;
  return [
    `${calls} calls: p50 ${us(p50)}, p99 ${us(p99)}, p99.9 ${us(p999)}, max ${us(max)}`,
    `of the ${slow} slower than p99.9, ${preempted} fell into a hundred calls in which the caller was preempted, ` +
      `${slept} into one in which it slept without that, ${neither} into one without a context switch of its own`,
    `context switches of the caller: ${tail.involuntary} involuntary, ${tail.voluntary} voluntary; ` +
      `collections: ${tail.collections}`,
  ];
}

/** Lines of `perf sched latency` for the busiest tasks. */
function longestWaits(data: string): string[] {
  const text = execFileSync('perf', ['sched', 'latency', '-i', data, '--sort', 'max'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return text
    .split('\n')
    .filter((line) => /^\s+\S+:/.test(line))
    .slice(0, 5);
}

/** What the scheduler did while as many calls were made; perf slows them, so these are not the ones that are counted. */
async function traced(side: Side, calls: number): Promise<string[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'lisafs-bench-'));
  const data = join(scratch, 'perf.data');
  try {
    const perf = spawn('perf', ['sched', 'record', '-a', '-o', data], { stdio: ['ignore', 'ignore', 'ignore'] });
    const failed = once(perf, 'close');
    // A perf that cannot start says so at once.
    const early = await Promise.race([failed, new Promise((resolve) => setTimeout(resolve, 500))]);
    if (early !== undefined) return ['perf sched is not permitted here, or not installed'];
    const tail = await side.ask<Tail>('tail', calls);
    perf.kill('SIGINT');
    await failed;
    return [
      `perf sched over ${calls} more calls (p99.9 ${us(tail.p999)}); who waited longest for a cpu:`,
      ...longestWaits(data).map((line) => line.trim().replaceAll(/\s+/g, ' ')),
    ];
  } catch (error) {
    return [`no trace: ${(error as Error).message.split('\n')[0]}`];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function run({ quick }: Effort): Promise<Outcome> {
  const side = await Side.start({ name: 'ours', program: 'ours-ping', args: ['sync'] });
  try {
    const tail = await side.ask<Tail>('tail', quick ? QUICK_CALLS : CALLS);
    const trace = await traced(side, quick ? QUICK_CALLS : TRACED_CALLS);
    const row = { side: 'p99.9', rounds: [tail.p999], calls: tail.calls, latencies: tail.latencies };
    return { unit: 'ns', sides: [row], missing: [], notes: [...describe(tail), ...trace] };
  } finally {
    await side.end();
  }
}

export const slowest: Case = { name: 'tail', title: 'the slowest of many synchronous calls that do nothing', run };
