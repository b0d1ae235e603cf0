/** The command line as a user has it: in a process of its own. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Become its descriptors 3, 4, …, and stay the caller's here. */
  readonly fds?: readonly number[];
  /** Makes it the leader of a process group of its own. */
  readonly detached?: boolean;
}

/** Runs a program to its end, with nothing on its standard input. */
export async function run(command: readonly [string, ...string[]], given: RunOptions = {}): Promise<Ended> {
  const { fds = [], ...options } = given;
  const [file, ...args] = command;
  const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe', ...fds] });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  // latin1 loses no byte: names need not be UTF-8.
  return { code, stdout: Buffer.concat(stdout).toString('latin1'), stderr: Buffer.concat(stderr).toString('utf8') };
}

export function lisafs(...args: string[]): Promise<Ended> {
  return run([process.execPath, MAIN, ...args]);
}

/** The same on a terminal, by script(1): what comes is what the terminal gets. */
export function lisafsOnTerminal(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const command = [process.execPath, MAIN, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const plain = { ...process.env };
  for (const name of ['NO_COLOR', 'FORCE_COLOR', 'CI', 'NODE_DISABLE_COLORS']) delete plain[name];
  return run(['script', '-qec', command, '/dev/null'], { env: { ...plain, TERM: 'xterm-256color', ...env } });
}
