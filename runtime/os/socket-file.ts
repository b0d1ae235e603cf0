/**
 * Unix sockets that have a name in a directory which is held open: the name is never looked up by a path of the host's.
 */

import { EINVAL } from '../wire/errno.js';
import { stringSize, encodeString } from '../wire/string.js';
import { closeFD } from './descriptor.js';
import * as libc from './libc.js';

const AF_UNIX = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SUN_PATH_BYTES = 108;

function address(path: string): Buffer | number {
  const size = stringSize(path, 'path');
  if (size >= SUN_PATH_BYTES) return -EINVAL;
  const bytes = Buffer.alloc(2 + size + 1);
  bytes.writeUInt16LE(AF_UNIX, 0);
  encodeString(bytes, 2, path);
  return bytes;
}

/** A socket of this type (SOCK_*), non-blocking, owned by the caller; or -errno. */
function newSocket(type: number): number {
  const fd = libc.socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  return fd < 0 ? -libc.errno() : fd;
}

/**
 * Connects to the socket that `fileFD` names, which may be open with O_PATH. Does not wait: -EAGAIN says that the
 * listener's backlog is full. Returns a descriptor that the caller owns, or -errno.
 */
export function connectFile(fileFD: number, type: number): number {
  const to = address(`/proc/self/fd/${fileFD}`);
  if (typeof to === 'number') return to;
  const fd = newSocket(type);
  if (fd < 0 || libc.connect(fd, to, to.length) === 0) return fd;
  const error = -libc.errno();
  closeFD(fd);
  return error;
}

/**
 * Makes a socket and binds it to `name` in the directory `dirFD`, with these permissions less the umask. Returns a
 * descriptor that the caller owns, or -errno: -EINVAL for a name that is too long for a socket's address.
 */
export function bindFile(dirFD: number, name: string, type: number, mode: number): number {
  const to = address(`/proc/self/fd/${dirFD}/${name}`);
  if (typeof to === 'number') return to;
  const fd = newSocket(type);
  if (fd < 0) return fd;
  // The socket's own mode is what bind(2) gives its name.
  if (libc.fchmod(fd, mode) === 0 && libc.bind(fd, to, to.length) === 0) return fd;
  const error = -libc.errno();
  closeFD(fd);
  return error;
}

/** listen(2). 0 or -errno. */
export function listenOn(fd: number, backlog: number): number {
  return libc.listen(fd, backlog) < 0 ? -libc.errno() : 0;
}
