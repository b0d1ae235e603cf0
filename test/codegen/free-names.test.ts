/** Names of the runtime's, and those that generated code has for itself, are a schema's to use: all of it compiles. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compile, formatDiagnostic } from '../../codegen/compile.js';
import { RUNTIME_NAMES, canHaveAlias } from '../../codegen/runtime-names.js';
import { ROOT } from '../style/sources.js';

/** A schema for each kind of declaration, whose code uses as much of the runtime as that can. */
const SCHEMAS: Readonly<Record<string, (name: string) => string>> = {
  struct: (name) => `export interface ${name} { y: u64; x: u8; z: bool; pad0: Pad<6> }
    export interface V { s: Str; q: ${name}; l: List<${name}> }
    export interface P {
      a: Message<256, ${name}, ${name}>;
      b: Message<257, V, { l: List<${name}>; s: List<Str>; mask: u8; mode: u8; o?: ${name} }, Donates<'file'>>;
    }`,
  variable: (name) => `export type E = Enum<u8, { A: 0 }>; export type F = Flags<u8, { A: 1 }>;
    export interface ${name} { x: Str; y: Bytes; z: List<u64>; e: List<E>; f: F; e2: E; flags: u8; mode: u8 }
    export interface P {
      a: Message<256, ${name}, { q: ${name}; l: List<${name}>; o?: ${name} }, Limits<{ request: 99; response: 999 }>>;
      b: Message<257, Empty, Empty>;
    }`,
  identifier: (name) => `export type ${name} = Opaque<u64>;
    export interface P {
      a: Message<256, { x: ${name}; l: List<${name}> }, { y: Makes<${name}> }>;
      b: Message<257, { x: Closes<List<${name}>> }, Empty>;
    }`,
  enum: (name) => `export type ${name} = Enum<u8, { A: 0; B: 1; C: 5 }>;
    export interface P {
      a: Message<256, { x: ${name}; l: List<${name}>; o?: ${name} }, { a: u8; b: i8; c: u16; d: u32; e: i32; f: i16 }>;
    }`,
  errors: (name) => `export type ${name} = Errors<{ Full: 4096 }>;
    export interface P { a: Message<256, { x: u8 }, Empty> }`,
  protocol: (name) => `export type K = Opaque<u64>; export type X = Errors<{ Full: 4096 }>;
    export interface ${name} { a: Message<256, { k: Closes<K> }, Empty>; b: Message<257, Empty, { k: Makes<K> }> }`,
  message: (name) => `export interface P {
      ${name}: Message<256, { x: u8; y: Str }, { v: u64; o?: Str }, Donates<'file'>, Limits<{ request: 99 }>>;
      b: Message<257, Empty, Empty>;
    }`,
};

/** Those that are imported, and those of which declarations make imported ones. */
const NAMES = [
  ...[...RUNTIME_NAMES].filter((name) => /^[A-Z]/u.test(name) && canHaveAlias(name)),
  ...'Text Hex Other Fields Octal U8 U16 U32 I8 I16 I32 Spare Client'.split(' '),
];

/** Of TypeScript's library, which generated code does not use, or not under these names. */
const LIBRARY = 'Array Buffer DataView Date Error Function JSON Proxy RangeError Record String Symbol'.split(' ');

/** A method of the client's. */
const REFUSED: ReadonlySet<string> = new Set(['message Caller']);

const test = suite('free names');

test('compile, whatever has them', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'lisafs-names-'));
  try {
    for (const [kind, schemaOf] of Object.entries(SCHEMAS)) {
      for (const name of [...NAMES, ...(kind === 'struct' ? LIBRARY : [])].filter(
        (each) => !REFUSED.has(`${kind} ${each}`),
      )) {
        const runtime = (module: string): string => join(ROOT, `runtime/wire/${module}.js`);
        const [compiled] = await compile([{ file: 'x.ts', text: schemaOf(name), runtime, command: 'test' }]);
        assert.equal(compiled!.diagnostics.map(formatDiagnostic), [], `${kind} ${name}`);
        const folder = join(directory, `${kind}-${name}`);
        mkdirSync(folder);
        for (const [file, text] of compiled!.outputs) writeFileSync(join(folder, file), text);
      }
    }
    assert.is(compilerSays(directory), '');
  } finally {
    rmSync(directory, { recursive: true });
  }
});

/** As strict as this project is with itself, unused imports included. */
function compilerSays(directory: string): string {
  const paths = { rootDir: '/', typeRoots: [join(ROOT, 'node_modules/@types')] };
  const compilerOptions = { ...paths, noEmit: true, incremental: false, stripInternal: false };
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
  const config = { extends: join(ROOT, 'tsconfig.json'), compilerOptions, include: ['**/*.ts'] };
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  return spawnSync(tsc, ['-p', directory], { encoding: 'utf8' }).stdout;
}

test.run();
