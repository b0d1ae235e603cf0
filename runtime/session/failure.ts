/**
 * How what implements a protocol says that something failed: a negative errno as the result, or an Error. Both end as
 * an errno in the response.
 */

import { constants } from 'node:os';
import { isPromise } from '../wire/answer.js';
import { errnoName, RPCError } from '../wire/errno.js';
import { wrongValue } from '../wire/invalid.js';

/** What a backend's method gives: a result or a negative errno, now or later. It may throw or reject instead. */
export type Result<T> = T | number | Promise<T | number>;

/** What a handler gives: a result, now or later. It throws or rejects with a failure. */
export type Later<T> = T | Promise<T>;

/** One error for each errno, made once: a failure is an everyday answer, and most of an Error's cost is its stack. */
const failures = new Map<number, RPCError>();

/** The error that a handler throws to answer with this (positive) errno. */
export function failure(errno: number): RPCError {
  let error = failures.get(errno);
  if (error === undefined) {
    error = new RPCError(errno, 'handler');
    error.stack = `RPCError: ${errnoName(errno)}`;
    failures.set(errno, error);
  }
  return error;
}

/** The names of errnos, as node:os has them: `ENOENT`. */
export type ErrnoName = keyof typeof constants.errno;

/**
 * Fails a handler's request: the client gets this errno, by name or by (positive) number, or the code above 4095 of an
 * error that the schema declares. `store.get(key) ?? fail('ENOENT')`
 */
export function fail(code: ErrnoName | number): never {
  throw failure(errnoNumber(code));
}

/** The number that stands for it on the wire. Throws a TypeError for what is no errno and no code. */
export function errnoNumber(code: ErrnoName | number): number {
  const errno = typeof code === 'number' ? code : constants.errno[code];
  if (Number.isInteger(errno) && errno > 0 && errno <= 0xffff_ffff) return errno;
  throw wrongValue('code', "an errno's name or a number above 0", code);
}

function check<T>(value: T | number): T {
  if (typeof value === 'number' && value < 0) throw failure(-value);
  return value as T;
}

/** Turns a negative errno into a failure. */
export function resultOf<T>(result: Result<T>): Later<T> {
  return isPromise(result) ? Promise.resolve(result).then(check<T>) : check(result);
}

/**
 * What an attempt gives, with a failure as its negative errno, however it failed. An error that is no errno passes on.
 */
export function outcomeOf<T>(attempt: () => Result<T>): Later<T | number> {
  try {
    const result = attempt();
    return isPromise(result) ? Promise.resolve(result).catch(toErrno) : result;
  } catch (error) {
    return toErrno(error);
  }
}

function toErrno(error: unknown): number {
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  return -errno;
}

/** Goes on with a result as soon as it is there: at once, where it is there already. */
export function andThen<T, R>(result: Later<T>, next: (value: T) => Later<R>): Later<R> {
  return isPromise(result) ? result.then(next) : next(result);
}

/** Does `undo` if what `attempt` does fails, now or later, and passes the failure on. */
export function orElse<T>(attempt: () => Later<T>, undo: () => void): Later<T> {
  const failed = (error: unknown): never => {
    undo();
    throw error;
  };
  try {
    const result = attempt();
    return isPromise(result) ? result.catch(failed) : result;
  } catch (error) {
    return failed(error);
  }
}

/** Does `done` once what `attempt` does has an outcome, whichever, now or later. */
export function ending<T>(attempt: () => Later<T>, done: () => void): Later<T> {
  let result: Later<T>;
  try {
    result = attempt();
  } catch (error) {
    done();
    throw error;
  }
  if (isPromise(result)) return result.finally(done);
  done();
  return result;
}

/**
 * The errno (or declared code) that an error stands for, by its `errno` or its `code`; undefined if it says neither.
 */
export function errnoOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const errno: unknown = Reflect.get(error, 'errno');
  if (typeof errno === 'number' && errno !== 0 && Math.abs(errno) >>> 0 === Math.abs(errno)) return Math.abs(errno);
  const code: unknown = Reflect.get(error, 'code');
  return typeof code === 'string' ? (constants.errno as Readonly<Record<string, number>>)[code] : undefined;
}
