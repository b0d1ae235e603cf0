/**
 * Wakes sleepers on words of a memfd (descriptor 3) without changing them. Arguments: the offsets of the words, in the
 * order in which they are to be woken, each until one sleeper was found there.
 */

import { syscallFutexWake } from '../../../runtime/os/libc.js';
import { mapWindow } from '../../../runtime/os/memory.js';
import { SYSCALL } from '../../../runtime/os/platform.js';

const FUTEX_WAKE = 1;

const region = mapWindow(3, 0, 8192);
if (typeof region === 'number') throw new Error(`mmap: errno ${-region}`);
for (const offset of process.argv.slice(2).map(Number)) {
  while (syscallFutexWake(SYSCALL.futex, region.address + offset, FUTEX_WAKE, 1) !== 1);
}
