/**
 * From raw samples to rows and goals: `npm run bench:goals [-- --json FILE]`. It measures nothing, so that everybody
 * can check what a run has kept; it draws the charts of it as well.
 */

import { realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { drawCharts } from './charts.js';
import {
  EACH_SIDE,
  IDLE_PEER,
  GOALS,
  type DifferenceGoal,
  type FigureGoal,
  type Goal,
  type PairedGoal,
} from './goal-list.js';
import { BUSY_PERCENT, load, type RawCase, type RawSide } from './results.js';
import { medianOf, paired, spreadOf, type Spread } from './statistics.js';

export interface Row {
  readonly case: string;
  readonly side: string;
  readonly unit: string;
  readonly min: number;
  readonly median: number;
  readonly max: number;
  readonly bytesPerCall: number | null;
}

export interface Verdict {
  readonly name: string;
  /** What is held against the goal: a ratio, or the figure itself. Null where it was not measured. */
  readonly ratio: number | null;
  /** The least and the greatest of the rounds' ratios. */
  readonly min: number | null;
  readonly max: number | null;
  readonly goal: number;
  readonly sense: 'at least' | 'at most' | 'less than';
  readonly unit: string;
  readonly met: boolean;
  /** Which peer it was held against, or why there is no figure. */
  readonly note?: string;
}

export interface Report {
  readonly rows: readonly Row[];
  readonly goals: readonly Verdict[];
}

const NS_PER_US = 1000;

export function rowsOf(cases: readonly RawCase[]): Row[] {
  return cases.flatMap((raw) =>
    raw.sides.map((side) => ({
      case: raw.case,
      side: side.side,
      unit: raw.unit,
      ...spreadOf(side.rounds),
      bytesPerCall: side.bytesPerCall ?? null,
    })),
  );
}

function notMeasured(goal: Goal, sense: Verdict['sense'], unit: string, why: string): Verdict {
  const { name } = goal;
  return { name, ratio: null, min: null, max: null, goal: goal.goal, sense, unit, met: false, note: why };
}

function verdict(
  goal: Goal,
  { median, min, max }: Spread,
  sense: Verdict['sense'],
  unit: string,
  note?: string,
): Verdict {
  const met =
    sense === 'at least' ? median >= goal.goal : sense === 'at most' ? median <= goal.goal : median < goal.goal;
  return { name: goal.name, ratio: median, min, max, goal: goal.goal, sense, unit, met, ...(note && { note }) };
}

/** Of those that were measured, the one with the least median. */
function fastest(raw: RawCase, names: string | readonly string[]): RawSide | undefined {
  return raw.sides
    .filter(({ side }) => names.includes(side) && (typeof names !== 'string' || names === side))
    .toSorted((a, b) => medianOf(a.rounds) - medianOf(b.rounds))[0];
}

function whyMissing(raw: RawCase, side: string): string {
  return raw.missing.find((each) => each.side === side)?.why ?? 'not measured';
}

/** What a goal of this kind is about. */
function ratiosOf(kind: PairedGoal['kind'], ours: RawSide, theirs: RawSide): number[] {
  return kind === 'faster'
    ? paired(theirs.rounds, ours.rounds, (their, our) => their / our)
    : paired(ours.rounds, theirs.rounds, (our, their) => our / their);
}

function judgePaired(goal: PairedGoal, raw: RawCase): Verdict {
  const [ours, theirs] = [fastest(raw, goal.ours), fastest(raw, goal.theirs)];
  const sense = goal.kind === 'faster' ? 'at least' : 'at most';
  if (ours === undefined || theirs === undefined) {
    const missing = ours === undefined ? goal.ours : String(goal.theirs);
    return notMeasured(goal, sense, 'times', `${missing}: ${whyMissing(raw, missing)}`);
  }
  const note = typeof goal.theirs === 'string' ? besides(goal, raw, theirs) : `the fastest is ${theirs.side}`;
  const judged = verdict(goal, spreadOf(ratiosOf(goal.kind, ours, theirs)), sense, 'times', note);
  const median = medianOf(ours.rounds);
  if (goal.orBelow === undefined || median >= goal.orBelow) return judged;
  return { ...judged, met: true, note: `${(median / NS_PER_US).toFixed(2)} us` };
}

/** What the floors reach against the same peer, the machine's part in a goal; and others likewise. */
function besides({ kind, floors = [], likewise = [] }: PairedGoal, raw: RawCase, theirs: RawSide): string | undefined {
  const pairs = [
    ...floors.map((name) => ({ name: `by ${name}`, ours: fastest(raw, name), theirs })),
    ...likewise.map((each) => ({ name: each.name, ours: fastest(raw, each.ours), theirs: fastest(raw, each.theirs) })),
  ];
  const reached = pairs.flatMap(({ name, ours, theirs }) =>
    ours === undefined || theirs === undefined ? [] : [`${figure(medianOf(ratiosOf(kind, ours, theirs)))} ${name}`],
  );
  return reached.length === 0 ? undefined : reached.join('; ');
}

function judgeFigure(goal: FigureGoal, raw: RawCase): Verdict {
  const { sense, unit } = goal;
  const side = raw.sides.find((each) => each.side === goal.side);
  const values = goal.kind === 'bytes' ? side && [side.bytesPerCall ?? Number.NaN] : side?.rounds;
  if (values === undefined) return notMeasured(goal, sense, unit, whyMissing(raw, goal.side));
  return verdict(goal, spreadOf(values), sense, unit);
}

/** The medians of each round's single calls. */
function roundMedians({ latencies = [], rounds }: RawSide): number[] {
  const each = Math.floor(latencies.length / rounds.length);
  return rounds.map((_, i) => medianOf(latencies.slice(i * each, (i + 1) * each)));
}

function judgeDifference(goal: DifferenceGoal, raw: RawCase): Verdict {
  const [ours, theirs] = [fastest(raw, goal.ours), fastest(raw, goal.theirs)];
  if (ours === undefined || theirs === undefined) return notMeasured(goal, 'at most', 'us', 'not measured');
  const differences = paired(roundMedians(ours), roundMedians(theirs), (our, their) => (our - their) / NS_PER_US);
  return verdict(goal, spreadOf(differences), 'at most', 'us');
}

function judge(goal: Goal, raw: RawCase | undefined): Verdict {
  if (raw === undefined) {
    const sense = 'sense' in goal ? goal.sense : goal.kind === 'faster' ? 'at least' : 'at most';
    return notMeasured(goal, sense, 'unit' in goal ? goal.unit : 'times', `run npm run bench -- ${goal.case}`);
  }
  const judged = judgeMeasured(goal, raw);
  // A smoke test meets nothing, whatever its figures say.
  if (raw.quick) return { ...judged, met: false };
  if (raw.busyPercent <= BUSY_PERCENT) return judged;
  const busy = `others used ${raw.busyPercent} % of the cpus`;
  return { ...judged, note: judged.note === undefined ? busy : `${judged.note}; ${busy}` };
}

function judgeMeasured(goal: Goal, raw: RawCase): Verdict {
  switch (goal.kind) {
    case 'faster':
    case 'slower':
      return judgePaired(goal, raw);
    case 'difference':
      return judgeDifference(goal, raw);
    default:
      return judgeFigure(goal, raw);
  }
}

/** Every goal of the list, and one for each wait strategy that was measured. */
export function goalsOf(cases: readonly RawCase[]): Verdict[] {
  const byName = new Map(cases.map((raw) => [raw.case, raw]));
  const idle = byName.get(EACH_SIDE.case);
  const strategies = (idle?.sides ?? [{ side: 'any strategy' }]).filter(({ side }) => side !== IDLE_PEER);
  const each = strategies.map(({ side }) => ({ ...EACH_SIDE, side, name: `${EACH_SIDE.name}, ${side}` }));
  return [...GOALS, ...each].map((goal) => judge(goal, byName.get(goal.case)));
}

export function reportOf(cases: readonly RawCase[]): Report {
  return { rows: rowsOf(cases), goals: goalsOf(cases) };
}

function figure(value: number | null): string {
  if (value === null || Number.isNaN(value)) return '-';
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** A table of columns, padded; numbers to the right. */
export function table(
  head: readonly string[],
  body: readonly (readonly string[])[],
  numbers: readonly number[],
): string {
  const widths = head.map((title, i) => Math.max(title.length, ...body.map((cells) => cells[i]!.length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (numbers.includes(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd();
  return [head, ...body].map(line).join('\n');
}

export function formatRows(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.case,
    row.side,
    figure(row.min),
    figure(row.median),
    figure(row.max),
    row.unit,
    row.bytesPerCall === null ? '' : figure(row.bytesPerCall),
  ]);
  return table(['case', 'side', 'min', 'median', 'max', 'unit', 'B/call'], cells, [2, 3, 4, 6]);
}

export function formatGoals(goals: readonly Verdict[]): string {
  const cells = goals.map((goal) => [
    goal.met ? 'met' : goal.ratio === null ? '?' : 'NOT MET',
    goal.name,
    figure(goal.ratio),
    `${figure(goal.min)} .. ${figure(goal.max)}`,
    `${goal.sense} ${goal.goal} ${goal.unit}`.trimEnd(),
    goal.note ?? '',
  ]);
  return table(['', 'goal', 'median', 'of the rounds', 'wanted', ''], cells, [2]);
}

export const RESULTS = fileURLToPath(new URL('../../bench/results', import.meta.url));

/** What a run was made with, once for each machine and day. */
export function formatProvenance(cases: readonly RawCase[]): string {
  const lines = cases.map(({ machine, date }) => {
    const { cpu, cpus, kernel, node, environment } = machine;
    return `${date.slice(0, 10)}, ${cpus} cpus of ${cpu}, Linux ${kernel}, Node ${node}, ${environment}`;
  });
  const versions = Object.entries(cases[0]?.machine.versions ?? {}).map(([name, version]) => `${name} ${version}`);
  const busy = cases
    .filter(({ busyPercent }) => busyPercent > BUSY_PERCENT)
    .map((raw) => `${raw.case} (${raw.busyPercent} %)`);
  const warning = busy.length > 0 ? [`OTHERS USED THE CPUS, SO NOT TO BE TRUSTED: ${busy.join(', ')}`] : [];
  return [...new Set(lines), versions.join(', '), ...warning].join('\n');
}

/** Prints the goals; keeps charts and report.json beside the raw samples, and the latter in the file `json`, too. */
export function report(cases: readonly RawCase[], directory: string, json?: string): void {
  const { rows, goals } = reportOf(cases);
  console.log(`${formatProvenance(cases)}\n\n${formatGoals(goals)}`);
  drawCharts(cases, directory);
  const text = `${JSON.stringify({ rows, goals }, undefined, 2)}\n`;
  writeFileSync(join(directory, 'report.json'), text);
  if (json !== undefined) writeFileSync(json, text);
}

function main(args: readonly string[]): number {
  const { values } = parseArgs({ args: [...args], options: { json: { type: 'string' } } });
  const cases = load(join(RESULTS, 'raw'));
  if (cases.length === 0) {
    process.stderr.write('bench: nothing was measured yet; npm run bench does that\n');
    return 1;
  }
  report(cases, RESULTS, values.json);
  return 0;
}

const [, script] = process.argv;
if (script !== undefined && pathToFileURL(realpathSync(script)).href === import.meta.url) {
  process.exitCode = main(process.argv.slice(2));
}
