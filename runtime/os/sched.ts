/** The scheduler. */

import { schedYield } from './libc.js';

/** Lets another thread that is ready to run have this cpu, if there is one: sched_yield(2). */
export function yieldCPU(): void {
  schedYield();
}
