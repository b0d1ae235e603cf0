/** A schema from its file, laid out, for the commands that look at one. */

import { readFileSync } from 'node:fs';
import { analyse, formatDiagnostic } from '../codegen/compile.js';
import type { LaidProtocol } from '../codegen/ir.js';
import { wrongEncoding } from './schema-text.js';

/** What is wrong with a schema, a line for each mistake: for standard error as it is. */
export class WrongSchema extends Error {
  override readonly name = 'WrongSchema';

  constructor(readonly lines: readonly string[]) {
    super(lines.join('\n'));
  }
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
