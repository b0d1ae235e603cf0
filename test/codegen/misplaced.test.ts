/** What stands in a schema where it means nothing, and what the parser lets pass: told, not taken in silence. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { beside, errorsOf, outputsOf, request } from './compiled.js';

const message = (parts: string): string => `export interface P { a: Message<${parts}> }`;

const CASES: readonly (readonly [schema: string, ...errors: string[]])[] = [
  // What the parser lets pass, and only a type check would find.
  [request('a: u8 = 5'), "1:40: 'a' has a value, and a schema has types alone; drop '= 5'"],
  [
    '@sealed export interface P { a: Message<256, Empty, Empty> }',
    "1:1: 'P' has '@sealed' before it, which means nothing here; drop that",
  ],
  [
    beside('export abstract interface S { a: u8 }'),
    "1:1: 'S' has 'abstract' before it, which means nothing here; drop that",
  ],
  [
    beside('export interface T { b: u8 }\nexport interface S implements T { a: u8 }'),
    "2:1: 'S' continues others in a way that interfaces cannot; write one 'extends' and the name of one other",
  ],
  [
    beside('export interface T { b: u8 }\nexport interface S extends T extends T { a: u8 }'),
    "2:1: 'S' continues others in a way that interfaces cannot; write one 'extends' and the name of one other",
    '2:38: a struct extends one other; make a field of the second',
  ],

  // The parts of a message.
  [message('Empty, 256, Empty'), "1:25: 'a' has its parts in another order; write Message<256, Empty, Empty>"],
  [
    message("256, Donates<'x'>, { b: u8 }, Limits<{ request: 1 }>, Empty"),
    "1:25: 'a' has its parts in another order; write Message<256, { b: u8 }, Empty, Donates<'x'>, Limits<{ request: 1 }>>",
  ],
  [
    message('{ oneLongName: u64; another: string; yetAnother: u32 }, Empty, 300'),
    "1:25: 'a' has its parts in another order; write Message<300, { … }, Empty>",
    '1:62: string has no form on the wire; write Str',
  ],
  [message('300'), "1:25: 'a' needs a MID, a request and a response; write Message<300, Empty, Empty>"],
  [message('256, 257'), "1:25: 'a' needs a MID, a request and a response; write Message<256, Empty, Empty>"],
  [
    message('{ b: u8 }, Empty'),
    "1:25: 'a' needs a MID, a request and a response; write Message<256, { b: u8 }, Empty>",
  ],
  [
    message("256, Empty, Donates<'x'>"),
    "1:25: 'a' needs a MID, a request and a response; write Message<256, Empty, Empty, Donates<'x'>>",
  ],
  [
    message('256, Empty, Empty, never, Limits<{ request: 1 }>'),
    "1:52: what stands behind the response says what it donates; write Donates<'name'>, or leave it out",
  ],

  // A message that was copied, and not yet changed.
  [
    'export interface P { a: Message<256, { b: u8 }, Empty>; a: Message<256, { b: u8 }, Empty> }',
    "1:57: 'a' is there already (line 1); drop one, or give this a name and a MID of its own, such as 257",
  ],
  [
    'export interface P { a: Message<256, { b: u8 }, Empty>; a: Message<257, { b: u8 }, Empty> }',
    "1:57: 'a' is there already (line 1); drop one, or give this a name and a MID of its own, such as 258",
  ],
  [
    'export interface P { a: Message<256, { b: u8 }, Empty>; A: Message<257, { b: u8 }, Empty> }',
    "1:57: 'A' clashes with 'a' (line 1): their stubs would; rename one",
  ],

  // Words for the compiler in the wrong place, or misspelt.
  [
    'export interface P {\n  /** @allow FIELD_REMOVED S.a x */\n  a: Message<256, Empty, Empty> }',
    '2:7: @allow says nothing here; write it above the protocol',
  ],
  [
    beside('/** @allow FIELD_REMOVED S.a x */\nexport type K = Opaque<u64>;'),
    '1:5: @allow says nothing here; write it above the protocol',
  ],
  [
    beside('/** @allChannelsOrNone */\nexport interface S { a: u8 }'),
    "2:1: @allChannelsOrNone says nothing above 'S'; write it above the protocol",
  ],
  [
    '/** @alow FIELD_REMOVED S.a x */\nexport interface P { a: Message<256, Empty, Empty> }',
    '1:5: @alow says nothing; did you mean @allow?',
  ],
  [
    '/** @allchannelsornone */\nexport interface P { a: Message<256, Empty, Empty> }',
    '1:5: @allchannelsornone says nothing; did you mean @allChannelsOrNone?',
  ],
  [
    `export type K = Opaque<u64>;\nexport interface P { a: Message<256, { k: Makes<K> }, Empty>; b: Message<257, { k: Closes<K> }, Empty> }`,
    "2:40: 'k' is in no response, and only responses make; write it there",
  ],

  // Other files.
  [
    "import type { S, T } from './structs.js';\nexport interface P { a: Message<256, S, { t: T }> }",
    "1:1: a schema is one file, and './structs.js' is another; move 'S', 'T' here, and drop this import",
  ],
  [
    "import * as s from './structs.js';\nimport D from './d.js';\nexport interface P { a: Message<256, s.T, D> }",
    "1:1: a schema is one file, and './structs.js' is another; move what is used of it here, and drop this import",
    "2:1: a schema is one file, and './d.js' is another; move what is used of it here, and drop this import",
  ],
  [
    beside("export * from './structs.js';"),
    '1:1: a schema is one file and exports nothing of others; declare the types here, and drop this',
  ],

  // Declarations of another kind.
  [
    'interface P { a: Message<256, Empty, Empty> }\nexport { P };',
    "1:1: 'P' is not exported; write 'export' before it",
    "2:1: a schema exports each name where it is declared; write 'export' there, and drop this",
  ],
  [
    beside('export class S { a: u8 = 0 }'),
    '1:1: a class holds code, and a schema has types alone; write export interface, and fields without values',
  ],
  [
    'export interface P { a: Message<256, Empty, Empty> }\nexport interface P { b: Message<257, Empty, Empty> }',
    "2:1: 'P' is declared already (line 1); write all of its messages there",
  ],
  [
    beside('export interface ErrorResp { a: u8 }'),
    "1:1: 'ErrorResp' is a name of Error, which every protocol has; choose another",
  ],
  [
    beside('export interface MountReqInit { a: u8 }'),
    "1:1: 'MountReqInit' is a name of Mount, which every protocol has; choose another",
  ],

  // Known names that are no types, or no interfaces.
  [
    'export type Wrong = Errors<{ Full: 4096 }>;\nexport interface P { a: Message<256, { e: Wrong }, Empty> }',
    "2:43: 'Wrong' lists errors, with which any call can fail; a field that holds a code is u32",
  ],
  [
    beside('export type K = u8;\nexport interface S extends K { a: u8 }'),
    "2:28: 'K' is no interface; extend one of this file",
  ],
  [
    beside('export interface S extends P { a: u8 }'),
    "1:28: 'P' is the protocol, and no type; write an interface with fields",
  ],
  [
    request('a: [u8, u8]'),
    '1:43: a tuple has no form on the wire; export an interface with a field for each, or write a List',
  ],
  [
    request("a: 'x' | 'y'"),
    '1:43: a union has no form on the wire; write export type Colour = Enum<u8, { Red: 0; Green: 1 }>, and Colour here',
  ],
  [request('a: null'), '1:43: null has no form on the wire; write Empty, or leave the field out'],
  [request('a: Int32Array'), "1:43: 'Int32Array' has no form on the wire; write List<i32>"],

  // Without a protocol all else is told as well.
  ['export interface P { }', "1:1: 'P' has no members; a protocol has messages, as in get: Message<256, Empty, Empty>"],
  [
    'export interface P { a: Mesage<256, Empty, Empty> }',
    "1:22: 'a' is no message; write Message<MID, request, response>",
  ],
  [
    'export interface S { a: u9 }\nexport type K = Opaque<u8>;',
    '1:1: no protocol here; export an interface whose members are all Message<…>',
    "1:25: unknown type 'u9'; did you mean 'u8'? Else declare it here, or use a word of the vocabulary",
    "2:17: 'Opaque<u8>' is not what an identifier can be; write Opaque<u64> or Opaque<u32>",
  ],
];

const test = suite('misplaced');

for (const [schema, ...expected] of CASES) {
  test(expected[0]!, async () => assert.equal(await errorsOf(schema), expected));
}

test('a semicolon after a declaration is no mistake', async () => {
  assert.equal(await errorsOf('export interface P { a: Message<256, Empty, Empty> };\n;'), []);
});

test('tags of others are left alone', async () => {
  const doc = '/** @author A. N. Other @deprecated @alpha @api @always */';
  assert.equal(await errorsOf(`${doc}\nexport interface P { ${doc} a: Message<256, Empty, Empty> }`), []);
});

test('nothing is imported for a name that is only a key', async () => {
  const schema = (name: string): string =>
    `export type E = Enum<u8, { ${name}: 0; Other: 1 }>;\nexport interface P { ${name}: Message<256, { e: E }, Empty> }`;
  const importsOf = (text: string): readonly string[] => text.match(/^import[^;]*'\.\.\/wire[^;]*;/gmu) ?? [];
  const plain = await outputsOf(schema('Plain'));
  for (const name of ['Answer', 'Codec', 'EMSGSIZE', 'Random', 'ServerProtocol']) {
    for (const [file, text] of await outputsOf(schema(name)))
      assert.equal(importsOf(text), importsOf(plain.get(file)!), `${name}, ${file}`);
  }
});

test('nor for one that is only an accessor', async () => {
  const outputs = await outputsOf(
    'export interface P { a: Message<256, { exact: u64; check: Bytes; string: Bytes }, Empty> }',
  );
  const imported = outputs
    .get('messages.ts')!
    .match(/^import[^;]*;/gmu)!
    .join('\n');
  assert.not.match(imported, /\b(?:exactNumber|checkSize|stringSize)\b/u);
});

test.run();
