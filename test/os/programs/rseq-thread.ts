/**
 * Unregisters the restartable sequences of a thread of its own, twice. Prints whether they name a cpu, before and
 * after; what each of the two said; and whether the thread knows its cpu in the end. Then whether the main thread's do.
 */

import { Worker, isMainThread } from 'node:worker_threads';
import { schedGetcpu } from '../../../runtime/os/libc.js';
import { unregisterRseq } from '../../../runtime/os/rseq.js';
import { namesCPU } from '../../peers/rseq.js';

if (isMainThread) {
  new Worker(new URL(import.meta.url)).once('exit', () => console.log(String(namesCPU())));
} else {
  const before = namesCPU();
  const said = [unregisterRseq(), unregisterRseq()];
  console.log([before, namesCPU(), ...said, schedGetcpu() >= 0].join(' '));
}
