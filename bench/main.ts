/**
 * `npm run bench [-- PATTERN] [-- --json FILE] [-- --quick]`: measures every case whose name contains PATTERN, keeps
 * the raw samples in bench/results/raw, and computes rows and goals from what is kept there.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Case } from './cases/case.js';
import { CASES } from './cases/index.js';
import { drawCharts } from './charts.js';
import { formatGoals, formatProvenance, formatRows, goalsOf, reportOf, RESULTS, rowsOf } from './goals.js';
import { busyPercent, describeMachine } from './machine.js';
import { makeDirectory, removeDirectory } from './ours.js';
import { load, save, type RawCase } from './results.js';
import { FULL, QUICK, type Effort } from './rounds.js';

const USAGE = `usage: npm run bench -- [PATTERN] [--json FILE] [--quick]

  PATTERN      measure only the cases whose name contains it (${CASES.map(({ name }) => name).join(', ')})
  --json FILE  write rows and goals to FILE
  --quick      a smoke test: everything runs, nothing is measured, nothing is kept
`;

interface Options {
  readonly pattern: string;
  readonly json: string | undefined;
  readonly effort: Effort;
}

function parse(args: readonly string[]): Options | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { json: { type: 'string' }, quick: { type: 'boolean', default: false }, help: { type: 'boolean' } },
  });
  if (values.help === true || positionals.length > 1) return undefined;
  return { pattern: positionals[0] ?? '', json: values.json, effort: values.quick ? QUICK : FULL };
}

/** How long to look whether the machine is quiet, and how much of it others may use. */
const LOOK_MS = 1000;
const BUSY_PERCENT = 5;

async function measureOne(each: Case, effort: Effort, directory: string): Promise<RawCase> {
  const began = performance.now();
  process.stderr.write(`${each.name}: ${each.title} … `);
  const busy = await busyPercent(effort.quick ? 20 : LOOK_MS);
  const outcome = await each.run(effort, directory);
  process.stderr.write(`${((performance.now() - began) / 1000).toFixed(1)} s\n`);
  const raw = {
    case: each.name,
    date: new Date().toISOString(),
    quick: effort.quick,
    machine: describeMachine(),
    busyPercent: busy,
    ...outcome,
  };
  console.log(`\n${each.title}\n${formatRows(rowsOf([raw]))}`);
  for (const { side, flags } of raw.sides) if (flags !== undefined) console.log(`  ${side}: ${flags}`);
  for (const { side, why } of raw.missing) console.log(`  ${side} is missing: ${why}`);
  for (const note of raw.notes ?? []) console.log(`  ${note}`);
  if (busy > BUSY_PERCENT)
    console.log(`  OTHERS USED ${busy} % OF THE CPUS just before: these figures are not to be trusted`);
  return raw;
}

async function run({ pattern, json, effort }: Options, raws: string): Promise<number> {
  const chosen = CASES.filter(({ name }) => name.includes(pattern));
  if (chosen.length === 0) {
    process.stderr.write(`bench: no case has ${pattern} in its name\n${USAGE}`);
    return 2;
  }
  const directory = makeDirectory();
  try {
    for (const each of chosen) save(raws, await measureOne(each, effort, directory));
  } finally {
    removeDirectory(directory);
  }
  const kept = load(raws);
  console.log(`\n${formatProvenance(kept)}\n\n${formatGoals(goalsOf(kept))}`);
  if (effort.quick) console.log('\nA SMOKE TEST, NO MEASUREMENT: the figures above mean nothing.');
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(reportOf(kept), undefined, 2)}\n`);
  drawCharts(kept, join(raws, '..'));
  return 0;
}

async function main(args: readonly string[]): Promise<number> {
  const options = parse(args);
  if (options === undefined) {
    process.stdout.write(USAGE);
    return 2;
  }
  if (!options.effort.quick) return run(options, join(RESULTS, 'raw'));
  const scratch = mkdtempSync(join(tmpdir(), 'lisafs-bench-quick-'));
  try {
    return await run(options, join(scratch, 'raw'));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

process.exitCode = await main(process.argv.slice(2));
