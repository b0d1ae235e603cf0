import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { docComment } from '../../codegen/emit.js';
import { declaration, outputsOf } from './compiled.js';

const test = suite('emit');

/** Compares a declaration of messages.ts line by line. */
async function expectLines(schema: string, expected: readonly string[], file = 'messages.ts'): Promise<void> {
  const outputs = await outputsOf(schema);
  const text = outputs.get(file)!;
  assert.equal(declaration(text, expected[0]!), [...expected]);
}

const FIXED = 'export interface P { get: Message<256, Empty, { a: u8; pad0: Pad<3>; b: u32; c: u64 }> }';
const STRING = 'export interface P { get: Message<256, { at: i16; key: Str<u8, 40> }, Empty> }';
const LIST = 'export interface P { get: Message<256, { ids: List<u64>; names: List<Str>; after: u8 }, Empty> }';
const BYTES = 'export interface P { put: Message<256, { data: Bytes<u64> }, Empty> }';
const NESTED = [
  'export type Key = Opaque<u32>;',
  'export interface Leaf { key: Key }',
  'export interface Tail { leaves: List<Leaf>; last: Leaf; text: Str }',
  'export interface P { get: Message<256, Tail, { tails: List<Tail>; tail: Tail }> }',
].join('\n');

test('a fixed message is written with literal offsets, 64-bit fields as halves', async () => {
  await expectLines(FIXED, [
    'export function marshalGetResp(p: Payload, at: number, m: GetRespInit): number {',
    '  const v = p.view;',
    "  if (!isU8(m.a)) throw badInteger(m.a, 'u8', 'GetResp.a');",
    '  v.setUint8(at, m.a);',
    '  p.bytes.fill(0, at + 1, at + 4); // pad0',
    "  if (!isU32(m.b)) throw badInteger(m.b, 'u32', 'GetResp.b');",
    '  v.setUint32(at + 4, m.b, true);',
    '  if (m instanceof GetResp) {',
    '    v.setInt32(at + 8, m._cLow, true);',
    '    v.setInt32(at + 12, m._cHigh, true);',
    '  } else {',
    "    putU64(v, at + 8, m.c, 'GetResp.c');",
    '  }',
    '  return at + 16;',
    '}',
  ]);
});

test('a fixed message is read after one bounds check, pads not at all', async () => {
  await expectLines(FIXED, [
    'export function unmarshalGetResp(p: Payload, at: number, end: number, m: GetResp): number {',
    '  if (end - at < 16) return MALFORMED;',
    '  const v = p.view;',
    '  m.a = v.getUint8(at);',
    '  m.b = v.getUint32(at + 4, true);',
    '  m._cLow = v.getInt32(at + 8, true);',
    '  m._cHigh = v.getInt32(at + 12, true);',
    '  return at + 16;',
    '}',
  ]);
});

test('a class shows bigints and keeps halves', async () => {
  await expectLines(FIXED, [
    'export class GetResp extends Struct implements GetRespInit {',
    '  a = 0;',
    '  b = 0;',
    '  /** @internal */ _cLow = 0;',
    '  /** @internal */ _cHigh = 0;',
    '',
    '  get c(): bigint {',
    '    return joinU64(this._cLow, this._cHigh);',
    '  }',
    '  set c(value: number | bigint) {',
    "    splitU64(value, 'GetResp.c');",
    '    this._cLow = lowHalf();',
    '    this._cHigh = highHalf();',
    '  }',
    '  /** `c` as a number, which makes no bigint. Throws a RangeError where no number holds it exactly. */',
    '  get cNumber(): number {',
    '    return joinNumber(this._cLow, this._cHigh, checkGetResp$c);',
    '  }',
    '',
    '  protected override fieldNames(): readonly string[] {',
    "    return ['a', 'b', 'c'];",
    '  }',
    '}',
  ]);
});

test('a 64-bit field has a function that refuses what is no number', async () => {
  await expectLines(FIXED, [
    'function checkGetResp$c(low: number, high: number): void {',
    "  checkU64(low, high, 'GetResp.c');",
    '}',
  ]);
});

test('above a class stand its offsets', async () => {
  const outputs = await outputsOf(STRING);
  const lines = outputs.get('messages.ts')!.split('\n');
  const end = lines.indexOf('export class GetReq extends Struct implements GetReqInit {');
  assert.equal(lines.slice(end - 10, end), [
    '/**',
    ' * The request of Get.',
    ' *',
    ' * | offset | type | name |',
    ' * | ---: | --- | --- |',
    ' * | 0 | i16 | at |',
    ' * | 2 | Str<u8, 40> | key |',
    ' *',
    ' * At least 3 bytes.',
    ' */',
  ]);
});

test('a string is measured, limited and written after its size', async () => {
  await expectLines(STRING, [
    'export function sizeGetReq(m: GetReqInit): number {',
    '  let size = 3;',
    "  size += stringSize(m.key, 'GetReq.key');",
    '  return size;',
    '}',
  ]);
  await expectLines(STRING, [
    'export function marshalGetReq(p: Payload, at: number, m: GetReqInit): number {',
    '  const v = p.view;',
    "  if (!isI16(m.at)) throw badInteger(m.at, 'i16', 'GetReq.at');",
    '  v.setInt16(at, m.at, true);',
    "  const keySize = putString(p, at + 3, m.key, 40, 'GetReq.key');",
    '  v.setUint8(at + 2, keySize);',
    '  at += 3;',
    '  at += keySize;',
    '  return at;',
    '}',
  ]);
});

test('a string is read after its size was checked against its limit and what is left', async () => {
  await expectLines(STRING, [
    'export function unmarshalGetReq(p: Payload, at: number, end: number, m: GetReq): number {',
    '  const v = p.view;',
    '  if (end - at < 3) return MALFORMED;',
    '  m.at = v.getInt16(at, true);',
    '  const keySize = v.getUint8(at + 2);',
    '  at += 3;',
    '  if (keySize > 40 || keySize > end - at) return MALFORMED;',
    '  m.key = getString(p, at, at + keySize);',
    '  at += keySize;',
    '  return at;',
    '}',
  ]);
});

test("a list's count is checked before anything is made for it", async () => {
  await expectLines(LIST, [
    'export function unmarshalGetReq(p: Payload, at: number, end: number, m: GetReq): number {',
    '  const v = p.view;',
    '  if (end - at < 2) return MALFORMED;',
    '  const idsCount = v.getUint16(at, true);',
    '  at += 2;',
    '  if (idsCount * 8 > end - at) return MALFORMED;',
    '  if (m.ids.length > idsCount) m.ids.length = idsCount;',
    '  for (let i = 0; i < idsCount; i++) {',
    '    m.ids[i] = joinU64(v.getInt32(at, true), v.getInt32(at + 4, true));',
    '    at += 8;',
    '  }',
    '  if (end - at < 2) return MALFORMED;',
    '  const namesCount = v.getUint16(at, true);',
    '  at += 2;',
    '  if (namesCount * 2 > end - at) return MALFORMED;',
    '  if (m.names.length > namesCount) m.names.length = namesCount;',
    '  for (let i = 0; i < namesCount; i++) {',
    '    if (end - at < 2) return MALFORMED;',
    '    const size = v.getUint16(at, true);',
    '    at += 2;',
    '    if (size > end - at) return MALFORMED;',
    '    m.names[i] = getString(p, at, at + size);',
    '    at += size;',
    '  }',
    '  if (end - at < 1) return MALFORMED;',
    '  m.after = v.getUint8(at);',
    '  at += 1;',
    '  return at;',
    '}',
  ]);
});

test('bytes are copied into memory of their own', async () => {
  await expectLines(BYTES, [
    'export function unmarshalPutReq(p: Payload, at: number, end: number, m: PutReq): number {',
    '  const v = p.view;',
    '  if (end - at < 8) return MALFORMED;',
    '  const dataSize = v.getUint32(at, true);',
    '  if (v.getUint32(at + 4, true) !== 0) return MALFORMED; // more than any payload holds',
    '  at += 8;',
    '  if (dataSize > end - at) return MALFORMED;',
    '  if (!m._data.receive(p, at, dataSize)) return MALFORMED;',
    '  at += dataSize;',
    '  return at;',
    '}',
  ]);
});

test('structs are read in place, and those of a list are kept', async () => {
  await expectLines(NESTED, [
    'export function unmarshalTail(p: Payload, at: number, end: number, m: Tail): number {',
    '  const v = p.view;',
    '  if (end - at < 2) return MALFORMED;',
    '  const leavesCount = v.getUint16(at, true);',
    '  at += 2;',
    '  if (leavesCount * 4 > end - at) return MALFORMED;',
    '  if (m.leaves.length > leavesCount) m.leaves.length = leavesCount;',
    '  for (let i = 0; i < leavesCount; i++) {',
    '    readLeaf(p, at, (m.leaves[i] ??= new Leaf()));',
    '    at += 4;',
    '  }',
    '  if (end - at < 6) return MALFORMED;',
    '  readLeaf(p, at, m.last);',
    '  const textSize = v.getUint16(at + 4, true);',
    '  at += 6;',
    '  if (textSize > end - at) return MALFORMED;',
    '  m.text = getString(p, at, at + textSize);',
    '  at += textSize;',
    '  return at;',
    '}',
  ]);
  await expectLines(NESTED, [
    'export function unmarshalGetResp(p: Payload, at: number, end: number, m: GetResp): number {',
    '  const v = p.view;',
    '  if (end - at < 2) return MALFORMED;',
    '  const tailsCount = v.getUint16(at, true);',
    '  at += 2;',
    '  if (tailsCount * 8 > end - at) return MALFORMED;',
    '  if (m.tails.length > tailsCount) m.tails.length = tailsCount;',
    '  for (let i = 0; i < tailsCount; i++) {',
    '    at = unmarshalTail(p, at, end, (m.tails[i] ??= new Tail()));',
    '    if (at < 0) return MALFORMED;',
    '  }',
    '  at = unmarshalTail(p, at, end, m.tail);',
    '  if (at < 0) return MALFORMED;',
    '  return at;',
    '}',
  ]);
});

test('an identifier is a type of its own', async () => {
  const text = (await outputsOf(NESTED)).get('messages.ts')!;
  assert.ok(text.includes("export type Key = Opaque32<'Key'>;\n"));
  assert.equal(declaration(text, 'export function Key('), [
    'export function Key(value: number): Key {',
    "  return opaque32(value, 'Key') as Key;",
    '}',
  ]);
});

test('a message is a constant, a method and its twin', async () => {
  await expectLines(
    'export interface P { OpenIt: Message<256, { a: u8 }, { b: u8 }, Donates<"fd">> }',
    [
      'export const OpenItMethod: ClientMethod<OpenItReqInit, OpenItResp> = {',
      '  mid: 256,',
      "  name: 'OpenIt',",
      "  donates: ['fd'],",
      '  sizeReq: sizeOpenItReq,',
      '  marshalReq: marshalOpenItReq,',
      '  newResp: () => new OpenItResp(),',
      '  unmarshalResp: unmarshalOpenItResp,',
      '  formatReq: formatOpenItReq,',
      '  formatResp: formatOpenItResp,',
      '};',
    ],
    'client.ts',
  );
  const client = (await outputsOf('export interface P { OpenIt: Message<256, { a: u8 }, { b: u8 }> }')).get(
    'client.ts',
  )!;
  assert.ok(client.includes('  openIt(req: OpenItReqInit, options?: CallOptions): Promise<OpenItResp> {\n'));
  assert.ok(
    client.includes('  openItSync(req: OpenItReqInit, resp?: OpenItResp, options?: SyncCallOptions): OpenItResp {\n'),
  );
  assert.ok(client.includes('  mount(options?: CallOptions): Promise<MountResp> {\n'));
});

test('a message without a response answers nothing', async () => {
  const outputs = await outputsOf('export interface P { ping: Message<256, Empty, Empty> }');
  assert.ok(outputs.get('client.ts')!.includes('  ping(options?: CallOptions): Promise<void> {\n'));
  assert.ok(outputs.get('client.ts')!.includes('  pingSync(options?: SyncCallOptions): void {\n'));
  assert.ok(outputs.get('server.ts')!.includes('  ping?(req: Empty, context: CallContext): Answer<void>;\n'));
});

test('a protocol begins with Error, Mount and Channel, written or not', async () => {
  const text = (await outputsOf('export interface P { ping: Message<256, Empty, Empty> }')).get('messages.ts')!;
  const mids = declaration(text, 'export const MID').filter((line) => !line.includes('/**'));
  assert.equal(mids, [
    'export const MID = {',
    '  Error: 0,',
    '  Mount: 1,',
    '  Channel: 2,',
    '  Ping: 256,',
    '} as const;',
  ]);
  assert.ok(text.includes(' * | 0 | Pad<152> | root |\n'), 'an all-zero root');
});

test('every file says first where it comes from and what to run', async () => {
  for (const text of (await outputsOf(FIXED)).values()) {
    const [first] = text.split('\n');
    assert.is(first, '// @generated by lisafs generate from x.ts. Change the schema, then run npm run generate.');
  }
});

test('files import the runtime and each other, and nothing else', async () => {
  for (const text of (await outputsOf(NESTED)).values()) {
    const paths = [...text.matchAll(/ from '([^']*)';$/gmu)].map(([, path]) => path!);
    for (const path of paths)
      assert.match(path, /^\.\.\/wire\/\w+\.js$|^\.\/(?:messages|client|server|reflection)\.js$/u);
  }
});

test('the same schema gives the same bytes', async () => {
  const [first, second] = [await outputsOf(NESTED), await outputsOf(NESTED)];
  assert.equal([...first], [...second]);
  for (const text of first.values()) assert.not.match(text, /\r|\t/u);
});

test('line ends of a schema do not matter', async () => {
  const text =
    '/** One.\n *\n * Two. */\nexport interface P {\n  /** Three. */\n  ping: Message<256, Empty, Empty>;\n}\n';
  assert.equal([...(await outputsOf(text.replaceAll('\n', '\r\n')))], [...(await outputsOf(text))]);
});

test('a doc comment is set line by line', () => {
  assert.is(docComment([]), '');
  assert.is(docComment(['One.']), '/** One. */\n');
  assert.is(docComment(['One */ two']), '/** One *\\/ two */\n');
  assert.is(docComment(['One.', '', 'Two.']), '/**\n * One.\n *\n * Two.\n */\n');
});

test('what a comment asks at the end of a line stays there', async () => {
  const doc = '/**\n   * Is it there ?\n   * It is =>\n   * here.\n   */\n  ';
  const outputs = await outputsOf(`export interface P {\n  ${doc}get: Message<256, Empty, { a: u8 }>;\n}`);
  assert.match(outputs.get('client.ts')!, '   * Is it there ?\n   * It is =>\n   * here.\n');
});

test('what reads nothing but over pads has no name for where it would', async () => {
  const outputs = await outputsOf(
    'export interface P { get: Message<256, Empty, { a: FixedBytes<4>; pad0: Pad<4> }> }',
  );
  const text = outputs.get('messages.ts')!;
  const read = text.slice(text.indexOf('export function unmarshalGetResp('));
  assert.not.match(read.slice(0, read.indexOf('\n}\n')), 'const v');
});

test('a comment is documentation on its own line as well as above', async () => {
  const above = '\n/** One. */\n a: u8;\n/**\n * Two.\n * And more.\n */\n b: u8 /** of nothing */;\n c: u8';
  const beside = '/** One. */ a: u8; /** Two.\n * And more. */ b: u8; /* none */ c: u8 /** of nothing */';
  const schema = (fields: string): string => `export interface P { get: Message<256, { ${fields} }, Empty> }`;
  const expected = await outputsOf(schema(above));
  assert.match(
    expected.get('messages.ts')!,
    '  /** One. */\n  readonly a: number;\n  /**\n   * Two.\n   * And more.\n   */',
  );
  assert.equal([...(await outputsOf(schema(beside)))], [...expected]);
});

test.run();
