/** The sockets of connections: found by path, taken over, or made in pairs. What is wrong with one is said here. */

import { closeFD, duplicateFD, setCloseOnExec } from '../os/descriptor.js';
import { Watch } from '../os/poll.js';
import { checkUnixSocket, connectUnix, peerUID, socketPair, SOCK_STREAM } from '../os/socket.js';
import { EAGAIN, EBUSY, EINVAL, RPCError } from '../wire/errno.js';
import { wrongType } from '../wire/invalid.js';

/** What stands for no user. */
const NOBODY = 0xffff_ffff;

/**
 * A socket connected to the listener at `path`, owned by the caller; undefined while its backlog is full. Throws what
 * connect(2) says: ENOENT, ECONNREFUSED, EACCES.
 */
export function dial(path: string): number | undefined {
  const fd = connectUnix(path);
  if (fd === -EAGAIN) return undefined;
  if (fd < 0) throw new RPCError(-fd, 'connect', path);
  return fd;
}

/** A socket that was never connected has a peer that is nobody. */
function checkConnected(fd: number): number {
  const uid = peerUID(fd);
  if (uid < 0) return uid;
  return uid === NOBODY ? -EINVAL : 0;
}

/** What of Node's handles is looked at: libuv keeps to itself which descriptors it watches. */
interface NodeHandle {
  readonly _handle?: { readonly fd?: number } | null;
}

/** Whether one of Node's own sockets reads from `fd` in this thread. */
function isNodes(fd: number): boolean {
  const { _getActiveHandles: list } = process as { _getActiveHandles?: () => NodeHandle[] };
  return list !== undefined && list.call(process).some(({ _handle }) => _handle?.fd === fd);
}

/**
 * Checks a socket that a caller gives to be taken over, and keeps it from our own children. Throws an RPCError of
 * `syscall` (EBADF, ENOTSOCK, EINVAL) unless it is a connected Unix stream socket, and EBUSY where this thread uses it
 * already; it stays the caller's then.
 */
export function takeSocket(fd: number, syscall: string): number {
  if (!Number.isInteger(fd) || fd < 0) throw wrongType('fd', 'a descriptor', fd);
  const error = checkUnixSocket(fd, SOCK_STREAM) || checkConnected(fd) || setCloseOnExec(fd);
  if (error !== 0) throw new RPCError(-error, syscall, `descriptor ${fd} is not a connected Unix stream socket`);
  if (Watch.has(fd)) throw new RPCError(EBUSY, syscall, `descriptor ${fd} was given away before`);
  if (isNodes(fd)) throw new RPCError(EBUSY, syscall, `descriptor ${fd} belongs to a net.Socket, which reads from it`);
  return fd;
}

/** Both ends of a new connection, owned by the caller. */
export function connectedPair(): [number, number] {
  const pair = socketPair(SOCK_STREAM);
  if (typeof pair === 'number') throw new RPCError(-pair, 'socketpair');
  return pair;
}

/** A second descriptor for a connection's socket, owned by the caller; or -errno. */
export function copySocket(fd: number): number {
  return duplicateFD(fd);
}

/** Closes a connection's socket that nobody took over. */
export function hangUp(fd: number): void {
  closeFD(fd);
}
