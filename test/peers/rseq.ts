/** The calling thread's restartable sequences, as glibc has registered them (rseq(2)). */

import { viewMemory } from '../../runtime/os/libc.js';
import { rseqAddress } from '../../runtime/os/rseq.js';

/** True where they name a cpu: struct rseq begins with cpu_id_start and cpu_id, negative where there is none. */
export function namesCPU(): boolean {
  const address = rseqAddress();
  return address !== undefined && new Int32Array(viewMemory(address, 8))[1]! >= 0;
}
