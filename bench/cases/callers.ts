/** Callers in threads of their own, on one server: whether each gets its share, and whether it serves several. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { connect } from '../../runtime/index.js';
import { listeningDirectoryServer } from '../ours.js';
import { moduleOf } from '../side.js';
import type { Effort } from '../rounds.js';
import type { Case, Outcome } from './case.js';

const CALLERS_COUNT = 4;
const WINDOW_MS = 400;

/** Starts the server and waits until it takes clients. */
async function startServer(path: string, directory: string): Promise<() => Promise<void>> {
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
  return async () => {
    child.kill('SIGTERM');
    await once(child, 'close');
  };
}

async function startCaller(path: string): Promise<Worker> {
  const worker = new Worker(moduleOf('caller-thread'), { workerData: path });
  await once(worker, 'message');
  return worker;
}

/** Lets these call at the same time; gives each one's calls a second. */
async function together(callers: readonly Worker[], ms: number): Promise<number[]> {
  const answers = callers.map((caller) => once(caller, 'message') as Promise<[number]>);
  for (const caller of callers) caller.postMessage(ms);
  return (await Promise.all(answers)).map(([rate]) => rate);
}

async function run(effort: Effort, directory: string): Promise<Outcome> {
  const ms = effort.quick ? 5 : WINDOW_MS;
  const scratch = mkdtempSync(join(tmpdir(), 'lisafs-bench-'));
  const path = join(scratch, 'socket');
  const stop = await startServer(path, directory);
  const callers: Worker[] = [];
  const [alone, all, slowest]: [number[], number[], number[]] = [[], [], []];
  try {
    for (let i = 0; i < CALLERS_COUNT; i++) callers.push(await startCaller(path));
    await together(callers, ms);
    for (let round = 0; round < effort.rounds; round++) {
      alone.push((await together(callers.slice(round % CALLERS_COUNT, (round % CALLERS_COUNT) + 1), ms))[0]!);
      const rates = await together(callers, ms);
      const total = rates.reduce((sum, rate) => sum + rate, 0);
      all.push(total);
      slowest.push(Math.min(...rates) / (total / CALLERS_COUNT));
    }
  } finally {
    await Promise.all(
      callers.map((caller) => {
        const ended = once(caller, 'exit');
        caller.postMessage(0);
        return ended;
      }),
    );
    await stop();
    rmSync(scratch, { recursive: true, force: true });
  }
  const flags = `windows of ${ms} ms`;
  return {
    unit: 'calls/s',
    sides: [
      { side: '1 caller', rounds: alone, calls: 1, flags },
      { side: '4 callers', rounds: all, calls: 1, flags },
      { side: 'slowest of 4 to their mean', rounds: slowest, calls: 1, flags },
    ],
    missing: [],
  };
}

export const callers: Case = {
  name: 'callers',
  title: 'FStat from 4 threads, each with its client, on one server',
  run,
};
