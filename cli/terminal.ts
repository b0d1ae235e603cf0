/** What a command shows: colours and progress on a terminal only, and names that cannot do anything to it. */

import { isUtf8 } from 'node:buffer';
import type { WriteStream } from 'node:tty';

type Stream = NodeJS.WriteStream & Partial<Pick<WriteStream, 'hasColors' | 'columns'>>;

const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
} as const;
const MORE = { magenta: [35, 39], cyan: [36, 39] } as const;
const STYLES = { ...CODES, ...MORE };

export type Style = keyof typeof STYLES;

/** True where colours belong: on a terminal that has them, unless NO_COLOR is set (`no-color.org`). */
export function hasColours(stream: Stream = process.stdout): boolean {
  const { NO_COLOR } = process.env;
  const refused = NO_COLOR !== undefined && NO_COLOR !== '';
  return !refused && stream.isTTY === true && stream.hasColors?.() === true;
}

/** Text in a style, where the stream shows styles. */
export function styled(style: Style | undefined, text: string, stream: Stream = process.stdout): string {
  if (style === undefined || !hasColours(stream)) return text;
  const [on, off] = STYLES[style];
  return `\x1b[${on}m${text}\x1b[${off}m`;
}

/**
 * A name's own bytes. As a string a name has a lone surrogate, U+DC80 to U+DCFF, for each byte that is not UTF-8; no
 * byte of the name is lost.
 */
export function bytesOfName(name: string): Buffer {
  if (!/[\udc80-\udcff]/u.test(name)) return Buffer.from(name);
  const parts = name.split(/([\udc80-\udcff])/u).map((part, i) => {
    return i % 2 === 0 ? Buffer.from(part) : Buffer.of(part.charCodeAt(0) & 0xff);
  });
  return Buffer.concat(parts);
}

/** The other way, for showing: a name that is not UTF-8 throughout has a lone surrogate for each byte above 0x7f. */
export function nameOfBytes(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString();
  return bytes.toString('latin1').replace(/[\x80-\xff]/gu, (byte) => String.fromCharCode(0xdc00 | byte.charCodeAt(0)));
}

/** What could move the cursor, ring, or pass for something else on a terminal. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/** A name for people: nothing in it speaks to the terminal. `\xff` stands for a byte that is not UTF-8. */
export function shownName(name: string): string {
  return name.replace(UNSAFE, (character) => {
    const code = character.codePointAt(0)!;
    if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code & 0xff).toString(16)}`;
    if (character === '\n') return '\\n';
    if (character === '\t') return '\\t';
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

/** A value as JSON that speaks to no terminal either: what JSON lets stand in strings is escaped, as it may be. */
export function shownJSON(value: unknown, indent = 0): string {
  const escaped = (character: string): string => character.split('').map(escapedUnit).join('');
  return JSON.stringify(value, null, indent).replace(/[\x7f-\x9f\p{Cf}\u2028\u2029]/gu, escaped);
}

function escapedUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** A name as it is written to standard output: its own bytes, and escaped on a terminal. */
export function writtenName(name: string): string | Buffer {
  return process.stdout.isTTY === true ? shownName(name) : bytesOfName(name);
}

let failed = false;

/** Whether standard output has failed, its reader being gone, say: what would be written is for nobody. */
export function outputHasFailed(): boolean {
  return failed;
}

/** Tells of the first failure of standard output. Node takes the stream for a good one again after each. */
export function onOutputFailure(tell: (error: NodeJS.ErrnoException) => void): void {
  process.stdout.on('error', (error) => {
    if (!failed) tell(error);
    failed = true;
  });
}

/** Writes to standard output, and waits where it is slow. Whole lines of text, or bytes as they are. */
export async function write(...parts: readonly (string | Uint8Array)[]): Promise<void> {
  if (failed) return;
  const whole = parts.every((part) => typeof part === 'string')
    ? parts.join('')
    : Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  if (process.stdout.write(whole)) return;
  await new Promise<void>((resolve) => {
    const goOn = (): void => {
      process.stdout.off('drain', goOn).off('close', goOn);
      resolve();
    };
    process.stdout.on('drain', goOn).on('close', goOn);
  });
}

/** `1.5 MiB`. */
export function shownSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return unit === 0 ? `${bytes} B` : `${value.toFixed(value < 10 ? 1 : 0)} ${units[unit]!}`;
}

const PROGRESS_EVERY_MS = 100;

/** A line on standard error that tells how far something is; only on a terminal. */
export class Progress {
  readonly #shown = process.stderr.isTTY === true;
  #last = 0;

  /** Shows a line in place of the one before, a few times a second at most. */
  show(line: () => string): void {
    if (!this.#shown || performance.now() - this.#last < PROGRESS_EVERY_MS) return;
    this.#last = performance.now();
    const text = [...line()].slice(0, (process.stderr.columns || 80) - 1).join('');
    process.stderr.write(`\r\x1b[K${styled('dim', text, process.stderr)}`);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#shown && this.#last > 0) process.stderr.write('\r\x1b[K');
    this.#last = 0;
  }
}
