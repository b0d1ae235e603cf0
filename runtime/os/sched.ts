/** The scheduler. */

import { microsecondsSince, moment } from './clock.js';
import { schedYield } from './libc.js';

const MOST_US = 1_000_000;

/**
 * Lets another thread that is ready to run have this cpu, if there is one: sched_yield(2). Returns how many
 * microseconds that took, a second at most.
 */
export function yieldCPU(): number {
  const began = moment();
  schedYield();
  return Math.min(microsecondsSince(began), MOST_US);
}
