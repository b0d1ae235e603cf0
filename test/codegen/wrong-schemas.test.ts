/** Wrong schemas, each with all that is said of it: the later words of the vocabulary, and files as a whole. */

import * as fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { analyse, formatDiagnostic } from '../../codegen/compile.js';
import { beside, errorsOf, request } from './compiled.js';

const CASES: readonly (readonly [schema: string, ...errors: string[]])[] = [
  [
    'export interface P { a: Message<256, { a?: u8; b: u8 }, Empty> }',
    "1:48: 'b' comes after 'a' (line 1), which is optional; move the optional fields to the end",
  ],
  [
    'export interface P { a: Message<256, { p0?: Pad<4>; a?: u8 }, Empty> }',
    "1:40: 'p0' is a pad; drop the question mark",
  ],
  [
    'export interface P { a: Message<256, { a: Enum<u8, { A: 0 }> }, Empty> }',
    '1:43: Enum needs a name; write export type Colour = Enum<u8, { A: 0 }>, and Colour here',
  ],
  [
    'export interface P { a: Message<256, { a: Flags<u8, { A: 1 }> }, Empty> }',
    '1:43: Flags needs a name; write export type Colour = Flags<u8, { A: 1 }>, and Colour here',
  ],
  [
    'export interface P { a: Message<256, { a: FixedBytes }, Empty> }',
    "1:43: 'FixedBytes' takes 1 in <…>, not 0; write FixedBytes<16>",
  ],
  [
    'export interface P { a: Message<256, { a: FixedBytes<0> }, Empty> }',
    "1:54: FixedBytes has 1 to 65535 bytes, not '0'; write FixedBytes<16>",
  ],
  [
    'export interface P { a: Message<256, { a: FixedBytes<u8> }, Empty> }',
    "1:54: FixedBytes has 1 to 65535 bytes, not 'u8'; write FixedBytes<16>",
  ],
  [
    'export interface P { a: Message<256, { a: List<FixedBytes<4>> }, Empty> }',
    '1:48: a list of byte runs is not possible; put it into an interface, and list that',
  ],
  [
    'export interface P { a: Message<256, { a: bool<u8> }, Empty> }',
    "1:43: 'bool' takes no types in <…>, not 1; write bool",
  ],
  [
    'export interface P { a: Message<256, { a: f32<1> }, Empty> }',
    "1:43: 'f32' takes no types in <…>, not 1; write f32",
  ],
  [
    'export interface P { a: Message<256, { a: u8; b: f64 }, Empty> }',
    "1:47: 'b' needs 7 bytes of padding before it to be aligned to 8; insert pad0: Pad<7>",
  ],
  [
    'export interface P { a: Message<256, { a: Limits<{request:1}> }, Empty> }',
    '1:43: Limits is no type of a field; write it behind the response, Message<256, Empty, Empty, Limits<{ request: 4096 }>>',
  ],
  [
    'export interface P { a: Message<256, { a: Makes<u64> }, Empty> }',
    "1:49: only identifiers are made, and 'u64' is none; write an alias of Opaque<u64>, or a List of one",
  ],
  [
    'export interface P { a: Message<256, { a: Makes }, Empty> }',
    "1:43: 'Makes' takes 1 in <…>, not 0; write Makes<FDID>",
  ],
  [
    'export interface P { a: Message<256, { a: List<Makes<Key>> }, Empty> }',
    '1:48: Makes marks a whole field; write it around the type of the field',
  ],
  [
    'export type E = Enum<u8, { A: 256 }>;\nexport interface P { a: Message<256, Empty, Empty> }',
    "1:31: 'A' has a whole number from 0 to 255, not '256'; write one",
  ],
  [
    'export type E = Enum<u8, { A: 1; B: 1 }>;\nexport interface P { a: Message<256, Empty, Empty> }',
    "1:34: 'B' has the value of 'A' (line 1); give it its own",
  ],
  [
    'export type E = Enum<u8, { A: 1; A: 2 }>;\nexport interface P { a: Message<256, Empty, Empty> }',
    "1:34: 'A' is there already (line 1); rename one",
  ],
  [
    'export type E = Enum<u64, { A: 1 }>;\nexport interface P { a: Message<256, Empty, Empty> }',
    "1:17: 'E' needs a u8, u16 or u32 and its names; write Enum<u8, { Red: 0; Green: 1 }>",
  ],
  [
    'export type E = Enum<u8, {}>;\nexport interface P { a: Message<256, Empty, Empty> }',
    '1:26: there is nothing in it; write Enum<u8, { Red: 0; Green: 1 }>',
  ],
  [
    'export type E = Enum<u8>;\nexport interface P { a: Message<256, Empty, Empty> }',
    "1:17: 'E' needs a u8, u16 or u32 and its names; write Enum<u8, { Red: 0; Green: 1 }>",
  ],
  [
    'export type E = Enum<u8, { __proto__: 1 }>;\nexport interface P { a: Message<256, Empty, Empty> }',
    "1:28: '__proto__' is a name that every object has already; choose another, as in 'NotFound'",
  ],
  [
    'export type E = Enum<u8, { A: u8 }>;\nexport interface P { a: Message<256, Empty, Empty> }',
    "1:31: 'A' has a whole number from 0 to 255, not 'u8'; write one",
  ],
  [
    'export type E = Enum<u8, { A?: 1 }>;\nexport interface P { a: Message<256, Empty, Empty> }',
    "1:28: 'A' is there or not there; drop the question mark",
  ],
  [
    'export type F = Flags<u8, { A: 3 }>;\nexport interface P { a: Message<256, Empty, Empty> }',
    "1:29: 'A' is 3, which is more than one bit; write a power of two",
  ],
  [
    'export type F = Flags<u8, { A: 0 }>;\nexport interface P { a: Message<256, Empty, Empty> }',
    "1:32: 'A' has a whole number from 1 to 255, not '0'; write one",
  ],
  [
    'export type F = Flags<u8, { A: 256 }>;\nexport interface P { a: Message<256, Empty, Empty> }',
    "1:32: 'A' has a whole number from 1 to 255, not '256'; write one",
  ],
  [
    'export type Er = Errors<{ A: 4095 }>;\nexport interface P { a: Message<256, Empty, Empty> }',
    "1:30: 'A' has a whole number from 4096 to 4294967295, not '4095'; write one",
  ],
  [
    'export type Er = Errors<{}>;\nexport interface P { a: Message<256, Empty, Empty> }',
    "1:18: 'Er' needs names of codes; write Errors<{ QuotaExceeded: 4096 }>",
  ],
  [
    'export type Er = Errors<{A: 4096}>;\nexport type Er2 = Errors<{A: 4096}>;\nexport interface P { a: Message<256, Empty, Empty> }',
    "2:1: 'Er2' declares errors, as 'Er' (line 1) does; write all codes there",
  ],
  [
    'export type Er = Errors<u8>;\nexport interface P { a: Message<256, Empty, Empty> }',
    "1:18: 'Er' needs names of codes; write Errors<{ QuotaExceeded: 4096 }>",
  ],
  [
    'export interface S { a: u8; b?: u8 }\nexport interface T { s: S }\nexport interface P { a: Message<256, Empty, Empty> }',
    "2:22: 'S' ends with the optional 'b' and cannot be a part of something; only a whole request or response can have optional fields",
  ],
  [
    'export interface S { a: u8; b?: u8 }\nexport interface T { s: List<S> }\nexport interface P { a: Message<256, Empty, Empty> }',
    "2:22: 'S' ends with the optional 'b' and cannot be a part of something; only a whole request or response can have optional fields",
  ],
  [
    'export interface S { a: u8; b?: u8 }\nexport interface T extends S { c: u8 }\nexport interface P { a: Message<256, Empty, Empty> }',
    "2:28: 'S' ends with the optional 'b' and cannot be a part of something; only a whole request or response can have optional fields",
    "2:32: 'c' comes after 'b' (line 1), which is optional; move the optional fields to the end",
  ],
  [
    'export interface P { a: Message<256, Empty, Empty, Limits<{ most: 1 }>> }',
    "1:61: 'most' has no limit; write request or response",
  ],
  [
    'export interface P { a: Message<256, Empty, Empty, Limits<{ request: 0 }>> }',
    "1:61: a limit is a whole number of bytes, not '0'; write one",
  ],
  [
    'export interface P { a: Message<256, Empty, Empty, Limits<4>> }',
    '1:52: limits say of what; write Limits<{ request: 4096; response: 65536 }>',
  ],
  ['export interface P { a?: Message<256, Empty, Empty> }', "1:22: 'a' is there or not there; drop the question mark"],
  [
    'export interface P { a: Message<256, Empty, Empty, u8> }',
    "1:52: what stands behind the response says what it donates; write Donates<'name'>, or leave it out",
  ],
  [
    'export interface P { a: Message<65280, Empty, Empty> }',
    "1:33: 'a' cannot have this MID: MIDs 65280 to 65535 are for this SDK's own extensions; give it one from 256 to 65279, such as 256",
  ],
  ['', '1:1: no protocol here; export an interface whose members are all Message<…>'],
  [' \n// nothing\n', '1:1: no protocol here; export an interface whose members are all Message<…>'],
  [
    'export enum Colour { Red }\nexport interface P { a: Message<256, Empty, Empty> }',
    '1:1: an enum does not say how many bytes it takes; write export type Colour = Enum<u8, { Red: 0 }>',
  ],

  // What people who know other languages write.
  [
    "export enum E { A, B = 300, C = 'c', D }\nexport interface P { a: Message<256, { e: E; f: E.A }, Empty> }",
    '1:1: an enum does not say how many bytes it takes; write export type E = Enum<u16, { A: 0; B: 300; C: 2; … }>',
  ],
  [
    'export class C { a!: u8 }\nexport interface P { a: Message<256, C, Empty> }',
    '1:1: a class holds code, and a schema has types alone; write export interface, and fields without values',
  ],
  [
    'export interface S<T> { a: T; b: List<T> }\nexport interface P { a: Message<256, S, Empty> }',
    "1:1: 'S' has type parameters, and a message has one layout only; write one interface for each",
  ],
  [
    "export type C = 'a' | 'b';\nexport interface P { a: Message<256, { c: C; d: 'a' | 'b' }, Empty> }",
    '1:17: a union has no form on the wire; write export type C = Enum<u8, { Red: 0; Green: 1 }>',
    '2:49: a union has no form on the wire; write export type Colour = Enum<u8, { Red: 0; Green: 1 }>, and Colour here',
  ],
  [
    'export interface P { a: Message<256, { a: List<Str, 5>; b: Str<64>; c: Bytes<70000>; d: Str<70000> }, Empty> }',
    '1:53: a limit comes after the type of the count, which is u8, u16, u32 or u64; write List<Str, u16, 5>',
    '1:64: a limit comes after the type of the count, which is u8, u16, u32 or u64; write Str<u16, 64>',
    '1:78: a limit comes after the type of the count, which is u8, u16, u32 or u64; write Bytes<u32, 70000>',
    '1:93: a limit comes after the type of the count, which is u8, u16, u32 or u64; write Str<u32, 70000>',
  ],
  [
    'export interface P { a: Message<256, { a: Option<Str>; b: Vec<u8>; c: u128; d: Array<u32> }, Stream<Str>> }',
    "1:43: 'Option' has no form on the wire; write a question mark after the name of the field",
    "1:59: 'Vec' has no form on the wire; write List<u8>",
    "1:71: 'u128' has no form on the wire; write FixedBytes<16>, or two u64",
    "1:80: 'Array' has no form on the wire; write List<u32>",
    "1:94: 'Stream' has no form on the wire; write a message that asks for the next part, and answers with a List or Bytes",
  ],
  [
    'export interface P { a: Message<256, { a: readonly u8[]; b: FixedBytes<70000> }, { fd: FD; d: Donates<"x"> }> }',
    '1:43: an array has no form on the wire; write List<u8>',
    "1:72: FixedBytes has 1 to 65535 bytes, not '70000'; write Bytes, which are counted",
    "1:88: 'FD' has no form on the wire; a response donates descriptors by their names, behind it: Message<256, Empty, Empty, Donates<'file'>>",
    "1:95: Donates is no type of a field; write it behind the response, Message<256, Empty, Empty, Donates<'file'>>",
  ],
  [
    'export interface P { a: Message<256, { a: u32?; b: ?u8 }, Empty> }',
    "1:43: 'u32?' has no form on the wire; write a question mark after the name of a field that may be missing, as in a?: u8, and its type alone",
    "1:52: '?u8' has no form on the wire; write a question mark after the name of a field that may be missing, as in a?: u8, and its type alone",
  ],
  [
    'export interface kv_entry { a: u8 }\nexport interface P { a: Message<256, kv_entry, Empty> }',
    "1:1: 'kv_entry' does not look like its kind of name; write 'KvEntry'",
  ],
  [
    "export interface P { a: Message<256, Empty, Empty, Donates<'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'>> }",
    "1:52: Donates takes 8 names, not 9; write a tuple of them, Donates<['file', …]>",
  ],

  // A word that the import leaves out.
  [
    "import type { Empty, Message, u8 } from 'lisafs/schema';\nexport type K = Opaque<u64>;\nexport interface P { a: Message<256, { a: u8; k: List<K>; s: Str; t: Str }, Empty> }",
    "2:17: 'Opaque' is not imported; write it into the import in line 1",
    "2:24: 'u64' is not imported; write it into the import in line 1",
    "3:50: 'List' is not imported; write it into the import in line 1",
    "3:62: 'Str' is not imported; write it into the import in line 1",
  ],
  ['\u0000', '1:1: Invalid character. TypeScript cannot read this; mend it first'],
  ["type 'a\u202eb' = u8;", "1:6: Type alias name cannot be 'a\\u{202e}b'. TypeScript cannot read this; mend it first"],
  ['export interface P {', "1:21: '}' expected. TypeScript cannot read this; mend it first"],
  ['hello world', '1:1: Unexpected keyword or identifier. TypeScript cannot read this; mend it first'],
  [
    "import { x } from './missing.js';\nexport interface P { a: Message<256, x, Empty> }",
    "1:1: a schema is one file, and './missing.js' is another; move 'x' here, and drop this import",
  ],
  [
    'export interface P { a: Message<256, Empty, Empty> }\nexport interface Q { a: Message<256, Empty, Empty> }',
    "2:1: 'Q' is a second protocol after 'P' (line 1); use a file for each",
  ],
  [
    'export type A = B;\nexport type B = A;\nexport interface P { a: Message<256, { a: A }, Empty> }',
    "2:17: type 'A' is made of itself; write a type that ends",
  ],
];

const message = (text: string): string => `export interface P { a: Message<256, ${text}> }`;

/** What was taken in silence once, or told in a way that helps nobody. */
const ODD_CASES: typeof CASES = [
  // Numbers that are written otherwise than with digits alone.
  [
    request('a: Bytes<u32, 1e30>'),
    "1:54: a u32 counts to 4294967295, not to 1e+30 in 'Bytes<u32, 1e30>'; write at most 4294967295",
  ],
  [
    'export interface P { a: Message<1e21, Empty, Empty> }',
    "1:33: a MID is an integer from 0 to 65535, written out, not '1e21'; write one from 256 on, such as 256",
  ],
  // Parts of a message.
  [message('Empty, Empty, Donates<[]>'), "1:52: nothing is donated; write a name, as in Donates<'hostFD'>"],
  [
    message("Empty, Empty, Donates<'x'>, Donates<'y'>"),
    "1:66: 'a' says what it donates already; write all of it there, and here Limits<…> or nothing",
  ],
  [message('{ a: u8 }, Empty, Limits<{ request: 5; request: 6 }>'), "1:77: 'request' has its limit already; drop one"],
  [
    message('{ a: u8 }, Empty, Limits<{ readonly request: 5 }>'),
    "1:65: 'request' is readonly, which means nothing on the wire; drop the word 'readonly'",
  ],
  [
    message('{ a: u8 }, Empty, Limits<{ request?: 5 }>'),
    "1:65: 'request' is there or not there; drop the question mark",
  ],
  [
    message('{ a: u8 }, Empty, Limits<{ request: 1e10 }>'),
    "1:65: a limit is a whole number of bytes, not '1e10'; write at most 4294967295",
  ],
  [
    message('{ a: u64; b: Str }, Empty, Limits<{ request: 9 }>'),
    "1:22: 'a' takes requests of at most 9 bytes, and every one has 10 or more; raise the limit",
  ],
  [
    message('Empty, { a: u64 }, Limits<{ response: 7 }>'),
    "1:22: 'a' takes responses of at most 7 bytes, and every one has 8 or more; raise the limit",
  ],
  // What is made, and what gives it back.
  [
    `export type K = Opaque<u64>;\n${message('Empty, { k: Makes<K> }')}`,
    "2:47: nothing gives back a 'K'; write Closes<K> in the request that does",
  ],
  [
    `export type K = Opaque<u64>;\n${request('k: Closes<K>; why: u8')}`,
    "2:40: a client gives back identifiers and nothing else, and there is 'why' as well; make it all of a request",
  ],
  [
    `export type K = Opaque<u64>;\n${request('k?: Closes<K>')}`,
    "2:40: a client gives back identifiers and nothing else, and 'k' may be missing; make it all of a request",
  ],
  [
    `export type K = Opaque<u64>;\n${message('Empty, { k: Closes<K> }')}`,
    "2:47: 'k' is in no request, and only requests give back; write it there",
  ],
  [
    'export type K = Opaque<u64>;\nexport interface P {\n  a: Message<256, { k: Closes<K> }, Empty>;\n  b: Message<257, { k: Closes<List<K>> }, Empty>;\n}',
    "4:21: 'a' (line 3) gives back every 'K' already; mark one of them",
  ],
  [
    request('a: Closes<u64>'),
    "1:50: only identifiers are closed, and 'u64' is none; write an alias of Opaque<u64>, or a List of one",
  ],
  // Messages that every protocol has.
  [
    'export interface P { Error: Message<0, Empty, { errno: u32; more?: Str }> }',
    "1:22: Error's response is 'errno: u32' and nothing else; drop the rest",
  ],
  [
    "export interface P { Error: Message<0, Empty, { errno: u32 }, Donates<'x'>> }",
    '1:22: Error donates 0 descriptors, not 1; drop Donates',
  ],
  [
    'export interface P { Channel: Message<2, Empty, { dataOffset: i64; dataLength: u64 }> }',
    "1:22: Channel donates 2 descriptors, not 0; write Donates<'dataFD', 'fdSocket'>",
  ],
  [
    'export interface P { Mount: Message<1, Empty, { maxMessageSize: u32; supportedMs?: List<u16> }> }',
    "1:22: Mount's response must have 'supportedMs: List<u16>'; add it",
  ],
  [
    'export interface P { Mount: Message<1, Empty, { maxMessageSize: u32; supportedMs: List<u16, u16, 3> }> }',
    "1:22: Mount's response must have 'supportedMs: List<u16>'; add it",
  ],
  [
    'export interface P { Mount: Message<256, Empty, Empty> }',
    "1:22: 'Mount' would shadow the client's own 'mount'; choose another name",
    "1:37: 'Mount' cannot have this MID: Mount has MID 1 in every protocol; write 1, or choose another name",
  ],
  // What TypeScript writes in other ways.
  [request('public a: u8'), "1:40: 'a' is public, which means nothing on the wire; drop the word 'public'"],
  [
    request('a: u8 | undefined'),
    '1:43: undefined or null has no form on the wire; write a question mark after the name of a field that may be missing, as in a?: u8, and its type alone',
  ],
  [
    request('a: S extends u8 ?\n u8 : u16'),
    "1:43: 'S extends u8 ? u8 : u16' has no form on the wire; write a type of the vocabulary",
  ],
  [
    request('a: `\u202e${string}`'),
    "1:43: '`\\u{202e}${string}`' has no form on the wire; write a type of the vocabulary",
  ],
  [
    message('List<\n u8>, Empty'),
    "1:38: a request or a response has fields, not 'List< u8>' alone; write { name: List< u8> }",
  ],
  [request('a: uint32_t'), "1:43: 'uint32_t' has no form on the wire; write u32"],
  [request('a: Float64'), "1:43: 'Float64' has no form on the wire; write f64"],
  [request('a: int'), "1:43: 'int' has no form on the wire; write i32"],
  [request('p: P'), "1:43: 'P' is the protocol, and no type; write an interface with fields"],
  [request('a: X'), "1:43: unknown type 'X'; declare it here, or use a word of the vocabulary"],
  // Declarations.
  [beside('export type A = { a: u8 };'), '1:17: a struct is an interface; write export interface A { … }'],
  [beside('export type A = Empty;'), "1:17: Empty has no other name; write it where 'A' stands"],
  [beside('export type A = Message<257, Empty, Empty>;'), "1:17: Message has no other name; write it where 'A' stands"],
  [beside('export type a = u8;'), "1:1: 'a' does not look like its kind of name; write 'A'"],
  [beside('export type u8 = u16;'), "1:1: 'u8' is a word of the vocabulary; choose another name"],
  [
    beside('export default interface S { a: u8 }'),
    "1:1: 'S' is a default export, and a schema's types go by their names; drop the word 'default'",
  ],
  [
    beside("import './side-effect.js';"),
    '1:1: only the vocabulary is imported, by name; write import type { u32 } from …',
  ],
  [beside("import type { u8 } from 'evil';"), "1:1: 'evil' is not the vocabulary; import from 'lisafs/schema'"],
  [beside('import type { u8 } from evil;'), "1:1: 'evil' is no module's name; import from 'lisafs/schema'"],
  [
    beside('import type { u8 } from FDID = Opaque<u32>;'),
    "1:1: 'FDID = Opaque<u32>' is no module's name; import from 'lisafs/schema'",
  ],
  [beside("import type { u8, u8, Empty, Message } from 'lisafs/schema';"), "1:19: 'u8' is imported twice; drop one"],
  [
    beside('export type E = Errors<{ ENOENT: 4096 }>;'),
    "1:26: 'ENOENT' is what another error is called already; choose a name of your own, as in 'NotFound'",
  ],
  [
    beside('export type E = Errors<{ E4097: 4096 }>;'),
    "1:26: 'E4097' is what another error is called already; choose a name of your own, as in 'NotFound'",
  ],
  [
    beside('/** @allow FIELD_REMOVED S.a x */\nexport interface S { a: u8 }'),
    "1:5: @allow says nothing above 'S'; write it above the protocol",
  ],
  // Without an end.
  [
    request(`a: ${'List<'.repeat(5000)}u8${'>'.repeat(5000)}`),
    '1:1: types are nested too deeply here to be read; give the inner ones names, or write fewer',
  ],
  [
    `${nested(33, (i) => `a: S${i}`)}export interface P { a: Message<256, S33, Empty> }`,
    "33:1: 'S33' has 33 structs one in the other, more than 32; make several messages of it",
  ],
  [
    `${nested(20, (i) => `a: List<S${i}>; b: List<S${i}>`)}export interface P { a: Message<256, S20, Empty> }`,
    "15:1: 'S15' has 16384 fields with those of its parts, more than 10000; make several messages of it",
  ],
];

/** So many structs, each made of the one before. */
function nested(count: number, fields: (before: number) => string): string {
  const structs = Array.from({ length: count - 1 }, (_, i) => `export interface S${i + 2} { ${fields(i + 1)} }\n`);
  return `export interface S1 { a: u8 }\n${structs.join('')}`;
}

const errors = suite('wrong schemas');

for (const [schema, ...expected] of [...CASES, ...ODD_CASES]) {
  errors(expected[0]!, async () => assert.equal(await errorsOf(schema), expected));
}

errors('of what TypeScript cannot read the first is told, and not all that follows from it', async () => {
  assert.is((await errorsOf('export interface P { '.repeat(300))).length, 5);
});

errors('of what is no schema at all the beginning is read, and of what is too large nothing', async () => {
  const [first] = await errorsOf('hello world '.repeat(600_000));
  assert.is(first, '1:1: Unexpected keyword or identifier. TypeScript cannot read this; mend it first');
  assert.equal(await errorsOf(' '.repeat((8 << 20) + 1)), [
    '1:1: a schema has at most 8388608 characters, and this has 8388609; make several of it',
  ]);
  const long = `/* ${'x'.repeat(4 << 20)} */ export interface P { a: Message<256, { a: u9 }, Empty> }`;
  assert.match((await errorsOf(long)).join('\n'), /^1:\d+: unknown type 'u9'/u);
});

errors('brackets around a type mean nothing', async () => {
  assert.equal(await errorsOf('export interface P { a: Message<(256), { a: (u8) }, (Empty)> }'), []);
});

errors('a mark of the byte order is no mistake', async () => {
  assert.equal(await errorsOf('\ufeffexport interface P { a: Message<256, Empty, Empty> }'), []);
});

errors.run();

const SEED = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const RUNS_COUNT = 300;
const mutations = suite(`mutated schemas, SEED=${SEED}`);

const TOKENS = (
  '{ } < > ( ) [ ] ; : , ? | & = . * /** */ // ` ${ " \' export import type interface enum class extends ' +
  'readonly u8 u64 Str List Bytes Pad Opaque Empty Message Donates Limits Makes Enum Flags Errors __proto__ ' +
  'constructor 0 1 -1 1.5 1e9 256 65535 65536 4294967296 \0 \u2028 \ud800 \u202e KINDS Pair Optionals a b new null undefined => async function return'
).split(' ');

/** A change of a text: at a place, so much is taken out and these are put in. */
const change = fc.record({
  at: fc.nat(),
  size: fc.oneof(fc.nat(3), fc.nat(200)),
  put: fc.array(fc.constantFrom(...TOKENS), { maxLength: 4 }),
});

function changed(text: string, changes: readonly { at: number; size: number; put: readonly string[] }[]): string {
  return changes.reduce((now, { at, size, put }) => {
    const from = now.length === 0 ? 0 : at % now.length;
    return `${now.slice(0, from)}${put.join(' ')}${now.slice(from + size)}`;
  }, text);
}

for (const file of ['test/codegen/kinds.ts', 'schema/lisafs-2021.ts']) {
  mutations(`of ${file} are told what is wrong with them, or are right; nothing is thrown`, () => {
    const text = readFileSync(file, 'utf8');
    const property = fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const { protocol, diagnostics } = analyse({ file: 'x.ts', text: changed(text, changes) });
      assert.is(protocol === undefined, diagnostics.length > 0);
      for (const diagnostic of diagnostics) {
        const line = formatDiagnostic(diagnostic);
        assert.match(line, /^x\.ts:\d+:\d+: [^\p{Cc}\u2028\u2029\u202e]+$/u);
        assert.match(line, /[;.]|\bmend it first$/u);
      }
    });
    fc.assert(property, { seed: SEED, numRuns: RUNS_COUNT });
  });
}

mutations.run();
