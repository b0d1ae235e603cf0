/**
 * Moving to another cpu, as often as it helps. Whether the kernel leaves a thread there, and whether that was it at
 * all, shows: where it was in vain it is tried again after twice the time.
 */

import * as monotonic from '../os/clock.js';

/** Until it is done again: at first, and where it was in vain for long. A move takes some 20 us. */
export interface Pauses {
  readonly firstUS: number;
  readonly longestUS: number;
}

export type Clock = Pick<typeof monotonic, 'moment' | 'microsecondsSince'>;

export class Moving {
  readonly #leaveCPU: () => boolean;
  readonly #pauses: Pauses;
  readonly #clock: Clock;
  #moved: number | undefined;
  #pauseUS: number;
  #isPossible = true;
  #isInVain = false;

  /** `leaveCPU` returns false where that is not possible, and is not asked again. */
  constructor(leaveCPU: () => boolean, pauses: Pauses, clock: Clock = monotonic) {
    this.#leaveCPU = leaveCPU;
    this.#pauses = pauses;
    this.#clock = clock;
    this.#pauseUS = pauses.firstUS;
  }

  /** The thread seems to be on the wrong cpu. */
  move(): void {
    if (!this.#isPossible) return;
    if (this.#moved !== undefined && this.#clock.microsecondsSince(this.#moved) < this.#pauseUS) return;
    const { firstUS, longestUS } = this.#pauses;
    this.#pauseUS = this.#isInVain ? Math.min(this.#pauseUS * 2, longestUS) : firstUS;
    this.#isPossible = this.#leaveCPU();
    this.#isInVain = true;
    this.#moved = this.#clock.moment();
  }

  /** It is not, or no more. */
  helped(): void {
    if (!this.#isInVain) return;
    this.#isInVain = false;
    this.#pauseUS = this.#pauses.firstUS;
  }
}
