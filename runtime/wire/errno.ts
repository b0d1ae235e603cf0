/** Error numbers, their names, and the error that a caller sees. */

import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';

const { errno } = constants;

export const EPERM = errno.EPERM;
export const ENOENT = errno.ENOENT;
export const EINTR = errno.EINTR;
export const EIO = errno.EIO;
export const EBADF = errno.EBADF;
export const EAGAIN = errno.EAGAIN;
export const ENOMEM = errno.ENOMEM;
export const EFAULT = errno.EFAULT;
export const EEXIST = errno.EEXIST;
export const ENOTDIR = errno.ENOTDIR;
export const EISDIR = errno.EISDIR;
export const EINVAL = errno.EINVAL;
export const EMFILE = errno.EMFILE;
export const EBUSY = errno.EBUSY;
export const EROFS = errno.EROFS;
export const EPIPE = errno.EPIPE;
export const ERANGE = errno.ERANGE;
export const EMSGSIZE = errno.EMSGSIZE;
export const ENOTSOCK = errno.ENOTSOCK;
export const ENOBUFS = errno.ENOBUFS;
export const EADDRINUSE = errno.EADDRINUSE;
export const EOPNOTSUPP = errno.EOPNOTSUPP;
export const ECONNREFUSED = errno.ECONNREFUSED;
export const ECONNRESET = errno.ECONNRESET;
export const ENAMETOOLONG = errno.ENAMETOOLONG;
export const ELOOP = errno.ELOOP;
export const ENXIO = errno.ENXIO;
export const ENOTCONN = errno.ENOTCONN;
/** Not in Node's table; the same on x86-64 and arm64 (`asm-generic/errno.h`). */
export const ESHUTDOWN = 108;
export const ESTALE = errno.ESTALE;
export const ENOSYS = errno.ENOSYS;
export const EPROTO = errno.EPROTO;
export const ECANCELED = errno.ECANCELED;
export const ETIMEDOUT = errno.ETIMEDOUT;
/** Not in Node's table; the same on x86-64 and arm64 (`asm-generic/errno.h`). */
export const EREMOTEIO = 121;
export const EDEADLK = errno.EDEADLK;

/** Names that Node's tables lack or, where two names share a number, the one that Linux prefers. */
const LINUX_NAMES: Readonly<Record<number, string>> = {
  11: 'EAGAIN',
  35: 'EDEADLK',
  95: 'EOPNOTSUPP',
  108: 'ESHUTDOWN',
  117: 'EUCLEAN',
  121: 'EREMOTEIO',
};

const NAMES = new Map<number, string>();
for (const [name, value] of Object.entries(errno)) if (!NAMES.has(value)) NAMES.set(value, name);
for (const [value, name] of Object.entries(LINUX_NAMES)) NAMES.set(Number(value), name);

/** The name of an error number, `ENOENT` for 2; `E4097` for one that has none here. */
export function errnoName(value: number): string {
  return NAMES.get(value) ?? `E${value}`;
}

function describe(value: number): string {
  const text = getSystemErrorMap().get(-value)?.[1];
  return text ?? (NAMES.has(value) ? 'system error' : 'unknown error');
}

/**
 * What a failed call throws or rejects with. Like an error of node:fs: `code` is the errno's name ('ENOENT'), `errno`
 * its negative number (-2), `syscall` what was being done (a MID's name for a call to the peer, 'OpenAt').
 * `cause` says more where there is more to say: how a server died, say.
 */
export class RPCError extends Error {
  override readonly name = 'RPCError';
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;

  /**
   * @param errorNumber a positive errno
   * @param syscall the call that failed
   * @param detail more for the message, after a colon
   * @param options `code`: its name, where it is a protocol's own and no errno
   */
  constructor(errorNumber: number, syscall: string, detail?: string, options?: ErrorOptions & { code?: string }) {
    const code = options?.code ?? errnoName(errorNumber);
    const what = options?.code === undefined ? describe(errorNumber) : `error ${errorNumber} of the protocol`;
    super(`${code}: ${what}, ${syscall}${detail === undefined ? '' : `: ${detail}`}`, options);
    this.code = code;
    this.errno = -errorNumber;
    this.syscall = syscall;
  }
}
