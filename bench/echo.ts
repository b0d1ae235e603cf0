/** Calls over what only sends and tells of what came: answered in order, one at a time or some at once. */

import type { Subject } from './subject.js';

export interface EchoCalls {
  /** To be called when so many answers have come. */
  readonly answered: (count: number) => void;
  /** `send` makes so many calls. */
  subject(send: (count: number) => void, end: () => unknown): Subject;
}

/** The argument of a side that is its own server, started by itself. */
export const SERVE = 'serve';

/** How many calls are under way at once: the client's only argument, one by default. */
export function callsAtOnce(): number {
  return Number(process.argv[2] ?? 1);
}

/**
 * Batches run from callback to callback, without a promise for each call: the fastest way to use such a peer. A single
 * call is a promise, since somebody has to wait for it.
 */
export function echoCalls(): EchoCalls {
  /** Calls yet to be sent, and those that have yet to be answered. */
  let [unsent, unanswered] = [0, 0];
  let send = (_count: number): void => undefined;
  let done = (): void => undefined;
  const sendSome = (most: number): void => {
    const count = Math.min(most, unsent);
    unsent -= count;
    if (count > 0) send(count);
  };
  const run = (calls: number): Promise<void> =>
    new Promise((resolve) => {
      unsent = unanswered = calls;
      done = resolve;
      sendSome(callsAtOnce());
    });
  return {
    answered: (count) => {
      unanswered -= count;
      if (unanswered > 0) sendSome(count);
      else done();
    },
    subject: (sendOne, end) => {
      send = sendOne;
      return { asynchronous: true, run, call: () => run(1), end };
    },
  };
}
