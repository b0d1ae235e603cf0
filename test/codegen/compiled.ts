/** Compiles schemas that stand in tests, and finds single declarations in what comes out. */

import { type Compiled, compile, formatDiagnostic } from '../../codegen/compile.js';

export async function compileText(text: string, file = 'x.ts'): Promise<Compiled> {
  const runtime = (module: string): string => `../wire/${module}.js`;
  const [compiled] = await compile([{ file, text, runtime, command: 'npm run generate' }]);
  return compiled!;
}

/** The generated files of a schema that has to be right. */
export async function outputsOf(text: string): Promise<ReadonlyMap<string, string>> {
  const { outputs, diagnostics } = await compileText(text);
  if (diagnostics.length > 0) throw new Error(diagnostics.map(formatDiagnostic).join('\n'));
  return outputs;
}

/** What is wrong with a schema, without its file's name. */
export async function errorsOf(text: string): Promise<string[]> {
  const { diagnostics } = await compileText(text);
  return diagnostics.map((diagnostic) => formatDiagnostic(diagnostic).replace(/^x\.ts:/u, ''));
}

/** A protocol with this request; what is wrong in it stands in line 1 from column 39 on. */
export const request = (fields: string): string => `export interface P { a: Message<256, { ${fields} }, Empty> }`;

/** Declarations, then a protocol. */
export const beside = (text: string): string => `${text}\nexport interface P { a: Message<256, Empty, Empty> }`;

/** The lines from the one that begins with `start` to the next one that closes it, which is not indented. */
export function declaration(text: string, start: string): string[] {
  const lines = text.split('\n');
  const from = lines.findIndex((line) => line.startsWith(start));
  if (from < 0) throw new Error(`there is no '${start}'`);
  const to = lines.findIndex((line, i) => i >= from && /^(?:\}|\]|.*;$)/u.test(line) && !line.startsWith(' '));
  return lines.slice(from, to + 1);
}
