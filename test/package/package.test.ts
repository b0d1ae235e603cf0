/**
 * The packed package, as somebody has it who installs it in an empty folder: on every Node that is supported, by the
 * steps that it prints and no other; and its types, as every way of resolving them finds them.
 */

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Project, ts } from 'ts-morph';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { generate } from '../../cli/generate.js';
import { run, type Ended } from '../cli/command.js';
import { nodes, pack, ROOT } from './pack.js';

const test = suite('the package');

const SILENT = { out: () => undefined, error: (text: string) => process.stderr.write(text) };

test('holds what is needed, built by prepack, and nothing else', () => {
  const { files } = pack();
  for (const needed of [
    'dist/cli/main.js',
    'dist/runtime/index.d.ts',
    'dist/runtime/transport/waiter-thread.js',
    'dist/generated/lisafs/client.js',
    'dist/schema/vocabulary.d.ts',
    'codegen/templates/field/int.hbs',
    'cli/templates/init/gitignore.txt',
    'schema/lisafs.ts',
    'LICENSE',
  ]) {
    assert.ok(files.includes(needed), needed);
  }
  assert.equal(
    files.filter((path) => /(^|\/)(test|bench|examples|\.cache|node_modules)\/|tsbuildinfo|tsconfig\.json$/.test(path)),
    [],
  );
});

test('runs no script of ours when it is installed', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
  for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) assert.not.ok(name in scripts, name);
});

/** Runs commands of a shell one by one; those that change the folder are followed. */
async function follow(steps: readonly string[], folder: string, env: NodeJS.ProcessEnv): Promise<Ended[]> {
  const ended: Ended[] = [];
  let cwd = folder;
  for (const step of steps) {
    if (step.startsWith('cd ')) {
      cwd = join(cwd, step.slice(3));
      continue;
    }
    const one = await run(['sh', '-c', step], { cwd, env });
    assert.is(one.code, 0, `${step}\n${one.stdout}\n${one.stderr}`);
    ended.push(one);
  }
  return ended;
}

/** The steps that `init` prints: the first column of what comes after “Now:”. */
function stepsOf(printed: string): string[] {
  const after = printed.slice(printed.indexOf('Now:'));
  return [...after.matchAll(/^ {2}(\S.*?)(?: {2,}.*)?$/gm)].map(([, command]) => command!);
}

for (const [version, bin] of nodes()) {
  const body = async (): Promise<void> => {
    const folder = mkdtempSync(join(tmpdir(), `lisafs-node${version}-`));
    const env = { ...process.env, PATH: `${bin}:${process.env['PATH']}`, npm_config_prefer_offline: 'true', CI: '1' };
    try {
      assert.match((await run(['node', '--version'], { env })).stdout, `v${version}.`);
      const { file } = pack();
      const began = performance.now();
      const [, init] = await follow([`npm install ${file}`, 'npx lisafs init kv'], folder, env);
      const steps = stepsOf(init!.stdout);
      assert.equal(steps, ['cd kv', 'npm install', 'npm run generate', 'npm start', 'npm test']);
      const [, generated, started, tested] = await follow(steps, folder, env);
      const took = performance.now() - began;
      assert.match(generated!.stdout, /3 messages, \d+ files/);
      assert.match(started!.stdout, /colour is blue, version 2\nkeys: colour\nsize: ENOENT/);
      assert.match(tested!.stdout, /pass 4\b/);
      // Told and not judged: a busy machine decides no test.
      console.log(`Node ${version}: from an empty folder to a running protocol in ${(took / 1000).toFixed(1)} s`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
  const name = `from an empty folder to a running protocol, on Node ${version}`;
  if (bin !== undefined || process.env['CI'] !== undefined) test(name, body);
  else test.skip(`${name}: npm ci --prefix test/package/nodes brings it`, body);
}

const RESOLUTIONS = [
  ['node16', ts.ModuleKind.Node16, ts.ModuleResolutionKind.Node16],
  ['nodenext', ts.ModuleKind.NodeNext, ts.ModuleResolutionKind.NodeNext],
  ['bundler', ts.ModuleKind.ESNext, ts.ModuleResolutionKind.Bundler],
] as const;

/** What a user writes; each line names one entry point. */
const USER = `import { connect, RPCError, type LISAFSClient } from 'lisafs';
import { serve, localDirectory } from 'lisafs/server';
import { LISAFS2021 } from 'lisafs/2021';
import { Payload } from 'lisafs/wire';
import type { Message, Str, u32 } from 'lisafs/schema';
const client: LISAFSClient = await connect({ path: '/x' });
const data: Uint8Array = (await client.pread({ fd: (await client.mount()).root.controlFD, offset: 0n, count: 1 })).data;
const old = await connect({ path: '/x', protocol: LISAFS2021 });
await old.mount('/');
const server = await serve({ listen: '/x', root: localDirectory('/') });
const code: string = new RPCError(2, 'x').code;
type M = Message<256, { a: Str }, { b: u32 }>;
export { client, data, old, server, code, Payload, type M };
`;

test('has types that resolve under node16, nodenext and bundler', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lisafs-types-'));
  try {
    mkdirSync(join(folder, 'node_modules', 'lisafs'), { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(join(folder, 'user.ts'), USER);
    const target = join(folder, 'node_modules', 'lisafs');
    assert.is((await run(['tar', '-xzf', pack().file, '-C', target, '--strip-components=1'])).code, 0);
    for (const [name, module, moduleResolution] of RESOLUTIONS) {
      const project = new Project({
        compilerOptions: {
          module,
          moduleResolution,
          target: ts.ScriptTarget.ES2022,
          strict: true,
          noEmit: true,
          types: ['node'],
          typeRoots: [join(ROOT, 'node_modules/@types')],
          lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
        },
      });
      project.addSourceFileAtPath(join(folder, 'user.ts'));
      const wrong = project.getPreEmitDiagnostics();
      assert.is(project.formatDiagnosticsWithColorAndContext(wrong), '', name);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

const SCHEMA = `import type { Bytes, Donates, List, Message, Str, bool, f64, u64 } from 'lisafs/schema';
export interface Item { name: Str; size: u64 }
export interface KV {
  get: Message<256, { key: Str; from?: u64 }, { at: f64; ok: bool; value: Bytes; items: List<Item> }, Donates<'log'>>;
}
`;

/** What a user writes against generated code. */
const OWN_USER = `import { connect } from 'lisafs';
import { serve } from 'lisafs/server';
import { fault, testPeer } from 'lisafs/testing';
import { KV, type KVHandlers } from './generated/kv/index.js';
const items = [{ name: 'a', size: 1 }];
const handlers: KVHandlers = { get: ({ key }) => ({ value: Buffer.from(key), items, ok: true, at: 1 }) };
await serve({ listen: '/x', protocol: KV, handlers });
const { clientFD } = testPeer(KV).answer('get', fault.error('ENOENT'));
const kv = await connect({ fd: clientFD, protocol: KV, callTimeout: 5 });
export const { value, log } = await kv.get({ key: 'a' }, { timeout: 5 });
`;

/** The oldest TypeScript, and the one of this package; with all that a careful user turns on. */
const OLDEST = join(ROOT, 'test', 'package', 'nodes', 'node_modules', 'typescript54', 'bin', 'tsc');
const COMPILERS = [
  ['TypeScript 5.4', OLDEST],
  ["this package's TypeScript", join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')],
] as const;
const CAREFUL = `--strict --noUncheckedIndexedAccess --exactOptionalPropertyTypes --noPropertyAccessFromIndexSignature
  --isolatedModules --verbatimModuleSyntax --noImplicitOverride --noEmit`.split(/\s+/);

for (const [name, tsc] of COMPILERS) {
  const body = async (): Promise<void> => {
    const folder = mkdtempSync(join(tmpdir(), 'lisafs-compiler-'));
    try {
      const target = join(folder, 'node_modules', 'lisafs');
      mkdirSync(target, { recursive: true });
      symlinkSync(join(ROOT, 'node_modules', '@types'), join(folder, 'node_modules', '@types'));
      assert.is((await run(['tar', '-xzf', pack().file, '-C', target, '--strip-components=1'])).code, 0);
      for (const [file, text] of [
        ['package.json', '{"type":"module"}'],
        ['user.ts', USER],
        ['own.ts', OWN_USER],
        ['kv.ts', SCHEMA],
      ] as const) {
        writeFileSync(join(folder, file), text);
      }
      const generated = await generate([join(folder, 'kv.ts'), '--out', join(folder, 'generated')], SILENT);
      assert.is(generated, 0);
      const options = ['--module', 'nodenext', '--target', 'es2022', '--lib', 'es2023,esnext.disposable'];
      const files = ['--types', 'node', '--skipLibCheck', 'false', 'user.ts', 'own.ts', 'kv.ts'];
      const { stdout } = await run([process.execPath, tsc, ...options, ...CAREFUL, ...files], { cwd: folder });
      assert.is(stdout, '');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
  const title = `has types, and generates code, that ${name} takes with every strictness, libraries checked`;
  if (existsSync(tsc) || process.env['CI'] !== undefined) test(title, body);
  else test.skip(`${title}: npm ci --prefix test/package/nodes brings it`, body);
}

test.after(() => pack().remove());

test.run();
