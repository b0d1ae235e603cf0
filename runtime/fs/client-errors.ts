/** Errors of `client.fs`: what node:fs would have thrown, made of what the server or a walk said. */

import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { errnoName, RPCError } from '../wire/errno.js';

export const { EACCES, EBADF, EBUSY, EEXIST, EINVAL, EIO, EISDIR, ELOOP, ENAMETOOLONG, ENOENT, ENOSYS, ENOTDIR } =
  constants.errno;
export const { ENOTEMPTY, ENOTSUP, EPERM } = constants.errno;

/** Why a step failed, before it is known which call of node:fs it belongs to. */
export function failure(errno: number): RPCError {
  return new RPCError(errno, 'client.fs');
}

/** True for a failed step or call with this errno, a positive number. */
export function isErrno(error: unknown, errno: number): boolean {
  return error instanceof RPCError && error.errno === -errno;
}

/** libuv's name and words for an errno, which are what node:fs shows. */
function words(errno: number): readonly [name: string, text: string] {
  return getSystemErrorMap().get(-errno) ?? [errnoName(errno), 'unknown error'];
}

/** The error that node:fs throws: `ENOENT: no such file or directory, rename 'a' -> 'b'`, and its properties. */
export function nodeError(errno: number, syscall: string, path?: string, dest?: string, cause?: unknown): Error {
  const [code, text] = words(errno);
  const files = path === undefined ? '' : ` '${path}'${dest === undefined ? '' : ` -> '${dest}'`}`;
  const message = `${code}: ${text}, ${syscall}${files}`;
  const error = cause === undefined ? new Error(message) : new Error(message, { cause });
  return Object.assign(error, {
    errno: -errno,
    code,
    syscall,
    ...(path !== undefined && { path }),
    ...(dest !== undefined && { dest }),
  });
}

/**
 * Does one call of node:fs. A step of it that fails rejects with that call's error; every other error, one that is
 * node:fs's own already or one about an argument, passes through.
 */
export async function naming<T>(syscall: string, work: () => Promise<T>, path?: string, dest?: string): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RPCError)) throw error;
    throw nodeError(-error.errno, syscall, path, dest, error.cause);
  }
}

/** An Error with one of Node's own codes: `ERR_DIR_CLOSED`. */
export function codedError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

/** rm of a directory without `recursive`, which has an error of its own. */
export function isDirectoryError(path: string): Error {
  return Object.assign(
    codedError('ERR_FS_EISDIR', `Path is a directory: rm returned EISDIR (is a directory) ${path}`),
    {
      name: 'SystemError',
      errno: EISDIR,
      syscall: 'rm',
      path,
      info: { code: 'EISDIR', message: 'is a directory', path, syscall: 'rm', errno: EISDIR },
    },
  );
}

/** Throws an AbortError if the signal has fired. */
export function checkAborted(signal: AbortSignal | undefined | null): void {
  if (!signal?.aborted) return;
  const error = new Error('The operation was aborted', { cause: signal.reason });
  throw Object.assign(error, { name: 'AbortError', code: 'ABORT_ERR' });
}
