/**
 * The least of JavaScript that hands a turn there and back: no message, no stub, no system call while both are busy; a
 * compare-and-swap at each end, and looks with as much of a pause between them as serves it best. As C's floor, but for
 * what JavaScript has not: a pause instruction, and atomics that are compiled to one.
 *
 * With `asleep` the server sleeps after each answer at once, and every call wakes it before it looks.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { futexWait, futexWake } from '../../runtime/os/futex.js';
import { createMemfd, mapWindow, PAGE_BYTES } from '../../runtime/os/memory.js';
import { CLIENT_ACTIVE, SERVER_ACTIVE, SHUT_DOWN } from '../../runtime/transport/endpoint.js';
import { relaxFor } from '../../runtime/transport/relax.js';
import { SERVE } from '../echo.js';
import { serveSubject, type Subject } from '../subject.js';

const MEMORY_FD = 3;
/** Tried from 0 to 48: with fewer the line is taken away too often, with more the turn is seen too late. */
const STEPS_PER_LOOK = 20;
/** Looks in vain after which the server sleeps, some 2 ms: it is not to slow others down when it is not their turn. */
const LOOKS_BEFORE_SLEEP = 100_000;
/** And after which a client takes it to be asleep. */
const LOOKS_BEFORE_WAKE = 2000;
const LONGEST_SLEEP_MS = 10_000;

function mapTurn(fd: number): { readonly turn: Int32Array; readonly address: number } {
  const region = mapWindow(fd, 0, PAGE_BYTES);
  if (typeof region === 'number') throw new Error(`cannot map the floor's memory: ${region}`);
  return { turn: new Int32Array(region.buffer), address: region.address };
}

function serve(looksBeforeSleep: number): void {
  const { turn, address } = mapTurn(MEMORY_FD);
  for (let looks = 1; turn[0] !== SHUT_DOWN; looks++) {
    if (turn[0] === SERVER_ACTIVE) {
      looks = 0;
      Atomics.compareExchange(turn, 0, SERVER_ACTIVE, CLIENT_ACTIVE);
    } else if (looks % looksBeforeSleep === 0) {
      futexWait(address, CLIENT_ACTIVE, LONGEST_SLEEP_MS);
    } else {
      relaxFor(STEPS_PER_LOOK);
    }
  }
}

function makeSubject(isAsleep: boolean): Subject {
  const fd = createMemfd('floor', PAGE_BYTES);
  const { turn, address } = mapTurn(fd);
  const looksBeforeSleep = isAsleep ? 1 : LOOKS_BEFORE_SLEEP;
  const server = spawn(process.execPath, [fileURLToPath(import.meta.url), SERVE, String(looksBeforeSleep)], {
    stdio: ['ignore', 'inherit', 'inherit', fd],
  });
  const call = (): void => {
    Atomics.compareExchange(turn, 0, CLIENT_ACTIVE, SERVER_ACTIVE);
    if (isAsleep) futexWake(address, 1);
    for (let looks = 1; turn[0] !== CLIENT_ACTIVE; looks++) {
      if (looks % LOOKS_BEFORE_WAKE === 0) futexWake(address, 1);
      else relaxFor(STEPS_PER_LOOK);
    }
  };
  const run = (calls: number): void => {
    for (let i = 0; i < calls; i++) call();
  };
  const end = async (): Promise<void> => {
    Atomics.store(turn, 0, SHUT_DOWN);
    futexWake(address, 1);
    await once(server, 'close');
  };
  return { asynchronous: false, call, run, end };
}

const [, , what, looksBeforeSleep] = process.argv;
if (what === SERVE) serve(Number(looksBeforeSleep));
else await serveSubject(() => makeSubject(what === 'asleep'));
