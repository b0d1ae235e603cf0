/** What is measured, as the process that calls it sees it; and how that process is told to. */

import { createInterface } from 'node:readline';
import { allocatedBy } from './allocated.js';

/** One side of a comparison, in the process that makes the calls. */
export interface Subject {
  /** Makes so many calls, one after the other. */
  run(calls: number): void | Promise<void>;
  /** Makes one. */
  call(): unknown;
  /** True where `call` gives a promise. */
  readonly asynchronous: boolean;
  /** What can only be asked of this one, by name. */
  readonly extras?: Readonly<Record<string, (argument: number) => unknown>>;
  /** Ends what it started. */
  end?(): unknown;
}

/** Ends the pause before a call; both sides are asleep by then. */
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Total nanoseconds of a batch of calls. */
async function batch(subject: Subject, calls: number): Promise<number> {
  const began = process.hrtime.bigint();
  const running = subject.run(calls);
  if (running !== undefined) await running;
  return Number(process.hrtime.bigint() - began);
}

/** Nanoseconds of each call, the reading of the clock (some 40 ns) included. */
async function latencies({ call, asynchronous }: Subject, calls: number, pauseMs = 0): Promise<number[]> {
  const took = new Float64Array(calls);
  for (let i = 0; i < calls; i++) {
    if (pauseMs > 0) await pause(pauseMs);
    const began = performance.now();
    if (asynchronous) await call();
    else call();
    took[i] = performance.now() - began;
  }
  return Array.from(took, (ms) => Math.round(ms * 1e6));
}

/** Between two paced calls, in milliseconds: longer than anybody spins. */
export const PAUSE_MS = 4;

async function answer(subject: Subject, name: string, argument: number): Promise<unknown> {
  switch (name) {
    case 'batch':
      return { ns: await batch(subject, argument) };
    case 'latencies':
      return { ns: await latencies(subject, argument) };
    case 'paced':
      return { ns: await latencies(subject, argument, PAUSE_MS) };
    case 'bytes':
      return { bytes: (await allocatedBy(() => subject.run(argument))) / argument };
    default: {
      const extra = subject.extras?.[name];
      if (extra === undefined) throw new Error(`there is no command ${name}`);
      return await extra(argument);
    }
  }
}

/**
 * Lets the process that started this one drive the subject: commands on standard input, `batch 1000`, each answered by
 * a line of JSON; `end`, or the end of the input, ends it. The programs in C and Go do as much.
 */
export async function serveSubject(make: () => Subject | Promise<Subject>): Promise<void> {
  const say = (what: unknown): void => void process.stdout.write(`${JSON.stringify(what)}\n`);
  let subject: Subject | undefined;
  try {
    subject = await make();
    say({ ready: true });
    for await (const line of createInterface({ input: process.stdin })) {
      const [name = '', argument] = line.split(' ');
      if (name === 'end') break;
      say(await answer(subject, name, Number(argument ?? 0)));
    }
  } catch (error) {
    say({ error: error instanceof Error ? error.message : String(error) });
    process.exitCode = 1;
  } finally {
    await subject?.end?.();
  }
  process.stdin.destroy();
}
