/** What a test must leave behind as it found it: descriptors, windows and threads of this process. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import * as assert from 'uvu/assert';

// With its first stream libuv opens a spare descriptor: let it do so before anything is counted.
await once(spawn('true'), 'close');

/** Open descriptors by what they name. Node's own come and go; those of ours are of these kinds. */
function descriptors(): string[] {
  const names: string[] = [];
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      names.push(readlinkSync(`/proc/self/fd/${fd}`));
    } catch {
      // The descriptor that listed the directory is gone again.
    }
  }
  return names.filter((name) => !name.startsWith('/proc/')).sort();
}

function mappedMemfds(): number {
  return readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .filter((line) => line.includes('/memfd:')).length;
}

function threads(): string[] {
  return readdirSync('/proc/self/task').map((task) => {
    try {
      return readFileSync(`/proc/self/task/${task}/comm`, 'utf8').trim();
    } catch {
      return '';
    }
  });
}

export interface Holdings {
  readonly descriptors: string[];
  readonly memfds: number;
  readonly threads: number;
}

export function holdings(): Holdings {
  return { descriptors: descriptors(), memfds: mappedMemfds(), threads: threads().length };
}

const nobodyWakes = new Int32Array(new SharedArrayBuffer(4));
const PATIENCE_MS = 10_000;

/** Holdings once a thread that has been joined, and may be listed for a moment yet, is gone. */
function settledHoldings(threadCount: number): Holdings {
  for (let waited = 0; threads().length > threadCount && waited < PATIENCE_MS; waited++) {
    Atomics.wait(nobodyWakes, 0, 0, 1);
  }
  return holdings();
}

/**
 * As assertNothingLeft, once what Node closes in its own time, on threads of its own, has had all the time it needs.
 */
export async function assertNothingStays(before: Holdings): Promise<void> {
  const most = before.descriptors.length;
  for (let waited = 0; descriptors().length > most && waited < PATIENCE_MS; waited += 10) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assertNothingLeft(before);
}

/** Fails if this process holds more than it did. */
export function assertNothingLeft(before: Holdings): void {
  const after = settledHoldings(before.threads);
  assert.is(after.descriptors.length, before.descriptors.length, `descriptors left: ${after.descriptors.join(' ')}`);
  assert.is(after.memfds, before.memfds, 'mapped memfds left');
  assert.ok(after.threads <= before.threads, `threads left: ${threads().join(' ')}`);
}
