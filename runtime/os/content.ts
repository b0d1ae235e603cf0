/** What files hold: bytes at offsets, and directories' entries. All return a count or 0, or -errno. */

import { EINTR, EINVAL } from '../wire/errno.js';
import * as libc from './libc.js';
import { SYSCALL } from './platform.js';

const MAX_OFFSET = 0x7fff_ffff_ffff_ffffn;

/** Whether an off_t can be so much. To compare a number with a bigint takes a call. */
function isInOffT(offset: number | bigint): boolean {
  return typeof offset === 'bigint' ? offset <= MAX_OFFSET : offset < 2 ** 63;
}

/** Reads from `offset` on until `target` is full or the file ends. Returns the count of bytes, or -errno. */
export function readAt(fd: number, target: Uint8Array, offset: number | bigint): number {
  return transfer(libc.pread, fd, target, offset);
}

/** Writes all of `source` from `offset` on, or what there is room for. Returns the count of bytes, or -errno. */
export function writeAt(fd: number, source: Uint8Array, offset: number | bigint): number {
  return transfer(libc.pwrite, fd, source, offset);
}

/**
 * To ask for nothing is no mistake, wherever. What came before an error is not taken back: then its count is the
 * answer.
 */
function transfer(call: typeof libc.pread, fd: number, bytes: Uint8Array, offset: number | bigint): number {
  const size = bytes.length;
  if (size === 0) return 0;
  if (!isInOffT(offset)) return -EINVAL;
  for (let done = 0; ;) {
    const rest = done === 0 ? bytes : bytes.subarray(done);
    const count = call(fd, rest, size - done, done === 0 ? offset : BigInt(offset) + BigInt(done));
    if (count < 0) {
      const error = libc.errno();
      if (error === EINTR) continue;
      return done > 0 ? done : -error;
    }
    done += count;
    if (count === 0 || done === size) return done;
  }
}

/** Waits until the content is in storage (fsync(2)). */
export function syncFile(fd: number): number {
  return libc.fsync(fd) < 0 ? -libc.errno() : 0;
}

/** fallocate(2). */
export function allocateStorage(fd: number, mode: number, offset: bigint, length: bigint): number {
  if (!isInOffT(offset) || !isInOffT(length)) return -EINVAL;
  return libc.fallocate(fd, mode, offset, length) < 0 ? -libc.errno() : 0;
}

/** Lets readEntries begin at the first entry again. */
export function rewindEntries(fd: number): number {
  return libc.lseek(fd, 0, 0) < 0 ? -libc.errno() : 0;
}

/**
 * Reads the next entries of a directory to `target`: struct linux_dirent64, one after another. Returns the count of
 * bytes, 0 at the end; -EINVAL where not one fits.
 */
export function readEntries(fd: number, target: Uint8Array): number {
  const count = libc.syscallGetdents(SYSCALL.getdents64, fd, target, target.length);
  return count < 0 ? -libc.errno() : count;
}
