/**
 * What wakes an event loop of a peer that is of this SDK, in place of a thread asleep on a futex: one socket pair for a
 * connection, on which either end sends a byte when it has given a turn away to one who sleeps (see endpoint.ts).
 *
 * A socket, and no eventfd: the flags of an eventfd's open file are the peer's as well, who could make our next read or
 * write of it block for ever. Each end of a socket pair is an open file of its own, and its calls can be told not to
 * wait, whatever the flags are.
 */

import { closeFD } from '../os/descriptor.js';
import { Watch } from '../os/poll.js';
import { checkUnixSocket, receiveNow, sendNow, SOCK_STREAM, socketPair } from '../os/socket.js';
import { EAGAIN, EINTR } from '../wire/errno.js';

/** Rings come one at a time; a peer that sends more of them at once is read at this pace. */
const DRAIN_BYTES = 64;
const ring = Uint8Array.of(1);
const drained = Buffer.alloc(DRAIN_BYTES);

/** How often those look whose bell rings no more: seldom, since the socket has something to tell them. */
const LOOK_MS = 1000;

export class Doorbell {
  readonly #fd: number;
  readonly #watch: Watch;
  readonly #sleepers = new Set<() => void>();
  /** Whether the peer's end is closed; and what takes the place of its rings then. */
  #ended = false;
  #clock: NodeJS.Timeout | undefined;
  #closed = false;

  private constructor(fd: number) {
    this.#fd = fd;
    this.#watch = new Watch(fd, true, () => this.#answer());
  }

  /** Takes ownership of one end. Returns -errno, having closed it, if it is not what it should be. */
  static open(fd: number): Doorbell | number {
    const error = checkUnixSocket(fd, SOCK_STREAM);
    if (error === 0) return new Doorbell(fd);
    closeFD(fd);
    return error;
  }

  /** A new doorbell, and the descriptor of the peer's end, which is the caller's; or -errno. */
  static create(): { bell: Doorbell; peerFD: number } | number {
    const pair = socketPair(SOCK_STREAM);
    if (typeof pair === 'number') return pair;
    const bell = Doorbell.open(pair[0]);
    if (typeof bell !== 'number') return { bell, peerFD: pair[1] };
    closeFD(pair[1]);
    return bell;
  }

  /** Wakes the peer. It is awake already where its end is full, and past waking where that is closed. */
  ring(): void {
    if (!this.#closed) sendNow(this.#fd, ring, 1);
  }

  /** Calls `look` at every ring until it is taken back, and keeps the process alive until then. */
  add(look: () => void): void {
    this.#sleepers.add(look);
    if (this.#sleepers.size === 1) this.#hold(true);
  }

  remove(look: () => void): void {
    if (this.#sleepers.delete(look) && this.#sleepers.size === 0) this.#hold(false);
  }

  /** The socket of a peer that has died may tell of that later than the bell: who sleeps is kept alive until then. */
  #hold(isHeld: boolean): void {
    if (!this.#ended) return this.#watch.hold(isHeld);
    clearInterval(this.#clock);
    this.#clock = isHeld ? setInterval(() => this.#lookAll(), LOOK_MS) : undefined;
  }

  #answer(): void {
    const count = receiveNow(this.#fd, drained, DRAIN_BYTES);
    // A peer that ends the bell ends the connection with it, and the socket tells of that. What cannot be read would
    // ring for ever: a socket that was never connected, say.
    if (count <= 0 && count !== -EAGAIN && count !== -EINTR) this.#end();
    this.#lookAll();
  }

  #end(): void {
    this.#ended = true;
    this.#watch.close();
    if (this.#sleepers.size > 0) this.#hold(true);
  }

  #lookAll(): void {
    // Those that sleep now: one that looks may fall asleep again at once.
    const sleepers = [...this.#sleepers];
    for (const look of sleepers) look();
  }

  /** Frees it; a second time does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#clock);
    this.#watch.close();
    closeFD(this.#fd);
    this.#sleepers.clear();
  }
}
