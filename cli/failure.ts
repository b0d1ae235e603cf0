/** How a command says that something failed, in a line as coreutils do: `lisafs cat: /x: No such file or directory`. */

import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { shownName } from './terminal.js';

interface NodeError extends Error {
  readonly code?: unknown;
  readonly errno?: unknown;
  readonly path?: unknown;
  readonly dest?: unknown;
}

/** Where strerror(3) says it better than libuv. */
const WORDS: Readonly<Record<number, string>> = { [constants.errno.EISDIR]: 'Is a directory' };

/** The words for an errno, beginning large as strerror(3)'s do. */
export function words(errno: number): string | undefined {
  const own = WORDS[Math.abs(errno)];
  if (own !== undefined) return own;
  const text = getSystemErrorMap().get(-Math.abs(errno))?.[1];
  return text === undefined ? undefined : text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** The line for an error, without the command's name. */
export function failureLine(error: unknown): string {
  if (!(error instanceof Error)) return shownName(String(error));
  const { errno, path, dest } = error as NodeError;
  const text = typeof errno === 'number' ? words(errno) : undefined;
  if (text === undefined || typeof path !== 'string') return oneLine(error);
  const names = typeof dest === 'string' ? `${path} -> ${dest}` : path;
  const hint = errno === -constants.errno.ETIMEDOUT ? '; --timeout MS says how long an answer may take' : '';
  return `${shownName(names)}: ${text}${hint}${causeOf(error)}`;
}

/** A message on one line, with what lies behind it. */
function oneLine(error: Error): string {
  return shownName(error.message.split('\n')[0]!) + causeOf(error);
}

function causeOf({ cause }: Error): string {
  return cause instanceof Error ? ` (${shownName(cause.message)})` : '';
}

/** Tells of failures one by one, and remembers that there were some. */
export class Failures {
  #count = 0;

  constructor(private readonly command: string) {}

  tell(error: unknown): void {
    this.#count++;
    process.stderr.write(`lisafs ${this.command}: ${failureLine(error)}\n`);
  }

  /** The exit status that they make. */
  get status(): number {
    return this.#count === 0 ? 0 : 1;
  }
}
