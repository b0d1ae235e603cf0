/** Calls over what only sends and tells of what came: answered in order, one at a time. */

import type { Subject } from './subject.js';

export interface EchoCalls {
  /** To be called for each answer. */
  readonly answered: () => void;
  subject(send: () => void, end: () => unknown): Subject;
}

/**
 * Batches run from callback to callback, without a promise for each call: the fastest way to use such a peer. A single
 * call is a promise, since somebody has to wait for it.
 */
export function echoCalls(): EchoCalls {
  let left = 0;
  let send = (): void => undefined;
  let done = (): void => undefined;
  const run = (calls: number): Promise<void> =>
    new Promise((resolve) => {
      left = calls;
      done = resolve;
      send();
    });
  return {
    answered: () => {
      if (--left > 0) send();
      else done();
    },
    subject: (sendOne, end) => {
      send = sendOne;
      return { asynchronous: true, run, call: () => run(1), end };
    },
  };
}
