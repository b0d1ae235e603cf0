/** What the bench is made of: the tests' gVisor, generated code that is up to date, versions that are exact. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { generate } from '../../cli/generate.js';
import { importsOf, read, ROOT, sources as files } from '../style/sources.js';

const sources = suite('sources of the bench');

sources('have the gVisor that the tests have', () => {
  const required = (path: string): string => /gvisor\.dev\/gvisor (\S+)/.exec(read(path))![1]!;
  assert.is(required('bench/go/go.mod'), required('test/interop/go.mod'));
});

sources('have generated code that is up to date', async () => {
  const said: string[] = [];
  const output = { out: (text: string) => void said.push(text), error: (text: string) => void said.push(text) };
  const args = ['bench/schema/bench.ts', '--out', 'bench/generated', '--check'];
  assert.is(await generate(args, output), 0, said.join(''));
});

sources('name exact versions of the peers, and the lock no registry', () => {
  const { devDependencies } = JSON.parse(read('bench/package.json')) as { devDependencies: Record<string, string> };
  for (const [name, version] of Object.entries(devDependencies)) assert.match(version, /^\d+\.\d+\.\d+$/, name);
  assert.not.match(read('bench/package-lock.json'), '"resolved"');
});

sources('need their peers in bench/ alone: what these tests compile imports no package', () => {
  const { compilerOptions, include } = JSON.parse(readFileSync(join(ROOT, 'tsconfig.json'), 'utf8')) as {
    compilerOptions: object;
    include: string[];
  };
  assert.ok(compilerOptions);
  assert.not.ok(include.includes('bench'), 'bench has a tsconfig of its own');
  const seen = new Set<string>();
  const packages: string[] = [];
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const imported of importsOf(files.get(path)!)) {
      if (files.has(imported)) visit(imported);
      else if (path.startsWith('bench/') && !imported.startsWith('node:')) packages.push(`${path} → ${imported}`);
    }
  };
  for (const path of files.keys()) if (path.startsWith('test/bench/')) visit(path);
  assert.equal(packages, []);
  assert.ok(seen.has('bench/goals.ts'));
});

sources.run();
