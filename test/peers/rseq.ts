/** The calling thread's restartable sequences, as glibc has registered them (rseq(2)). */

import { pthreadSelf, rseqOffset, viewMemory } from '../../runtime/os/libc.js';

/** True where they name a cpu: struct rseq begins with cpu_id_start and cpu_id, negative where there is none. */
export function namesCPU(): boolean {
  const offset = rseqOffset();
  if (offset === undefined || process.arch !== 'x64') return false;
  return new Int32Array(viewMemory(pthreadSelf() + offset, 8))[1]! >= 0;
}
