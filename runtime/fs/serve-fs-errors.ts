/**
 * How the errors of an object become errnos. Their `code` is believed rather than their `errno`: it is the same on
 * every platform, while numbers are libuv's on one, Linux's on another, and often missing.
 */

import { constants } from 'node:os';
import { errnoOf, failure } from '../session/failure.js';
import { EINVAL, EISDIR, EOPNOTSUPP, EREMOTEIO } from '../wire/errno.js';

export const { EFBIG, EILSEQ, ENOTEMPTY } = constants.errno;

const ERRNOS: ReadonlyMap<string, number> = new Map([
  ...Object.entries(constants.errno),
  ['ENOTSUP', EOPNOTSUPP],
  ['EREMOTEIO', EREMOTEIO],
  ['ERR_FS_EISDIR', EISDIR],
  ['ERR_FS_FILE_TOO_LARGE', EFBIG],
  ['ERR_BUFFER_TOO_LARGE', EFBIG],
  ['ERR_OUT_OF_RANGE', EINVAL],
  ['ERR_INVALID_ARG_VALUE', EINVAL],
  ['ERR_METHOD_NOT_IMPLEMENTED', EOPNOTSUPP],
  ['ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', EOPNOTSUPP],
]);

/** The error to throw for what an object threw: one with an errno if it stands for one, else the same. */
function translated(error: unknown): unknown {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  const errno = (typeof code === 'string' ? ERRNOS.get(code) : undefined) ?? errnoOf(error);
  return errno === undefined ? error : failure(errno);
}

/** Asks something of the object. Rejects with an error that has an errno, unless the object failed by a bug. */
export async function ask<T>(action: () => PromiseLike<T> | T): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw translated(error);
  }
}

/** As ask, for a method that the object may not have: EOPNOTSUPP, or another errno, without it. */
export async function askFor<T>(action: (() => PromiseLike<T> | T) | undefined, missing = EOPNOTSUPP): Promise<T> {
  if (action === undefined) throw failure(missing);
  return ask(action);
}

/** As ask; undefined where the answer is this errno. */
export async function askUnless<T>(errno: number, action: () => PromiseLike<T> | T): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (errnoOf(translated(error)) === errno) return undefined;
    throw translated(error);
  }
}
