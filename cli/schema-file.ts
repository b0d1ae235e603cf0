/** A schema from its file, laid out, for the commands that look at one. */

import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { formatDiagnostic } from '../codegen/compile.js';
import type { Diagnostic, LaidProtocol } from '../codegen/ir.js';
import { layoutProtocol } from '../codegen/layout.js';
import { readSchema } from '../codegen/read.js';
import { resolveSchema } from '../codegen/resolve.js';

/** What is wrong with a schema, a line for each mistake: for standard error as it is. */
export class WrongSchema extends Error {
  override readonly name = 'WrongSchema';

  constructor(readonly lines: readonly string[]) {
    super(lines.join('\n'));
  }
}

/** Reads and lays out. Throws WrongSchema with every mistake, at its place, or what node:fs throws. */
export function protocolOf(path: string): LaidProtocol {
  const text = readFileSync(path, 'utf8');
  const read = readSchema(path, text);
  refuse(read.diagnostics);
  const { protocol, diagnostics } = resolveSchema(path, read.statements, false);
  refuse(diagnostics);
  if (protocol === undefined) throw new WrongSchema([`${basename(path)}: no protocol`]);
  const laid = layoutProtocol(protocol);
  refuse(laid.diagnostics);
  return laid.protocol;
}

function refuse(diagnostics: readonly Diagnostic[]): void {
  if (diagnostics.length > 0) throw new WrongSchema(diagnostics.map(formatDiagnostic));
}
