/** The compiler's one entry: a schema's text in, the generated files' text out, or everything that is wrong with it. */

import { type Files, emitProtocol, oneLine } from './emit.js';
import type { RuntimeSpecifier } from './imports.js';
import type { Diagnostic, LaidProtocol } from './ir.js';
import { layoutProtocol } from './layout.js';
import { readSchema } from './read.js';
import { resolveSchema } from './resolve.js';

export interface SchemaInput {
  /** As diagnostics and the generated files' first lines show it: relative, with slashes. */
  readonly file: string;
  readonly text: string;
  /** Where the generated code finds the runtime. */
  readonly runtime: RuntimeSpecifier;
  /** What to run after a change of the schema. */
  readonly command: string;
  /** True for the SDK's own messages, schema/extensions.ts: the one schema that may have MIDs from 65280 on. */
  readonly extensions?: boolean | undefined;
}

export interface Compiled {
  readonly file: string;
  /** Empty when there are diagnostics. */
  readonly outputs: Files;
  /** In the order of the text. */
  readonly diagnostics: readonly Diagnostic[];
  /** How many messages the schema declares itself. */
  readonly messageCount: number;
}

/** Compiles each schema by itself; one that is wrong does not keep the others from being compiled. */
export async function compile(inputs: readonly SchemaInput[]): Promise<Compiled[]> {
  const compiled: Compiled[] = [];
  for (const input of inputs) compiled.push(await compileOne(input));
  return compiled;
}

async function compileOne(input: SchemaInput): Promise<Compiled> {
  const { file, runtime, command } = input;
  const { protocol, diagnostics } = analyse(input);
  if (protocol === undefined) return { file, outputs: new Map(), diagnostics, messageCount: 0 };
  const outputs = await emitProtocol(protocol, { schema: file, command, runtime });
  const messageCount = protocol.messages.filter((message) => !message.implied).length;
  return { file, outputs, diagnostics, messageCount };
}

/** A schema's meaning, or everything that is wrong with it. */
export interface Analysed {
  /** Undefined when there are diagnostics. */
  readonly protocol: LaidProtocol | undefined;
  /** In the order of the text. */
  readonly diagnostics: readonly Diagnostic[];
}

export function analyse({
  file,
  text,
  extensions = false,
}: Pick<SchemaInput, 'file' | 'text' | 'extensions'>): Analysed {
  const failed = (diagnostics: readonly Diagnostic[]): Analysed => {
    return { protocol: undefined, diagnostics: inOrder(diagnostics) };
  };
  try {
    return analysed(file, text, extensions, failed);
  } catch (error) {
    if (!(error instanceof RangeError && /call stack/u.test(error.message))) throw error;
    const message = 'types are nested too deeply here to be read; give the inner ones names, or write fewer';
    return failed([{ place: { file, line: 1, column: 1 }, message }]);
  }
}

function analysed(
  file: string,
  text: string,
  extensions: boolean,
  failed: (diagnostics: readonly Diagnostic[]) => Analysed,
): Analysed {
  const read = readSchema(file, text);
  if (read.diagnostics.length > 0) return failed(read.diagnostics);
  const resolved = resolveSchema(file, read.statements, extensions);
  if (resolved.protocol === undefined) return failed(resolved.diagnostics);
  const laid = layoutProtocol(resolved.protocol);
  const diagnostics = [...resolved.diagnostics, ...laid.diagnostics];
  return diagnostics.length > 0 ? failed(diagnostics) : { protocol: laid.protocol, diagnostics };
}

/** By place, each once. */
function inOrder(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Map(diagnostics.map((diagnostic) => [formatDiagnostic(diagnostic), diagnostic]));
  return [...seen.values()].sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column);
}

/** `schema/x.ts:12:3: what is wrong; what to do`, in which no name of a file hides anything. */
export function formatDiagnostic({ place, message }: Diagnostic): string {
  return `${oneLine(place.file)}:${place.line}:${place.column}: ${message}`;
}
