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
import { listeningDirectoryServer } from '../ours.js';
import { inPlaces } from '../placing.js';
import { describeShares, sharesOf } from '../run-queue.js';
import { moduleOf } from '../side.js';
import { sumOf } from '../statistics.js';
import type { Effort } from '../rounds.js';
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

async function run(effort: Effort, directory: string): Promise<Outcome> {
  const ms = effort.quick ? 5 : WINDOW_MS;
  const scratch = mkdtempSync(join(tmpdir(), 'lisafs-bench-'));
  const path = join(scratch, 'socket');
  const server = await startServer(path, directory);
  const callers: Worker[] = [];
  const [alone, all, slowest]: [number[], number[], number[]] = [[], [], []];
  const [aloneInPlace, allInPlace]: [number[], number[]] = [[], []];
  const hasPlaces = availableParallelism() > 1;
  const notes: string[] = [];
  try {
    for (let i = 0; i < CALLERS_COUNT; i++) callers.push(await startCaller(path));
    await together(callers, ms);
    for (let round = 0; round < effort.processes * effort.rounds; round++) {
      const one = callers.slice(round % CALLERS_COUNT, (round % CALLERS_COUNT) + 1);
      alone.push(sumOf(await together(one, ms)));
      const rates = await together(callers, ms);
      const total = sumOf(rates);
      all.push(total);
      slowest.push(Math.min(...rates) / (total / CALLERS_COUNT));
      if (!hasPlaces) continue;
      // As nobody's program would: what is lost then is not lost by where the kernel puts them.
      await inPlaces(
        new Map([
          [server.pid, '1'],
          [process.pid, '0'],
        ]),
        async () => {
          aloneInPlace.push(sumOf(await together(one, ms)));
          allInPlace.push(sumOf(await together(callers, ms)));
        },
      );
    }
    for (const count of [1, 2, CALLERS_COUNT]) notes.push(await describeWindow(server, callers.slice(0, count), ms));
  } finally {
    await Promise.all(
      callers.map((caller) => {
        const ended = once(caller, 'exit');
        caller.postMessage({ from: 0, until: 0 } satisfies CallerWindow);
        return ended;
      }),
    );
    await server.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
  const flags = `windows of ${ms} ms`;
  const places = `${flags}; taskset: the server on cpu 1, callers on cpu 0`;
  const inPlace = [
    { side: '1 caller, in its place', rounds: aloneInPlace, calls: 1, flags: places },
    { side: '4 callers, in their place', rounds: allInPlace, calls: 1, flags: places },
  ];
  return {
    unit: 'calls/s',
    sides: [
      { side: '1 caller', rounds: alone, calls: 1, flags },
      { side: '4 callers', rounds: all, calls: 1, flags },
      { side: 'slowest of 4 to their mean', rounds: slowest, calls: 1, flags },
      ...(hasPlaces ? inPlace : []),
    ],
    missing: hasPlaces ? [] : inPlace.map(({ side }) => ({ side, why: 'it takes two cpus' })),
    notes,
  };
}

export const callers: Case = {
  name: 'callers',
  title: 'FStat from 4 threads, each with its client, on one server',
  run,
};
