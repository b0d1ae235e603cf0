/**
 * What `breaking` says, held against the code that is generated: of two versions that it calls compatible on the wire
 * each reads what the other writes, and of two between which nothing breaks the later exports all that the earlier did.
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ts } from 'ts-morph';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { breakingChanges } from '../../codegen/breaking.js';
import { analyse, compile } from '../../codegen/compile.js';
import type { LaidProtocol } from '../../codegen/ir.js';
import type { Codec } from '../../runtime/wire/codec.js';
import { Payload } from '../../runtime/wire/payload.js';
import { Random } from '../../runtime/wire/random.js';
import { ROOT } from '../style/sources.js';
import { BASE, CASES, PAIRS, SUBTLE_CASES, edited } from './breaking-cases.js';

const SEED = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const SAMPLES_COUNT = 200;

/** One version of a schema, compiled, and loaded as a program would. */
interface Version {
  readonly protocol: LaidProtocol;
  readonly exported: readonly string[];
  readonly codecs: ReadonlyMap<string, Codec>;
}

interface Context {
  directory: string;
}

const test = suite<Context>(`two versions, SEED=${SEED}`);
const loaded = new Map<string, Version>();

test.before((context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'lisafs-versions-'));
  writeFileSync(join(context.directory, 'package.json'), '{"type":"module"}');
});

test.after(({ directory }) => rmSync(directory, { recursive: true }));

async function versionOf(text: string, directory: string): Promise<Version> {
  const known = loaded.get(text);
  if (known !== undefined) return known;
  const runtime = (module: string): string => pathToFileURL(join(ROOT, `dist/runtime/wire/${module}.js`)).href;
  const [compiled] = await compile([{ file: 'kv.ts', text, runtime, command: 'test' }]);
  const folder = join(directory, `${loaded.size}`);
  mkdirSync(folder);
  for (const [name, code] of compiled!.outputs) {
    const compilerOptions = {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
    };
    const { outputText } = ts.transpileModule(code, { compilerOptions });
    writeFileSync(join(folder, name.replace(/\.ts$/u, '.js')), outputText);
  }
  const load = async (file: string): Promise<object> => import(pathToFileURL(join(folder, file)).href);
  const samples = await load('samples.js');
  const codecs = new Map((Reflect.get(samples, 'CODECS') as readonly Codec[]).map((codec) => [codec.name, codec]));
  const { protocol } = analyse({ file: 'kv.ts', text });
  const code = ['messages.ts', 'client.ts', 'server.ts'].map((name) => compiled!.outputs.get(name)!).join('\n');
  const exported = Array.from(code.matchAll(/^export (?:abstract )?(\w+ [\w$]+)/gmu), ([, name]) => name!);
  const version = { protocol: protocol!, exported, codecs };
  loaded.set(text, version);
  return version;
}

/** What the one writes the other reads, whole, or as far as it knows the fields. */
function assertUnderstood(writer: Codec, reader: Codec, random: Random): void {
  const [from, to] = [Payload.alloc(1 << 20), Payload.alloc(1 << 20)];
  for (let i = 0; i < SAMPLES_COUNT; i++) {
    const end = writer.marshal(from, 0, writer.sample(random));
    const message = reader.create();
    assert.ok(
      reader.unmarshal(from, 0, end, message) >= 0,
      `${reader.name} refuses ${from.bytes.toString('hex', 0, end)}`,
    );
    const size = reader.marshal(to, 0, message);
    assert.is(to.bytes.toString('hex', 0, size), from.bytes.toString('hex', 0, size));
  }
}

function assertTalking(before: Version, after: Version, random: Random): void {
  for (const was of before.protocol.messages) {
    const now = after.protocol.messages.find(({ mid }) => mid === was.mid);
    for (const part of ['req', 'resp'] as const) {
      const [a, b] = [before.codecs.get(was[part] ?? ''), after.codecs.get(now?.[part] ?? '')];
      if (a === undefined || b === undefined) continue;
      assertUnderstood(a, b, random);
      assertUnderstood(b, a, random);
    }
  }
}

const ALL = [
  ...[...CASES, ...SUBTLE_CASES].map(([name, edits]) => [name, BASE, edited(edits)] as const),
  ...PAIRS.map(([name, before, after]) => [name, before, after] as const),
];

for (const [name, before, after] of ALL) {
  test(name, async ({ directory }) => {
    const [old, now] = [await versionOf(before, directory), await versionOf(after, directory)];
    const levels = new Set(breakingChanges(old.protocol, now.protocol).map(({ level }) => level));
    if (!levels.has('wire')) assertTalking(old, now, new Random(SEED));
    if (levels.has('wire') || levels.has('source')) return;
    const gone = old.exported.filter((each) => !now.exported.includes(each));
    assert.equal(gone, []);
  });
}

test.run();
