/**
 * Where the time of a call goes that both ends make on one cpu: samples of all that runs there, since those of one
 * process alone make each switch to it longer.
 */

import { callUntil, record, report, WARM_UP_CALLS } from './perf.js';
import { parseCPUReport, type CPUSample } from './perf-report.js';
import { Side, type SideSpec } from './side.js';

/** Two programs that call each other, by the names that their threads have. */
export interface Pairing {
  readonly title: string;
  readonly spec: SideSpec;
  readonly caller: string;
  readonly server: string;
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

async function profile(pairing: Pairing, data: string): Promise<number[]> {
  const side = await Side.start({ ...pairing.spec, pinned: true });
  try {
    await side.batch(WARM_UP_CALLS);
    const recorded = record(['-a', '-C', '0'], data);
    const ns = await callUntil(side, recorded);
    await recorded;
    return partsOf(pairing, parseCPUReport(report(data, 'overhead,pid,dso,symbol')), ns);
  } finally {
    await side.end();
  }
}

/** A section of results/profile.md. */
export async function profileOneCPU(pairings: readonly Pairing[], data: string): Promise<string> {
  const columns: number[][] = [];
  for (const pairing of pairings) columns.push(await profile(pairing, data));
  const names = [...ENDS.flatMap((end) => PLACES.map((place) => `${end}, ${place}`)), 'a call'];
  const rows = names.map((name, i) => `| ${name} | ${columns.map((parts) => Math.round(parts[i]!)).join(' | ')} |`);
  return `## FStat, both ends on one cpu

Nanoseconds of a call. What neither end does, some tenth of the cpu between two batches, is not in it.

| | ${pairings.map(({ title }) => title).join(' | ')} |
| --- | ${pairings.map(() => '---:').join(' | ')} |
${rows.join('\n')}
`;
}
