/** The slowest calls, and what this process did meanwhile. */

import { GCProfiler } from 'node:v8';
import { percentileOf } from './statistics.js';

/** Calls between two looks at the counters: a look costs microseconds, and must not be part of a call. */
const BLOCK_CALLS = 100;

export interface Tail {
  readonly calls: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** Slower than p99.9. */
  readonly slow: number;
  /** Of these, in blocks of calls in which this process was preempted, slept, or neither. */
  readonly preempted: number;
  readonly slept: number;
  readonly neither: number;
  /** Context switches of this process in all blocks. */
  readonly involuntary: number;
  readonly voluntary: number;
  readonly collections: number;
  /** Every hundredth of the sorted latencies, and the last hundred: enough to draw the tail. */
  readonly latencies: readonly number[];
}

/** One block's counters. */
interface Block {
  readonly involuntary: number;
  readonly voluntary: number;
}

/** Where calls are slow, there are fewer. */
const PATIENCE_MS = 60_000;

/** Times so many calls, each by itself. Blocks in which a slow one lies are looked at for what interrupted it. */
export function tailOf(call: () => unknown, wanted: number): Tail {
  const blocks: Block[] = [];
  const took = new Float64Array(Math.ceil(wanted / BLOCK_CALLS) * BLOCK_CALLS);
  const until = performance.now() + PATIENCE_MS;
  let at = 0;
  const profiler = new GCProfiler();
  for (let i = 0; i < BLOCK_CALLS * 50; i++) call();
  profiler.start();
  for (; at < took.length && performance.now() < until; at += BLOCK_CALLS) {
    const before = process.resourceUsage();
    for (let i = at; i < at + BLOCK_CALLS; i++) {
      const began = performance.now();
      call();
      took[i] = performance.now() - began;
    }
    const after = process.resourceUsage();
    blocks.push({
      involuntary: after.involuntaryContextSwitches - before.involuntaryContextSwitches,
      voluntary: after.voluntaryContextSwitches - before.voluntaryContextSwitches,
    });
  }
  const { statistics } = profiler.stop() as unknown as { statistics: readonly unknown[] };
  return summary(took.subarray(0, at), blocks, statistics.length);
}

function summary(took: Float64Array, blocks: readonly Block[], collections: number): Tail {
  const sorted = Float64Array.from(took).sort();
  const at = (share: number): number => Math.round(percentileOf(sorted, share) * 1e6);
  const limit = percentileOf(sorted, 0.999);
  const slow = Array.from(took.keys()).filter((i) => took[i]! > limit);
  const blockOf = (i: number): Block => blocks[Math.floor(i / BLOCK_CALLS)]!;
  const preempted = slow.filter((i) => blockOf(i).involuntary > 0).length;
  const slept = slow.filter((i) => blockOf(i).involuntary === 0 && blockOf(i).voluntary > 0).length;
  const sum = (of: (block: Block) => number): number => blocks.reduce((total, block) => total + of(block), 0);
  const kept = Array.from(sorted, (ms) => Math.round(ms * 1e6));
  return {
    calls: took.length,
    p50: at(0.5),
    p99: at(0.99),
    p999: at(0.999),
    max: at(1),
    slow: slow.length,
    preempted,
    slept,
    neither: slow.length - preempted - slept,
    involuntary: sum((block) => block.involuntary),
    voluntary: sum((block) => block.voluntary),
    collections,
    latencies: kept.filter((_, i) => i % 100 === 0 || i >= kept.length - 100),
  };
}
