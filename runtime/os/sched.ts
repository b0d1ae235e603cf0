/** The scheduler. */

import { microsecondsSince, moment } from './clock.js';
import { schedGetaffinity, schedGetcpu, schedSetaffinity, schedYield } from './libc.js';
import { allocScratch } from './memory.js';

const MOST_US = 1_000_000;

/**
 * Lets another thread that is ready to run have this cpu, if there is one: sched_yield(2). Returns how many
 * microseconds that took, a second at most.
 */
export function yieldCPU(): number {
  const began = moment();
  schedYield();
  return Math.min(microsecondsSince(began), MOST_US);
}

/** The cpu that the calling thread is on, as it can be on another a moment later; -1 where the kernel does not say. */
export function currentCPU(): number {
  return schedGetcpu();
}

/** A bit for each cpu, as many as Linux can be built for (`CONFIG_NR_CPUS`): 8192. */
const MASK_BYTES = 1024;
const CALLING_THREAD = 0;

/** A set of cpus, in memory that system calls read and write. */
class CPUSet {
  readonly #region = allocScratch(MASK_BYTES);
  readonly #words = new Uint32Array(this.#region.buffer);

  /** Reads which cpus the calling thread may run on. False where the kernel does not say. */
  read(): boolean {
    this.#words.fill(0);
    return schedGetaffinity(CALLING_THREAD, MASK_BYTES, this.#region.address) >= 0;
  }

  /** Has the calling thread run on these alone. False where it is refused, or may have none of them. */
  apply(): boolean {
    return schedSetaffinity(CALLING_THREAD, MASK_BYTES, this.#region.address) === 0;
  }

  setToAllBut(cpu: number, of: CPUSet): void {
    this.#words.set(of.#words);
    this.#words[cpu >> 5]! &= ~(1 << (cpu & 31));
  }

  setToAll(): void {
    this.#words.fill(0xffff_ffff);
  }

  equals(other: CPUSet): boolean {
    return this.#words.every((word, i) => word === other.#words[i]);
  }
}

let sets: { readonly usual: CPUSet; readonly now: CPUSet } | undefined;

/**
 * Moves the calling thread to another of the cpus that it may run on, and leaves it free to run on all of them again:
 * sched_setaffinity(2), which moves it at once. False where there is no other, or the kernel refuses.
 */
export function leaveCPU(): boolean {
  sets ??= { usual: new CPUSet(), now: new CPUSet() };
  const { usual, now } = sets;
  const cpu = currentCPU();
  if (cpu < 0 || !usual.read()) return false;
  now.setToAllBut(cpu, usual);
  if (!now.apply()) return false;
  // A thread that was told nothing may use all that its cpuset has, also what that will have later. To name all says
  // the same; to name those of now would not.
  now.setToAll();
  if (!now.apply() || !now.read() || !now.equals(usual)) usual.apply();
  return true;
}
