/**
 * One call as its handler sees it. A call whose response brings descriptors has one of its own, and so has one that is
 * answered later: a handler may keep it for longer than it should, and must not reach the next call by it. Those that
 * are answered at once, and cannot donate, take turns with one, so that serving them makes no object.
 */

import { closeAll } from '../transport/donation.js';
import { wrongType, outOfRange } from '../wire/invalid.js';
import { MAX_RIGHTS_COUNT } from '../wire/limits.js';
import type { Payload } from '../wire/payload.js';
import type { CallContext, Marshalled } from '../wire/protocol.js';

/** What all calls over one communicator have in common. */
export interface CallPlace {
  readonly payload: Payload;
  readonly signal: AbortSignal;
  /** Is told of each descriptor that cannot be sent, by the message's MID, and why. */
  readonly tellUnsent: (mid: number, why: string) => void;
}

const NO_FDS: number[] = [];
/** In place of the descriptors of a call that was answered. */
const ANSWERED: number[] = [];

export class ServedCall implements CallContext {
  mid = 0;
  /** When its request was read, as performance.now() says; not set where nobody wants to know. */
  began = 0;
  readonly #place: CallPlace;
  readonly #donates: boolean;
  isObserved = false;
  #fds = ANSWERED;

  /** `donates`: whether the response of the message brings descriptors. */
  constructor(place: CallPlace, donates: boolean) {
    this.#place = place;
    this.#donates = donates;
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
    if (!this.#donates) return this.#discard(fd, 'its response brings none, as the schema has it');
    if (this.#fds === ANSWERED) return this.#discard(fd, 'its answer was sent');
    if (this.#fds.length === MAX_RIGHTS_COUNT) {
      closeAll([fd]);
      throw outOfRange('fds', `at most ${MAX_RIGHTS_COUNT} of a call`, fd);
    }
    if (this.#fds === NO_FDS) this.#fds = [];
    this.#fds.push(fd);
  }

  #discard(fd: number, why: string): void {
    closeAll([fd]);
    this.#place.tellUnsent(this.mid, why);
  }

  room(at: number, size: number): Uint8Array | undefined {
    const { payload } = this.#place;
    return this.#fds !== ANSWERED && at + size <= payload.capacity ? payload.run(at, size) : undefined;
  }

  marshalled(bytes: Uint8Array): Marshalled {
    if (this.#fds === ANSWERED) throw new Error('a call was answered already, and takes no other response');
    return this.#place.payload.putMarshalled(bytes);
  }

  /** A request was read, and its handler is next. */
  begin(mid: number): void {
    this.mid = mid;
    this.isObserved = false;
    this.#fds = NO_FDS;
  }

  /** The call is answered. The descriptors to donate with that are the caller's now. */
  end(): number[] {
    const fds = this.#fds;
    this.#fds = ANSWERED;
    return fds;
  }
}
