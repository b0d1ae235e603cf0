/** Sleeping on a word of memory that another process can write: futex(2), never FUTEX_PRIVATE. */

import { EINVAL } from '../wire/errno.js';
import { errno, syscallFutexWait, syscallFutexWaitv, syscallFutexWake } from './libc.js';
import { allocScratch, PAGE_BYTES } from './memory.js';
import { SYSCALL } from './platform.js';

const FUTEX_WAIT = 0;
const FUTEX_WAKE = 1;

/** struct timespec: sec i64, nsec i64. */
const timespec = allocScratch(PAGE_BYTES);
const timespecView = new DataView(timespec.buffer);

function setTimeoutMS(ms: number): void {
  timespecView.setUint32(0, Math.floor(ms / 1000), true);
  timespecView.setUint32(4, 0, true);
  timespecView.setUint32(8, (ms % 1000) * 1_000_000, true);
  timespecView.setUint32(12, 0, true);
}

/**
 * Sleeps while the word at `address` is `expected`, at most `timeoutMS`. Returns 0 after a wake-up (which may mean
 * nothing), or -errno: -EAGAIN (it was another value), -ETIMEDOUT, -EINTR.
 */
export function futexWait(address: number, expected: number, timeoutMS: number): number {
  setTimeoutMS(timeoutMS);
  const result = syscallFutexWait(SYSCALL.futex, address, FUTEX_WAIT, expected, timespec.address);
  return result < 0 ? -errno() : 0;
}

/** Wakes at most `count` sleepers on the word at `address`. Returns how many that were, or -1. */
export function futexWake(address: number, count: number): number {
  return syscallFutexWake(SYSCALL.futex, address, FUTEX_WAKE, count);
}

/** "All of them", for futexWake. */
export const ALL_WAITERS = 0x7fff_ffff;

/**
 * futex_waitv(2), Linux 5.16: one thread asleep on many words. struct futex_waitv: val u64, uaddr u64, flags u32, pad.
 */
const FUTEX_WAITV_BYTES = 24;
const FUTEX_32 = 2;
const CLOCK_MONOTONIC = 1;
/** The most words that one futex_waitv can wait on (FUTEX_WAITV_MAX is 128). */
export const WAITV_MAX_COUNT = 128;
const waiters = allocScratch(PAGE_BYTES);
const waitersView = new DataView(waiters.buffer);

/** False where the kernel is older than 5.16, or a filter refuses the call. */
export function hasFutexWaitv(): boolean {
  // With no words to wait on a kernel that has the call finds the count invalid.
  syscallFutexWaitv(SYSCALL.futexWaitv, waiters.address, 0, 0, 0, CLOCK_MONOTONIC);
  return errno() === EINVAL;
}

/** Sets entry `index` of the next futexWaitv: the word at this address, and the value at which to sleep on. */
export function setWaiter(index: number, addressLow: number, addressHigh: number, expected: number): void {
  const at = index * FUTEX_WAITV_BYTES;
  waitersView.setInt32(at, expected, true);
  waitersView.setInt32(at + 4, 0, true);
  waitersView.setInt32(at + 8, addressLow, true);
  waitersView.setInt32(at + 12, addressHigh, true);
  waitersView.setInt32(at + 16, FUTEX_32, true);
  waitersView.setInt32(at + 20, 0, true);
}

/** The timespec of futexWaitv; an absolute time, and a page of its own since it is set once for many sleeps. */
const deadline = allocScratch(PAGE_BYTES);
const deadlineView = new DataView(deadline.buffer);

/** Sets when futexWaitvUntilDeadline is to end: `ms` from now, on the clock that hrtime reads. */
export function setWaitvDeadline(ms: number): void {
  const [seconds, nanoseconds] = process.hrtime();
  const sum = nanoseconds + ms * 1_000_000;
  deadlineView.setUint32(0, seconds + Math.floor(sum / 1_000_000_000), true);
  deadlineView.setUint32(4, 0, true);
  deadlineView.setUint32(8, sum % 1_000_000_000, true);
  deadlineView.setUint32(12, 0, true);
}

/**
 * Sleeps while each of the first `count` words set has its expected value, until the deadline set last. Returns the
 * index of one that was woken, or -errno as futexWait does.
 */
export function futexWaitvUntilDeadline(count: number): number {
  const result = syscallFutexWaitv(SYSCALL.futexWaitv, waiters.address, count, 0, deadline.address, CLOCK_MONOTONIC);
  return result < 0 ? -errno() : result;
}

/** As futexWaitvUntilDeadline, for at most `timeoutMS`. */
export function futexWaitv(count: number, timeoutMS: number): number {
  setWaitvDeadline(timeoutMS);
  return futexWaitvUntilDeadline(count);
}
