/** Side by side: all sides of a case take turns, round after round, in batches of bounded time. */

import type { RawCase, RawSide } from './results.js';
import { Side, type SideSpec } from './side.js';
import { medianOf } from './statistics.js';

/** How much is measured. */
export interface Effort {
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
  rounds: 21,
  batchMs: 40,
  warmUpMs: 600,
  latencies: 500,
  bytesCalls: 20_000,
  quick: false,
};

/** Shows that everything runs. It measures nothing. */
export const QUICK: Effort = { rounds: 2, batchMs: 1, warmUpMs: 1, latencies: 5, bytesCalls: 10, quick: true };

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

/** A side on its way through the rounds. */
interface Entry {
  readonly side: Side;
  readonly calls: number;
  readonly rounds: number[];
  readonly latencies: number[];
}

const MAX_BATCH_CALLS = 5_000_000;
const PACED_CALLS = 20;
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

async function turn(entry: Entry, { paced, timesCalls }: RoundsSpec, effort: Effort): Promise<void> {
  const { side, calls, rounds, latencies } = entry;
  if (paced === true) {
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

async function finish(entry: Entry, spec: RoundsSpec, effort: Effort): Promise<RawSide> {
  const { side, calls, rounds, latencies } = entry;
  const counts = side.spec.countsBytes !== false && spec.paced !== true;
  const bytesCalls = effort.quick ? effort.bytesCalls : (spec.bytesCalls ?? effort.bytesCalls);
  const bytes = counts ? await side.ask<{ bytes: number }>('bytes', bytesCalls) : undefined;
  return {
    side: side.spec.name,
    rounds,
    calls,
    ...(latencies.length > 0 && { latencies }),
    ...(bytes && { bytesPerCall: bytes.bytes }),
    ...(side.spec.flags !== undefined && { flags: side.spec.flags }),
  };
}

/**
 * Measures all sides. In each round every side has its turn, the next round beginning with the next side, so that none
 * always follows the same one. A side that cannot be started, or fails, is left out, and it is said why.
 */
export async function measure(spec: RoundsSpec, effort: Effort): Promise<Measured> {
  const entries: Entry[] = [];
  const missing: { side: string; why: string }[] = [];
  const giveUp = async (side: Side, error: unknown): Promise<void> => {
    missing.push({ side: side.spec.name, why: (error as Error).message });
    await side.end();
  };
  try {
    for (const sideSpec of spec.sides) {
      const side = await Side.start(sideSpec).catch((error: Error) => error);
      if (side instanceof Error) missing.push({ side: sideSpec.name, why: side.message });
      else await enter(side, spec, effort, entries).catch((error) => giveUp(side, error));
    }
    for (let round = 0; round < effort.rounds; round++) {
      for (let i = 0; i < entries.length; i++) await turn(entries[(round + i) % entries.length]!, spec, effort);
    }
    const sides: RawSide[] = [];
    for (const entry of entries) sides.push(await finish(entry, spec, effort));
    return { sides, missing };
  } finally {
    await Promise.all(entries.map(({ side }) => side.end()));
  }
}

async function enter(side: Side, spec: RoundsSpec, effort: Effort, entries: Entry[]): Promise<void> {
  if (spec.paced === true) await side.ask('paced', effort.quick ? 2 : PACED_WARM_UP_CALLS);
  const calls = spec.paced === true ? PACED_CALLS : await warmUp(side, effort);
  entries.push({ side, calls, rounds: [], latencies: [] });
}
