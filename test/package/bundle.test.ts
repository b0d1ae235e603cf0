/** What a bundler keeps: of generated code only the messages that are used, and of the compiler nothing. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { generate } from '../../cli/generate.js';
import { ROOT } from './pack.js';

const SCHEMA = `import type { Bytes, Message, Str, u64 } from 'lisafs/schema';
export interface KV {
  get: Message<256, { key: Str }, { value: Bytes }>;
  put: Message<257, { key: Str; value: Bytes }, { version: u64 }>;
}
`;

const OWN = 'own';

interface Context {
  folder: string;
}

const test = suite<Context>('bundles');

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'lisafs-bundle-'));
});

test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

/** Bundles a program; `lisafs` is this package, by its own exports and sideEffects. */
async function bundle(folder: string, program: string): Promise<{ text: string; inputs: string[] }> {
  const entry = join(folder, 'entry.ts');
  writeFileSync(entry, program);
  const { outputFiles, metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    external: ['koffi'],
    absWorkingDir: ROOT,
    logLevel: 'silent',
    plugins: [
      {
        name: 'own package',
        setup({ onResolve, resolve }) {
          onResolve({ filter: /^lisafs(\/|$)/ }, ({ path, kind, pluginData }) => {
            // The second time is our own question.
            return pluginData === OWN ? undefined : resolve(path, { kind, resolveDir: ROOT, pluginData: OWN });
          });
        },
      },
    ],
  });
  const [output] = Object.values(metafile.outputs);
  const inputs = Object.entries(output!.inputs).flatMap(([path, { bytesInOutput }]) =>
    bytesInOutput > 0 ? [path] : [],
  );
  return { text: outputFiles[0]!.text, inputs };
}

test('one stub of generated code leaves the others out, and the runtime with its native code', async ({ folder }) => {
  writeFileSync(join(folder, 'kv.ts'), SCHEMA);
  const quiet = { out: () => undefined, error: () => undefined };
  assert.is(await generate([join(folder, 'kv.ts'), '--out', join(folder, 'generated')], quiet), 0);
  const { text, inputs } = await bundle(
    folder,
    `import { GetMethod } from './generated/kv/index.js';\nconsole.log(GetMethod);\n`,
  );
  assert.match(text, /mid: 256/);
  assert.match(text, /function marshalGetReq/);
  assert.not.match(text, /mid: 257|PutReq|PutMethod|KVStubs|dispatchKV|koffi/);
  assert.equal(
    inputs.filter((path) => /dist\/(codegen|cli|runtime\/(os|transport|session|fs))\//.test(path)),
    [],
  );
});

test('one stub of LISAFS by the main entry point brings koffi no more than that', async ({ folder }) => {
  const { text } = await bundle(folder, `import { FStatMethod } from 'lisafs';\nconsole.log(FStatMethod);\n`);
  assert.match(text, /function marshalFStatReq/);
  assert.not.match(text, /marshalWalkReq|LISAFSStubs|from "koffi"/);
});

test('a whole client has nothing of the compiler and of the server', async ({ folder }) => {
  const { text, inputs } = await bundle(
    folder,
    `import { connect } from 'lisafs';\nconsole.log(await connect({ path: '/x' }));\n`,
  );
  assert.match(text, /from "koffi"/);
  assert.equal(
    inputs.filter((path) => /node_modules|dist\/(codegen|cli)\/|runtime\/fs\/(local|serve)-/.test(path)),
    [],
  );
});

test.run();
