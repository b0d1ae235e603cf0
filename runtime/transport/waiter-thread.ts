/**
 * The waiting thread: sleeps on the words of all channels on which its owner awaits an answer, so that the owner's
 * event loop need not. It touches no packet window itself; the kernel compares the words. It runs no user code.
 */

import { workerData } from 'node:worker_threads';
import { ALL_WAITERS, futexWait, futexWaitv, futexWake, setWaiter } from '../os/futex.js';
import { signalEventFD } from '../os/descriptor.js';
import { viewMemory } from '../os/libc.js';
import { unregisterRseq } from '../os/rseq.js';
import { EAGAIN, ETIMEDOUT } from '../wire/errno.js';
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
  slotState,
  STOP,
  WAITER_BYTES,
  type WaiterData,
} from './waiter-memory.js';

/** A thread asleep in the kernel cannot be terminated, so it looks up this often; 5 times a second cost nothing. */
const SLEEP_MS = 200;
const TWO_32 = 0x1_0000_0000;

const { address, slots } = workerData as WaiterData;
const words = new Int32Array(viewMemory(address, WAITER_BYTES));

function addressOf(slot: number): number {
  const at = slotState(slot);
  return (words[at + ADDRESS_HIGH]! >>> 0) * TWO_32 + (words[at + ADDRESS_LOW]! >>> 0);
}

/** Marks a slot as fired, if it is still armed. */
function fire(slot: number): boolean {
  return Atomics.compareExchange(words, slotState(slot), ARMED, FIRED) === ARMED;
}

/** Which slot each entry of the last futex_waitv stands for, and its word's address; entry 0 is the control word. */
const entries = new Int32Array(slots + 1);
const addresses = new Float64Array(slots + 1);

/** Lists the control word and every armed slot's; returns how many. */
function listWords(generation: number): number {
  setWaiter(0, address % TWO_32, Math.floor(address / TWO_32), generation);
  let count = 1;
  for (let slot = 0; slot < slots; slot++) {
    const at = slotState(slot);
    if (Atomics.load(words, at) !== ARMED) continue;
    setWaiter(count, words[at + ADDRESS_LOW]!, words[at + ADDRESS_HIGH]!, words[at + EXPECTED]!);
    addresses[count] = addressOf(slot);
    entries[count++] = slot;
  }
  return count;
}

/** Fires every listed slot whose word no longer has its expected value: a wait of no time says which. */
function fireChanged(count: number): boolean {
  let fired = false;
  for (let i = 1; i < count; i++) {
    const slot = entries[i]!;
    if (futexWait(addressOf(slot), words[slotState(slot) + EXPECTED]!, 0) !== -ETIMEDOUT) fired = fire(slot) || fired;
  }
  return fired;
}

/**
 * Passes on the wake-ups that this thread may have taken from another: those on words whose slot was taken back, or
 * armed for another word, while it was in the kernel. The peer wakes one sleeper; a synchronous call may be the next.
 */
function passOn(count: number): void {
  for (let i = 1; i < count; i++) {
    const state = Atomics.load(words, slotState(entries[i]!));
    if (state === FREE || (state === ARMED && addressOf(entries[i]!) !== addresses[i])) {
      futexWake(addresses[i]!, ALL_WAITERS);
    }
  }
}

/** One sleep on all words at once. True if a slot fired. */
function waitMany(generation: number): boolean {
  const count = listWords(generation);
  Atomics.store(words, ASLEEP, 1);
  const result = futexWaitv(count, SLEEP_MS);
  Atomics.store(words, ASLEEP, 0);
  const fired = result > 0 ? fire(entries[result]!) : result === -EAGAIN && fireChanged(count);
  passOn(count);
  return fired;
}

/** Without futex_waitv: sleeps on the one slot's word if it is armed, else on the control word. */
function waitOne(generation: number): boolean {
  const at = slotState(0);
  const armed = Atomics.load(words, at) === ARMED;
  Atomics.store(words, ASLEEP, armed ? 2 : 1);
  const result = armed
    ? futexWait(addressOf(0), words[at + EXPECTED]!, SLEEP_MS)
    : futexWait(address, generation, SLEEP_MS);
  Atomics.store(words, ASLEEP, 0);
  return armed && result !== -ETIMEDOUT && fire(0);
}

unregisterRseq();
while (Atomics.load(words, STOP) === 0) {
  const generation = Atomics.load(words, CONTROL);
  const fired = slots > 1 ? waitMany(generation) : waitOne(generation);
  if (fired) signalEventFD(words[EVENT_FD]!);
}
