/**
 * `npm run bench [-- PATTERN] [-- --json FILE] [-- --quick]`: measures every case whose name contains PATTERN, keeps
 * the raw samples in bench/results/raw, and computes rows and goals from what is kept there.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Case } from './cases/case.js';
import { CASES } from './cases/index.js';
import { formatRows, report, RESULTS, rowsOf } from './goals.js';
import { busyPercent, describeMachine } from './machine.js';
import { makeDirectory } from './ours.js';
import { BUSY_PERCENT, load, save, type RawCase } from './results.js';
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

/** How long to look whether the machine is quiet. */
const LOOK_MS = 1000;

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
  removeAtExit(directory);
  const failed: string[] = [];
  for (const each of chosen) {
    try {
      save(raws, await measureOne(each, effort, directory));
    } catch (error) {
      failed.push(each.name);
      process.stderr.write(`bench: ${each.name} cannot be measured: ${(error as Error).message}\n`);
    }
  }
  const kept = load(raws);
  if (kept.length === 0) return 1;
  console.log();
  report(kept, join(raws, '..'), json);
  if (effort.quick) console.log('\nA SMOKE TEST, NO MEASUREMENT: the figures above mean nothing.');
  if (failed.length > 0) console.log(`\nnot measured in this run: ${failed.join(', ')}`);
  return failed.length > 0 ? 1 : 0;
}

/** Removes a directory at the end, however that comes. */
function removeAtExit(directory: string): void {
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
}

async function main(args: readonly string[]): Promise<number> {
  const options = parse(args);
  // The sides end by themselves: their standard input does.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
  if (options === undefined) {
    process.stdout.write(USAGE);
    return 2;
  }
  if (!options.effort.quick) return run(options, join(RESULTS, 'raw'));
  const scratch = mkdtempSync(join(tmpdir(), 'lisafs-bench-quick-'));
  removeAtExit(scratch);
  return run(options, join(scratch, 'raw'));
}

process.exitCode = await main(process.argv.slice(2));
