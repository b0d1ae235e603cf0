/**
 * One end of a flipcall connection: two processes take turns with a packet window (`flipcall/flipcall.go`).
 *
 * connState says whose turn it is. Who has the turn alone touches the window; it gives the turn away by writing
 * dataLen, swapping connState from its own value to the peer's, and waking the peer. The value 2 ends it all.
 */

import { ALL_WAITERS, futexWait, futexWake } from '../os/futex.js';
import { EAGAIN, ECONNRESET, EPROTO } from '../wire/errno.js';
import { LIVENESS_CHECK_MS, MAX_CONNECT_BYTES } from '../wire/limits.js';
import type { PacketWindow } from './packet-window.js';
import { spinBudget } from './wait.js';

const CONN_STATE = 0;
const DATA_LEN = 1;

/** Values of connState. */
export const CLIENT_ACTIVE = 0;
export const SERVER_ACTIVE = 1;
export const SHUT_DOWN = 2;

export class Endpoint {
  readonly window: PacketWindow;
  readonly #header: Int32Array;
  readonly #address: number;
  readonly #dataCap: number;
  /** connState when it is this end's turn, and when it is the peer's. */
  readonly #active: number;
  readonly #inactive: number;
  #shutdown = false;

  /** The client's end has the first turn. */
  constructor(window: PacketWindow, side: 'client' | 'server') {
    this.window = window;
    this.#header = window.header;
    this.#address = window.address;
    this.#dataCap = window.datagram.capacity;
    this.#active = side === 'client' ? CLIENT_ACTIVE : SERVER_ACTIVE;
    this.#inactive = side === 'client' ? SERVER_ACTIVE : CLIENT_ACTIVE;
  }

  /** The word to sleep on while the peer has the turn, and its value then. */
  get waitAddress(): number {
    return this.#address;
  }
  get waitValue(): number {
    return this.#inactive;
  }

  /** True while there is nothing to do here but wait. */
  get isPeersTurn(): boolean {
    return !this.#shutdown && Atomics.load(this.#header, CONN_STATE) === this.#inactive;
  }

  /**
   * Gives the turn to the peer, with a datagram of `dataLen` bytes, and wakes it. Returns 0, or -ECONNRESET where the
   * peer has shut down or broken the state. Precondition: it is this end's turn; dataLen is at most dataCap.
   */
  send(dataLen: number): number {
    if (this.#shutdown) return -ECONNRESET;
    // The swap that follows orders this store before it.
    this.#header[DATA_LEN] = dataLen;
    if (Atomics.compareExchange(this.#header, CONN_STATE, this.#active, this.#inactive) !== this.#active) {
      return -ECONNRESET;
    }
    // All of them: our waiting thread may be leaving this word only now, where an answer was found without it, and to
    // wake that one alone would leave the peer asleep for ever.
    futexWake(this.#address, ALL_WAITERS);
    return 0;
  }

  /**
   * Looks whether the turn has come back. Returns the size of the peer's datagram; -EAGAIN while the peer has the
   * turn; -ECONNRESET after a shutdown; -EPROTO for a state or size that no honest peer writes.
   */
  receive(): number {
    if (this.#shutdown) return -ECONNRESET;
    const state = Atomics.load(this.#header, CONN_STATE);
    if (state === this.#inactive) return -EAGAIN;
    if (state !== this.#active) return state === SHUT_DOWN ? -ECONNRESET : -EPROTO;
    const dataLen = Atomics.load(this.#header, DATA_LEN) >>> 0;
    return dataLen > this.#dataCap ? -EPROTO : dataLen;
  }

  /**
   * As receive, but waits: first awake, for a bounded number of looks, then asleep. `isPeerAlive` is asked whenever
   * LIVENESS_CHECK_MS have passed in sleep; -ECONNRESET once it says no and no answer was left behind.
   */
  receiveSync(isPeerAlive: () => boolean): number {
    for (let spins = spinBudget(); spins > 0; spins--) {
      const result = this.receive();
      if (result !== -EAGAIN) return result;
    }
    for (let alive = true; ; alive = isPeerAlive()) {
      const result = this.receive();
      if (result !== -EAGAIN) return result;
      if (!alive) return -ECONNRESET;
      futexWait(this.#address, this.#inactive, LIVENESS_CHECK_MS);
      const woken = this.receive();
      if (woken !== -EAGAIN) return woken;
    }
  }

  /** Writes the connect request, an empty JSON object and a newline, and gives the turn to the server. As send. */
  sendConnect(): number {
    return this.send(this.window.datagram.bytes.write('{}\n'));
  }

  /** Checks the server's answer to it, a datagram of `dataLen` bytes: 0 for a JSON object, else -EPROTO. */
  acceptConnect(dataLen: number): number {
    if (dataLen > MAX_CONNECT_BYTES) return -EPROTO;
    const text = Buffer.from(this.window.datagram.bytes.subarray(0, dataLen)).toString('latin1');
    try {
      const answer: unknown = JSON.parse(text);
      return typeof answer === 'object' && answer !== null && !Array.isArray(answer) ? 0 : -EPROTO;
    } catch {
      return -EPROTO;
    }
  }

  /**
   * Ends the connection. The peer learns of it when it next gives the turn away, or now if it sleeps. No thread of ours
   * is in receiveSync then, since the one that uses this endpoint is the one that calls this. A second time does
   * nothing.
   */
  shutdown(): void {
    if (this.#shutdown) return;
    this.#shutdown = true;
    const before = Atomics.exchange(this.#header, CONN_STATE, SHUT_DOWN);
    if (before === this.#active) futexWake(this.#address, ALL_WAITERS);
  }
}
