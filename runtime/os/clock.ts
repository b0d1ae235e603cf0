/** Time without objects: performance.now() gives one, and who waits in a call that is to make none asks here. */

import { clockGettime } from './libc.js';
import { allocScratch, PAGE_BYTES } from './memory.js';

const CLOCK_MONOTONIC = 1;
const SECOND_US = 1_000_000;
/** The clock goes round, so that it stays a small integer. */
const ROUND_S = 1000;
/** struct timespec, of which the low halves are enough: sec i64, nsec i64. */
const now = allocScratch(PAGE_BYTES);
const nowView = new DataView(now.buffer);

/** A moment by clock_gettime(2), for microsecondsSince. */
export function moment(): number {
  clockGettime(CLOCK_MONOTONIC, now.address);
  const seconds = nowView.getUint32(0, true) % ROUND_S;
  return (seconds * SECOND_US + nowView.getInt32(8, true) / 1000) | 0;
}

/** How long ago `then` was, in microseconds. Less than it was where that is 1000 s or more. */
export function microsecondsSince(then: number): number {
  const us = moment() - then;
  return us < 0 ? us + ROUND_S * SECOND_US : us;
}
