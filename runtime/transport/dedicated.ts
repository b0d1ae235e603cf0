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
/**
 * And one that has nothing: what there is for it comes with a call. Each return takes up to a millisecond of a cpu, of
 * memory that has become cold: so each time that nothing had come, the next is after four times as long.
 */
const IDLE_BLOCK_MS = 2000;
const IDLE_FACTOR = 4;
/** At most so long, where the thread is released when it is to end, and where nobody can be sure to do so. */
const RELEASED_IDLE_BLOCK_MS = 30_000;
const UNRELEASED_IDLE_BLOCK_MS = IDLE_BLOCK_MS;
/** What keeps the event loop of each such thread alive, and is answered at a call: the port to who started it. */
const OWN_PORT = 'MessagePort';
const TWO_32 = 0x1_0000_0000;
/** One word less than futex_waitv takes: the control word is one of them. */
export const MAX_DEDICATED_COUNT = WAITV_MAX_COUNT - 1;

/**
 * How long a dedicated thread may block, by what keeps its event loop alive (process.getActiveResourcesInfo), how many
 * times in a row it has blocked and nothing came, and the most.
 */
export function longestBlockMS(active: readonly string[], quietBlocks: number, mostMS: number): number {
  if (active.includes('Timeout')) return BLOCK_WITH_TIMERS_MS;
  if (active.length > 1 || active.some((name) => name !== OWN_PORT)) return BLOCK_WITH_OTHERS_MS;
  return Math.min(IDLE_BLOCK_MS * IDLE_FACTOR ** quietBlocks, mostMS);
}

/** The words of the dedicated threads that this thread has started, for as long as they live. */
const started = new Set<ControlWord>();

/** Node waits for its threads when a process exits, and does not wake one that blocks. */
function releaseThreads(): void {
  for (const word of started) word.release();
}

/**
 * This thread is about to block until a server answers, and cannot tell the dedicated threads that it has started of
 * what comes for them: they are to look for themselves.
 */
export function callThreads(): void {
  for (const word of started) word.call();
}

/** In a dedicated thread's word: that it is never to block again. The other bits count calls, and go round. */
const RELEASED = 1;
const ONE_CALL = 2;

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
    Atomics.add(this.#words, 0, ONE_CALL);
    futexWake(this.address, ALL_WAITERS);
  }

  /** The thread lives: it is seen to that it does not block beyond the process's exit. */
  begin(): void {
    if (started.size === 0) process.once('exit', releaseThreads);
    started.add(this);
  }

  /** It has ended. */
  end(): void {
    started.delete(this);
    if (started.size === 0) process.off('exit', releaseThreads);
  }

  /** Sends it back to its event loop for good. */
  release(): void {
    Atomics.or(this.#words, 0, RELEASED);
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
  /** The longest that the thread may block while nothing comes, in milliseconds. */
  readonly longestIdleMS: number;
  readonly #address: number;
  readonly #words: Int32Array;
  #seen: number;

  /** `isReleased` says that whoever has the control word releases the thread before it is to end. */
  constructor(controlAddress: number, isReleased: boolean) {
    this.longestIdleMS = isReleased ? RELEASED_IDLE_BLOCK_MS : UNRELEASED_IDLE_BLOCK_MS;
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

  /** True once the thread is never to block again. */
  get isReleased(): boolean {
    return (Atomics.load(this.#words, 0) & RELEASED) !== 0;
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
