/**
 * Paths for system calls: bytes that end with a NUL. Each comes in memory of its own place, so that a call can have
 * two. Names are decoded as the wire's strings are (string.ts), so every name that a directory can hold has a string.
 */

import { ENAMETOOLONG, EINVAL } from '../wire/errno.js';
import { encodeString, stringSize } from '../wire/string.js';

/** PATH_MAX, its NUL included: what the kernel copies of a path at most. */
const PATH_BYTES = 4096;
const places = [Buffer.alloc(PATH_BYTES), Buffer.alloc(PATH_BYTES)] as const;

/**
 * The bytes of `path`, valid until the next path is put in the same place; -ENAMETOOLONG for what no system call takes,
 * and -EINVAL for a path with a NUL in it.
 */
export function toPath(path: string, place: 0 | 1 = 0): Buffer | number {
  if (stringSize(path, 'path') >= PATH_BYTES) return -ENAMETOOLONG;
  const buffer = places[place];
  const end = encodeString(buffer, 0, path);
  buffer[end] = 0;
  return buffer.indexOf(0) < end ? -EINVAL : buffer;
}

/**
 * The path by which this process's own descriptor can be named. It leads to the very file that the descriptor is open
 * on, wherever that is by now: no name of the file system's is looked up. Valid as that of toPath.
 */
export function descriptorPath(fd: number): Buffer {
  return toPath(`/proc/self/fd/${fd}`, 1) as Buffer;
}
