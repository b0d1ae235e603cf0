/** The slowest of many synchronous calls, and what the scheduler did to them. */

import type { Effort } from '../rounds.js';
import { threadsOf, traced } from '../scheduling.js';
import { childrenOf, Side } from '../side.js';
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

/** perf slows the calls, so those that it looks at are others than those that are counted. */
async function trace(side: Side, calls: number): Promise<string[]> {
  let p999 = Number.NaN;
  const said = await traced(threadsOf([side.pid, ...childrenOf(side.pid)]), async () => {
    ({ p999 } = await side.ask<Tail>('tail', calls));
  });
  return [`perf sched over ${calls} more calls, p99.9 ${us(p999)}:`, ...said];
}

async function run({ quick }: Effort): Promise<Outcome> {
  const side = await Side.start({ name: 'ours', program: 'ours-ping', args: ['sync'] });
  try {
    const tail = await side.ask<Tail>('tail', quick ? QUICK_CALLS : CALLS);
    const notes = [...describe(tail), ...(await trace(side, quick ? QUICK_CALLS : TRACED_CALLS))];
    const row = { side: 'p99.9', rounds: [tail.p999], calls: tail.calls, latencies: tail.latencies };
    return { unit: 'ns', sides: [row], missing: [], notes };
  } finally {
    await side.end();
  }
}

export const slowest: Case = { name: 'tail', title: 'the slowest of many synchronous calls that do nothing', run };
