/**
 * Moving aside: a caller that is awake and its server, awake as well, on one cpu are each other's worst company. Every
 * call takes two switches, and the server cannot serve others meanwhile. The kernel sees two busy threads where it
 * could not do better: of five on two cpus, three have to share one, and it does not know who waits for whom.
 *
 * So the caller goes to another cpu. Whether the kernel leaves it there, and whether that was it at all, shows: where
 * it was in vain it is tried again after twice the time.
 */

import * as monotonic from '../os/clock.js';
import { leaveCPU } from '../os/sched.js';

/** Until it is done again: at first, and where it was in vain for long. A move takes some 20 us. */
export interface Pauses {
  readonly firstUS: number;
  readonly longestUS: number;
}

const PAUSES: Pauses = { firstUS: 1000, longestUS: 1_000_000 };

export type Clock = Pick<typeof monotonic, 'moment' | 'microsecondsSince'>;

export class MovingAside {
  readonly #leaveCPU: () => boolean;
  readonly #clock: Clock;
  readonly #pauses: Pauses;
  #moved: number | undefined;
  #pauseUS: number;
  #isPossible = true;
  #isInVain = false;

  /** `leaveCPU` returns false where that is not possible, and is not asked again. */
  constructor(leaveCPU: () => boolean, clock: Clock = monotonic, pauses = PAUSES) {
    this.#leaveCPU = leaveCPU;
    this.#clock = clock;
    this.#pauses = pauses;
    this.#pauseUS = pauses.firstUS;
  }

  /** The peer seems to need this cpu. */
  moveAside(): void {
    if (!this.#isPossible) return;
    if (this.#moved !== undefined && this.#clock.microsecondsSince(this.#moved) < this.#pauseUS) return;
    const { firstUS, longestUS } = this.#pauses;
    this.#pauseUS = this.#isInVain ? Math.min(this.#pauseUS * 2, longestUS) : firstUS;
    this.#isPossible = this.#leaveCPU();
    this.#isInVain = true;
    this.#moved = this.#clock.moment();
  }

  /** The peer has answered while this thread kept its cpu. */
  answered(): void {
    this.#isInVain = false;
  }
}

/** This thread's. */
export const aside = new MovingAside(leaveCPU);
