/**
 * What is recorded about a file, asked and changed through a descriptor of it, which may be one with O_PATH. Where the
 * kernel has no call for such descriptors, the file is named by its descriptor (descriptorPath).
 */

import { Payload } from '../wire/payload.js';
import { closeFD } from './descriptor.js';
import {
  chmod,
  errno,
  fchownat,
  fstatfs,
  ftruncate,
  getxattr,
  listxattr,
  readlinkat,
  removexattr,
  setxattr,
  statx,
  statxPathAt,
  utimensat,
} from './libc.js';
import { allocScratch, AT_EMPTY_PATH, NO_PATH, NO_PATH_ADDRESS, PAGE_BYTES } from './memory.js';
import { AT_FDCWD, O_NOCTTY, O_NONBLOCK, O_WRONLY, reopen } from './open.js';
import { descriptorPath, toPath } from './path.js';

const AT_SYMLINK_NOFOLLOW = 0x100;
const STATX_BASIC_STATS = 0x7ff;
const STATX_BTIME = 0x800;
const STATX_INO = 0x100;

const scratch = allocScratch(PAGE_BYTES);
const view = new DataView(scratch.buffer);

/** What the calls below have filled: a struct statx, or a struct statfs. Valid until the next of them. */
export const kernelAnswer = new Payload(scratch.buffer, 0, PAGE_BYTES);

function result(value: number): number {
  return value < 0 ? -errno() : value;
}

/** Asks statx(2) about an open file, birth time included. 0 with a struct statx in kernelAnswer, or -errno. */
export function statFD(fd: number): number {
  return result(statxPathAt(fd, NO_PATH_ADDRESS, AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, scratch.address));
}

/** Asks statx(2) on which device a directory's entry is, with its number in kernelAnswer. 0 or -errno. */
export function statEntry(dirFD: number, path: Uint8Array): number {
  return result(statx(dirFD, path, AT_SYMLINK_NOFOLLOW, STATX_INO, scratch.address));
}

/** Asks fstatfs(2). 0 with a struct statfs in kernelAnswer, or -errno. */
export function statFileSystem(fd: number): number {
  return result(fstatfs(fd, scratch.address));
}

/** Changes the permissions. -EOPNOTSUPP for a symlink, or -errno. */
export function changeMode(fd: number, mode: number): number {
  return result(chmod(descriptorPath(fd), mode));
}

/** Changes the owners; 2^32-1 leaves one as it is. 0 or -errno. */
export function changeOwner(fd: number, uid: number, gid: number): number {
  return result(fchownat(fd, NO_PATH, uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW));
}

/**
 * Changes the size of a regular file. 0 or -errno: -EAGAIN while somebody holds a lease on it (fcntl(2)). For its end
 * truncate(2) would wait, and takes no flag that says not to.
 */
export function changeSize(fd: number, size: number | bigint): number {
  const writable = reopen(fd, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  if (writable < 0) return writable;
  const error = result(ftruncate(writable, size));
  closeFD(writable);
  return error;
}

/** Nanoseconds that leave a time as it is (`linux/stat.h`). */
export const UTIME_OMIT = (1n << 30n) - 2n;

/** A time as utimensat(2) takes it. */
export interface Time {
  readonly sec: bigint;
  readonly nsec: bigint;
}

/** Changes the times of a file, or of a symlink itself. 0 or -errno. */
export function changeTimes(fd: number, atime: Time, mtime: Time): number {
  view.setBigInt64(0, atime.sec, true);
  view.setBigInt64(8, atime.nsec, true);
  view.setBigInt64(16, mtime.sec, true);
  view.setBigInt64(24, mtime.nsec, true);
  return result(utimensat(AT_FDCWD, descriptorPath(fd), scratch.address, 0));
}

/**
 * Reads what a symlink says to `target`. Returns the count of bytes, which fills `target` where it was cut; or -errno.
 */
export function readLink(fd: number, target: Uint8Array): number {
  return result(readlinkat(fd, NO_PATH, target, target.length));
}

/** Reads an extended attribute to `target`. Returns the count of bytes, or -errno (-ERANGE: it is larger). */
export function getXattr(fd: number, name: string, target: Uint8Array): number {
  const path = toPath(name);
  return typeof path === 'number' ? path : result(getxattr(descriptorPath(fd), path, target, target.length));
}

/** Sets an extended attribute. 0 or -errno. */
export function setXattr(fd: number, name: string, value: Uint8Array, flags: number): number {
  const path = toPath(name);
  return typeof path === 'number' ? path : result(setxattr(descriptorPath(fd), path, value, value.length, flags));
}

/** Reads the names of the extended attributes to `target`, each with a NUL. The count of bytes, or -errno. */
export function listXattr(fd: number, target: Uint8Array): number {
  return result(listxattr(descriptorPath(fd), target, target.length));
}

/** Removes an extended attribute. 0 or -errno. */
export function removeXattr(fd: number, name: string): number {
  const path = toPath(name);
  return typeof path === 'number' ? path : result(removexattr(descriptorPath(fd), path));
}
