/** What the bench keeps: raw samples, a file for each case, from which everything else is computed. */

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from './machine.js';

/** How much of the cpus others may use, in percent, before figures are not to be trusted. */
export const BUSY_PERCENT = 5;

/** What one side of a case took. */
export interface RawSide {
  readonly side: string;
  /** One value a round: the mean of a batch of calls. Side by side, the same index is the same round. */
  readonly rounds: readonly number[];
  /** How many calls a batch has. */
  readonly calls: number;
  /** Single calls in nanoseconds, in the order in which they were made. */
  readonly latencies?: readonly number[];
  /** Bytes of JavaScript heap that a call allocates in the calling process. */
  readonly bytesPerCall?: number;
  /** How the peer was set up. */
  readonly flags?: string;
}

export interface RawCase {
  readonly case: string;
  readonly unit: 'ns' | 'ms' | 'percent' | 'calls/s';
  readonly date: string;
  /** True for a smoke test, which is no measurement. */
  readonly quick: boolean;
  readonly machine: Machine;
  /** Percent of the cpus that others used just before. */
  readonly busyPercent: number;
  readonly sides: readonly RawSide[];
  /** Sides that could not be measured, and why. */
  readonly missing: readonly { readonly side: string; readonly why: string }[];
  /** What was noted beside the figures, line by line. */
  readonly notes?: readonly string[];
}

/** Writes a case's file, on one line: thousands of samples are nothing to look at. */
export function save(directory: string, raw: RawCase): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, `${raw.case}.json`), `${JSON.stringify(raw)}\n`);
}

/** Every case that was kept, by name; none where there is no such directory yet. */
export function load(directory: string): RawCase[] {
  if (!existsSync(directory)) return [];
  const names = readdirSync(directory).filter((name) => name.endsWith('.json'));
  return names.sort().map((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as RawCase);
}
