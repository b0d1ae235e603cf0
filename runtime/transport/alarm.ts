/**
 * A watch on the socket of a connection that another thread serves, for when that thread is asleep elsewhere. That one
 * has a copy of the descriptor: what it closes can be another file's number at once, and what it never heard of, being
 * dead, is still closed here.
 */

import { closeFD } from '../os/descriptor.js';
import { Watch } from '../os/poll.js';
import { shutdownSocket } from '../os/socket.js';

export class Alarm {
  readonly #fd: number;
  readonly #onEvent: () => void;
  #watch: Watch | undefined;

  /** Takes ownership of `fd`. Calls `onEvent` at input or a hang-up, once for each `arm`; it is armed to begin with. */
  constructor(fd: number, onEvent: () => void) {
    this.#fd = fd;
    this.#onEvent = onEvent;
    this.arm();
  }

  arm(): void {
    if (this.#watch !== undefined) return;
    this.#watch = new Watch(this.#fd, true, () => {
      this.#disarm();
      this.#onEvent();
    });
  }

  #disarm(): void {
    this.#watch?.close();
    this.#watch = undefined;
  }

  /** Hangs up for a thread that no longer can. */
  hangUp(): void {
    shutdownSocket(this.#fd);
  }

  /** Frees it. Once. */
  close(): void {
    this.#disarm();
    closeFD(this.#fd);
  }
}
