#!/usr/bin/env node
/** `lisafs COMMAND …`: what the SDK offers without a line of code. Each command is loaded only when it is asked for. */

import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Misuse } from './misuse.js';

const USAGE = `usage: lisafs COMMAND [arguments]

  serve     serve a directory
  generate  generate code from a schema

lisafs COMMAND --help tells more.
`;

/** Runs a command. Resolves to the exit status; never rejects for a mistake of the user's. */
export async function main([command, ...args]: readonly string[]): Promise<number> {
  try {
    return await run(command, args);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // node:util's parseArgs says what is wrong with an option itself.
    const misuse = error instanceof Misuse || ('code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));
    process.stderr.write(`lisafs ${command}: ${error.message}\n`);
    if (misuse) process.stderr.write(`lisafs ${command} --help tells how it is used\n`);
    return misuse ? 2 : 1;
  }
}

async function run(command: string | undefined, args: readonly string[]): Promise<number> {
  switch (command) {
    case 'serve':
      return (await import('./serve.js')).serveCommand(args);
    case 'generate':
      return (await import('./generate.js')).generate(args);
    case '--help':
    case 'help':
      process.stdout.write(USAGE);
      return 0;
    default:
      process.stderr.write(command === undefined ? USAGE : `lisafs: there is no command ${command}\n\n${USAGE}`);
      return 2;
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = await main(process.argv.slice(2));
}
