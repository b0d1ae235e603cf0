/**
 * Refuses machines that this SDK cannot run on, at import and in words. It is imported before anything that would load
 * native code, so that the refusal is what the user sees.
 */

import { endianness } from 'node:os';

if (process.platform !== 'linux' || (process.arch !== 'x64' && process.arch !== 'arm64') || endianness() !== 'LE') {
  throw new Error(
    `lisafs runs on Linux on x64 or arm64, not on ${process.platform} on ${process.arch}: ` +
      'it speaks through memfds, futexes and descriptor passing, with system call numbers of those two',
  );
}

/**
 * System calls that not every libc has a wrapper for, or one that does more (`asm/unistd_64.h`,
 * `asm-generic/unistd.h`).
 */
export const SYSCALL = {
  futex: process.arch === 'x64' ? 202 : 98,
  futexWaitv: 449,
  renameat2: process.arch === 'x64' ? 316 : 276,
  getdents64: process.arch === 'x64' ? 217 : 61,
  setresuid: process.arch === 'x64' ? 117 : 147,
  setresgid: process.arch === 'x64' ? 119 : 149,
  rseq: process.arch === 'x64' ? 334 : 293,
} as const;
