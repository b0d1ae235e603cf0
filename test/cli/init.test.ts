/** `lisafs init`: what it makes and what it refuses. That it all runs is shown by test/package. */

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ROOT } from '../package/pack.js';
import { MAIN, run, type Ended } from './command.js';

interface Context {
  folder: string;
}

const test = suite<Context>('lisafs init');

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'lisafs-init-'));
});

test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

function init(cwd: string, ...args: string[]): Promise<Ended> {
  return run([process.execPath, MAIN, 'init', ...args], { cwd });
}

test('makes a project in a new folder, and prints the next steps', async ({ folder }) => {
  const { code, stdout, stderr } = await init(folder, 'my kv');
  assert.equal([code, stderr], [0, '']);
  const made = readdirSync(join(folder, 'my kv')).sort();
  assert.equal(made, ['.gitignore', 'package.json', 'schema', 'src', 'tsconfig.json']);
  const steps = stdout.slice(stdout.indexOf('Now:'));
  assert.match(steps, /^Now:\n\n {2}cd 'my kv'\n {2}npm install\n {2}npm run generate {2}/);
  const manifest = JSON.parse(readFileSync(join(folder, 'my kv', 'package.json'), 'utf8')) as {
    name: string;
    dependencies: { lisafs: string };
    devDependencies: Record<string, string>;
  };
  assert.is(manifest.name, 'my-kv');
  assert.match(manifest.dependencies.lisafs, /^file:/);
  for (const version of Object.values(manifest.devDependencies)) assert.match(version, /^\^\d+\.\d+\.\d+$/);
});

test('has no placeholder left, and is formatted as Prettier does', async ({ folder }) => {
  await init(folder, 'kv');
  const config = { ...(await resolveConfig(join(ROOT, 'cli', 'init.ts'))) };
  for (const path of readdirSync(join(folder, 'kv'), { recursive: true, encoding: 'utf8' })) {
    if (!/\.(ts|json)$/.test(path)) continue;
    const text = readFileSync(join(folder, 'kv', path), 'utf8');
    assert.not.match(text, /\{\{/);
    assert.is(await format(text, { ...config, filepath: path }), text, path);
  }
});

test('works in the folder where one stands, also beside .git', async ({ folder }) => {
  mkdirSync(join(folder, '.git'));
  const { code, stdout } = await init(folder, '.');
  assert.is(code, 0);
  assert.match(stdout, /Now:\n\n {2}npm install\n/);
  assert.ok(existsSync(join(folder, 'schema', 'kv.ts')));
});

test('overwrites nothing', async ({ folder }) => {
  mkdirSync(join(folder, 'kv'));
  writeFileSync(join(folder, 'kv', 'mine'), 'mine');
  const { code, stderr } = await init(folder, 'kv');
  assert.equal(
    [code, stderr],
    [1, 'lisafs init: kv is not empty (it has mine); name a new folder, nothing is overwritten\n'],
  );
  assert.equal(readdirSync(join(folder, 'kv')), ['mine']);
  writeFileSync(join(folder, 'file'), '');
  assert.is((await init(folder, 'file')).code, 1);
  assert.is((await init(folder)).code, 2);
  assert.is((await init(folder, 'a', 'b')).code, 2);
});

test.run();
