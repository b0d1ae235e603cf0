/**
 * When to look first. A turn is one cache line that goes from cpu to cpu: who looks while the peer is at work on its
 * answer takes the line away, and the peer has to fetch it once more to write to it. JavaScript has no pause
 * instruction that would keep the looks apart, so the first one is put off until the answer should be there. A null
 * call takes three quarters of its time then.
 *
 * How long that is shows from whether the answer was there at the first look. Only the client puts it off. Where both
 * ends did, each would wait out what the other waits too long, and both would wait ever longer.
 */

import { relaxFor } from './relax.js';

/** So many answers in a row that were there at the first look bring it forward by one step. */
const HITS_PER_STEP = 16;
/**
 * An answer that came after more looks than this, some 300 ns, is one that takes long: the line that is fetched once
 * more is little of that, and when it will come is hard to tell.
 */
const NEAR_LOOKS = 24;
/** So many near misses in a row say that the first look is far too early. */
const FAR_TOO_EARLY = 4;
/** It is put off by this much at most, some 300 ns. */
const MAX_STEPS = 250;

export class FirstLook {
  #steps = 0;
  #hits = 0;
  #misses = 0;

  /** How long it is put off, in steps of `relaxFor`. */
  get steps(): number {
    return this.#steps;
  }

  /** Lets the time pass until the first look. */
  putOff(): void {
    relaxFor(this.#steps);
  }

  /** The answer was there after so many looks in vain. */
  came(looksInVain: number): void {
    if (looksInVain === 0) this.#hit();
    else if (looksInVain <= NEAR_LOOKS) this.#miss(looksInVain);
  }

  #hit(): void {
    this.#misses = 0;
    if (++this.#hits < HITS_PER_STEP) return;
    this.#hits = 0;
    if (this.#steps > 0) this.#steps--;
  }

  #miss(looksInVain: number): void {
    this.#hits = 0;
    if (this.#misses < FAR_TOO_EARLY) this.#misses++;
    this.#steps = Math.min(this.#steps + (this.#misses < FAR_TOO_EARLY ? 1 : looksInVain), MAX_STEPS);
  }
}
