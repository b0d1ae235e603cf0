/** Whether the server is still there, and once it is not: why, for the errors of all calls that fail by it. */

import type { SocketCommunicator } from '../transport/socket-communicator.js';
import { PeerPlace } from '../transport/served-here.js';
import { HangUp, type Child } from './peer.js';

export class Lifeline {
  readonly #socket: SocketCommunicator;
  readonly #child: Child | undefined;
  readonly #place: PeerPlace;
  #hangUp: HangUp | undefined;
  /** What is to be done when the connection ends, by whoever waits for what will then not come. */
  readonly onEnd = new Set<() => void>();

  /** `child` is the server, where this process started it. */
  constructor(socket: SocketCommunicator, child: Child | undefined) {
    this.#socket = socket;
    this.#child = child;
    this.#place = new PeerPlace(socket.fd);
  }

  /** Why the connection ended; undefined while it has not. */
  get hangUp(): HangUp | undefined {
    return this.#hangUp;
  }

  /** Whether the server still holds its end of the socket: what a thread asleep on a channel asks. */
  isPeerAlive(): boolean {
    return this.#hangUp === undefined && !this.#socket.hasHungUp;
  }

  /** True if the server is in this very thread, which cannot answer while it is blocked. */
  get isInThisThread(): boolean {
    return this.#hangUp === undefined && this.#place.isThisThread;
  }

  /** True while it is not known yet how a server of ours died: what fails by it may wait a moment, to say it. */
  get isFateOpen(): boolean {
    return this.#child !== undefined && !this.#child.hasExited && this.#hangUp === undefined;
  }

  /** Resolves when it is known, as well as it will be, how the server died. */
  async learnFate(): Promise<void> {
    await this.#child?.learnFate();
  }

  /** Takes note of the end, once; false if it had come before. The server is to blame unless `why` says else. */
  end(why?: string): boolean {
    if (this.#hangUp !== undefined) return false;
    const child = this.#child;
    this.#hangUp = new HangUp(() => why ?? child?.fate ?? 'the server closed its end of the socket');
    return true;
  }

  /** Resolves when a server of ours is gone. */
  async serverEnded(): Promise<void> {
    await this.#child?.ended();
  }
}
