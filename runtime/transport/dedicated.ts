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
  futexWait,
  futexWaitvUntilDeadline,
  futexWake,
  hasFutexWaitv,
  setWaiter,
  setWaitvDeadline,
  WAITV_MAX_COUNT,
} from '../os/futex.js';
import { viewMemory } from '../os/libc.js';
import { allocScratch, PAGE_BYTES } from '../os/memory.js';
import { Watch } from '../os/poll.js';

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

/** How long a process's exit waits for its threads altogether. One whose handler takes longer is not waited for. */
const LONGEST_EXIT_MS = 200;

/**
 * Node waits for its threads when a process exits, and does not wake one that blocks. And it stops their JavaScript
 * wherever they are: an event of one's descriptors that comes then finds nobody to call, and aborts the process. So the
 * threads are told, and have closed all that could call them when this returns.
 */
function releaseThreads(): void {
  for (const word of started) word.release();
  const until = performance.now() + LONGEST_EXIT_MS;
  for (const word of started) word.waitUntilQuiet(until);
}

/**
 * This thread is about to block until a server answers, and cannot tell the dedicated threads that it has started of
 * what comes for them: they are to look for themselves.
 */
export function callThreads(): void {
  for (const word of started) word.call();
}

/** The first word. In it, that the thread is never to block again. The other bits count calls, and go round. */
const CONTROL = 0;
const RELEASED = 1;
const ONE_CALL = 2;
/** The second: 1 while the event loop may call the thread. */
const AT_WORK = 1;
const AT_WORK_AT = AT_WORK * Int32Array.BYTES_PER_ELEMENT;
const CONTROL_BYTES = 8;

/** The words of a dedicated thread, as the thread that starts it sees them. They live as long as the process. */
export class ControlWord {
  readonly address: number;
  readonly #words: Int32Array;
  #onRelease: (() => void) | undefined;

  constructor() {
    const page = allocScratch(PAGE_BYTES);
    this.address = page.address;
    this.#words = new Int32Array(page.buffer);
  }

  /** Sends the thread back to its event loop. */
  call(): void {
    Atomics.add(this.#words, CONTROL, ONE_CALL);
    futexWake(this.address, ALL_WAITERS);
  }

  /**
   * The thread lives: it is seen to that it does not block beyond the process's exit. `onRelease` tells it by its event
   * loop, which it may be waiting in, that it is released.
   */
  begin(onRelease: () => void): void {
    this.#onRelease = onRelease;
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
    Atomics.or(this.#words, CONTROL, RELEASED);
    futexWake(this.address, ALL_WAITERS);
    this.#onRelease?.();
  }

  /** Waits until the thread is not at work, at most until a time of performance.now(). */
  waitUntilQuiet(until: number): void {
    while (Atomics.load(this.#words, AT_WORK) === 1) {
      const leftMS = until - performance.now();
      if (leftMS <= 0) return;
      futexWait(this.address + AT_WORK_AT, 1, leftMS);
    }
  }
}

/** The thread's own side of the second word. */
export class Presence {
  readonly #address: number;
  readonly #words: Int32Array;

  constructor(controlAddress: number) {
    this.#address = controlAddress + AT_WORK_AT;
    this.#words = new Int32Array(viewMemory(controlAddress, CONTROL_BYTES));
  }

  /** From now on the event loop may call the thread. */
  begin(): void {
    Atomics.store(this.#words, AT_WORK, 1);
  }

  /** Closes all that it could do so by, for good. */
  end(): void {
    Watch.closeAll();
    Atomics.store(this.#words, AT_WORK, 0);
    futexWake(this.#address, ALL_WAITERS);
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
    this.#words = new Int32Array(viewMemory(controlAddress, CONTROL_BYTES));
    this.#seen = Atomics.load(this.#words, CONTROL);
  }

  /** True where the kernel lets a thread sleep on many words. */
  static get isPossible(): boolean {
    return hasFutexWaitv();
  }

  /** True if somebody has called since `heed`. */
  get isCalled(): boolean {
    return Atomics.load(this.#words, CONTROL) !== this.#seen;
  }

  /** True once the thread is never to block again. */
  get isReleased(): boolean {
    return (Atomics.load(this.#words, CONTROL) & RELEASED) !== 0;
  }

  /** Says that the event loop comes next. */
  heed(): void {
    this.#seen = Atomics.load(this.#words, CONTROL);
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
