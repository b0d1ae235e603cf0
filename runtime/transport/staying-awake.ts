/**
 * Whether to stay awake for a peer that sleeps whenever it waits, as gVisor's client does.
 *
 * Asleep, one is woken at each turn, as the peer is. That takes 4 us a call where the kernel has brought the two
 * together on one cpu, as it does only if neither stays awake, and 12 to 70 where it has not. Awake, one is there for
 * the next request at once; and where the answer comes before the peer has fallen asleep, which takes that some 2 us,
 * neither is ever woken: 2 us a call. Where it comes later the peer is woken each time, on another cpu, since this one
 * is taken: 8 us and more.
 *
 * Which of it is best changes with what is asked for, and with what the kernel and a hypervisor make of two threads. So
 * both are tried, and what turns take is measured: the other way every now and then, more seldom where it was in vain,
 * and soon where turns have become slow. To stay awake takes a cpu that others may want: it has to gain something.
 */

import * as monotonic from '../os/clock.js';
import type { Clock } from './moving.js';

/** What a measurement is of, and how many turns after a change it begins, when both sides have settled. */
const MEASURED_TURNS_COUNT = 16;
const SETTLING_TURNS_COUNT = 8;
/** A peer whose turns take so long has something else to do in between, and there is not much to gain. */
const SLOW_TURN_US = 40;
/** None takes less in which anybody was woken: there is nothing better to try, and to try would disturb it. */
const QUICK_TURN_US = 4;
/** Those that stay awake are to take no more than that part of the time: four fifths. */
const GAIN = 0.8;
/** Until the other way is tried: so many measurements after it was kept, and twice as many after each time in vain. */
const FIRST_PAUSE_COUNT = 32;
const LONGEST_PAUSE_COUNT = 1024;
/** Turns that take so many times as long as they did ask for a trial soon: after that part of the pause. */
const WORSE_FACTOR = 2;
const SOON_PART = 8;

export class StayingAwake {
  readonly #clock: Clock;
  #isAwake = false;
  #isTrial = false;
  /** Of the turn that is being measured; negative while they settle. */
  #turn = -SETTLING_TURNS_COUNT;
  #began = 0;
  /** What the measured turns took, when last they were measured in the way that was chosen. */
  #chosenUS = 0;
  /** Measurements since the last trial, and after how many the next is: the first at once, nothing being known yet. */
  #measured = 0;
  #pause = 1;

  constructor(clock: Clock = monotonic) {
    this.#clock = clock;
  }

  /** One more turn begins. Returns whether to stay awake for it. */
  turned(): boolean {
    if (this.#turn++ === 0) this.#began = this.#clock.moment();
    if (this.#turn > MEASURED_TURNS_COUNT) this.#measure(this.#clock.microsecondsSince(this.#began));
    return this.#isAwake;
  }

  #measure(us: number): void {
    this.#turn = 0;
    if (us > SLOW_TURN_US * MEASURED_TURNS_COUNT) return this.#wasSlow();
    if (this.#isTrial) return this.#endTrial(us);
    const isWorse = us > this.#chosenUS * WORSE_FACTOR && this.#measured * SOON_PART >= this.#pause;
    this.#chosenUS = us;
    if (us < QUICK_TURN_US * MEASURED_TURNS_COUNT) return this.#wasQuick();
    if (++this.#measured >= this.#pause || isWorse) this.#change(true);
  }

  #wasSlow(): void {
    if (this.#isAwake) this.#change(false);
  }

  #wasQuick(): void {
    this.#measured = 0;
    this.#pause = FIRST_PAUSE_COUNT;
  }

  /** The other way was tried. It is kept if it is the better one. */
  #endTrial(us: number): void {
    this.#measured = 0;
    const [awakeUS, asleepUS] = this.#isAwake ? [us, this.#chosenUS] : [this.#chosenUS, us];
    const isBetterAwake = awakeUS <= asleepUS * GAIN;
    if (isBetterAwake !== this.#isAwake) {
      this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_COUNT);
      return this.#change(false);
    }
    this.#isTrial = false;
    this.#chosenUS = us;
    this.#pause = FIRST_PAUSE_COUNT;
  }

  #change(isTrial: boolean): void {
    this.#isTrial = isTrial;
    this.#isAwake = !this.#isAwake;
    this.#turn = -SETTLING_TURNS_COUNT;
  }
}
