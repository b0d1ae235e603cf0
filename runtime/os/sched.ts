/** The scheduler. */

import { clockGettime, schedYield } from './libc.js';
import { allocScratch, PAGE_BYTES } from './memory.js';

const CLOCK_MONOTONIC = 1;
const SECOND_US = 1_000_000;
/** struct timespec, of which the low halves are enough: sec i64, nsec i64. */
const now = allocScratch(PAGE_BYTES);
const nowView = new DataView(now.buffer);

/**
 * Lets another thread that is ready to run have this cpu, if there is one: sched_yield(2). Returns how many
 * microseconds that took, a second at most. By the C library's clock: what performance.now() gives is an object, and
 * who gives way is in a call that is to make none.
 */
export function yieldCPU(): number {
  clockGettime(CLOCK_MONOTONIC, now.address);
  const sec = nowView.getInt32(0, true);
  const nsec = nowView.getInt32(8, true);
  schedYield();
  clockGettime(CLOCK_MONOTONIC, now.address);
  const seconds = (nowView.getInt32(0, true) - sec) | 0;
  const us = ((nowView.getInt32(8, true) - nsec) / 1000) | 0;
  return seconds > 1 ? SECOND_US : Math.min(seconds * SECOND_US + us, SECOND_US);
}
