/**
 * Swaps directories and files below a served directory with symlinks that lead out of it, until it is killed:
 * `attacker ROOT OUTSIDE`, with descriptor 3 a page of memory in which it counts its swaps.
 */

import { renameSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { mapWindow, PAGE_BYTES } from '../../../runtime/os/memory.js';

const [root = '', outside = ''] = process.argv.slice(2);
const page = mapWindow(3, 0, PAGE_BYTES);
if (typeof page === 'number') throw new Error(`mmap: errno ${-page}`);
const swaps = new Int32Array(page.buffer, 0, 1);

/** What is swapped, and for what. The deeper ones are swapped while somebody may be on the way to them. */
const TARGETS = [
  ['d0', outside],
  ['d0/sub', outside],
  ['d1', join(outside, 'sub')],
  ['d1/sub', '../../outside'],
  ['d0/file', join(outside, 'file')],
  ['d1/file', '../../outside/file'],
] as const;

function swap(path: string, target: string): void {
  const [there, aside] = [join(root, path), join(root, `aside-${path.replace('/', '-')}`)];
  try {
    renameSync(there, aside);
    symlinkSync(target, there);
    Atomics.add(swaps, 0, 1);
    unlinkSync(there);
    renameSync(aside, there);
    Atomics.add(swaps, 0, 1);
  } catch {
    // The client moves things, too. What was put aside is put back as soon as that can be done.
    try {
      renameSync(aside, there);
    } catch {
      // Later, perhaps.
    }
  }
}

console.log('swapping');
for (;;) for (const [path, target] of TARGETS) swap(path, target);
