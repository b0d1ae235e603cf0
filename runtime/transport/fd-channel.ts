/**
 * The side of a channel that carries descriptors: a seqpacket socket on which each comes in an empty datagram of its
 * own, sent before the turn is given away (`fdchannel/fdchannel_unsafe.go`).
 */

import { closeFD } from '../os/descriptor.js';
import { checkUnixSocket, receiveWithFDs, sendWithFDs, SOCK_SEQPACKET } from '../os/socket.js';
import { EPROTO } from '../wire/errno.js';

const NOTHING = new Uint8Array(0);

export class FDChannel {
  #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Takes ownership of a socket. Returns -errno, having closed it, if it is not of the right kind. */
  static open(fd: number): FDChannel | number {
    const error = checkUnixSocket(fd, SOCK_SEQPACKET);
    if (error === 0) return new FDChannel(fd);
    closeFD(fd);
    return error;
  }

  /**
   * Adds the next descriptor that the peer has sent to `fds`, owned by the caller. Never waits. Returns 0, or -errno:
   * -EAGAIN when there is none, -EPROTO for a datagram without one.
   */
  receive(fds: number[]): number {
    const before = fds.length;
    const result = receiveWithFDs(this.#fd, NOTHING, 1, fds);
    if (result < 0) return result;
    return fds.length > before ? 0 : -EPROTO;
  }

  /** Sends one descriptor, which stays the caller's. 0 or -errno. */
  send(fd: number): number {
    const result = sendWithFDs(this.#fd, NOTHING, [fd]);
    return result < 0 ? result : 0;
  }

  /** Closes the socket; a second time does nothing. */
  destroy(): void {
    closeFD(this.#fd);
    this.#fd = -1;
  }
}
