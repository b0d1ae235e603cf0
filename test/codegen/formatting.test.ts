/** Generated code is what Prettier would make of it, though Prettier sees little of it. */

import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { indent } from '../../codegen/indent.js';
import { literal } from '../../codegen/literal.js';
import { piecesOf, prettierOf } from '../../codegen/pieces.js';
import { outputsOf } from './compiled.js';

const test = suite('formatting');

/** Long names, so that lines are as long as they may be and longer; one of each, so that lists have one element. */
const LONG = (length: number): string => {
  const name = 'x'.repeat(length);
  return `export type E${name} = Errors<{ A${name}: 5000 }>;
export type Choice${name} = Enum<u8, { A${name}: 1 }>;
/** ${'word '.repeat(length)} */
export interface S${name} { a${name}: u32; b${name}: List<Str, u8, 3>; c${name}?: Choice${name}; d${name}?: Bytes }
export interface P {
  m${name}: Message<256, S${name}, { r${name}: u64 }, Donates<'d${name}'>, Limits<{ request: 9 }>>
}`;
};

for (const length of [0, 3, 8, 12, 17, 25, 33, 41, 60, 80]) {
  test(`is Prettier's, with names of ${length} letters and more`, async () => {
    for (const [name, text] of await outputsOf(LONG(length))) assert.is(text, await prettierOf(text), name);
  });
}

for (const folder of ['generated/lisafs', 'generated/lisafs-2021', 'generated/extensions', 'test/generated/kinds']) {
  test(`is Prettier's in ${folder}`, async () => {
    for (const name of ['client', 'index', 'messages', 'reflection', 'samples', 'server']) {
      const text = readFileSync(`${folder}/${name}.ts`, 'utf8');
      assert.is(text, await prettierOf(text), name);
    }
  });
}

test('a literal of data is printed as Prettier does it', async () => {
  const values: readonly unknown[] = [
    {},
    [],
    { a: [], b: {}, c: '' },
    { a: "it's", b: 'say "x"', c: `'"`, d: '\u202e\u2028*/${`', e: null, f: false },
    [
      [1, 2],
      [3, 4],
    ],
    [{ a: 1 }, { b: 2 }],
    [
      { a: 1, b: 2 },
      { a: 3, b: 4 },
    ],
    { a: [{ a: 1, b: 2 }], b: 'x'.repeat(100), c: 'y'.repeat(120) },
    ...Array.from({ length: 40 }, (_, i) => ({ name: 'x'.repeat(60 + i), list: [], more: { a: 'y', b: i } })),
  ];
  for (const value of values) {
    const text = `export const value = ${literal(value, 0, 21)};\n`;
    assert.is(text, await prettierOf(text));
  }
});

test('parts stand for themselves', () => {
  assert.equal(piecesOf('/**\n * A\n\n * B\n */\nf(\n\n1);\n\ng();\n\n\n// x\nh({\n});'), [
    '/**\n * A\n\n * B\n */\nf(\n\n1);',
    'g();',
    '// x\nh({\n});',
  ]);
});

test('what is more than a matter of indenting is left to Prettier', () => {
  for (const text of [
    'f("x");',
    'const a = [1, ];',
    'const a =\n1;',
    `f(${'x'.repeat(120)});`,
    'f({',
    'const m = [\n[1, 2],\n];',
  ]) {
    assert.is(indent(text), undefined, text);
  }
  assert.is(
    indent('switch (x) {\ncase 1: // f(\nreturn [{\na: 1,\n}];\n}'),
    'switch (x) {\n  case 1: // f(\n    return [{\n      a: 1,\n    }];\n}\n',
  );
});

test.run();
