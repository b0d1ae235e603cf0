/**
 * One call as its handler sees it. Each call has one of its own: a handler may keep it for longer than it should, and
 * must not reach the next call by it.
 */

import { closeAll } from '../transport/donation.js';
import { wrongType, outOfRange } from '../wire/invalid.js';
import { MAX_RIGHTS_COUNT } from '../wire/limits.js';
import type { Payload } from '../wire/payload.js';
import type { CallContext } from '../wire/protocol.js';

/** What all calls over one communicator have in common. */
export interface CallPlace {
  readonly payload: Payload;
  readonly signal: AbortSignal;
  /** Is told of each descriptor that is donated after the answer, by the message's MID. */
  readonly tellLate: (mid: number) => void;
}

const NO_FDS: number[] = [];
/** In place of the descriptors of a call that was answered. */
const ANSWERED: number[] = [];

/** Small: one is made for every request. */
export class ServedCall implements CallContext {
  readonly mid: number;
  /** When its request was read, as performance.now() says; not set where nobody wants to know. */
  began = 0;
  readonly #place: CallPlace;
  #fds = NO_FDS;

  constructor(mid: number, place: CallPlace) {
    this.mid = mid;
    this.#place = place;
  }

  get signal(): AbortSignal {
    return this.#place.signal;
  }

  /** Bound, so that a handler can take it out of its context; made only for those that donate. */
  get donate(): (fd: number) => void {
    return (fd) => this.#donate(fd);
  }

  #donate(fd: number): void {
    if (!Number.isInteger(fd) || fd < 0) throw wrongType('fd', 'a descriptor', fd);
    if (this.#fds === ANSWERED) {
      closeAll([fd]);
      return this.#place.tellLate(this.mid);
    }
    if (this.#fds.length === MAX_RIGHTS_COUNT) {
      closeAll([fd]);
      throw outOfRange('fds', `at most ${MAX_RIGHTS_COUNT} of a call`, fd);
    }
    if (this.#fds === NO_FDS) this.#fds = [];
    this.#fds.push(fd);
  }

  room(at: number, size: number): Uint8Array | undefined {
    const { payload } = this.#place;
    return this.#fds !== ANSWERED && at + size <= payload.capacity ? payload.run(at, size) : undefined;
  }

  /** The call is answered. The descriptors to donate with that are the caller's now. */
  end(): number[] {
    const fds = this.#fds;
    this.#fds = ANSWERED;
    return fds;
  }
}
