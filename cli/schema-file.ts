/** A schema from its file, for the commands that look at one: its text, which is UTF-8, and what that says. */

import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { analyse, formatDiagnostic } from '../codegen/compile.js';
import type { LaidProtocol } from '../codegen/ir.js';

/** What is wrong with a schema, a line for each mistake: for standard error as it is. */
export class WrongSchema extends Error {
  override readonly name = 'WrongSchema';

  constructor(readonly lines: readonly string[]) {
    super(lines.join('\n'));
  }
}

/** What is wrong with a file that is not UTF-8, at its first line that is not; undefined for one that is. */
export function wrongEncoding(file: string, bytes: Buffer): string | undefined {
  if (isUtf8(bytes)) return undefined;
  let good = 0;
  while (isUtf8(bytes.subarray(0, bytes.indexOf(0x0a, good) + 1)) && bytes.includes(0x0a, good)) {
    good = bytes.indexOf(0x0a, good) + 1;
  }
  const line = bytes.subarray(0, good).toString('utf8').split('\n').length;
  return `${file}:${line}:1: this line is not UTF-8; save the file as UTF-8`;
}

/** The text. What goes wrong names the file, also where it is a folder. */
function textOf(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw Object.assign(error as Error, { path });
  }
  const wrong = wrongEncoding(path, bytes);
  if (wrong !== undefined) throw new WrongSchema([wrong]);
  return bytes.toString('utf8');
}

/** Reads and lays out. Throws WrongSchema with every mistake, at its place, or what node:fs throws. */
export function protocolOf(path: string): LaidProtocol {
  const text = textOf(path);
  const { protocol, diagnostics } = analyse({ file: path, text });
  if (protocol === undefined) throw new WrongSchema(diagnostics.map(formatDiagnostic));
  return protocol;
}
