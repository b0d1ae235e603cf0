/**
 * Waiting for one's turn on a packet window without blocking the thread: awake for a moment, since a peer that is awake
 * answers within microseconds, then asleep by way of the waiting thread, which takes a hundred.
 *
 * Awake means to look once in each round of the event loop, so whatever else the loop has to do is done meanwhile.
 */

import type { Endpoint } from './endpoint.js';
import { AWAKE_MS } from './wait.js';
import { arm, disarm, type Armed } from './waiter.js';

/** Where there is no waiting thread to be had, the word is looked at so often. */
const LOOK_MS = 10;

export class TurnWait {
  readonly #endpoint: Endpoint;
  readonly #onTurn: () => void;
  readonly #awakeUntil = performance.now() + AWAKE_MS;
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;
  #armed: Armed | undefined;

  /** Calls `onTurn` once, from the event loop, after the peer has given the turn away, or perhaps for no reason. */
  constructor(endpoint: Endpoint, onTurn: () => void) {
    this.#endpoint = endpoint;
    this.#onTurn = onTurn;
    if (AWAKE_MS > 0) this.#immediate = setImmediate(this.#look);
    else this.#sleep();
  }

  readonly #look = (): void => {
    if (!this.#endpoint.isPeersTurn) this.#onTurn();
    else if (performance.now() < this.#awakeUntil) this.#immediate = setImmediate(this.#look);
    else this.#sleep();
  };

  #sleep(): void {
    try {
      this.#armed = arm(this.#endpoint.waitAddress, this.#endpoint.waitValue, () => {
        this.#armed = undefined;
        this.#onTurn();
      });
    } catch (error) {
      process.emitWarning(error as Error);
      this.#timer = setTimeout(this.#look, LOOK_MS);
    }
  }

  /** Ends the wait; onTurn is not called any more. */
  cancel(): void {
    if (this.#immediate !== undefined) clearImmediate(this.#immediate);
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    if (this.#armed !== undefined) disarm(this.#armed);
    this.#armed = undefined;
  }
}
