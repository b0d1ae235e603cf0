/**
 * Prints how large the generated code of a protocol of 30 messages is, and how long a new process takes to import it,
 * beside what protobuf-es and ts-proto make of the same messages: `node dist/bench/codegen-size.js`.
 *
 * Build it with `npx tsc -p bench/tsconfig.json`. Needs npm alone, which installs the two compilers, and buf, which
 * reads .proto files for them, into a folder of their own.
 */

import { build } from 'esbuild';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TOOLS = join(tmpdir(), 'lisafs-size-tools');
const PACKAGES = [
  '@bufbuild/buf@1.75.0',
  '@bufbuild/protoc-gen-es@2.17.0',
  '@bufbuild/protobuf@2.17.0',
  'ts-proto@2.18.0',
  'typescript@5',
];
const MESSAGES_COUNT = 30;
const IMPORTS_COUNT = 21;

/** The same 30 requests and responses in both languages: an identifier, numbers, a name, bytes, a list of structs. */
function schemas(): { lisafs: string; proto: string } {
  const numbers = Array.from({ length: MESSAGES_COUNT }, (_, i) => i);
  const members = numbers.map((i) => `  thing${i}: Message<${256 + i}, Thing${i}Req, Thing${i}Resp>;`);
  const structs = numbers.map(
    (i) => `export interface Thing${i}Req { id: u64; flags: u32; name: Str }
export interface Thing${i}Resp { count: u64; size: u32; items: List<Item>; data: Bytes<u32> }`,
  );
  const head = "import type { Bytes, List, Message, Str, u32, u64 } from 'lisafs/schema';";
  const lisafs = [head, 'export interface Item { id: u64; kind: u32; size: u32 }', ...structs];
  const proto = numbers.map(
    (i) => `message Thing${i}Req { uint64 id = 1; uint32 flags = 2; string name = 3; }
message Thing${i}Resp { uint64 count = 1; uint32 size = 2; repeated Item items = 3; bytes data = 4; }`,
  );
  return {
    lisafs: [...lisafs, 'export interface SIZE {', ...members, '}', ''].join('\n'),
    proto: [
      'syntax = "proto3";',
      'message Item { uint64 id = 1; uint32 kind = 2; uint32 size = 3; }',
      ...proto,
      '',
    ].join('\n'),
  };
}

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

const work = mkdtempSync(join(tmpdir(), 'lisafs-size-'));
try {
  console.log(`${MESSAGES_COUNT} messages: sizes in KiB, the import in ms (median of ${IMPORTS_COUNT} processes)`);
  console.log('| compiler | generated | bundled | minified | and gzipped | import |');
  console.log('| --- | ---: | ---: | ---: | ---: | ---: |');
  for (const side of generateAll(work)) {
    const [plain, small] = [join(work, `${side.name}.mjs`), join(work, `${side.name}.min.mjs`)];
    await bundle(side, plain, false);
    await bundle(side, small, true);
    const kib = (bytes: number): string => (bytes / 1024).toFixed(1);
    const minified = readFileSync(small);
    const sizes = [sourceSize(side.folder), statSync(plain).size, minified.length, gzipSync(minified).length].map(kib);
    console.log(`| ${side.name} | ${sizes.join(' | ')} | ${importTime(plain).toFixed(1)} |`);
  }
} finally {
  rmSync(work, { recursive: true });
}
