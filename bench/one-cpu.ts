/**
 * Where the time of a call goes that both ends make on one cpu: samples of all that runs there, since those of one
 * process alone make each switch to it longer.
 */

import { parseCPUReport, type CPUSample } from './perf-report.js';
import { Side, type SideSpec } from './side.js';

/** Two programs that call each other, by the names that their threads have. */
export interface Pairing {
  readonly title: string;
  readonly spec: SideSpec;
  readonly caller: string;
  readonly server: string;
}

/** What perf can tell of a cpu while `work` goes on: as `record` and `report` of profile.ts. */
export interface Perf {
  record(args: readonly string[], data: string): Promise<void>;
  report(data: string, fields: string): string;
  callUntil(side: Side, done: Promise<unknown>): Promise<number>;
}

const ENDS = ['caller', 'server'] as const;
const PLACES = ['outside of the kernel', 'in the kernel'] as const;

/** The nanoseconds of a call by end and place, in the order of the table's rows; last their sum. */
function partsOf({ caller, server }: Pairing, samples: readonly CPUSample[], ns: number): number[] {
  const names = { caller, server };
  const shares = ENDS.flatMap((end) =>
    [false, true].map((inKernel) =>
      samples
        .filter(({ command, dso }) => command === names[end] && /kernel/u.test(dso) === inKernel)
        .reduce((sum, { share }) => sum + share, 0),
    ),
  );
  const both = shares.reduce((sum, share) => sum + share, 0);
  return [...shares.map((share) => (share / both) * ns), ns];
}

const WARM_UP_CALLS = 300_000;

async function profile(pairing: Pairing, data: string, perf: Perf): Promise<number[]> {
  const side = await Side.start({ ...pairing.spec, pinned: true });
  try {
    await side.batch(WARM_UP_CALLS);
    const recorded = perf.record(['-a', '-C', '0'], data);
    const ns = await perf.callUntil(side, recorded);
    await recorded;
    return partsOf(pairing, parseCPUReport(perf.report(data, 'overhead,pid,dso,symbol')), ns);
  } finally {
    await side.end();
  }
}

/** A section of results/profile.md. */
export async function profileOneCPU(pairings: readonly Pairing[], data: string, perf: Perf): Promise<string> {
  const columns: number[][] = [];
  for (const pairing of pairings) columns.push(await profile(pairing, data, perf));
  const names = [...ENDS.flatMap((end) => PLACES.map((place) => `${end}, ${place}`)), 'a call'];
  const rows = names.map((name, i) => `| ${name} | ${columns.map((parts) => Math.round(parts[i]!)).join(' | ')} |`);
  return `## FStat, both ends on one cpu

Nanoseconds of a call. What neither end does, some tenth of the cpu between two batches, is not in it.

| | ${pairings.map(({ title }) => title).join(' | ')} |
| --- | ${pairings.map(() => '---:').join(' | ')} |
${rows.join('\n')}
`;
}
