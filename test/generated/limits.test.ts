import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  PReadResp,
  unmarshalPReadResp,
  unmarshalWalkReq,
  WalkReq,
  WalkResp,
  unmarshalWalkResp,
} from '../../generated/lisafs/index.js';
import { CODECS as LISAFS } from '../../generated/lisafs/samples.js';
import { MALFORMED, Payload } from '../../runtime/wire/payload.js';
import { Random } from '../../runtime/wire/random.js';
import { Block, Lists, unmarshalBlock } from './kinds/messages.js';
import { CODECS, sampleBlock, sampleLists, sampleNames2 } from './kinds/samples.js';
import { marshalled } from './protocols.js';

const kinds = new Map(CODECS.map((codec) => [codec.name, codec]));
const lisafs = new Map(LISAFS.map((codec) => [codec.name, codec]));

const limits = suite('limits');

/** Marshals with this one field changed. */
function write(type: string, sample: object, field: string, value: unknown): Payload {
  return marshalled(kinds.get(type)!, { ...sample, [field]: value });
}

limits('a list, a string and bytes may be as long as the schema says, and no longer', () => {
  const [names, lists] = [sampleNames2(new Random(3)), sampleLists(new Random(3))];
  const cases: readonly (readonly [
    type: string,
    sample: object,
    field: string,
    limit: number,
    make: (n: number) => unknown,
  ])[] = [
    ['Names2', names, 'string', 255, (n) => 'x'.repeat(n)],
    ['Names2', names, 'check', 9, (n) => 'x'.repeat(n)],
    ['Names2', names, 'bytes', 255, (n) => new Uint8Array(n)],
    ['Names2', names, 'count', 50, (n) => new Uint8Array(n)],
    ['Names2', names, 'list', 65535, (n) => Array.from({ length: n }, () => 1)],
    ['Lists', lists, 'i32s', 7, (n) => Array.from({ length: n }, () => 1)],
    ['Lists', lists, 'slots', 2, (n) => Array.from({ length: n }, () => 1)],
    ['Lists', lists, 'u16s', 255, (n) => Array.from({ length: n }, () => 1)],
  ];
  for (const [type, sample, field, limit, make] of cases) {
    write(type, sample, field, make(limit));
    const fails = (error: Error): boolean =>
      error instanceof RangeError &&
      error.message === `${type}.${field} must be at most ${limit} long, not ${limit + 1}`;
    assert.throws(() => write(type, sample, field, make(limit + 1)), fails);
  }
});

limits("an element's limit holds as well", () => {
  const block = sampleBlock(new Random(4));
  write('Block', block, 'names', ['x'.repeat(20)]);
  assert.throws(
    () => write('Block', block, 'names', ['x'.repeat(21)]),
    /^Block\.names must be at most 20 long, not 21$/u,
  );
  assert.throws(
    () => write('Block', block, 'names', ['', '', '', '', '']),
    /^Block\.names must be at most 4 long, not 5$/u,
  );
});

limits('more than a limit is malformed when it comes', () => {
  const payload = write('Block', { at: 1, text: '', end: 2, names: [] }, 'names', ['abc']);
  const read = new Block();
  assert.is(unmarshalBlock(payload, 0, payload.capacity, read), payload.capacity);
  const count = 4 + 2 + 8;
  const room = Payload.alloc(200);
  room.bytes.set(payload.bytes);
  room.view.setUint8(count, 5);
  assert.is(unmarshalBlock(room, 0, 200, read), MALFORMED, 'five of at most four');
  room.view.setUint8(count, 1);
  room.view.setUint8(count + 1, 21);
  assert.is(unmarshalBlock(room, 0, 200, read), MALFORMED, 'a string of 21 of at most 20');
  room.view.setUint8(count + 1, 20);
  assert.is(unmarshalBlock(room, 0, 200, read), count + 2 + 20);
});

limits('values of other types are refused by their names', () => {
  const lists = sampleLists(new Random(5));
  const field = (error: Error): boolean =>
    error instanceof TypeError && error.message.startsWith('Lists.strings must be ');
  for (const value of [null, undefined, 'abc', 5, {}, [1], [null]]) {
    assert.throws(() => write('Lists', lists, 'strings', value), field);
  }
  const bytes = sampleNames2(new Random(5));
  for (const value of [null, undefined, 'abc', [1, 2]]) {
    assert.throws(() => write('Names2', bytes, 'bytes', value), /^Names2\.bytes must be a Uint8Array, not /u);
  }
});

limits.run();

const hostile = suite('hostile counts');

hostile('a count beyond what is left makes nothing', () => {
  const payload = Payload.alloc(64);
  payload.view.setUint16(1, 65535, true);
  const resp = new WalkResp();
  assert.is(unmarshalWalkResp(payload, 0, 64, resp), MALFORMED);
  assert.is(resp.inodes.length, 0);
  payload.view.setUint16(8, 65535, true);
  const req = new WalkReq();
  assert.is(unmarshalWalkReq(payload, 0, 64, req), MALFORMED);
  assert.is(req.path.length, 0);
});

hostile('a size of more than 32 bits is malformed', () => {
  const payload = Payload.alloc(64);
  payload.view.setUint32(4, 1, true);
  const resp = new PReadResp();
  assert.is(unmarshalPReadResp(payload, 0, 64, resp), MALFORMED);
  assert.is(resp.dataSize, 0);
});

hostile.run();

const reuse = suite('reuse');

reuse('a list keeps its array and its elements, and has the right length', () => {
  const codec = lisafs.get('WalkStatResp')!;
  const stats = (count: number): Payload =>
    marshalled(codec, { stats: Array.from({ length: count }, () => lisafs.get('Statx')!.sample(new Random(count))) });
  const resp = codec.create();
  const read = (count: number): unknown[] => {
    const payload = stats(count);
    assert.is(codec.unmarshal(payload, 0, payload.capacity, resp), payload.capacity);
    const list: unknown = Reflect.get(resp, 'stats');
    assert.ok(Array.isArray(list));
    return list;
  };
  const list = read(3);
  const elements = [...list];
  assert.is(read(5), list);
  assert.is(list.length, 5);
  elements.forEach((element, i) => assert.is(list[i], element));
  read(2);
  assert.is(list.length, 2);
  assert.is(list[1], elements[1]);
  read(0);
  assert.is(list.length, 0);
});

reuse('lists of 64-bit integers are bigints', () => {
  const codec = kinds.get('Lists')!;
  const payload = marshalled(codec, {
    ...sampleLists(new Random(6)),
    u64s: [1, 2n ** 64n - 1n],
    i64s: [-1, -(2n ** 63n)],
  });
  const read = new Lists();
  codec.unmarshal(payload, 0, payload.capacity, read);
  assert.equal(read.u64s, [1n, 2n ** 64n - 1n]);
  assert.equal(read.i64s, [-1n, -(2n ** 63n)]);
});

reuse("bytes go into the caller's memory, where it has given some", () => {
  const codec = lisafs.get('PReadResp')!;
  const payload = marshalled(codec, { data: new Uint8Array([1, 2, 3]) });
  const target = new Uint8Array(4);
  const resp = new PReadResp();
  resp.dataInto(target);
  assert.is(unmarshalPReadResp(payload, 0, payload.capacity, resp), payload.capacity);
  assert.equal([...target], [1, 2, 3, 0]);
  assert.is(resp.dataSize, 3);
  assert.is(resp.data.buffer, target.buffer);
  resp.dataInto(new Uint8Array(2));
  assert.is(unmarshalPReadResp(payload, 0, payload.capacity, resp), MALFORMED);
  resp.data = new Uint8Array([9]);
  assert.is(unmarshalPReadResp(payload, 0, payload.capacity, resp), payload.capacity);
  assert.equal([...resp.data], [1, 2, 3]);
});

reuse.run();
