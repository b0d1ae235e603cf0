#!/usr/bin/env node
/**
 * Generates the SDK from schemas: `generate [schema …] [--out DIR] [--check | --watch]`; without a schema, from all of
 * the project's own. schema/kv.ts goes to DIR/kv/. With --check nothing is written: it fails when what is there is not
 * what would be.
 */

import { readFileSync, realpathSync } from 'node:fs';
import { basename, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { failureLine } from './failure.js';
import { differencesOf, mend, type Difference } from './generated-files.js';
import { wrongEncoding } from './schema-file.js';
import { quotedIfNeeded } from './shell-word.js';
import { watchFiles } from './watch.js';
import { type Compiled, type SchemaInput, compile, formatDiagnostic } from '../codegen/compile.js';

const EXTENSIONS = 'schema/extensions.ts';
const OWN_SCHEMAS = ['schema/lisafs.ts', 'schema/lisafs-2021.ts', EXTENSIONS];
/** The schemas of examples, tests and the bench, which have folders of their own. */
const OTHER_SCHEMAS = [
  ['examples/echo/echo.ts', 'examples/echo/generated'],
  ['examples/kv/kv.ts', 'examples/kv/generated'],
  ['test/codegen/kinds.ts', 'test/generated'],
  ['test/codegen/store-1.ts', 'test/generated'],
  ['test/codegen/store-2.ts', 'test/generated'],
  ['bench/schema/bench.ts', 'bench/generated'],
] as const;
const PACKAGE = fileURLToPath(new URL('../../', import.meta.url));

const USAGE = `usage: lisafs generate SCHEMA …  [--out DIR] [--runtime SPECIFIER] [--check | --watch]

  --out DIR            write to DIR/<schema's name>/; 'generated' when left out
  --runtime SPECIFIER  import the runtime from there instead of from this package
  --check              write nothing; fail if what is there is not up to date
  --watch              go on, and generate again whenever a schema is saved, until SIGINT
  -h, --help           this text

Files that this command did not make are neither replaced nor removed.

Exit status: 0, 1 where a schema is wrong, --check finds something or code cannot be written, 2 for a mistake in the
command.
`;

/** Where messages go; a test gives its own. */
export interface Output {
  out(text: string): void;
  error(text: string): void;
}

const CONSOLE: Output = {
  out: (text) => process.stdout.write(text),
  error: (text) => process.stderr.write(text),
};

interface Options {
  readonly schemas: readonly string[];
  readonly out: string;
  readonly runtime: string | undefined;
  readonly check: boolean;
  readonly watch: boolean;
  /** True where nothing was named: all of the project's. */
  readonly all: boolean;
}

/**
 * Runs the command with these arguments. Returns the exit status; never throws for a mistake of the user's. Watching
 * goes on until `signal` fires, by default at SIGINT and SIGTERM.
 */
export async function generate(
  args: readonly string[],
  output: Output = CONSOLE,
  signal?: AbortSignal,
): Promise<number> {
  const options = parse(args, output);
  if (typeof options === 'number') return options;
  const status = await generateOnce(options, output);
  if (!options.watch) return options.all ? Math.max(status, await generateOthers(options, output)) : status;
  output.out('waiting for changes\n');
  const again = async (): Promise<void> => void (await generateOnce(options, output));
  await watchFiles(options.schemas, again, signal ?? untilSignal());
  return 0;
}

async function generateOthers({ check }: Options, output: Output): Promise<number> {
  let worst = 0;
  for (const [schema, out] of OTHER_SCHEMAS) {
    const args = [schema, '--out', out, ...(check ? ['--check'] : [])];
    worst = Math.max(worst, await generate(args, { ...output, out: () => undefined }));
  }
  return worst;
}

function untilSignal(): AbortSignal {
  const ending = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => ending.abort());
  return ending.signal;
}

async function generateOnce(options: Options, output: Output): Promise<number> {
  const started = performance.now();
  const twin = options.schemas.find((schema, i) =>
    options.schemas.some((other, j) => j < i && sameOutput(schema, other)),
  );
  if (twin !== undefined) {
    const isSame = options.schemas.filter((schema) => resolve(schema) === resolve(twin)).length > 1;
    const what = isSame
      ? 'this schema is named twice; name it once'
      : 'another schema has this file name, and so the same folder; rename one';
    output.error(`${posixPath(twin)}:1:1: ${what}\n`);
    return 1;
  }
  const inputs = options.schemas.flatMap((schema) => inputOf(schema, options, output) ?? []);
  const compiled = await compile(inputs);
  const problems = compiled.flatMap((each) => each.diagnostics.map(formatDiagnostic));
  for (const problem of problems) output.error(`${problem}\n`);
  if (problems.length > 0 || inputs.length < options.schemas.length) return 1;
  try {
    const differences = compiled.flatMap((each) => differencesOf(each.outputs, directoryOf(each.file, options)));
    if (options.check) return reportDifferences(differences, options, output);
    const foreign = differences.filter(({ what }) => what === 'foreign');
    if (foreign.length > 0) return reportDifferences(foreign, options, output);
    for (const difference of differences) mend(difference);
    output.out(`${summary(compiled, differences.length, performance.now() - started)}\n`);
    return 0;
  } catch (error) {
    output.error(`lisafs generate: ${failureLine(error)}\n`);
    return 1;
  }
}

function parse(args: readonly string[], output: Output): Options | number {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        out: { type: 'string' },
        runtime: { type: 'string' },
        check: { type: 'boolean', default: false },
        watch: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      output.out(USAGE);
      return 0;
    }
    if (values.check && values.watch) throw new Error('--check and --watch do not go together');
    if (positionals.length === 0 && relative(PACKAGE, process.cwd()) !== '') throw new Error('a schema, please');
    const schemas = positionals.length === 0 ? OWN_SCHEMAS : positionals;
    const { runtime, check, watch } = values;
    const all = positionals.length === 0 && values.out === undefined;
    return { schemas, out: values.out ?? 'generated', runtime, check, watch, all };
  } catch (error) {
    output.error(`lisafs generate: ${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return 2;
  }
}

/** What a user runs to generate the code of these schemas again. */
function commandFor(schemas: readonly string[], { out, runtime }: Options): string {
  const isDefault = out === 'generated' && runtime === undefined;
  if (isDefault && schemas.every((schema) => OWN_SCHEMAS.includes(posixPath(schema)))) return 'npm run generate';
  const words = ['npx lisafs generate', ...schemas.map((schema) => quotedIfNeeded(posixPath(schema)))];
  if (out !== 'generated') words.push('--out', quotedIfNeeded(posixPath(out)));
  if (runtime !== undefined) words.push('--runtime', quotedIfNeeded(runtime));
  // A line break would end the comment that this stands in.
  return words.join(' ').replaceAll(/[\r\n\u2028\u2029]/gu, '?');
}

/**
 * A path as it is shown on every machine: from the working directory, with slashes; of one elsewhere that was not named
 * from there, its name alone.
 */
function posixPath(path: string): string {
  const shown = relative(process.cwd(), resolve(path));
  const isElsewhere = shown.startsWith('..') && isAbsolute(path);
  return (isElsewhere ? basename(path) : shown || '.').split(sep).join('/');
}

/** What to do about a schema that is there. */
const UNREADABLE: ReadonlyMap<string, string> = new Map([
  ['EISDIR', 'name the schemas in this folder'],
  ['EACCES', 'give yourself the right to read it'],
]);

function inputOf(schema: string, options: Options, output: Output): SchemaInput | undefined {
  const file = posixPath(schema);
  try {
    const bytes = readFileSync(schema);
    const wrong = wrongEncoding(file, bytes);
    if (wrong !== undefined) {
      output.error(`${wrong}\n`);
      return undefined;
    }
    if (!/^[^.]/u.test(folderOf(schema)) || !/\.[cm]?ts$/u.test(schema)) {
      output.error(`${file}:1:1: no name of a schema, whose code goes to a folder of its name; name it as in kv.ts\n`);
      return undefined;
    }
    const runtime = runtimeFor(directoryOf(schema, options), options.runtime);
    const command = commandFor([schema], options);
    return { file, text: bytes.toString('utf8'), runtime, command, extensions: isExtensions(schema) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const advice = UNREADABLE.get(String(code)) ?? 'name a schema that is there';
    output.error(`${file}:1:1: cannot be read (${String(code)}); ${advice}\n`);
    return undefined;
  }
}

/** Only this package's own file may use the MIDs of extensions. */
function isExtensions(schema: string): boolean {
  return relative(PACKAGE, resolve(schema)).split(sep).join('/') === EXTENSIONS;
}

function sameOutput(a: string, b: string): boolean {
  return folderOf(a) === folderOf(b);
}

/** `schema/kv.ts` goes to a folder `kv`. */
function folderOf(schema: string): string {
  return basename(schema).replace(/(?:\.d)?\.[cm]?ts$/u, '');
}

function directoryOf(schema: string, options: Options): string {
  return join(options.out, folderOf(schema));
}

/** Inside this package generated code imports the runtime's modules; elsewhere the package. */
function runtimeFor(directory: string, specifier: string | undefined): (module: string) => string {
  if (specifier !== undefined) return () => specifier;
  const inside = !relative(PACKAGE, resolve(directory)).startsWith('..');
  if (!inside) return () => 'lisafs/wire';
  const path = relative(resolve(directory), join(PACKAGE, 'runtime/wire')).split(sep).join('/');
  return (module) => `${path}/${module}.js`;
}

const FOREIGN = 'not made by this command, which leaves it alone; move it away, or name another folder with --out';

function reportDifferences(differences: readonly Difference[], options: Options, output: Output): number {
  if (differences.length === 0) {
    output.out('generated code is up to date\n');
    return 0;
  }
  const command = commandFor(options.schemas, options);
  for (const { path, what } of differences) {
    output.error(`${path.split(sep).join('/')}: ${what === 'foreign' ? FOREIGN : `${what}; run ${command}`}\n`);
  }
  return 1;
}

function summary(compiled: readonly Compiled[], changed: number, took: number): string {
  const messages = compiled.reduce((sum, each) => sum + each.messageCount, 0);
  const files = compiled.reduce((sum, each) => sum + each.outputs.size, 0);
  const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;
  return `${count(messages, 'message')}, ${count(files, 'file')} (${changed} changed), ${Math.round(took)} ms`;
}

/** True when this file is what node was told to run. */
function isMain(): boolean {
  const [, script] = process.argv;
  return script !== undefined && pathToFileURL(realpathSync(script)).href === import.meta.url;
}

if (isMain()) process.exitCode = await generate(process.argv.slice(2));
