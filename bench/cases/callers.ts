/** Callers in threads of their own, on one server: whether each gets its share, and whether it serves several. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { connect } from '../../runtime/index.js';
import { monotonicMS, type CallerWindow } from '../caller-window.js';
import { built, whyNotBuilt } from '../build.js';
import { FILE, listeningDirectoryServer } from '../ours.js';
import { inPlaces } from '../placing.js';
import { describeShares, sharesOf } from '../run-queue.js';
import { childrenOf, moduleOf, Side } from '../side.js';
import { sumOf } from '../statistics.js';
import type { RawSide } from '../results.js';
import type { Effort } from '../rounds.js';
import { CALLERS } from '../goal-list.js';
import type { Case, Outcome } from './case.js';

const CALLERS_COUNT = 4;
const WINDOW_MS = 400;

interface RunningServer {
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts the server and waits until it takes clients. */
async function startServer(path: string, directory: string): Promise<RunningServer> {
  const [command, ...args] = listeningDirectoryServer(path, directory);
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  for (let tries = 0; ; tries++) {
    try {
      await (await connect({ path })).disconnect();
      break;
    } catch (error) {
      if (tries === 100 || child.exitCode !== null) throw error;
      await sleep(50);
    }
  }
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await once(child, 'close');
  };
  return { pid: child.pid!, stop };
}

async function startCaller(path: string): Promise<Worker> {
  const worker = new Worker(moduleOf('caller-thread'), { workerData: path });
  await once(worker, 'message');
  return worker;
}

async function endCaller(caller: Worker): Promise<void> {
  const ended = once(caller, 'exit');
  caller.postMessage({ from: 0, until: 0 } satisfies CallerWindow);
  await ended;
}

/** Lets these call at the same time; gives each one's calls a second. */
async function together(callers: readonly Worker[], ms: number): Promise<number[]> {
  const answers = callers.map((caller) => once(caller, 'message') as Promise<[number]>);
  const from = monotonicMS();
  for (const caller of callers) caller.postMessage({ from, until: from + ms } satisfies CallerWindow);
  return (await Promise.all(answers)).map(([rate]) => rate);
}

/** One more window, to see who had the cpus: who has none neither calls nor answers. */
async function describeWindow(server: RunningServer, callers: readonly Worker[], ms: number): Promise<string> {
  const pids = [server.pid, process.pid];
  const before = pids.map(sharesOf);
  const began = performance.now();
  await together(callers, ms);
  const took = performance.now() - began;
  const [serving, calling] = pids.map((pid, i) => describeShares(before[i]!, sharesOf(pid), took));
  return `${callers.length} calling: the server was on a cpu ${serving}; callers ${calling}`;
}

/** Four callers and their server, in processes that can be put in their places. */
interface Party {
  readonly pids: { readonly server: number; readonly callers: number };
  /** Has one of them call, each time another, or all: gives each one's calls a second, or those of all of them. */
  one(round: number): Promise<number>;
  all(): Promise<number[]>;
}

function oursAs(server: RunningServer, callers: readonly Worker[], ms: number): Party {
  return {
    pids: { server: server.pid, callers: process.pid },
    one: async (round) => sumOf(await together([callers[round % callers.length]!], ms)),
    all: () => together(callers, ms),
  };
}

/** The least that it takes: threads in C that hand a word over. */
function floorAs(side: Side): Party {
  const rate = async (command: string, n: number): Promise<number> =>
    (await side.ask<{ rate: number }>(command, n)).rate;
  return {
    pids: { server: childrenOf(side.pid)[0]!, callers: side.pid },
    one: (round) => rate('alone', round % CALLERS_COUNT),
    all: async () => [await rate('all', CALLERS_COUNT)],
  };
}

/** What has been measured so far, by side. */
class Tallies {
  readonly sides: (RawSide & { readonly rounds: number[] })[] = [];

  note(side: string, value: number, flags: string): void {
    let tally = this.sides.find((each) => each.side === side);
    if (tally === undefined) this.sides.push((tally = { side, rounds: [], calls: 1, flags }));
    tally.rounds.push(value);
  }
}

/**
 * As nobody's program would: the server has one cpu and the callers the other. What is lost then is not lost by where
 * the kernel puts them.
 */
async function measureInPlaces(
  party: Party,
  names: readonly [string, string],
  round: number,
  flags: string,
  to: Tallies,
): Promise<void> {
  const { server, callers } = party.pids;
  const places = new Map([
    [server, '1'],
    [callers, '0'],
  ]);
  await inPlaces(places, async () => {
    to.note(names[0], await party.one(round), flags);
    to.note(names[1], sumOf(await party.all()), flags);
  });
}

async function measure(ours: Party, floor: Party | undefined, effort: Effort, ms: number): Promise<RawSide[]> {
  const flags = `windows of ${ms} ms`;
  const places = `${flags}; taskset: the server on cpu 1, callers on cpu 0`;
  const to = new Tallies();
  for (let round = 0; round < effort.processes * effort.rounds; round++) {
    to.note(CALLERS.one, await ours.one(round), flags);
    const rates = await ours.all();
    const total = sumOf(rates);
    to.note(CALLERS.all, total, flags);
    to.note(CALLERS.slowest, Math.min(...rates) / (total / CALLERS_COUNT), flags);
    if (!hasPlaces) continue;
    await measureInPlaces(ours, [CALLERS.oneInPlace, CALLERS.allInPlace], round, places, to);
    if (floor === undefined) continue;
    await measureInPlaces(floor, [CALLERS.oneInC, CALLERS.allInC], round, `${places}; fstat(2)`, to);
  }
  return to.sides;
}

/** Where each has a cpu of its own. */
const hasPlaces = availableParallelism() > 1;

function missingSides(noFloor: string | undefined): Outcome['missing'] {
  const { oneInPlace, allInPlace, oneInC, allInC } = CALLERS;
  if (!hasPlaces) return [oneInPlace, allInPlace, oneInC, allInC].map((side) => ({ side, why: 'it takes two cpus' }));
  return noFloor === undefined ? [] : [oneInC, allInC].map((side) => ({ side, why: noFloor }));
}

async function run(effort: Effort, directory: string): Promise<Outcome> {
  const ms = effort.quick ? 5 : WINDOW_MS;
  const scratch = mkdtempSync(join(tmpdir(), 'lisafs-bench-'));
  const path = join(scratch, 'socket');
  const noFloor = whyNotBuilt('callers');
  const program = [built('callers'), String(CALLERS_COUNT), String(ms), join(directory, FILE)] as const;
  const server = await startServer(path, directory);
  const callers: Worker[] = [];
  let floor: Side | undefined;
  try {
    if (noFloor === undefined) floor = await Side.start({ name: 'C', program });
    for (let i = 0; i < CALLERS_COUNT; i++) callers.push(await startCaller(path));
    await together(callers, ms);
    const sides = await measure(oursAs(server, callers, ms), floor && floorAs(floor), effort, ms);
    const notes: string[] = [];
    for (const count of [1, 2, CALLERS_COUNT]) notes.push(await describeWindow(server, callers.slice(0, count), ms));
    return { unit: 'calls/s', sides, missing: missingSides(noFloor), notes };
  } finally {
    await Promise.all(callers.map(endCaller));
    await floor?.end();
    await server.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}

export const callers: Case = {
  name: 'callers',
  title: 'FStat from 4 threads, each with its client, on one server',
  run,
};
