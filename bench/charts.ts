/** Draws what was kept: the round trips, how they are distributed, and what a read costs by its size. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUSY_PERCENT, type RawCase, type RawSide } from './results.js';
import { percentileOf, spreadOf } from './statistics.js';
import { barChart } from './svg/bars.js';
import type { Tone } from './svg/element.js';
import { lineChart, type Line } from './svg/lines.js';
import { formatBytes } from './svg/scale.js';

interface Shown {
  readonly label: string;
  readonly detail: string;
  readonly tone: Tone;
  readonly dash?: string;
}

/** What is shown of the null call. The bars have one tone for all of Node's peers, the lines one for each. */
const ROUND_TRIPS: Readonly<Record<string, Shown>> = {
  'grpc-js': { label: 'gRPC', detail: 'grpc-js, Unix socket', tone: 'grpc' },
  zeromq: { label: 'zeromq', detail: 'PAIR, ipc', tone: 'zeromq' },
  'fork IPC': { label: 'fork IPC', detail: 'process.send', tone: 'fork' },
  net: { label: 'Unix socket', detail: 'node:net', tone: 'net' },
  MessagePort: { label: 'MessagePort', detail: 'to a thread', tone: 'port' },
  flipcall: { label: 'gVisor', detail: 'flipcall, Go', tone: 'gvisor' },
  'flipcall pinned': { label: 'gVisor, 1 cpu', detail: 'flipcall, taskset', tone: 'gvisor', dash: '5 3' },
  'ours async': { label: 'lisafs async', detail: 'await ping()', tone: 'ours', dash: '5 3' },
  ours: { label: 'lisafs', detail: 'pingSync()', tone: 'ours' },
  C: { label: 'C', detail: 'no system call', tone: 'floor' },
};

function provenance({ machine, date, quick, busyPercent }: RawCase): string[] {
  const where = `${machine.cpus} cpus of ${machine.cpu}, Linux ${machine.kernel}, Node ${machine.node}`;
  const busy =
    busyPercent > BUSY_PERCENT ? [`Others used ${busyPercent} % of the cpus meanwhile: not to be trusted.`] : [];
  return [`${where}; ${date.slice(0, 10)}${quick ? '. A SMOKE TEST, NO MEASUREMENT.' : ''}`, ...busy];
}

function shownSides(raw: RawCase): [RawSide, Shown][] {
  return Object.entries(ROUND_TRIPS).flatMap(([name, shown]) => {
    const side = raw.sides.find((each) => each.side === name);
    return side === undefined ? [] : [[side, shown] as [RawSide, Shown]];
  });
}

function barTone(tone: Tone): Tone {
  return tone === 'ours' || tone === 'gvisor' || tone === 'floor' ? tone : 'peer';
}

/** The slowest first; C's floor beneath them all. */
export function drawRoundTrips(raw: RawCase): string {
  const rounds = raw.sides[0]!.rounds.length;
  return barChart({
    title: 'A call that does nothing, there and back',
    subtitle: 'between two processes (MessagePort: two threads); logarithmic scale, shorter is better',
    bars: shownSides(raw)
      .map(([side, shown]) => ({ ...shown, tone: barTone(shown.tone), spread: spreadOf(side.rounds) }))
      .toSorted((a, b) => Number(a.tone === 'floor') - Number(b.tone === 'floor') || b.spread.median - a.spread.median),
    footer: [
      `Median of ${rounds} rounds in which all took turns; the thin line reaches from the least to the greatest round.`,
      ...provenance(raw),
    ],
  });
}

const SHARES: readonly (readonly [share: number, label: string])[] = [
  [0.5, '50 %'],
  [0.9, '90 %'],
  [0.99, '99 %'],
  [0.999, '99.9 %'],
];

/** Points of the curve between the named shares: evenly on the axis, which is 1 / (1 - share). */
const STEPS_COUNT = 12;

function distribution([{ latencies = [] }, { label, tone, dash }]: [RawSide, Shown]): Line {
  const sorted = latencies.toSorted((a, b) => a - b);
  const points: [number, number][] = [];
  const last = SHARES.at(-1)![0];
  const [from, to] = [Math.log10(1 / (1 - SHARES[0]![0])), Math.log10(1 / (1 - last))];
  for (let step = 0; step <= STEPS_COUNT * (SHARES.length - 1); step++) {
    const rarity = 10 ** (from + ((to - from) * step) / (STEPS_COUNT * (SHARES.length - 1)));
    points.push([rarity, Math.max(percentileOf(sorted, 1 - 1 / rarity), 1)]);
  }
  return { label, tone, points, ...(dash !== undefined && { dash }) };
}

export function drawDistributions(raw: RawCase): string {
  const shown = shownSides(raw).filter(([{ latencies = [] }]) => latencies.length > 0);
  const count = Math.min(...shown.map(([{ latencies = [] }]) => latencies.length));
  return lineChart({
    title: 'How long such a call takes, from the usual one to the slow ones',
    subtitle: `single calls, each timed by itself with the reading of the clock included; n = ${count} for each`,
    lines: shown.map(distribution),
    xTicks: SHARES.map(([share, label]) => [1 / (1 - share), label]),
    xTitle: 'share of the calls that took no longer',
    footer: provenance(raw),
  });
}

const READ_LINES: Readonly<Record<string, { label: string; tone: Tone }>> = {
  'Go on runsc': { label: 'gVisor', tone: 'gvisor' },
  ours: { label: 'lisafs', tone: 'ours' },
};

export function drawSizes(reads: readonly RawCase[]): string {
  const bySize = reads
    .map((raw) => ({ raw, size: Number(/^read-(\d+)KiB$/.exec(raw.case)![1]) * 1024 }))
    .toSorted((a, b) => a.size - b.size);
  const lines = Object.entries(READ_LINES).flatMap(([name, shown]): Line[] => {
    const measured = bySize.flatMap(({ raw, size }) => {
      const side = raw.sides.find((each) => each.side === name);
      return side === undefined ? [] : [{ size, spread: spreadOf(side.rounds) }];
    });
    const points = measured.map(({ size, spread }) => [size, spread.median] as const);
    const band = measured.map(({ spread }) => [spread.min, spread.max] as const);
    return points.length === 0 ? [] : [{ ...shown, points, band, marked: true }];
  });
  return lineChart({
    title: 'Reading a file in the page cache over a channel',
    subtitle:
      'one PRead, donation off: our client on our server, gVisor’s client on runsc gofer; both axes logarithmic',
    lines,
    xTicks: bySize.map(({ size }) => [size, formatBytes(size)]),
    xTitle: 'size of the read',
    footer: [
      `Median of ${bySize[0]!.raw.sides[0]!.rounds.length} rounds in which both took turns; ` +
        'the band reaches from the least to the greatest round.',
      ...provenance(bySize[0]!.raw),
    ],
  });
}

/** Draws every chart whose case was kept. */
export function drawCharts(cases: readonly RawCase[], directory: string): void {
  mkdirSync(directory, { recursive: true });
  const write = (name: string, svg: string): void => writeFileSync(join(directory, name), svg);
  const nullCall = cases.find((raw) => raw.case === 'null');
  if (nullCall !== undefined && nullCall.sides.length > 0) {
    write('round-trips.svg', drawRoundTrips(nullCall));
    write('distributions.svg', drawDistributions(nullCall));
  }
  const reads = cases.filter((raw) => raw.case.startsWith('read-') && raw.sides.length > 0);
  if (reads.length > 1) write('read-sizes.svg', drawSizes(reads));
}
