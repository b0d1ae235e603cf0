/** When calls end that are not answered: by time, or by a signal. Times are of `performance.now()`, in milliseconds. */

import { ETIMEDOUT, RPCError } from '../wire/errno.js';
import { outOfRange, wrongType } from '../wire/invalid.js';

/** The longest that Node's timers wait; what is longer is for ever. */
const MAX_TIMER_MS = 0x7fff_ffff;

/** Checks a timeout that a caller gives: milliseconds, from 0 to Infinity. */
export function checkTimeout(name: string, timeout: number): number {
  if (typeof timeout !== 'number') throw wrongType(name, 'a number of milliseconds', timeout);
  if (!(timeout >= 0)) throw outOfRange(name, 'a number of milliseconds from 0 on', timeout);
  return timeout > MAX_TIMER_MS ? Infinity : timeout;
}

/** Checks a signal that a caller gives. Throws the error of one that has fired. */
export function checkSignal(signal: AbortSignal): AbortSignal {
  if (!(signal instanceof AbortSignal)) throw wrongType('signal', 'an AbortSignal', signal);
  if (signal.aborted) throw new AbortError(signal.reason);
  return signal;
}

/** What an aborted call rejects with, as node:fs's do: its `cause` is the signal's reason. */
export class AbortError extends Error {
  override readonly name = 'AbortError';
  readonly code = 'ABORT_ERR';

  constructor(reason: unknown) {
    super('The operation was aborted', { cause: reason });
  }
}

/** What a call fails with that was not answered in time. */
export function timedOut(method: string, timeout: number): RPCError {
  return new RPCError(ETIMEDOUT, method, `no answer within ${timeout} ms`);
}

/** Who is told of a signal. One listener stands for all calls under it: Node warns of more than ten as of a leak. */
interface Told {
  readonly callbacks: Set<() => void>;
  readonly listener: () => void;
}

const told = new WeakMap<AbortSignal, Told>();

function listen(signal: AbortSignal): Told {
  const callbacks = new Set<() => void>();
  const listener = (): void => {
    told.delete(signal);
    for (const callback of callbacks) callback();
  };
  signal.addEventListener('abort', listener, { once: true });
  const made = { callbacks, listener };
  told.set(signal, made);
  return made;
}

/** Has `callback` called when the signal fires. Precondition: it has not. */
export function onAbort(signal: AbortSignal, callback: () => void): void {
  (told.get(signal) ?? listen(signal)).callbacks.add(callback);
}

/** Takes back onAbort. */
export function offAbort(signal: AbortSignal, callback: () => void): void {
  const made = told.get(signal);
  if (made === undefined || !made.callbacks.delete(callback) || made.callbacks.size > 0) return;
  signal.removeEventListener('abort', made.listener);
  told.delete(signal);
}
