/** The communicators of one client: a stack of idle channels, and the socket for when there is none. */

import type { Communicator } from '../transport/communicator.js';

export class Pool {
  readonly #socket: Communicator;
  readonly #channels = new Set<Communicator>();
  /** The channel used last is taken first: its memory is the warmest. */
  readonly #idle: Communicator[] = [];
  #socketBusy = false;
  #closed = false;

  constructor(socket: Communicator) {
    this.#socket = socket;
  }

  get channelCount(): number {
    return this.#channels.size;
  }

  /** True if no communicator is left that could ever carry a request. */
  get isExhausted(): boolean {
    return this.#closed || (this.#socket.dead && this.#channels.size === 0);
  }

  /** Adds a connected channel and takes ownership of it. */
  add(channel: Communicator): void {
    if (this.#closed) {
      channel.destroy();
      return;
    }
    this.#channels.add(channel);
    this.#idle.push(channel);
  }

  /** A communicator for one call, or undefined if all are busy or none is left. It comes back by release. */
  acquire(): Communicator | undefined {
    return this.acquireChannel() ?? this.acquireSocket();
  }

  /** As acquire, but no other than a channel. */
  acquireChannel(): Communicator | undefined {
    return this.#idle.pop();
  }

  get isSocketFree(): boolean {
    return !this.#closed && !this.#socketBusy && !this.#socket.dead;
  }

  /** As acquire, but no other than the socket. */
  acquireSocket(): Communicator | undefined {
    if (!this.isSocketFree) return undefined;
    this.#socketBusy = true;
    return this.#socket;
  }

  /** Takes a communicator back. A dead channel is freed and never used again. */
  release(communicator: Communicator): void {
    if (communicator === this.#socket) this.#socketBusy = false;
    else if (communicator.dead) this.#discard(communicator);
    else if (!this.#closed) this.#idle.push(communicator);
  }

  #discard(channel: Communicator): void {
    this.#channels.delete(channel);
    channel.destroy();
  }

  /** Frees every channel, in use or not, and the socket. Nothing can be acquired any more. */
  destroy(): void {
    this.#closed = true;
    this.#idle.length = 0;
    for (const channel of this.#channels) this.#discard(channel);
    this.#socket.destroy();
  }
}
