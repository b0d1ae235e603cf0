/** Side by side: all sides of a case take turns, round after round, in batches of bounded time. */

import type { RawCase, RawSide } from './results.js';
import { Side, type SideSpec } from './side.js';
import { medianOf } from './statistics.js';

/** How much is measured. */
export interface Effort {
  /** How many processes each side has, one after the other, and how many rounds each of them takes part in. */
  readonly processes: number;
  readonly rounds: number;
  /** How long a batch should take. */
  readonly batchMs: number;
  /** How long each side runs beforehand. */
  readonly warmUpMs: number;
  /** Single calls timed in each round. */
  readonly latencies: number;
  /** Calls over which allocation is counted. */
  readonly bytesCalls: number;
  readonly quick: boolean;
}

export const FULL: Effort = {
  processes: 3,
  rounds: 7,
  batchMs: 40,
  warmUpMs: 600,
  latencies: 500,
  bytesCalls: 20_000,
  quick: false,
};

/** Shows that everything runs. It measures nothing. */
export const QUICK: Effort = {
  processes: 1,
  rounds: 2,
  batchMs: 1,
  warmUpMs: 1,
  latencies: 5,
  bytesCalls: 10,
  quick: true,
};

/** What a case asks of its sides: calls back to back, or one now and then. */
export interface RoundsSpec {
  readonly sides: readonly SideSpec[];
  /** Single calls with pauses in between instead of batches; a round's value is their median. */
  readonly paced?: boolean;
  /** Whether single calls are timed as well, for the distributions. */
  readonly timesCalls?: boolean;
  /** Calls over which allocation is counted, if not as many as usual. */
  readonly bytesCalls?: number;
}

export type Measured = Pick<RawCase, 'sides' | 'missing'>;

/** What a side has come to, over all of its processes. */
interface Tally {
  readonly spec: SideSpec;
  readonly rounds: number[];
  readonly latencies: number[];
  bytesPerCall: number | undefined;
  /** How many calls a batch of the present process has. */
  calls: number;
}

/** One process of a side on its way through its rounds. */
interface Entry {
  readonly side: Side;
  readonly tally: Tally;
}

const MAX_BATCH_CALLS = 5_000_000;
const PACED_CALLS = 20;
/**
 * So many do not count: others had their turns for a second, and the first call after that takes up to a hundred times
 * as long as one in the middle of a batch. It takes some forty until they are like that.
 */
const PACED_CALLS_BEFORE = 40;
/**
 * Paced calls beforehand: falling asleep and waking up is code that calls back to back do not warm. V8 compiles a
 * function once it has run so much of it, which takes most of them some thousand calls.
 */
const PACED_WARM_UP_CALLS = 8000;

/** Runs batches of doubling size until the time is up: compiles what is hot, and shows how many calls fill a batch. */
async function warmUp(side: Side, { warmUpMs, batchMs }: Effort): Promise<number> {
  const began = performance.now();
  let [calls, ns] = [1, 0];
  for (;;) {
    ns = await side.batch(calls);
    if (performance.now() - began >= warmUpMs) break;
    if (ns * calls < batchMs * 1e6) calls = Math.min(calls * 2, MAX_BATCH_CALLS);
  }
  return Math.max(1, Math.min(MAX_BATCH_CALLS, Math.round((batchMs * 1e6) / Math.max(ns, 1))));
}

/** The same for calls with pauses. */
async function warmUpPaced(side: Side, { quick }: Effort): Promise<number> {
  await side.ask('paced', quick ? 2 : PACED_WARM_UP_CALLS);
  return PACED_CALLS;
}

async function turn(entry: Entry, { paced, timesCalls }: RoundsSpec, effort: Effort): Promise<void> {
  const { side, tally } = entry;
  const { rounds, latencies, calls } = tally;
  if (paced === true) {
    await side.ask('paced', effort.quick ? 2 : PACED_CALLS_BEFORE);
    const { ns } = await side.ask<{ ns: number[] }>('paced', effort.quick ? 2 : PACED_CALLS);
    rounds.push(medianOf(ns));
    latencies.push(...ns);
    return;
  }
  // Others had the cpus meanwhile: caches, branch predictors and sleepers get a tenth of a batch to come back.
  await side.batch(Math.ceil(calls / 10));
  rounds.push(await side.batch(calls));
  if (timesCalls !== true) return;
  latencies.push(...(await side.ask<{ ns: number[] }>('latencies', effort.latencies)).ns);
}

/** The most that any of a side's processes allocates is what counts. */
async function countBytes({ side, tally }: Entry, spec: RoundsSpec, effort: Effort): Promise<void> {
  if (side.spec.countsBytes === false || spec.paced === true) return;
  const calls = effort.quick ? effort.bytesCalls : (spec.bytesCalls ?? effort.bytesCalls);
  const { bytes } = await side.ask<{ bytes: number }>('bytes', calls);
  tally.bytesPerCall = Math.max(bytes, tally.bytesPerCall ?? 0);
}

function resultOf({ spec, rounds, latencies, bytesPerCall, calls }: Tally): RawSide {
  return {
    side: spec.name,
    rounds,
    calls,
    ...(latencies.length > 0 && { latencies }),
    ...(bytesPerCall !== undefined && { bytesPerCall }),
    ...(spec.flags !== undefined && { flags: spec.flags }),
  };
}

/** Starts a process of a side, and warms it up. */
async function enter(tally: Tally, spec: RoundsSpec, effort: Effort): Promise<Entry> {
  const side = await Side.start(tally.spec);
  try {
    tally.calls = spec.paced === true ? await warmUpPaced(side, effort) : await warmUp(side, effort);
    return { side, tally };
  } catch (error) {
    await side.end();
    throw error;
  }
}

/** One process of each side, through all of its rounds. Whoever cannot be started is told of, and has no entry. */
async function measureOnce(
  tallies: readonly Tally[],
  spec: RoundsSpec,
  effort: Effort,
  giveUp: (tally: Tally, why: string) => void,
): Promise<void> {
  const entries: Entry[] = [];
  try {
    for (const tally of tallies) {
      const entry = await enter(tally, spec, effort).catch((error: Error) => error);
      if (entry instanceof Error) giveUp(tally, entry.message);
      else entries.push(entry);
    }
    for (let round = 0; round < effort.rounds; round++) {
      for (let i = 0; i < entries.length; i++) await turn(entries[(round + i) % entries.length]!, spec, effort);
    }
    for (const entry of entries) await countBytes(entry, spec, effort);
  } finally {
    await Promise.all(entries.map(({ side }) => side.end()));
  }
}

/**
 * Measures all sides. In each round every side has its turn, the next round beginning with the next side, so that none
 * always follows the same one. A side's processes have their rounds one after the other: what memory a process is
 * given, and how it comes to be compiled, stays with it for life, and is another's luck. A side of which one cannot be
 * started, or fails, is left out, and it is said why.
 */
export async function measure(spec: RoundsSpec, effort: Effort): Promise<Measured> {
  const missing: { side: string; why: string }[] = [];
  let tallies = spec.sides.map((side): Tally => {
    return { spec: side, rounds: [], latencies: [], bytesPerCall: undefined, calls: 0 };
  });
  const giveUp = (tally: Tally, why: string): void => {
    missing.push({ side: tally.spec.name, why });
    tallies = tallies.filter((each) => each !== tally);
  };
  for (let i = 0; i < effort.processes; i++) await measureOnce(tallies, spec, effort, giveUp);
  return { sides: tallies.map(resultOf), missing };
}
