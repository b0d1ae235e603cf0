/** What every command does with its arguments: `--help`, options by node:util's parseArgs, numbers that are checked. */

import { parseArgs, type ParseArgsConfig } from 'node:util';
import { Misuse } from './misuse.js';

type Options = NonNullable<ParseArgsConfig['options']>;

const HELP = { help: { type: 'boolean', short: 'h' } } as const;

interface ParsedBy<O extends Options> {
  args: string[];
  options: O & typeof HELP;
  allowPositionals: true;
}

/** What the arguments say, by the types of the options. */
export type Parsed<O extends Options> = ReturnType<typeof parseArgs<ParsedBy<O>>>;

/** Parses; prints the usage and gives undefined where that is what was asked for. */
export function parseCommand<const O extends Options>(
  args: readonly string[],
  usage: string,
  options: O,
): Parsed<O> | undefined {
  const parsed = parseArgs<ParsedBy<O>>({
    args: [...args],
    options: { ...options, ...HELP },
    allowPositionals: true,
  });
  if (!(parsed.values as { help?: boolean }).help) return parsed;
  process.stdout.write(usage);
  return undefined;
}

/** The whole number that an option was given, in a range. */
export function integerOption(option: string, text: string, least: number, most: number): number {
  const value = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new Misuse(`--${option} ${text}: not a whole number from ${least} to ${most}`);
}
