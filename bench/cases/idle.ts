/** What a connection costs that nobody uses, after one busy moment: in turns, some times each. */

import { setTimeout as sleep } from 'node:timers/promises';
import { IDLE_PEER } from '../goal-list.js';
import { sharesOf } from '../run-queue.js';
import { childrenOf, Side, type SideSpec } from '../side.js';
import { sumOf } from '../statistics.js';
import { WAIT_STRATEGIES } from '../wait-strategy.js';
import type { Effort } from '../rounds.js';
import type { RawSide } from '../results.js';
import type { Case, Outcome } from './case.js';

const IDLE_MS = 30_000;
const IDLE_ROUNDS = 3;
const QUICK_IDLE_MS = 50;
const BUSY_CALLS = 2000;
const NS_PER_MS = 1e6;

/** And two processes of Node's that nothing but a socket connects: what V8 does in such a time by itself. */
const SPECS: readonly SideSpec[] = [
  ...WAIT_STRATEGIES.map((name) => ({ name, program: 'ours-ping', args: ['sync', name] })),
  { name: IDLE_PEER, program: 'net' },
];

/** Nanoseconds on a cpu of all threads of a process so far. */
function onCPU(pid: number): number {
  return sumOf([...sharesOf(pid).values()].map(({ ran }) => ran));
}

/** Percent of one cpu that client and server use together while nothing is called. */
async function idlePercent(spec: SideSpec, ms: number): Promise<number> {
  const side = await Side.start(spec);
  try {
    await side.batch(BUSY_CALLS);
    // Whoever spins for a while after the last call is to be seen as well, so this is not waited for.
    const processes = [side.pid, ...childrenOf(side.pid)];
    const before = sumOf(processes.map(onCPU));
    const began = performance.now();
    await sleep(ms);
    const used = sumOf(processes.map(onCPU)) - before;
    return (used / NS_PER_MS / (performance.now() - began)) * 100;
  } finally {
    await side.end();
  }
}

async function run({ quick }: Effort): Promise<Outcome> {
  const ms = quick ? QUICK_IDLE_MS : IDLE_MS;
  const rounds: number[][] = SPECS.map(() => []);
  for (let round = 0; round < (quick ? 1 : IDLE_ROUNDS); round++) {
    for (const [i, spec] of SPECS.entries()) rounds[i]!.push(await idlePercent(spec, ms));
  }
  const flags = `${ms / 1000} s`;
  const sides: RawSide[] = SPECS.map(({ name }, i) => ({ side: name, rounds: rounds[i]!, calls: 0, flags }));
  return { unit: 'percent', sides, missing: [] };
}

export const idle: Case = { name: 'idle', title: 'cpu of both processes of an idle connection', run };
