/**
 * Prints how large the generated code of a protocol of 30 messages is, and how long a new process takes to import it,
 * beside what protobuf-es and ts-proto make of the same messages, and keeps the table in bench/results/codegen-size.md:
 * `npm run bench:codegen`. Needs npm alone, which installs the two compilers, and buf, which reads .proto files for
 * them, into a folder of their own.
 */

import { build } from 'esbuild';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { MESSAGES_COUNT, schemas } from './codegen-messages.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const RESULT = join(ROOT, 'bench/results/codegen-size.md');
const TOOLS = join(tmpdir(), 'lisafs-size-tools');
const PACKAGES = [
  '@bufbuild/buf@1.75.0',
  '@bufbuild/protoc-gen-es@2.17.0',
  '@bufbuild/protobuf@2.17.0',
  'ts-proto@2.18.0',
  'typescript@5.9.3',
];
const IMPORTS_COUNT = 21;

interface Side {
  readonly name: string;
  /** The folder of its generated code, and the module in it that brings everything. */
  readonly folder: string;
  readonly entry: string;
}

function run(command: string, args: readonly string[], cwd: string): void {
  const { PATH = '' } = process.env;
  const env = { ...process.env, PATH: `${join(TOOLS, 'node_modules/.bin')}:${PATH}` };
  execFileSync(command, args, { cwd, env, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Generates all three. */
function generateAll(work: string): Side[] {
  const { lisafs, proto } = schemas();
  mkdirSync(TOOLS, { recursive: true });
  run('npm', ['install', '--silent', '--no-audit', '--no-fund', '--prefix', TOOLS, ...PACKAGES], work);
  for (const name of ['ours', 'es', 'ts-proto']) mkdirSync(join(work, name));
  writeFileSync(join(work, 'size.ts'), lisafs);
  writeFileSync(join(work, 'size.proto'), proto);
  run('node', [join(ROOT, 'dist/cli/main.js'), 'generate', 'size.ts', '--out', 'ours'], work);
  const plugins = [
    { local: 'protoc-gen-es', out: 'es', opt: ['target=ts', 'import_extension=js'] },
    {
      local: 'protoc-gen-ts_proto',
      out: 'ts-proto',
      opt: ['esModuleInterop=true', 'forceLong=bigint', 'outputJsonMethods=false'],
    },
  ];
  run('buf', ['generate', 'size.proto', '--template', JSON.stringify({ version: 'v2', plugins })], work);
  return [
    { name: 'lisafs', folder: join(work, 'ours/size'), entry: 'index.ts' },
    { name: 'protobuf-es', folder: join(work, 'es'), entry: 'size_pb.ts' },
    { name: 'ts-proto', folder: join(work, 'ts-proto'), entry: 'size.ts' },
  ];
}

/** One module of everything that a process needs, its runtime included. */
async function bundle({ folder, entry }: Side, out: string, minify: boolean): Promise<void> {
  await build({
    entryPoints: [join(folder, entry)],
    outfile: out,
    bundle: true,
    minify,
    format: 'esm',
    platform: 'node',
    alias: { 'lisafs/wire': join(ROOT, 'dist/runtime/wire/index.js') },
    nodePaths: [join(TOOLS, 'node_modules')],
    logLevel: 'error',
  });
}

/** The median time of an import in a new process, in milliseconds. */
function importTime(module: string): number {
  const loading = `await import(${JSON.stringify(module)})`;
  const code = `const t = performance.now(); ${loading}; console.log(performance.now() - t)`;
  const times = Array.from({ length: IMPORTS_COUNT }, () =>
    Number(execFileSync('node', ['--input-type=module', '-e', code], { encoding: 'utf8' })),
  );
  return times.sort((a, b) => a - b)[(IMPORTS_COUNT - 1) / 2]!;
}

function sourceSize(folder: string): number {
  // Random samples are for tests, and no process loads them.
  const files = readdirSync(folder).filter((name) => name !== 'samples.ts');
  return files.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

/** A row of the table. */
async function measured(side: Side, work: string): Promise<string> {
  const [plain, small] = [join(work, `${side.name}.mjs`), join(work, `${side.name}.min.mjs`)];
  await bundle(side, plain, false);
  await bundle(side, small, true);
  const kib = (bytes: number): string => (bytes / 1024).toFixed(1);
  const minified = readFileSync(small);
  const sizes = [sourceSize(side.folder), statSync(plain).size, minified.length, gzipSync(minified).length].map(kib);
  return `| ${side.name} | ${sizes.join(' | ')} | ${importTime(plain).toFixed(1)} |`;
}

const work = mkdtempSync(join(tmpdir(), 'lisafs-size-'));
try {
  const rows: string[] = [];
  for (const side of generateAll(work)) rows.push(await measured(side, work));
  const versions = PACKAGES.filter((name) => /protoc-gen-es|ts-proto/.test(name)).join(', ');
  const times = `median of ${IMPORTS_COUNT} processes; Node ${process.versions.node}`;
  const table = `${MESSAGES_COUNT} messages: sizes in KiB, the import in ms (${times}).
Generated is TypeScript; bundled is one module with all that it needs at run time, so protobuf's too. ${versions}.
Ours has both sides' stubs and dispatch, traces and the schema's description; theirs read and write messages.

| compiler | generated | bundled | minified | and gzipped | import |
| --- | ---: | ---: | ---: | ---: | ---: |
${rows.join('\n')}
`;
  writeFileSync(RESULT, `# The size of generated code\n\n${table}`);
  console.log(table);
} finally {
  rmSync(work, { recursive: true });
}
