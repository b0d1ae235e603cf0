/** How long to wait awake for a peer's turn to end, before falling asleep. */

import { availableParallelism } from 'node:os';
import { outOfRange, wrongType } from '../wire/invalid.js';
import { ours } from './giving-way.js';
import type { Moving } from './moving.js';
import { aside } from './moving-aside.js';
import { StayingAwake } from './staying-awake.js';

/**
 * What waiting costs, and what it gains: falling asleep and being woken takes 50 to 60 us where the peer has a cpu of
 * its own, in which time it answers many times over.
 *
 * - `lowest-latency`: awake for about a millisecond, whatever that costs;
 * - `balanced`: awake for up to a tenth of that, less where it was in vain, and hardly ever where it always is; in a
 *   thread that may block for two or four times as long, where that saves it from falling asleep for a moment;
 * - `lowest-cpu`: asleep at once.
 *
 * A thread that waits awake for a server of this SDK, and is told that it is on that server's cpu again and again,
 * moves to another that it may use (moving-aside.ts). A server's thread whose client sleeps at every turn, as gVisor's
 * does, stays awake for it where that gains (staying-awake.ts), and else moves towards it (joining.ts).
 *
 * Where the process may use one cpu alone, the peer cannot answer while we are awake: nobody spins, and the first two
 * let the peer have the cpu a few times (giving-way.ts) before they sleep.
 */
export type WaitStrategy = 'lowest-latency' | 'balanced' | 'lowest-cpu';

/** How clients and servers can be told to wait. */
export interface WaitSettings {
  /** `balanced` by default. */
  readonly wait?: WaitStrategy | undefined;
  /**
   * The longest that one turn of the event loop is held up by waiting awake, in microseconds: 0 to 1000, 20 by default.
   * Synchronous calls, and servers in threads of their own, are not bound by it. A peer that needs this very cpu gets
   * it meanwhile, which may take longer: one that was woken, once, or one that says that it is there. With 0 the event
   * loop goes on at once.
   */
  readonly turnSpinUS?: number | undefined;
}

/** How a strategy waits: by looks in a thread that may block, by time in an event loop. */
interface Limits {
  /** Looks before sleeping; each takes some 15 ns, of which all but one is `relax` (relax.ts). */
  readonly looks: number;
  readonly awakeUS: number;
  readonly adapts: boolean;
}

const LIMITS: Readonly<Record<WaitStrategy, Limits>> = {
  'lowest-latency': { looks: 100_000, awakeUS: 1000, adapts: false },
  balanced: { looks: 5000, awakeUS: 100, adapts: true },
  'lowest-cpu': { looks: 0, awakeUS: 0, adapts: false },
};
const ASLEEP: Limits = { looks: 0, awakeUS: 0, adapts: false };
/** With one cpu each look but the first comes after the peer had that cpu. */
const GIVING_WAY: Limits = { looks: 3, awakeUS: 20, adapts: true };
/** A peer that sleeps whenever it waits has its next request ready within that, or has something else to do. */
const AWAKE_FOR_SLEEPER_US = 30;

/**
 * Looks in vain after which one gives way: longer than most answers take. But after the first where the peer needs
 * this very cpu: on one cpu; where it has told so; or, where it tells nothing, if its answer was there after one gave
 * way the last time.
 */
const LOOKS_PER_YIELD = 80;
/**
 * And so many where the peer has told that it is on another cpu. Others who want this one would keep it for longer than
 * the answer takes, even where a hypervisor has stopped the peer for some microseconds. But it may have come here.
 */
const LOOKS_PER_FAR_YIELD = 2000;

/** Where a peer is: on this cpu, on another, or it has not told. */
export type Whereabouts = 'here' | 'elsewhere' | 'unknown';

/** After giving way so many times to a peer of ours on this cpu, one after the other, one moves aside. */
const SHARING_COUNT = 4;

const DEFAULT_TURN_SPIN_US = 20;
const MAX_TURN_SPIN_US = 1000;

/**
 * Who slept no longer than this, half of which falling asleep and being woken take, had better stayed awake, and looks
 * twice as long from then on, or four times.
 */
const SHORT_SLEEP_US = 150;
const MOST_REACH = 4;

/** After so many waits in vain one sleeps at once, but tries again every so often: the peer may have become faster. */
const GIVE_UP_COUNT = 5;
const TRY_AGAIN_COUNT = 32;

/** True where one cpu is all there is: the peer's as well as ours. */
export function hasOneCPU(): boolean {
  return availableParallelism() === 1;
}

function limitsOf(strategy: WaitStrategy, isAlone: boolean): Limits {
  if (!Object.hasOwn(LIMITS, strategy)) {
    throw wrongType('wait', "'lowest-latency', 'balanced' or 'lowest-cpu'", strategy);
  }
  if (!isAlone) return LIMITS[strategy];
  return LIMITS[strategy].looks > 0 ? GIVING_WAY : ASLEEP;
}

/** One waiter's patience, which experience shortens. */
export class Patience {
  readonly #limits: Limits;
  /** True where one cpu is all there is. */
  readonly isAlone = hasOneCPU();
  readonly #looksPerYield = this.isAlone ? 1 : LOOKS_PER_YIELD;
  /** After how many looks in vain a thread that may block gives way the first time. */
  #looksBeforeYield = this.#looksPerYield;
  readonly #aside: Moving;
  readonly #staying = new StayingAwake();
  /** Whether this wait has looked for as long as it does for a peer on this cpu. */
  #isFar = false;
  /** How many times one has given way to the peer on this cpu since it was on another. */
  #shared = 0;
  /** The longest that this one may hold up a turn of the event loop. */
  readonly turnMS: number;
  #inVain = 0;
  #waits = 0;
  /** By how much a thread that may block looks longer than usual. */
  #reach = 1;

  /** Throws a TypeError or a RangeError for settings that are none. */
  constructor({ wait = 'balanced', turnSpinUS = DEFAULT_TURN_SPIN_US }: WaitSettings = {}, movingAside = aside) {
    this.#aside = movingAside;
    this.#limits = limitsOf(wait, this.isAlone);
    if (!(turnSpinUS >= 0 && turnSpinUS <= MAX_TURN_SPIN_US)) {
      throw outOfRange('turnSpinUS', `a number from 0 to ${MAX_TURN_SPIN_US}`, turnSpinUS);
    }
    this.turnMS = this.#limits.looks > 0 && !this.isAlone ? turnSpinUS / 1000 : 0;
  }

  /** The part of the whole that is left after the waits in vain. An integer: any other number would be an object. */
  #share(whole: number): number {
    if (this.#inVain === 0) return whole;
    if (this.#inVain < GIVE_UP_COUNT) return (whole + (1 << this.#inVain) - 1) >> this.#inVain;
    return ++this.#waits % TRY_AGAIN_COUNT === 0 ? whole : 0;
  }

  /** How many times to look, in a thread that may block. */
  looks(): number {
    return this.#share(this.#limits.looks) * this.#reach;
  }

  /** A thread that may block begins to look. Returns after how many looks in vain to ask whether to give way. */
  beginLooking(): number {
    this.#isFar = false;
    return this.#looksBeforeYield;
  }

  /** So many looks were in vain. Returns 0 if it is time to give way, or after how many more it is. */
  looksLeft(peer: Whereabouts): number {
    if (peer !== 'elsewhere' || this.#isFar) return 0;
    this.#isFar = true;
    this.parted();
    return LOOKS_PER_FAR_YIELD - LOOKS_PER_YIELD;
  }

  /** One has given way, and has `helped` the peer to answer or not. Returns after how many looks to ask again. */
  gaveWay(peer: Whereabouts, helped: boolean): number {
    this.#isFar = false;
    if (peer === 'here') this.met();
    this.#looksBeforeYield = peer === 'here' || (peer === 'unknown' && helped) ? 1 : this.#looksPerYield;
    return this.#looksPerYield;
  }

  /**
   * How long to stay awake, in an event loop, in whole microseconds. `mayBlock` says that nobody is kept waiting by it,
   * so that one may give way as well. `isPeerAsleep` says that the peer sleeps whenever it waits, as gVisor's client
   * does: see staying-awake.ts.
   */
  awakeUS(mayBlock: boolean, isPeerAsleep: boolean): number {
    if (this.isAlone) return mayBlock && ours.toPeer.pays() ? this.#share(this.#limits.awakeUS) : 0;
    if (!isPeerAsleep || !this.#limits.adapts) return this.#share(this.#limits.awakeUS);
    return mayBlock && this.#staying.turned() ? this.#share(AWAKE_FOR_SLEEPER_US) : 0;
  }

  /** The wait was worth it, or nothing was waited for. */
  rewarded(): void {
    this.#inVain = 0;
  }

  /** The peer has needed this cpu once more. */
  met(): void {
    if (this.#shared < SHARING_COUNT) this.#shared++;
    if (this.#shared === SHARING_COUNT) this.#aside.move();
  }

  /** The peer does not need this cpu, or no more. */
  parted(): void {
    this.#looksBeforeYield = this.#looksPerYield;
    if (this.#shared === 0) return;
    this.#shared = 0;
    this.#aside.helped();
  }

  /** One that may block fell asleep, and its turn came after so many microseconds. */
  slept(us: number): void {
    if (us < SHORT_SLEEP_US && this.#limits.adapts && !this.isAlone) {
      this.#reach = Math.min(this.#reach * 2, MOST_REACH);
      return this.rewarded();
    }
    this.#reach = 1;
    this.disappointed();
  }

  /** It was in vain. */
  disappointed(): void {
    if (this.#limits.adapts && this.#inVain < GIVE_UP_COUNT) this.#inVain++;
  }
}
