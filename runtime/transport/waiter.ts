/**
 * Asynchronous waiting on packet windows. A futex cannot be polled, so a thread of our own sleeps on the words of every
 * awaited channel at once and makes an eventfd readable when one has changed; the event loop polls that. One waiting
 * thread serves all clients of a thread, from the first wait until the last channel is gone.
 */

import { Worker } from 'node:worker_threads';
import { closeFD, createEventFD, drainEventFD } from '../os/descriptor.js';
import { ALL_WAITERS, futexWake, hasFutexWaitv } from '../os/futex.js';
import { allocScratch, type Region } from '../os/memory.js';
import { callBack, Watch } from '../os/poll.js';
import { RPCError } from '../wire/errno.js';
import {
  ADDRESS_HIGH,
  ADDRESS_LOW,
  ARMED,
  ASLEEP,
  CONTROL,
  EVENT_FD,
  EXPECTED,
  FIRED,
  FREE,
  MAX_SLOTS_COUNT,
  slotState,
  STOP,
  WAITER_BYTES,
  type WaiterData,
} from './waiter-memory.js';

const TWO_32 = 0x1_0000_0000;
/** About a millisecond. */
const DISARM_WAKES_COUNT = 2000;

/** Pages of ended threads, for the next. A page is never unmapped: a thread may be about to look at it. */
const sparePages: Region[] = [];
let threads: WaitingThread[] = [];
/** After a waiting thread has ended by a fault, its waits begin anew so much later; twice as much each time. */
const FIRST_RESTART_MS = 100;
const LAST_RESTART_MS = 5000;
let restartMS = FIRST_RESTART_MS;
let channels = 0;

/** One wait in progress. */
export interface Armed {
  readonly thread: WaitingThread;
  readonly slot: number;
}

class WaitingThread {
  readonly #page = sparePages.pop() ?? allocScratch(WAITER_BYTES);
  readonly #words = new Int32Array(this.#page.buffer);
  readonly #eventFD: number;
  readonly #watch: Watch;
  readonly #callbacks: ((() => void) | undefined)[] = [];
  readonly #slots: number;
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  #armed = 0;

  constructor(slots: number) {
    this.#slots = slots;
    this.#words.fill(0);
    const eventFD = createEventFD();
    if (eventFD < 0) throw new RPCError(-eventFD, 'eventfd');
    this.#eventFD = eventFD;
    this.#words[EVENT_FD] = eventFD;
    this.#watch = new Watch(eventFD, true, () => this.collect());
    try {
      this.#worker = startWorker({ address: this.#page.address, slots });
    } catch (error) {
      this.#freeAll();
      throw error;
    }
    this.#ended = new Promise((resolve) => this.#worker.once('exit', () => resolve(this.#end())));
    this.#worker.once('error', (error) => process.emitWarning(error));
  }

  get hasRoom(): boolean {
    return this.#armed < this.#slots;
  }

  arm(address: number, expected: number, callback: () => void): Armed {
    let slot = 0;
    while (this.#callbacks[slot] !== undefined) slot++;
    this.#callbacks[slot] = callback;
    const at = slotState(slot);
    this.#words[at + EXPECTED] = expected;
    this.#words[at + ADDRESS_LOW] = address % TWO_32;
    this.#words[at + ADDRESS_HIGH] = Math.floor(address / TWO_32);
    Atomics.store(this.#words, at, ARMED);
    if (this.#armed++ === 0) this.#watch.hold(true);
    this.#request();
    return { thread: this, slot };
  }

  disarm(slot: number): void {
    const at = slotState(slot);
    const address = (this.#words[at + ADDRESS_HIGH]! >>> 0) * TWO_32 + (this.#words[at + ADDRESS_LOW]! >>> 0);
    this.#free(slot);
    this.#request();
    // A thread without futex_waitv sleeps on that word, or is about to: until it has left, wake it, and whoever the
    // peer put there to swallow it. If it is slow to fall asleep, its next wait begins late, after SLEEP_MS.
    for (let i = 0; i < DISARM_WAKES_COUNT && Atomics.load(this.#words, ASLEEP) === 2; i++) {
      futexWake(address, ALL_WAITERS);
    }
  }

  #free(slot: number): void {
    Atomics.store(this.#words, slotState(slot), FREE);
    this.#callbacks[slot] = undefined;
    if (--this.#armed === 0) this.#watch.hold(false);
  }

  /** Makes the thread read its slots again. The count is part of what it sleeps on, so no request is missed. */
  #request(): void {
    Atomics.add(this.#words, CONTROL, 1);
    if (Atomics.load(this.#words, ASLEEP) === 1) futexWake(this.#page.address, 1);
  }

  /** Calls back for every slot that has fired. */
  collect(): void {
    drainEventFD(this.#eventFD);
    for (let slot = 0; slot < this.#callbacks.length; slot++) {
      if (Atomics.load(this.#words, slotState(slot)) !== FIRED) continue;
      restartMS = FIRST_RESTART_MS;
      const callback = this.#callbacks[slot];
      this.#free(slot);
      if (callback !== undefined) callBack(callback);
    }
  }

  /** Resolves when the thread is gone. */
  stop(): Promise<void> {
    Atomics.store(this.#words, STOP, 1);
    Atomics.add(this.#words, CONTROL, 1);
    futexWake(this.#page.address, 1);
    // Whoever awaits the end must be let live to see it.
    this.#worker.ref();
    return this.#ended;
  }

  #freeAll(): void {
    this.#watch.close();
    closeFD(this.#eventFD);
    sparePages.push(this.#page);
  }

  #end(): void {
    this.#freeAll();
    threads = threads.filter((thread) => thread !== this);
    if (threads.length === 0) process.off('exit', stopAtExit);
    const waiting = this.#callbacks.filter((callback) => callback !== undefined);
    if (waiting.length > 0) restartLater(waiting);
  }
}

function startWorker(data: WaiterData): Worker {
  const worker = new Worker(new URL('./waiter-thread.js', import.meta.url), {
    name: 'lisafs waiter',
    workerData: data,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4, stackSizeMb: 1 },
  });
  worker.unref();
  return worker;
}

/**
 * A thread that ends before it is told to does so by a fault: no descriptor or memory to begin with, say. What waited
 * on it looks for itself, a while later, and arms anew if it has to.
 */
function restartLater(callbacks: (() => void)[]): void {
  setTimeout(() => {
    for (const callback of callbacks) callBack(callback);
  }, restartMS);
  restartMS = Math.min(restartMS * 2, LAST_RESTART_MS);
}

/** A thread asleep in the kernel would keep the process from exiting. */
function stopAtExit(): void {
  for (const thread of threads) void thread.stop();
}

let slotsPerThread: number | undefined;

function threadWithRoom(): WaitingThread {
  const found = threads.find((thread) => thread.hasRoom);
  if (found !== undefined) return found;
  slotsPerThread ??= hasFutexWaitv() ? MAX_SLOTS_COUNT : 1;
  const thread = new WaitingThread(slotsPerThread);
  if (threads.length === 0) process.on('exit', stopAtExit);
  threads.push(thread);
  return thread;
}

/**
 * Calls `callback` once, from the event loop, after the word at `address` is no longer `expected`, or perhaps for no
 * reason. Keeps the process alive until then. Precondition: retainWaiter; the address stays readable until disarmed.
 */
export function arm(address: number, expected: number, callback: () => void): Armed {
  return threadWithRoom().arm(address, expected, callback);
}

/** Takes back an arm whose callback has not come. */
export function disarm({ thread, slot }: Armed): void {
  thread.disarm(slot);
}

/** Counts a channel that may wait here. */
export function retainWaiter(): void {
  channels++;
}

let ending: Promise<void> | undefined;

/** Ends the waiting threads with the last channel. */
export function releaseWaiter(): void {
  if (--channels > 0 || threads.length === 0) return;
  const stopping = threads;
  threads = [];
  process.off('exit', stopAtExit);
  ending = Promise.all([ending, ...stopping.map((thread) => thread.stop())]).then(() => undefined);
}

/** Resolves once no waiting thread that was told to end is left. */
export async function waitersEnded(): Promise<void> {
  await ending;
}
