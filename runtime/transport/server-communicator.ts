/** What brings a server one request at a time, and takes its response: a channel, or the socket of the connection. */

import type { Payload } from '../wire/payload.js';

export interface ServerCommunicator {
  /** For log lines: `channel`, `socket`. */
  readonly name: string;
  /** Where the request stands, and where the response goes. Valid for as long as the communicator is. */
  readonly payload: Payload;
  /** The request's MID, after receive. */
  readonly mid: number;

  /**
   * Looks for the next request. Returns its payload's size, which is more than payload's capacity where the request was
   * too large to keep; -EAGAIN if none is there yet; else -errno, and there will be none (-ECONNRESET: the client
   * ended).
   */
  receive(): number;
  /**
   * Answers with the first `payloadLen` bytes of `payload`, and gives copies of `fds`, which stay the caller's. 0, or
   * -errno where no answer and no request can pass any more.
   */
  respond(mid: number, payloadLen: number, fds: readonly number[]): number;
  /** Calls `onReady` once, from the event loop, when receive may have something new. Keeps the process alive. */
  watch(onReady: () => void): void;
  /** Frees everything, with the client told where it can be told. Idempotent. */
  destroy(): void;
}
