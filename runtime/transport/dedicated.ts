/**
 * A thread that does nothing but serve: it may block, so it sleeps on the words of all its channels itself, and its
 * clients wake it in the kernel, without an event loop in between.
 *
 * What such a thread cannot sleep on (its sockets, messages from other threads) comes by its control word: whoever has
 * something for it, the thread that started it, changes the word and wakes it, and it goes back to its event loop.
 */

import { ETIMEDOUT } from '../wire/errno.js';
import {
  ALL_WAITERS,
  futexWaitvUntilDeadline,
  futexWake,
  hasFutexWaitv,
  setWaiter,
  setWaitvDeadline,
  WAITV_MAX_COUNT,
} from '../os/futex.js';
import { viewMemory } from '../os/libc.js';
import { allocScratch, PAGE_BYTES } from '../os/memory.js';

/** A dedicated thread that has timers returns to its event loop at least this often. */
const BLOCK_WITH_TIMERS_MS = 50;
/** One that has anything else there, a socket of its handlers' perhaps. */
const BLOCK_WITH_OTHERS_MS = 500;
/** And one that has nothing: what there is for it comes with a call. Each return takes up to a millisecond of a cpu. */
const IDLE_BLOCK_MS = 2000;
/** What keeps the event loop of each such thread alive, and is answered at a call: the port to who started it. */
const OWN_PORT = 'MessagePort';
const TWO_32 = 0x1_0000_0000;
/** One word less than futex_waitv takes: the control word is one of them. */
export const MAX_DEDICATED_COUNT = WAITV_MAX_COUNT - 1;

/** How long a dedicated thread may block, by what keeps its event loop alive (process.getActiveResourcesInfo). */
export function longestBlockMS(active: readonly string[]): number {
  if (active.includes('Timeout')) return BLOCK_WITH_TIMERS_MS;
  return active.length > 1 || active.some((name) => name !== OWN_PORT) ? BLOCK_WITH_OTHERS_MS : IDLE_BLOCK_MS;
}

/** The word of a dedicated thread, as the thread that starts it sees it. It lives as long as the process. */
export class ControlWord {
  readonly address: number;
  readonly #words: Int32Array;

  constructor() {
    const page = allocScratch(PAGE_BYTES);
    this.address = page.address;
    this.#words = new Int32Array(page.buffer);
  }

  /** Sends the thread back to its event loop. */
  call(): void {
    Atomics.add(this.#words, 0, 1);
    futexWake(this.address, ALL_WAITERS);
  }
}

/** A word to sleep on, and its value meanwhile. */
export interface SleepWord {
  readonly waitAddress: number;
  readonly waitValue: number;
}

/** The dedicated thread's own side of it. */
export class Dedication {
  readonly #address: number;
  readonly #words: Int32Array;
  #seen: number;

  constructor(controlAddress: number) {
    this.#address = controlAddress;
    this.#words = new Int32Array(viewMemory(controlAddress, 4));
    this.#seen = Atomics.load(this.#words, 0);
  }

  /** True where the kernel lets a thread sleep on many words. */
  static get isPossible(): boolean {
    return hasFutexWaitv();
  }

  /** True if somebody has called since `heed`. */
  get isCalled(): boolean {
    return Atomics.load(this.#words, 0) !== this.#seen;
  }

  /** Says that the event loop comes next. */
  heed(): void {
    this.#seen = Atomics.load(this.#words, 0);
  }

  /** Begins a time in which the thread may block. */
  begin(ms: number): void {
    setWaitvDeadline(ms);
  }

  /** Sleeps until one of these words changes, or somebody calls. False where the time that was begun is over. */
  block(sleepers: Iterable<SleepWord>): boolean {
    setWaiter(0, this.#address % TWO_32, Math.floor(this.#address / TWO_32), this.#seen);
    let count = 1;
    for (const { waitAddress, waitValue } of sleepers) {
      setWaiter(count++, waitAddress % TWO_32, Math.floor(waitAddress / TWO_32), waitValue);
    }
    return futexWaitvUntilDeadline(count) !== -ETIMEDOUT;
  }
}
