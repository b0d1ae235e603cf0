/** Tells a handler's answer that comes later from one that is there. */

/**
 * True for a promise and for what can be awaited like one: what a promise has besides, `Promise.resolve` gives it. No
 * response has a field called `then`: the compiler sees to it.
 */
export function isPromise<T>(answer: T | Promise<T>): answer is Promise<T> {
  return typeof answer === 'object' && answer !== null && typeof (answer as { then?: unknown }).then === 'function';
}
