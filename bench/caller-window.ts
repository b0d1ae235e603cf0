/** When callers in several threads are to call, by a clock that all threads have in common. */

/**
 * The same for all: who gets a cpu late in it makes fewer calls in it, and not the same number in a window of its own
 * in which the others have ended. 0 as its end ends the thread.
 */
export interface CallerWindow {
  readonly from: number;
  readonly until: number;
}

export function monotonicMS(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
