/** The size of generated code: what the table says of ours is what is generated now. */

import { build } from 'esbuild';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { schemas } from '../../bench/codegen-messages.js';
import { generate } from '../../cli/generate.js';
import { ROOT } from '../style/sources.js';

/** What may change before the table has to be made anew. */
const TOLERANCE = 0.1;

const size = suite('the size of generated code');

size('is what bench/results says, beside protobuf-es and ts-proto', async () => {
  const table = readFileSync(join(ROOT, 'bench', 'results', 'codegen-size.md'), 'utf8');
  const rows = new Map(
    [...table.matchAll(/^\| ([\w-]+) +((?:\| +[\d.]+ +){5})\|$/gm)].map(([, name, numbers]) => [
      name!,
      numbers!.split('|').slice(1).map(Number),
    ]),
  );
  assert.equal([...rows.keys()], ['lisafs', 'protobuf-es', 'ts-proto']);
  const folder = mkdtempSync(join(tmpdir(), 'lisafs-size-'));
  try {
    const schema = join(folder, 'size.ts');
    writeFileSync(schema, schemas().lisafs);
    const silent = { out: () => undefined, error: (text: string) => process.stderr.write(text) };
    assert.is(await generate([schema, '--out', folder], silent), 0);
    const { outputFiles } = await build({
      entryPoints: [join(folder, 'size', 'index.ts')],
      bundle: true,
      minify: true,
      write: false,
      format: 'esm',
      platform: 'node',
      alias: { 'lisafs/wire': join(ROOT, 'dist', 'runtime', 'wire', 'index.js') },
      logLevel: 'error',
    });
    const minified = outputFiles[0]!.contents.length / 1024;
    const told = rows.get('lisafs')![2]!;
    const change = `${told} KiB was told, and it is ${minified.toFixed(1)} now: run npm run bench:codegen`;
    assert.ok(Math.abs(minified - told) / told < TOLERANCE, change);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

size.run();
