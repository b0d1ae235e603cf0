/**
 * Giving way: while one waits awake, the peer may be waiting for this very cpu. To let it run by sched_yield(2) takes a
 * tenth of what it takes to fall asleep and be woken, and nothing worth mentioning where no other thread wants the cpu.
 *
 * But a third one that wants it, and has work for long, keeps it for its whole slice of some milliseconds, where the
 * kernel would soon put it aside for one that is woken. So it is measured what yields take: where that is too much, so
 * many are left out, and twice as many each time that it has not become better.
 */

import { yieldCPU } from '../os/sched.js';

/** What yields may take in the mean: only those of which some give a third thread its whole slice take more. */
const MOST_US = 200;
/** The mean of about so many yields, so that one slice of a third thread now and then does not matter. */
const MEAN_COUNT = 64;
/** How many yields are left out at first, and at most. */
const FIRST_PAUSE_COUNT = 64;
const MAX_PAUSE_COUNT = 65_536;

export class GivingWay {
  readonly #yieldCPU: () => number;
  readonly #mostUS: number;
  /** MEAN_COUNT times the mean: an integer, which makes no object. */
  #sumUS = 0;
  /** Yields to leave out yet, and how many that will be the next time. */
  #left = 0;
  #pause = FIRST_PAUSE_COUNT;
  /** Yields since the last pause. */
  #count = 0;

  /** `yieldCPU` returns how many microseconds it took, a second at most; `mostUS` is what it may take in the mean. */
  constructor(yieldCPU: () => number, mostUS = MOST_US) {
    this.#yieldCPU = yieldCPU;
    this.#mostUS = mostUS;
  }

  /** Whether to give way: who asks is one yield nearer to when it pays again. */
  pays(): boolean {
    if (this.#left === 0) return true;
    this.#left--;
    return false;
  }

  /** Lets another thread run, if that pays. Returns how many microseconds it took. */
  giveWay(): number {
    if (!this.pays()) return 0;
    const us = this.#yieldCPU();
    this.#sumUS += us - Math.floor(this.#sumUS / MEAN_COUNT);
    if (this.#sumUS > this.#mostUS * MEAN_COUNT) this.#rest();
    else if (++this.#count === this.#pause) this.#pause = FIRST_PAUSE_COUNT;
    return us;
  }

  /** Afterwards it begins with half of what it may take: one or two slices more, and it rests again. */
  #rest(): void {
    this.#left = this.#pause;
    this.#pause = Math.min(this.#pause * 2, MAX_PAUSE_COUNT);
    this.#sumUS = (this.#mostUS * MEAN_COUNT) / 2;
    this.#count = 0;
  }
}

/** To whom and when a thread gives way. What that takes differs, so each of them learns it by itself. */
export interface WaysToGive {
  /** To a peer that may be on this cpu. */
  readonly toPeer: Pick<GivingWay, 'pays' | 'giveWay'>;
  /** To one that has told that it is not, in case it has come here since: mostly that is somebody else's gain. */
  readonly toFarPeer: Pick<GivingWay, 'giveWay'>;
  /** For an event loop that waits, to a peer that it had to wake. */
  readonly inTurn: Pick<GivingWay, 'giveWay'>;
  /** Before one falls asleep, to a peer that has its answer. */
  readonly beforeSleep: Pick<GivingWay, 'giveWay'>;
}

/**
 * What a peer that has its answer does with the cpu then is no wait of this thread's, and says nothing about the
 * others; and where it is much, or a third one has it, to fall asleep is as good.
 */
const MOST_BEFORE_SLEEP_US = 50;

/** This thread's. */
export const ours = {
  toPeer: new GivingWay(yieldCPU),
  toFarPeer: new GivingWay(yieldCPU),
  inTurn: new GivingWay(yieldCPU),
  beforeSleep: new GivingWay(yieldCPU, MOST_BEFORE_SLEEP_US),
} satisfies WaysToGive;
