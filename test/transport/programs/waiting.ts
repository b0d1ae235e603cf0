/** A process that waits on words of its own memory. Argument: what it does; see waiter.test.ts. */

import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import koffi from 'koffi';
import { futexWake, hasFutexWaitv } from '../../../runtime/os/futex.js';
import { allocScratch, createMemfd } from '../../../runtime/os/memory.js';
import { Endpoint } from '../../../runtime/transport/endpoint.js';
import { openPacketWindow, type PacketWindow } from '../../../runtime/transport/packet-window.js';
import {
  arm,
  disarm,
  releaseWaiter,
  retainWaiter,
  waitersEnded,
  type Armed,
} from '../../../runtime/transport/waiter.js';

const page = allocScratch(4096);
const words = new Int32Array(page.buffer);
const address = (index: number): number => page.address + 4 * index;

function change(index: number): void {
  Atomics.store(words, index, 1);
  futexWake(address(index), 1);
}

/** Waits on a word until it changes, with a thread that has begun. */
async function armed(callback: () => void): Promise<Armed> {
  arm(address(1), 0, () => undefined);
  change(1);
  while (Atomics.load(words, 1) === 0) await turn();
  return arm(address(0), 0, callback);
}

function threadCount(): number {
  return readdirSync('/proc/self/task').length;
}

/** Has the kernel answer futex_waitv with ENOSYS, in this thread and those that it starts. */
function forbidWaitv(): void {
  const prctl = koffi
    .load(null)
    .func('int prctl(int option, unsigned long a, void *b, unsigned long c, unsigned long d)') as (
    option: number,
    a: number,
    b: Uint8Array | null,
    c: number,
    d: number,
  ) => number;
  // Load the number; is it 449? ENOSYS if so; else allowed.
  const instructions = [
    [0x20, 0, 0, 0],
    [0x15, 0, 1, 449],
    [0x06, 0, 0, 0x0005_0000 | 38],
    [0x06, 0, 0, 0x7fff_0000],
  ];
  const filter = allocScratch(4096);
  const view = new DataView(filter.buffer);
  for (const [i, [code, jumpTrue, jumpFalse, k]] of instructions.entries()) {
    view.setUint16(64 + i * 8, code!, true);
    view.setUint8(64 + i * 8 + 2, jumpTrue!);
    view.setUint8(64 + i * 8 + 3, jumpFalse!);
    view.setUint32(64 + i * 8 + 4, k!, true);
  }
  const program = Buffer.alloc(16);
  program.writeUInt16LE(instructions.length, 0);
  program.writeBigUInt64LE(BigInt(filter.address + 64), 8);
  const PR_SET_NO_NEW_PRIVS = 38;
  const PR_SET_SECCOMP = 22;
  const SECCOMP_MODE_FILTER = 2;
  prctl(PR_SET_NO_NEW_PRIVS, 1, null, 0, 0);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0) !== 0) throw new Error(`seccomp: ${koffi.errno()}`);
}

async function withoutWaitv(): Promise<void> {
  forbidWaitv();
  console.log(`futex_waitv: ${hasFutexWaitv()}`);
  const before = threadCount();
  const fired: number[] = [];
  const waits = [0, 1, 2, 3, 4].map((i) => arm(address(i), 0, () => fired.push(i)));
  console.log(`threads: ${new Set(waits.map(({ thread }) => thread)).size}`);
  for (let i = 0; i < 5; i++) change(i);
  while (fired.length < 5) await turn();
  console.log(`fired: ${fired.sort((a, b) => a - b).join(' ')}`);
  disarm(arm(address(10), 0, () => console.log('fired although disarmed')));
  change(10);
  console.log('disarmed');
  let again = 0;
  for (let i = 0; i < 50; i++) {
    words[11] = 0;
    disarm(arm(address(12), 0, () => undefined));
    arm(address(11), 0, () => again++);
    change(11);
    while (again === i) await turn();
  }
  console.log(`fired again: ${again}`);
  releaseWaiter();
  await waitersEnded();
  console.log(`threads left: ${threadCount() - before}`);
}

/** Waits in a worker until it is ended from outside. */
async function inWorker(what: string): Promise<void> {
  if (what === 'terminate sync') {
    const fd = createMemfd('waiting', 4096);
    const endpoint = new Endpoint(openPacketWindow({ fd, offset: 0, length: 4096 }) as PacketWindow, 'server');
    parentPort!.postMessage('waiting');
    endpoint.receiveSync(() => true);
    return;
  }
  retainWaiter();
  await armed(() => undefined);
  parentPort!.postMessage('waiting');
  if (what === 'worker exit') process.exit(5);
}

async function withWorker(what: string): Promise<void> {
  const worker = new Worker(new URL(import.meta.url), { argv: [what], workerData: what });
  const exit = once(worker, 'exit');
  await once(worker, 'message');
  if (what === 'worker exit') console.log(`exited ${(await exit)[0] as number}`);
  else console.log(`terminated ${await worker.terminate()}`);
  console.log('done');
}

async function main(what: string): Promise<void> {
  if (what.startsWith('terminate') || what === 'worker exit') return withWorker(what);
  retainWaiter();
  if (what === 'without waitv') return withoutWaitv();
  if (what === 'exit at once') {
    arm(address(0), 0, () => undefined);
    process.exit(3);
  }
  const wait = await armed(() => console.log('fired'));
  if (what === 'fires') change(0);
  if (what === 'idle') {
    disarm(wait);
    console.log('idle');
  }
  if (what === 'armed') {
    console.log('armed');
    process.stdin.once('data', () => {
      process.stdin.destroy();
      change(0);
    });
  }
  if (what === 'exit') {
    console.log('exiting');
    process.exit(3);
  }
  if (what === 'throw') throw new Error('thrown on purpose');
}

if (isMainThread) await main(process.argv[2]!);
else await inWorker(workerData as string);
