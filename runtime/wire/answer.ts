/** A handler's answer: one that comes later told from one that is there, and one that cannot be sent. */

import { EIO, RPCError } from './errno.js';

/**
 * True for a promise and for what can be awaited like one: what a promise has besides, `Promise.resolve` gives it. No
 * response has a field called `then`: the compiler sees to it.
 */
export function isPromise<T>(answer: T | Promise<T>): answer is Promise<T> {
  return typeof answer === 'object' && answer !== null && typeof (answer as { then?: unknown }).then === 'function';
}

/** A response that is larger than a message may be: the client gets EIO, and whoever wrote the handler is told. */
export class TooLarge extends RPCError {}

/** The error for a response of `size` bytes where there may be `most`. */
export function tooLarge(size: number, most: number): TooLarge {
  return new TooLarge(EIO, 'handler', `the response has ${size} bytes, and may have ${most}`);
}
