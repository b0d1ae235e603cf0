/** Sockets of a local directory: connecting to them without waiting in the kernel, and those that clients bind. */

import { closeFD } from '../os/descriptor.js';
import { asUser } from '../os/credentials.js';
import { acceptUnix } from '../os/socket.js';
import { connectFile, listenOn } from '../os/socket-file.js';
import type { BoundSocket } from '../session/backend.js';
import { ENOENT, ENXIO } from '../wire/errno.js';
import { statOf } from './local-stat.js';

/** SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET. */
const SUPPORTED_TYPES = [1, 2, 5];

export function isSupportedType(type: number): boolean {
  return SUPPORTED_TYPES.includes(type);
}

/** In whose name to connect. */
export interface Credentials {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Connects to the socket that `fileFD` names. -EAGAIN where its listener's backlog is full: who waits for room must not
 * hold anything meanwhile. Gives a descriptor that the caller owns, or a negative errno.
 */
export function connectLocal(fileFD: number, type: number, as?: Credentials): number {
  if (!isSupportedType(type)) return -ENXIO;
  const stat = statOf(fileFD);
  if (typeof stat === 'number') return stat;
  // The socket is there as long as it is held, but nobody could find it any more.
  if (stat.nlink === 0) return -ENOENT;
  const connect = (): number => connectFile(fileFD, type);
  return as === undefined ? connect() : asUser(as.uid, as.gid, connect);
}

/** A socket that a client had bound. The client has something to wait with, so nothing is waited for here. */
export class LocalBoundSocket implements BoundSocket {
  readonly #fd: number;

  /** Takes ownership of the socket. */
  constructor(fd: number) {
    this.#fd = fd;
  }

  close(): void {
    closeFD(this.#fd);
  }

  listen(backlog: number): number {
    return listenOn(this.#fd, backlog);
  }

  accept(): number {
    return acceptUnix(this.#fd);
  }
}
