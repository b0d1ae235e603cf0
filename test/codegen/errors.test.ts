import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { freeMID } from '../../codegen/mids.js';
import { RESERVED_MEMBERS } from '../../codegen/names.js';
import { LISAFSCore } from '../../runtime/session/lisafs.js';
import { beside, compileText, errorsOf, request } from './compiled.js';

const test = suite('errors');

/** A protocol with these members, after 21 columns. */
const members = (text: string): string => `export interface P { ${text} }`;

const CASES: readonly (readonly [schema: string, ...errors: string[]])[] = [
  // What TypeScript cannot read.
  ['export interface P {\n  a: }', '2:6: Type expected. TypeScript cannot read this; mend it first'],

  // What does not belong into a schema.
  ['', '1:1: no protocol here; export an interface whose members are all Message<…>'],
  ['export interface S { a: u8 }', '1:1: no protocol here; export an interface whose members are all Message<…>'],
  [
    beside('const x = 1;'),
    '1:1: a schema holds imports of types, exported interfaces and exported type aliases; move anything else elsewhere',
  ],
  [
    beside('export enum E { A }'),
    '1:1: an enum does not say how many bytes it takes; write export type E = Enum<u8, { A: 0 }>',
  ],
  [beside('interface S { a: u8 }'), "1:1: 'S' is not exported; write 'export' before it"],
  [beside('type T = u8;'), "1:1: 'T' is not exported; write 'export' before it"],
  [
    beside('export interface S<T> { a: u8 }'),
    "1:1: 'S' has type parameters, and a message has one layout only; write one interface for each",
  ],
  [
    beside('export type S<T> = u8;'),
    "1:1: 'S' has type parameters, and a message has one layout only; write one interface for each",
  ],
  [
    beside("import type { Foo } from './foo.js';"),
    "1:1: a schema is one file, and './foo.js' is another; move 'Foo' here, and drop this import",
  ],
  [
    beside("import type { Liszt, Empty, Message } from './vocabulary.js';"),
    "1:15: 'Liszt' is no word of the vocabulary; did you mean 'List'? Else declare it in this file",
  ],
  [
    beside("import type { u8 as byte, Empty, Message } from './vocabulary.js';"),
    "1:15: 'u8' is imported under another name; import it under its own",
  ],
  [
    beside("import type * as v from './vocabulary.js';"),
    '1:1: only the vocabulary is imported, by name; write import type { u32 } from …',
  ],
  [
    `${members('a: Message<256, Empty, Empty>')}\nexport interface Q { a: Message<256, Empty, Empty> }`,
    "2:1: 'Q' is a second protocol after 'P' (line 1); use a file for each",
  ],
  [
    'export interface S { a: u8 }\nexport interface P extends S { a: Message<256, Empty, Empty> }',
    '2:28: a protocol extends nothing; write its messages here',
  ],

  // MIDs.
  [
    'export interface P {\n  get: Message<256, Empty, Empty>;\n  list: Message<256, Empty, Empty>;\n  put: Message<257, Empty, Empty>;\n  log: Message<258, Empty, Empty> }',
    "3:3: MID 256 is already used by 'get' (line 2); give 'list' one of its own, such as 259",
  ],
  [
    'export interface LISAFSX { a: Message<3, Empty, Empty>; b: Message<3, Empty, Empty> }',
    "1:57: MID 3 is already used by 'a' (line 1); give 'b' one of its own, such as 4",
  ],
  [
    members('a: Message<255, Empty, Empty>'),
    "1:33: 'a' cannot have this MID: MIDs 3 to 255 are those of LISAFS, and this is P; give it one from 256 to 65279, such as 256",
  ],
  [
    members('a: Message<65280, Empty, Empty>'),
    "1:33: 'a' cannot have this MID: MIDs 65280 to 65535 are for this SDK's own extensions; give it one from 256 to 65279, such as 256",
  ],
  [
    'export interface LISAFS { a: Message<65535, Empty, Empty> }',
    "1:38: 'a' cannot have this MID: MIDs 65280 to 65535 are for this SDK's own extensions; give it one from 256 to 65279, such as 256",
  ],
  [
    members('a: Message<2, Empty, Empty>'),
    "1:33: 'a' cannot have this MID: MID 2 is Channel's in every protocol; give it one from 256 to 65279, such as 256",
  ],
  [
    members('a: Message<65536, Empty, Empty>'),
    "1:33: a MID is an integer from 0 to 65535, written out, not '65536'; write one from 256 on, such as 256",
  ],
  [
    members('a: Message<1.5, Empty, Empty>'),
    "1:33: a MID is an integer from 0 to 65535, written out, not '1.5'; write one from 256 on, such as 256",
  ],
  [
    members('a: Message<-1, Empty, Empty>'),
    "1:33: a MID is an integer from 0 to 65535, written out, not '-1'; write one from 256 on, such as 256",
  ],
  [
    members('a: Message<u8, Empty, Empty>'),
    "1:33: a MID is an integer from 0 to 65535, written out, not 'u8'; write one from 256 on, such as 256",
  ],
  [members('Error: Message<0, Empty, Empty>'), "1:22: Error's response must have 'errno: u32'; add it"],
  [
    members('Mount: Message<1, Empty, { maxMessageSize: u32; supportedMs: List<u32> }>'),
    "1:22: Mount's response must have 'supportedMs: List<u16>'; add it",
  ],
  [
    members('Channel: Message<2, { a: u8 }, { dataOffset: i64; dataLength: u64 }>'),
    "1:22: Channel's request carries nothing; write Empty",
  ],

  // Messages.
  [
    members('a: Message<256, Empty>'),
    "1:25: 'a' needs a MID, a request and a response; write Message<256, Empty, Empty>",
  ],
  [
    members('a: Message<256, Empty, Empty>; b: u8; c: Message<257, Empty, Empty>'),
    "1:53: 'b' is no message; write Message<MID, request, response>",
  ],
  [members('a?: Message<256, Empty, Empty>'), "1:22: 'a' is there or not there; drop the question mark"],
  [
    members('a: Message<256, u8, Empty>'),
    "1:38: a request or a response has fields, not 'u8' alone; write { name: u8 }",
  ],
  [members('a: Message<256, {}, Empty>'), '1:38: there is nothing in it; write Empty'],
  [
    members('get: Message<256, Empty, Empty>; Get: Message<257, Empty, Empty>'),
    "1:55: 'Get' clashes with 'get' (line 1): their stubs would; rename one",
  ],
  [
    members('a: Message<256, Empty, Empty>; aSync: Message<257, Empty, Empty>'),
    "1:53: 'aSync' clashes with 'a' (line 1): their stubs would; rename one",
  ],
  [
    'export interface GetReq { a: u8 }\nexport interface P { get: Message<256, { a: u8 }, Empty> }',
    "2:40: what stands here gets the name 'GetReq', which line 1 declares; write GetReq here, or give that another name",
  ],

  [
    'export interface GetMethod { a: u8 }\nexport interface P { get: Message<256, Empty, Empty> }',
    "2:22: 'get' clashes with 'GetMethod' (line 1): both make 'GetMethod' in the generated code; rename one",
  ],

  // Donations.
  [
    members("a: Message<256, Empty, { fd: u8 }, Donates<'fd'>>"),
    "1:45: the donated 'fd' clashes with the field 'fd' (line 1) of the same response; rename one",
  ],
  [
    members("a: Message<256, Empty, { b: u64 }, Donates<'bNumber'>>"),
    "1:45: the donated 'bNumber' clashes with the field 'b' (line 1) of the same response; rename one",
  ],
  [
    members("a: Message<256, Empty, Empty, Donates<'x', 'x'>>"),
    "1:45: 'x' is donated twice; give each descriptor its own name",
  ],
  [
    members('a: Message<256, Empty, Empty, Donates<u8>>'),
    "1:60: a donated descriptor is named by a string, not 'u8'; write 'hostFD' in quotes",
  ],
  [
    members("a: Message<256, Empty, Empty, 'x'>"),
    "1:52: what stands behind the response says what it donates; write Donates<'x'>, or leave it out",
  ],
  [
    "export interface S { a: u8 }\nexport interface P { a: Message<256, Empty, S, Donates<'x'>>; b: Message<257, S, Empty> }",
    "2:22: 'S', which 'b' has as well, cannot be the response of one that donates; give 'a' a response type of its own",
  ],
  [
    "export interface S { a: u8 }\nexport interface T { s: List<S> }\nexport interface P { a: Message<256, T, S, Donates<'x'>> }",
    "3:22: 'S', which 'T' has as well, cannot be the response of one that donates; give 'a' a response type of its own",
  ],

  // Alignment.
  [request('a: u8; b: u32'), "1:47: 'b' needs 3 bytes of padding before it to be aligned to 4; insert pad0: Pad<3>"],
  [
    request('pad0: Pad<1>; b: u16'),
    "1:54: 'b' needs 1 byte of padding before it to be aligned to 2; insert pad1: Pad<1>",
  ],
  [
    `export interface S { a: u64 }\n${request('a: u32; s: S')}`,
    "2:48: 's' needs 4 bytes of padding before it to be aligned to 8; insert pad0: Pad<4>",
  ],
  [
    request('a: Str; b: u8; c: u16'),
    "1:55: 'c' needs 1 byte of padding before it to be aligned to 2; insert pad0: Pad<1>",
  ],
  [
    'export interface S { a: u32 }\nexport interface T extends S { b: u64 }\nexport interface P { a: Message<256, T, Empty> }',
    "2:32: 'b' needs 4 bytes of padding before it to be aligned to 8; insert pad0: Pad<4>",
  ],
  [request('pad0: Pad<4>'), "1:38: 'AReq' has pads and no field; write Empty, or a field"],

  // Types.
  [
    request('a: u9'),
    "1:43: unknown type 'u9'; did you mean 'u8'? Else declare it here, or use a word of the vocabulary",
  ],
  [request('a: Xyzzy'), "1:43: unknown type 'Xyzzy'; declare it here, or use a word of the vocabulary"],
  [request('a: number'), '1:43: number has no form on the wire; write the integer that the wire carries, as in u32'],
  [request('a: string'), '1:43: string has no form on the wire; write Str'],
  [request('a: bigint'), '1:43: bigint has no form on the wire; write u64 or i64'],
  [request('a: boolean'), '1:43: boolean has no form on the wire; write bool'],
  [request('a: u8[]'), '1:43: an array has no form on the wire; write List<u8>'],
  [request('a: u8 | u16'), '1:43: a union has no form on the wire; write one type, or one message for each'],
  [request('a: Array<u8>'), "1:43: 'Array' has no form on the wire; write List<u8>"],
  [request('a: Uint8Array'), "1:43: 'Uint8Array' has no form on the wire; write Bytes"],
  [request('a: 5'), "1:43: '5' is no type of the wire; write one, as in u32"],
  [request("a: 'x'"), "1:43: 'x' is no type of the wire; write one, as in u32"],
  [request('a: Empty'), '1:43: Empty is no type of a field; leave the field out'],
  [request('a: { b: u8 }'), '1:43: a struct inside a struct has a name; export an interface and write its name here'],
  [request('a: Opaque<u64>'), '1:43: an Opaque needs a name; write export type Key = Opaque<u64>, and Key here'],
  [
    beside('export type K = Opaque<u8>;'),
    "1:17: 'Opaque<u8>' is not what an identifier can be; write Opaque<u64> or Opaque<u32>",
  ],
  [request('a: List<Bytes>'), '1:48: a list of byte runs is not possible; put it into an interface, and list that'],
  [request('a: List<List<u8>>'), '1:48: a list of lists is not possible; put it into an interface, and list that'],
  [request('a: List<Pad<1>>'), '1:48: a list of pads is not possible; put it into an interface, and list that'],
  [request('a: List'), "1:43: 'List' takes 1 to 3 in <…>, not 0; write List<u32, u16, 100>"],
  [request('a: u8<1>'), "1:43: 'u8' takes no types in <…>, not 1; write u8"],
  [request('a: Pad<0>; b: u8'), "1:47: a Pad has 1 to 65535 bytes, not '0'; write Pad<4>"],
  [request('a: Str<i8>'), "1:47: a count is u8, u16, u32 or u64, not 'i8'; write one of them"],
  [
    request('a: Str<u8, 300>'),
    "1:51: a u8 counts to 255, not to 300 in 'Str<u8, 300>'; count with u16, or lower the limit",
  ],
  [
    request('a: List<u8, u16, 70000>'),
    "1:57: a u16 counts to 65535, not to 70000 in 'List<u8, u16, 70000>'; count with u32, or lower the limit",
  ],
  [
    request('a: Bytes<u64, 5000000000>'),
    "1:54: a u64 counts to 4294967295, not to 5000000000 in 'Bytes<u64, 5000000000>'; write at most 4294967295",
  ],
  [request('a: Str<u8, 0>'), "1:51: a limit is a whole number from 1 on, not '0'; write one"],

  // Structs.
  [beside('export interface S {}'), "1:1: 'S' has no fields; write Empty where a message has none"],
  [
    beside('export interface S { a: u8 }\nexport interface S { b: u8 }'),
    "2:1: 'S' is already declared (line 1); give one of them another name",
  ],
  [
    beside('export interface S { a: u8 }\nexport interface SInit { b: u8 }'),
    "2:1: 'SInit' clashes with 'S' (line 1): both make 'SInit' in the generated code; rename one",
  ],
  [beside('export interface P { b: u8 }'), "1:1: 'P' is already declared (line 2); give one of them another name"],
  [beside('export interface S { s: S }'), "1:22: 'S' holds itself (S → S); refer to it by a number instead"],
  [
    beside('export interface A { b: B }\nexport interface B { c: List<C> }\nexport interface C { a: A }'),
    "3:22: 'A' holds itself (A → B → C → A); refer to it by a number instead",
  ],
  [beside('export interface S extends S { a: u8 }'), "1:28: 'S' holds itself (S → S); refer to it by a number instead"],
  [beside('export type A = B;\nexport type B = A;'), "2:17: type 'A' is made of itself; write a type that ends"],
  [beside('export interface S extends T { a: u8 }'), "1:28: unknown type 'T'; extend an interface of this file"],
  [
    beside('export interface A { a: u8 }\nexport interface B { b: u8 }\nexport interface S extends A, B { c: u8 }'),
    '3:31: a struct extends one other; make a field of the second',
  ],

  // Fields.
  [
    request('a?: u8; b: u8'),
    "1:48: 'b' comes after 'a' (line 1), which is optional; move the optional fields to the end",
  ],
  [request('readonly a: u8'), "1:40: 'a' is readonly, which means nothing on the wire; drop the word 'readonly'"],
  [request('a(): u8'), "1:40: the method 'a' has no form on the wire; write a field, name: type"],
  [request('[a: string]: u8'), '1:40: an index signature has no form on the wire; write a field, name: type'],
  [request('(): u8'), '1:40: a call signature has no form on the wire; write a field, name: type'],
  [request('a; b: u8'), "1:40: 'a' has no type; write one, as in name: u32"],
  [request('a: u8; a: u8'), "1:47: 'a' is there already (line 1); give one of them another name"],
  [
    request('size: u64; sizeNumber: u64'),
    "1:51: 'sizeNumber' clashes with 'size' (line 1): both make 'sizeNumber'; rename one",
  ],
  [
    request('sizeNumber: u64; size?: u64'),
    "1:57: 'size' clashes with 'sizeNumber' (line 1): both make 'sizeNumber'; rename one",
  ],
  [
    request('dataSize: u32; data: Bytes'),
    "1:55: 'data' clashes with 'dataSize' (line 1): both make 'dataSize'; rename one",
  ],
  [
    request('data: Bytes; dataInto: u32'),
    "1:53: 'dataInto' clashes with 'data' (line 1): both make 'dataInto'; rename one",
  ],
  [request('a: u64; aLow: Bytes'), "1:48: 'aLow' clashes with 'a' (line 1): both make '_aLow'; rename one"],
  [
    'export interface S { a: u8 }\nexport interface T extends S { a: u8 }\nexport interface P { a: Message<256, T, Empty> }',
    "2:32: 'a' is there already (line 1); give one of them another name",
  ],
  [request("'a b': u8"), "1:40: 'a b' is no name of ASCII letters, digits and _; write one, as in 'aB'"],
  [request("'a-*': u8"), "1:40: 'a-*' is no name of ASCII letters, digits and _; write one, as in 'blockSize'"],
  [
    members("'get-one.now': Message<256, Empty, Empty>"),
    "1:22: 'get-one.now' is no name of ASCII letters, digits and _; write one, as in 'getOneNow'",
  ],
  [request('then: u8'), "1:40: 'then' is a name that generated code needs for itself; choose another"],
  [request('FDName: u8'), "1:40: 'FDName' does not look like its kind of name; write 'fdName'"],
];

for (const [schema, ...errors] of CASES) {
  test(errors[0]!, async () => assert.equal(await errorsOf(schema), errors));
}

test("the client's own members are known to the compiler, all of them", () => {
  const members = new Set<string>();
  for (let of = LISAFSCore.prototype as object; of !== Object.prototype; of = Object.getPrototypeOf(of) as object)
    for (const name of Object.getOwnPropertyNames(of)) members.add(name);
  members.delete('constructor');
  assert.equal(
    [...members].filter((name) => !RESERVED_MEMBERS.includes(name)),
    [],
  );
});

test("no message takes a name of the client's own", async () => {
  for (const name of RESERVED_MEMBERS.filter((member) => !member.endsWith('Sync') && member !== 'toJSON')) {
    const [error, ...more] = await errorsOf(`export interface P { ${name}: Message<256, Empty, Empty> }`);
    assert.match(error!, new RegExp(`^1:22: '${name}' would shadow the client's own '${name}'`, 'u'));
    assert.equal(
      more.filter((text) => !text.includes('cannot have this MID')),
      [],
    );
  }
});

test('everything that is wrong is told in one run, in the order of the text', async () => {
  const schema =
    'export interface S {\n  b: Nope;\n  readonly a: u8;\n}\nexport interface P {\n  x: Message<1, S, Empty>;\n  y: Message<256, S, Empty>;\n  z: Message<256, S, Nope>;\n}';
  const places = (await errorsOf(schema)).map((error) => error.split(' ')[0]);
  assert.equal(places, ['2:6:', '3:3:', '6:14:', '8:3:', '8:22:']);
});

test('what is wrong keeps anything from being generated', async () => {
  const { outputs, messageCount } = await compileText(request('a: u9'));
  assert.is(outputs.size, 0);
  assert.is(messageCount, 0);
});

test('255 descriptors can be donated, and no more', async () => {
  const names = (count: number): string => Array.from({ length: count }, (_, i) => `'n${i}'`).join(', ');
  const schema = (count: number): string => members(`a: Message<256, Empty, Empty, Donates<[${names(count)}]>>`);
  assert.equal(await errorsOf(schema(255)), []);
  assert.equal(await errorsOf(schema(256)), [
    '1:52: 256 descriptors are donated, and a response can carry 255; donate fewer',
  ]);
});

test('a proposed MID is free', () => {
  assert.is(freeMID('P', []), 256);
  assert.is(freeMID('P', [256, 300, 3, 65535]), 301);
  assert.is(freeMID('LISAFS', [0, 1, 2, 33]), 34);
  assert.is(freeMID('P', [65279]), 256);
});

test.run();
