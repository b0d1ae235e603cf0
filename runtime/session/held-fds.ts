/**
 * How many FDs connections may hold, so that one of them cannot have all of the process's descriptors: each may have as
 * many as are left to others. Alone it gets half of them, and after n that take what they can there still is one part
 * in n + 1.
 */

import { readFileSync } from 'node:fs';
import { MAX_TRACKED_FDS_COUNT, RESERVED_DESCRIPTORS_COUNT } from '../wire/limits.js';

/** How many are held by all connections, those of the threads that serve included. */
let all = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** For a thread that is started here. */
export function heldByAll(): Int32Array {
  return all;
}

/** In a thread: counts with the one that started it. */
export function holdWith(others: Int32Array): void {
  all = others as typeof all;
}

/** The soft limit as the process has it, which Node raises at its start to the hard one. Infinite where nobody says. */
function descriptorLimit(): number {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
    return soft === undefined ? Infinity : Number(soft);
  } catch {
    return Infinity;
  }
}

let room: number | undefined;

/** How many all may hold. Asked first when a server is made: later there may be no descriptor to read it by. */
function roomForAll(): number {
  if (room === undefined) {
    const limit = descriptorLimit();
    room = limit - Math.min(RESERVED_DESCRIPTORS_COUNT, Math.ceil(limit / 4));
  }
  return room;
}

/** What one connection holds: an FD counts until its descriptor is closed, which others can need after the client. */
export class HeldFDs {
  /** How many it may hold in any case, as long as there are any. */
  most: number | undefined = undefined;
  #own = 0;

  constructor() {
    roomForAll();
  }

  get hasRoom(): boolean {
    const left = roomForAll() - Atomics.load(all, 0);
    return left > 0 && this.#own < (this.most ?? Math.min(left, MAX_TRACKED_FDS_COUNT));
  }

  count(change: 1 | -1): void {
    this.#own += change;
    Atomics.add(all, 0, change);
  }
}
