import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RUNTIME_TYPES, RUNTIME_VALUES } from '../../codegen/runtime-names.js';

const test = suite('names of the runtime');

test('each value is where generated code imports it from, and in the one entry for code elsewhere', async () => {
  const entry: object = await import('../../runtime/wire/index.js');
  for (const [module, names] of Object.entries(RUNTIME_VALUES)) {
    const exported: object = await import(`../../runtime/wire/${module}.js`);
    for (const name of names) {
      assert.ok(name in exported, `${name} in ${module}`);
      assert.is(Reflect.get(entry, name), Reflect.get(exported, name), name);
    }
  }
});

test('each type is where generated code imports it from', () => {
  for (const [module, names] of Object.entries(RUNTIME_TYPES)) {
    const source = readFileSync(`runtime/wire/${module}.ts`, 'utf8');
    for (const name of names) assert.match(source, new RegExp(`^export (?:interface|type|class) ${name}\\b`, 'mu'));
  }
});

test('each name is used by something that is generated', () => {
  const files = ['messages', 'client', 'server', 'samples', 'reflection'];
  const read = (folder: string): string => files.map((file) => readFileSync(`${folder}/${file}.ts`, 'utf8')).join('\n');
  const text = [read('generated/lisafs'), read('generated/lisafs-2021'), read('test/generated/kinds')].join('\n');
  const names = [RUNTIME_VALUES, RUNTIME_TYPES].flatMap(Object.values).flat();
  const unused = names.filter((name) => !new RegExp(`\\b${name}\\b`, 'u').test(text));
  assert.equal(unused, []);
});

test.run();
