#!/usr/bin/env node
/** `lisafs COMMAND …`: what the SDK offers without a line of code. Each command is loaded only when it is asked for. */

import { readFileSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { failureLine, words } from './failure.js';
import { Misuse } from './misuse.js';
import { onOutputFailure } from './terminal.js';

const USAGE = `usage: lisafs COMMAND [arguments]

A protocol of one's own:
  init      make a project: a schema, a server, a client and a test
  generate  generate code from a schema
  breaking  tell what a schema's changes break
  docs      make a page about a schema, for reading

A server that runs:
  inspect   tell what it speaks and supports, and how fast it answers
  call      call any method, with JSON

Files, by LISAFS:
  serve     serve a directory
  gofer     serve the files of a gVisor sandbox
  ls        list a mount's directories
  cat       write a mount's files to standard output
  stat      tell what a mount knows of a file
  tree      draw a mount's directories
  cp        copy to a mount and back
  bench     measure calls on a mount

lisafs COMMAND --help tells more. lisafs --version tells which this is.
`;

type Command = (args: readonly string[]) => Promise<number>;

const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  bench: async () => (await import('./bench.js')).benchCommand,
  breaking: async () => (await import('./breaking.js')).breakingCommand,
  call: async () => (await import('./call.js')).callCommand,
  cat: async () => (await import('./cat.js')).catCommand,
  cp: async () => (await import('./cp.js')).cpCommand,
  docs: async () => (await import('./docs.js')).docsCommand,
  generate: async () => (await import('./generate.js')).generate,
  gofer: async () => (await import('./gofer.js')).goferCommand,
  init: async () => (await import('./init.js')).initCommand,
  inspect: async () => (await import('./inspect.js')).inspectCommand,
  ls: async () => (await import('./ls.js')).lsCommand,
  serve: async () => (await import('./serve.js')).serveCommand,
  stat: async () => (await import('./stat.js')).statCommand,
  tree: async () => (await import('./tree.js')).treeCommand,
};

/** Runs a command. Resolves to the exit status; never rejects for a mistake of the user's. */
export async function main([command, ...args]: readonly string[]): Promise<number> {
  try {
    return await run(command, args);
  } catch (error) {
    if (!(error instanceof Error) || isBug(error)) throw error;
    process.stderr.write(`lisafs ${command}: ${failureLine(error)}\n`);
    if (!isMisuse(error)) return 1;
    process.stderr.write(`lisafs ${command} --help tells how it is used\n`);
    return 2;
  }
}

/** node:util's parseArgs says what is wrong with an option itself. */
function isMisuse(error: Error): boolean {
  return error instanceof Misuse || ('code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));
}

/** An error that only a mistake of ours throws: its stack is worth more than a line. */
function isBug(error: Error): boolean {
  return !('code' in error) && (error instanceof TypeError || error instanceof ReferenceError);
}

async function run(command: string | undefined, args: readonly string[]): Promise<number> {
  switch (command) {
    case '--help':
    case '-h':
    case 'help':
      process.stdout.write(USAGE);
      return 0;
    case '--version':
      process.stdout.write(`${version()}\n`);
      return 0;
    case undefined:
      process.stderr.write(USAGE);
      return 2;
  }
  const load = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
  if (load !== undefined) return (await load())(args);
  process.stderr.write(`lisafs: there is no command ${command}\n\n${USAGE}`);
  return 2;
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Tells that standard output cannot be written. Whoever reads it may have read enough: that is no failure. */
function outputFailed({ code, errno, message }: NodeJS.ErrnoException): void {
  if (code === 'EPIPE') return;
  process.exitCode = 1;
  process.stderr.write(`lisafs: standard output: ${words(errno ?? 0) ?? message}\n`);
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  onOutputFailure(outputFailed);
  // There is nobody left to tell.
  process.stderr.on('error', () => undefined);
  const status = await main(process.argv.slice(2));
  if (status !== 0) process.exitCode = status;
}
