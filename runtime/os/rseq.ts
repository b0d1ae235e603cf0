/**
 * Restartable sequences: the kernel keeps a few words of each thread's memory up to date, above all on which cpu the
 * thread is, and looks there for a sequence to restart (rseq(2)). glibc registers them for every thread from 2.35 on,
 * and answers sched_getcpu(3) from there. They have their price: the kernel reads and writes them each time that it has
 * switched to the thread, on its way out to it, some 0.1 us on Linux 6.18. A thread that sleeps between two calls is
 * switched to at each; and who is longer ready to run is moved to another cpu more often, which costs much more
 * (bench/README.md, "Go on our server").
 */

import { pthreadSelf, rseqOffset, syscallRseq } from './libc.js';
import { SYSCALL } from './platform.js';

const RSEQ_FLAG_UNREGISTER = 1;
/** What glibc registers them with; it stands in front of the code that a sequence is restarted at. */
const RSEQ_SIG = process.arch === 'x64' ? 0x5305_3053 : 0xd428_bc00;
/** How much memory glibc registers: as much as the first kernels with it know, or more in steps of as much. */
const RSEQ_BYTES = 32;
const MOST_STEPS = 4;

/**
 * Where the calling thread's are, or would be: a struct rseq (`linux/rseq.h`). Undefined with a libc that has none, and
 * on arm64, which has its thread pointer, from which glibc counts, in a register alone.
 */
export function rseqAddress(): number | undefined {
  const offset = rseqOffset();
  return offset === undefined || process.arch !== 'x64' ? undefined : pthreadSelf() + offset;
}

/**
 * Has the kernel leave the calling thread's sequences alone from now on, as a kernel does that knows none: who looks
 * there finds no cpu, and asks in another way, as sched_getcpu(3) does. Only for a thread that is the SDK's own. False
 * where nothing was registered, or where it is not known at which address.
 */
export function unregisterRseq(): boolean {
  const address = rseqAddress();
  if (address === undefined) return false;
  for (let steps = 1; steps <= MOST_STEPS; steps++) {
    // The kernel refuses what it was not registered with, and changes nothing then.
    if (syscallRseq(SYSCALL.rseq, address, steps * RSEQ_BYTES, RSEQ_FLAG_UNREGISTER, RSEQ_SIG) === 0) return true;
  }
  return false;
}
