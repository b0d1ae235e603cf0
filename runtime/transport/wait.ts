/** How a thread waits for its peer's answer: awake for a while where there is a cpu for both, then asleep. */

import { availableParallelism } from 'node:os';

/**
 * Looks at connState before sleeping, about 20 us. A gVisor peer that is awake answers an FStat in 7 to 30 us, and
 * falling asleep and being woken costs as much again. With one cpu each look only keeps the peer from answering.
 */
const SPIN_COUNT = availableParallelism() > 1 ? 2000 : 0;

/**
 * How long an event loop keeps looking, once a round, before it leaves the waiting to a thread. Being woken by that
 * takes about as long, so it is never more than twice as slow as the better choice would have been.
 */
export const AWAKE_MS = availableParallelism() > 1 ? 0.1 : 0;

/** How many times to look before sleeping. */
export function spinBudget(): number {
  return SPIN_COUNT;
}
