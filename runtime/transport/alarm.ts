/** A watch on the socket of a connection that another thread serves, for when that thread is asleep elsewhere. */

import { closeFD, duplicateFD } from '../os/descriptor.js';
import { Watch } from '../os/poll.js';
import { shutdownSocket } from '../os/socket.js';

export class Alarm {
  /** A descriptor of our own: the other thread may close its at any time, and its number be another file's then. */
  readonly #fd: number;
  readonly #onEvent: () => void;
  #watch: Watch | undefined;

  /** `fd` stays the caller's. Calls `onEvent` at input or a hang-up, once for each `arm`; it is armed to begin with. */
  constructor(fd: number, onEvent: () => void) {
    this.#fd = duplicateFD(fd);
    this.#onEvent = onEvent;
    this.arm();
  }

  /** Without a descriptor to be had there is no alarm; the thread looks itself, now and then. */
  arm(): void {
    if (this.#fd < 0 || this.#watch !== undefined) return;
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
    if (this.#fd >= 0) shutdownSocket(this.#fd);
  }

  /** Frees it. Once. */
  close(): void {
    this.#disarm();
    closeFD(this.#fd);
  }
}
