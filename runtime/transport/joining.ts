/**
 * Joining: a thread and a peer that both sleep whenever they wait, as gVisor's client does, wake each other at every
 * turn. On one cpu that is a switch, and a call takes 3 us. On two, each wakes a cpu that has nothing else to do and
 * has fallen asleep itself: a virtual machine's host has to bring it back, and a call takes 20 to 70 us. The kernel
 * finds the cpu on which the other ran last idle, and leaves it there.
 *
 * So a thread whose turns take that long goes to another cpu: of two, that is the peer's. Of more it may be. Where it
 * is not, or where it is something else that takes the time, of the handlers or of the peer between its calls, the
 * move was in vain, and the next comes after twice the time (moving.ts).
 */

import * as monotonic from '../os/clock.js';
import { leaveCPU } from '../os/sched.js';
import { Moving, type Clock, type Pauses } from './moving.js';

/** What turns take on two cpus that fall asleep, and none does on one. */
const LONG_TURN_US = 10;
/** A peer that takes longer has something else to do in between, and is in no hurry. */
const SLOW_TURN_US = 300;
/** The time is asked after so many turns, and soon while there is doubt: at first, after a pause, after a long turn. */
const TURNS_PER_CLOCK = 32;
const TURNS_PER_CLOCK_IN_DOUBT = 3;
/** The first one after something else only begins the time. */
const NONE_YET = -1;
/** It was good so many times, one after the other: there is no doubt any more. */
const CERTAIN_COUNT = 16;
/**
 * Soon, since Go's scheduler, where a call takes long, goes on in another thread, on another cpu, and all begins anew.
 */
const PAUSES: Pauses = { firstUS: 200, longestUS: 10_000 };

export class Joining {
  readonly #moving: Moving;
  readonly #clock: Clock;
  #turns = NONE_YET;
  #turnsPerClock = TURNS_PER_CLOCK_IN_DOUBT;
  #began = 0;
  #quick = 0;

  /** `leaveCPU` returns false where that is not possible, and is not asked again. */
  constructor(leaveCPU: () => boolean, clock: Clock = monotonic) {
    this.#moving = new Moving(leaveCPU, PAUSES, clock);
    this.#clock = clock;
  }

  /** Something else than turns took time. */
  interrupted(): void {
    this.#turns = NONE_YET;
  }

  /** There was one more, for which this thread slept, or was about to. */
  turned(): void {
    if (++this.#turns === 0) return this.#begin();
    if (this.#turns < this.#turnsPerClock) return;
    const us = this.#clock.microsecondsSince(this.#began);
    if (us < LONG_TURN_US * this.#turns) this.#wasQuick();
    else if (us < SLOW_TURN_US * this.#turns) this.#tookLong();
    else this.#wasSlow();
    this.#begin();
  }

  #begin(): void {
    this.#turns = 0;
    this.#began = this.#clock.moment();
  }

  #wasQuick(): void {
    this.#moving.helped();
    // Counted no further: in two days it would be too large for a small integer.
    if (this.#quick === CERTAIN_COUNT) return;
    if (++this.#quick === CERTAIN_COUNT) this.#turnsPerClock = TURNS_PER_CLOCK;
  }

  /** The first time may be an exception: the host had something else to do. */
  #tookLong(): void {
    const isException = this.#quick > 0;
    this.#doubt();
    if (!isException) this.#moving.move();
  }

  /** A pause after quick turns is the end of a burst. Who makes one after each call need not be watched closely. */
  #wasSlow(): void {
    if (this.#quick > 0) this.#doubt();
    else this.#turnsPerClock = Math.min(this.#turnsPerClock * 2, TURNS_PER_CLOCK);
  }

  #doubt(): void {
    this.#quick = 0;
    this.#turnsPerClock = TURNS_PER_CLOCK_IN_DOUBT;
  }
}

/** This thread's. */
export const joining = new Joining(leaveCPU);
