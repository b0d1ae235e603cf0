/** What carries one request and its response at a time: a channel, or the socket of the connection. */

import type { Payload } from '../wire/payload.js';

export interface Communicator {
  /** For traces: `channel 0`, `socket`. */
  readonly name: string;
  /** Where the request goes and the response comes. Valid until the next `reserve`. */
  readonly payload: Payload;
  /** The response's MID, after receive. */
  readonly mid: number;
  /** Descriptors that came with the response, at most as many as were wanted; the caller takes them all. */
  readonly fds: number[];
  /** True after a transport error: nothing can be sent any more, and the communicator must be destroyed. */
  readonly dead: boolean;

  /** Makes room for a request of `size` bytes in `payload`. False if it can never fit. */
  reserve(size: number): boolean;
  /** Sends the request that stands in `payload`. 0, or -errno and dead. */
  send(mid: number, payloadLen: number, wantFDs: number): number;
  /**
   * Looks for the response. Returns its payload's size; -EAGAIN if it is not there yet; -EMSGSIZE if it was too large
   * and is dropped; else -errno and dead.
   */
  receive(): number;
  /**
   * Waits for the response, blocking the thread. As receive, but -EAGAIN only after `deadline`, a time of
   * performance.now(): the response may still come then.
   */
  receiveSync(deadline?: number): number;
  /**
   * After `send`: where the peer had to be woken for it, lets it have this cpu once. True if receive may have something
   * by now; at any other time that is left to `watch`.
   */
  giveWayToWoken(): boolean;
  /** Calls `onReady` once, from the event loop, when receive may have something new. */
  watch(onReady: () => void): void;
  /** Takes back `watch`. */
  unwatch(): void;
  /** Frees everything, with the peer told where it can be told. Idempotent; dead afterwards. */
  destroy(): void;
}
