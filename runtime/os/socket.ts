/** Unix sockets: making, connecting, and carrying descriptors. Sockets are close-on-exec, always. */

import { EINVAL } from '../wire/errno.js';
import { MAX_RIGHTS_COUNT } from '../wire/limits.js';
import { outOfRange } from '../wire/invalid.js';
import * as libc from './libc.js';
import { closeFD } from './descriptor.js';
import { allocScratch, PAGE_BYTES } from './memory.js';

const AF_UNIX = 1;
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const NETLINK_SOCK_DIAG = 4;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_SEQPACKET = 5;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const SHUT_RDWR = 2;
const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_PEERCRED = 17;
const SO_ACCEPTCONN = 30;
const SO_DOMAIN = 39;

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_CTRUNC = 0x8;
const MSG_CMSG_CLOEXEC = 0x40000000;
const SCM_RIGHTS = 1;
const SCM_PIDFD = 4;

/** sun_path's size; a path in the file system needs one of its bytes for the NUL that ends it. */
const SUN_PATH_BYTES = 108;

/** Two connected sockets, both owned by the caller; or -errno. */
export function socketPair(type: number): [number, number] | number {
  const pair = new Int32Array(2);
  if (libc.socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) < 0) return -libc.errno();
  return [pair[0]!, pair[1]!];
}

function unixAddress(path: string): Buffer {
  const name = Buffer.from(path);
  if (name.length === 0 || name.length >= SUN_PATH_BYTES || (name.includes(0) && name[0] !== 0)) {
    throw outOfRange('path', `1 to ${SUN_PATH_BYTES - 1} bytes without a NUL (or an abstract name after one)`, path);
  }
  const family = Buffer.from(Uint16Array.of(AF_UNIX).buffer);
  return Buffer.concat(name[0] === 0 ? [family, name] : [family, name, Buffer.alloc(1)]);
}

/**
 * Connects to a listening stream socket; a path that begins with NUL is an abstract name. Does not wait: -EAGAIN says
 * that the listener's backlog is full. Returns a descriptor that the caller owns, or -errno. Throws for a path that no
 * Unix socket can have.
 */
export function connectUnix(path: string): number {
  const address = unixAddress(path);
  const fd = libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -libc.errno();
  if (libc.connect(fd, address, address.length) === 0) return fd;
  const error = -libc.errno();
  closeFD(fd);
  return error;
}

/**
 * A socket that listens at `path`, non-blocking, owned by the caller; or -errno. Throws as connectUnix does. With
 * `mode` the socket's file has no more than these permissions (the umask is taken off) from its first moment.
 */
export function listenUnix(path: string, backlog: number, mode?: number): number {
  const address = unixAddress(path);
  const fd = libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -libc.errno();
  if (mode !== undefined) libc.fchmod(fd, mode);
  if (libc.bind(fd, address, address.length) === 0 && libc.listen(fd, backlog) === 0) return fd;
  const error = -libc.errno();
  closeFD(fd);
  return error;
}

/** The next connection of a listening socket, owned by the caller; or -errno (-EAGAIN: none waits). */
export function acceptUnix(fd: number): number {
  const connection = libc.accept4(fd, null, null, SOCK_CLOEXEC);
  return connection < 0 ? -libc.errno() : connection;
}

function socketOption(fd: number, name: number): number {
  const value = new Int32Array(1);
  if (libc.getsockopt(fd, SOL_SOCKET, name, value, Uint32Array.of(4)) < 0) return -libc.errno();
  return value[0]!;
}

/** struct ucred of the other end of a connected socket: pid, uid, gid; or -errno. */
function peerCredentials(fd: number): Int32Array | number {
  const credentials = new Int32Array(3);
  if (libc.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, Uint32Array.of(12)) < 0) return -libc.errno();
  return credentials;
}

/** The user at the other end of a connected socket, as it was when it connected, or -errno. */
export function peerUID(fd: number): number {
  const credentials = peerCredentials(fd);
  return typeof credentials === 'number' ? credentials : credentials[1]! >>> 0;
}

/** The process that connected or listened at the other end, or that made the pair; or -errno. */
export function peerPID(fd: number): number {
  const credentials = peerCredentials(fd);
  return typeof credentials === 'number' ? credentials : credentials[0]!;
}

/** A socket to ask the kernel about sockets by, owned by the caller; or -errno. */
export function openNetlink(): number {
  const fd = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  return fd < 0 ? -libc.errno() : fd;
}

/** 0 if `fd` is a Unix socket of this type, else -errno: -EBADF, -ENOTSOCK, or -EINVAL for another kind of socket. */
export function checkUnixSocket(fd: number, type: number): number {
  const domain = socketOption(fd, SO_DOMAIN);
  if (domain < 0) return domain;
  const isListener = socketOption(fd, SO_ACCEPTCONN) !== 0;
  return domain === AF_UNIX && socketOption(fd, SO_TYPE) === type && !isListener ? 0 : -EINVAL;
}

/** Ends both directions: whoever polls or reads either end sees it. The descriptor stays open. */
export function shutdownSocket(fd: number): void {
  libc.shutdown(fd, SHUT_RDWR);
}

/** Sends what it can of the first `size` of `bytes` at once. Returns the count, or -errno (-EAGAIN: none fits). */
export function sendNow(fd: number, bytes: Uint8Array, size: number): number {
  const count = libc.send(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
  return count < 0 ? -libc.errno() : count;
}

/**
 * Receives what there is, at most `size` bytes, to the start of `bytes`. Returns the count, 0 at the end, or -errno.
 * Descriptors that come with it are not let in.
 */
export function receiveNow(fd: number, bytes: Uint8Array, size: number): number {
  const count = libc.recv(fd, bytes, size, MSG_DONTWAIT);
  return count < 0 ? -libc.errno() : count;
}

/*
 * Messages that carry descriptors. One page, laid out for both directions (`linux/socket.h`, 64-bit):
 *
 *     0  msghdr   name ptr, namelen u32, pad, iov ptr, iovlen u64, control ptr, controllen u64, flags i32   56 bytes
 *    64  iovec    base ptr, len u64
 *   128  data     the bytes that the descriptors travel with: a socket header, or nothing
 *  1024  control  cmsghdr (len u64, level i32, type i32), then the descriptors
 */
const IOVEC_AT = 64;
const DATA_AT = 128;
const DATA_BYTES = 64;
const CONTROL_AT = 1024;
const CONTROLLEN_AT = 40;
const FLAGS_AT = 48;
const CMSG_HEADER_BYTES = 16;
const page = allocScratch(PAGE_BYTES);
const view = new DataView(page.buffer);
const data = new Uint8Array(page.buffer, DATA_AT, DATA_BYTES);

function putPointer(at: number, address: number): void {
  view.setBigUint64(at, BigInt(address), true);
}
putPointer(16, page.address + IOVEC_AT);
putPointer(24, 1);
putPointer(32, page.address + CONTROL_AT);
putPointer(IOVEC_AT, page.address + DATA_AT);

function putSize(at: number, size: number): void {
  view.setUint32(at, size, true);
  view.setUint32(at + 4, 0, true);
}

function controlSize(count: number): number {
  return CMSG_HEADER_BYTES + Math.ceil((count * 4) / 8) * 8;
}

/**
 * Sends `bytes` (at most 64) together with descriptors, which stay the caller's. Returns the count of bytes that went,
 * with all of the descriptors; or -errno and none.
 */
export function sendWithFDs(fd: number, bytes: Uint8Array, fds: readonly number[]): number {
  if (fds.length > MAX_RIGHTS_COUNT || bytes.length > DATA_BYTES) return -EINVAL;
  data.set(bytes);
  putSize(IOVEC_AT + 8, bytes.length);
  putSize(CONTROLLEN_AT, fds.length === 0 ? 0 : controlSize(fds.length));
  putSize(CONTROL_AT, CMSG_HEADER_BYTES + fds.length * 4);
  view.setInt32(CONTROL_AT + 8, SOL_SOCKET, true);
  view.setInt32(CONTROL_AT + 12, SCM_RIGHTS, true);
  for (let i = 0; i < fds.length; i++) view.setInt32(CONTROL_AT + CMSG_HEADER_BYTES + i * 4, fds[i]!, true);
  const count = libc.sendmsg(fd, page.address, MSG_NOSIGNAL | MSG_DONTWAIT);
  return count < 0 ? -libc.errno() : count;
}

/**
 * Receives at most `bytes.length` (64 or fewer) bytes, and up to `wantFDs` descriptors that travel with them, which are
 * added to `fds` and are the caller's from then on, close-on-exec. What does not fit the kernel closes (MSG_CTRUNC),
 * and what fits only because control messages come in eights is closed here. Returns the count, 0 at the end (or for
 * an empty datagram), or -errno.
 */
export function receiveWithFDs(fd: number, bytes: Uint8Array, wantFDs: number, fds: number[]): number {
  if (bytes.length > DATA_BYTES) return -EINVAL;
  const room = Math.min(wantFDs, MAX_RIGHTS_COUNT);
  putSize(IOVEC_AT + 8, bytes.length);
  putSize(CONTROLLEN_AT, room === 0 ? 0 : controlSize(room));
  const count = libc.recvmsg(fd, page.address, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (count < 0) return -libc.errno();
  const before = fds.length;
  takeFDs(room, fds);
  if (fds.length < before + room && (view.getUint32(FLAGS_AT, true) & MSG_CTRUNC) !== 0) warnOfTruncation();
  bytes.set(data.subarray(0, count));
  return count;
}

let hasWarned = false;

/** The kernel says no more than that something was left out, and there was room in the message. */
function warnOfTruncation(): void {
  if (hasWarned) return;
  hasWarned = true;
  process.emitWarning('A descriptor that was sent to this process could not be received', {
    type: 'LISAFSWarning',
    code: 'LISAFS_LOST_FD',
    detail: 'Most often it has as many open as it may: close those that are donated, or raise the limit (ulimit -n).',
  });
}

/**
 * Moves the descriptors of what was received to `fds`, at most `room` of them. Whoever holds a copy of our end of the
 * socket, as the maker of an FD channel does, can make the kernel put other control messages in front of them
 * (SO_PASSCRED), or a pidfd in their place (SO_PASSPIDFD), which is a descriptor as well.
 */
function takeFDs(room: number, fds: number[]): void {
  const end = CONTROL_AT + view.getUint32(CONTROLLEN_AT, true);
  for (let at = CONTROL_AT; at + CMSG_HEADER_BYTES <= end;) {
    const size = view.getUint32(at, true);
    const type = view.getInt32(at + 8, true) === SOL_SOCKET ? view.getInt32(at + 12, true) : 0;
    const count = type === SCM_RIGHTS || type === SCM_PIDFD ? (size - CMSG_HEADER_BYTES) / 4 : 0;
    for (let i = 0; i < count; i++) {
      const received = view.getInt32(at + CMSG_HEADER_BYTES + i * 4, true);
      if (type === SCM_RIGHTS && i < room) fds.push(received);
      else closeFD(received);
    }
    at += Math.max(CMSG_HEADER_BYTES, Math.ceil(size / 8) * 8);
  }
}
