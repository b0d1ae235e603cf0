/** Opening files, from a directory's descriptor and one name, or from a descriptor alone. */

import { EINTR } from '../wire/errno.js';
import { errno, openat } from './libc.js';
import { descriptorPath, toPath } from './path.js';

export const AT_FDCWD = -100;

/* Flags of open(2). Those that differ between machines are not sent to us by anybody: they are ours alone. */
const isARM = process.arch === 'arm64';
export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_ACCMODE = 3;
export const O_CREAT = 0o100;
export const O_EXCL = 0o200;
export const O_NOCTTY = 0o400;
export const O_TRUNC = 0o1000;
export const O_NONBLOCK = 0o4000;
export const O_DIRECTORY = isARM ? 0o40000 : 0o200000;
export const O_NOFOLLOW = isARM ? 0o100000 : 0o400000;
export const O_CLOEXEC = 0o2000000;
export const O_PATH = 0o10000000;

/**
 * Opens `name` from the directory `dirFD`, close-on-exec. A name that is one component, with O_NOFOLLOW, leads nowhere
 * but into that directory. Returns a descriptor that the caller owns, or -errno.
 */
export function openAt(dirFD: number, name: string, flags: number, mode = 0): number {
  const path = toPath(name);
  return typeof path === 'number' ? path : open(dirFD, path, flags, mode);
}

/** Opens the file that `fd` is open on once more, with other flags: also for one with O_PATH. As openAt. */
export function reopen(fd: number, flags: number): number {
  return open(AT_FDCWD, descriptorPath(fd), flags, 0);
}

function open(dirFD: number, path: Buffer, flags: number, mode: number): number {
  for (;;) {
    const fd = openat(dirFD, path, flags | O_CLOEXEC, mode);
    if (fd >= 0) return fd;
    const error = errno();
    if (error !== EINTR) return -error;
  }
}
