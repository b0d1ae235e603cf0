/** Messages by their description alone, held against generated code and against what gVisor's own code wrote. */

import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { JsonCodec, WrongValue, type Json } from '../../cli/json-codec.js';
import { LISAFSServer } from '../../generated/lisafs/index.js';
import { CODECS } from '../../generated/lisafs/samples.js';
import { KINDSServer } from '../generated/kinds/index.js';
import { CODECS as KINDS_CODECS } from '../generated/kinds/samples.js';
import { Payload } from '../../runtime/wire/payload.js';
import { Random } from '../../runtime/wire/random.js';

const ROUNDS = 50;
const SEED = Number(process.env['SEED'] ?? Date.now() % 2 ** 32);

const codec = new JsonCodec(LISAFSServer.describe());
const test = suite('JSON codec');

function bytesOf(name: string, message: object): Buffer {
  const { size, marshal } = CODECS.find((one) => one.name === name)!;
  const payload = Payload.alloc(size(message));
  marshal(payload, 0, message);
  return Buffer.from(payload.bytes);
}

/** LISAFS, and a protocol that has a field of every kind. */
const PROTOCOLS = [
  { description: LISAFSServer.describe(), codecs: CODECS },
  { description: KINDSServer.describe(), codecs: KINDS_CODECS },
];

for (const { description, codecs } of PROTOCOLS) {
  const dynamic = new JsonCodec(description);
  for (const { name, sample, size, marshal } of codecs) {
    test(`${description.name}'s ${name}: what generated code writes is read, and written again byte for byte`, () => {
      const random = new Random(SEED);
      for (let round = 0; round < ROUNDS; round++) {
        const message = sample(random);
        const payload = Payload.alloc(size(message));
        marshal(payload, 0, message);
        const bytes = Buffer.from(payload.bytes);
        const json = dynamic.decode(name, bytes);
        // Through text, as a user has it.
        const again = Buffer.from(dynamic.encode(name, JSON.parse(JSON.stringify(json)) as Json));
        assert.is(
          again.toString('hex'),
          bytes.toString('hex'),
          `seed ${SEED}, round ${round}: ${JSON.stringify(json)}`,
        );
      }
    });
  }
}

test('choices have names, and a field that is left out ends the message', () => {
  const dynamic = new JsonCodec(KINDSServer.describe());
  const json: Json = { a: 1, text: 'x', b: 2, c: 3, d: -4, e: 5, f: true, g: 'Ok', h: ['Read', 'Execute'], i: 'NaN' };
  const bytes = dynamic.encode('Optionals', { ...json, g: 0 });
  const back = dynamic.decode('Optionals', bytes) as { g: Json; h: Json; i: Json; j?: Json };
  assert.equal([back.h, back.i, 'j' in back], [['Read', 'Execute'], 'NaN', false]);
  assert.type(back.g, 'string');
  assert.throws(() => dynamic.encode('Optionals', { c: 1 }), /Optionals\.b: is missing, and c comes after it/);
  assert.throws(() => dynamic.encode('Optionals', { b: 0, c: 0, d: 0, e: 0, f: 1 }), /true or false is wanted/);
  const unknown = { b: 0, c: 0, d: 0, e: 0, f: false, g: 'Nonsense' };
  assert.throws(() => dynamic.encode('Optionals', unknown), /"Nonsense" is no Ending; there are /);
});

test("what gVisor's own code wrote of LISAFS's messages is read, and written again byte for byte", () => {
  const text = readFileSync(new URL('../../../test/vectors/gvisor.jsonl', import.meta.url), 'utf8');
  const { messages } = LISAFSServer.describe();
  let checked = 0;
  for (const line of text.trim().split('\n')) {
    const vector = JSON.parse(line) as { case: string; mid?: number; hex: string };
    const message = messages.find(({ mid }) => mid === vector.mid);
    if (message === undefined || !['req', 'resp'].includes(vector.case)) continue;
    const struct = vector.case === 'req' ? message.req : message.resp;
    assert.is(
      Buffer.from(codec.encode(struct, codec.decode(struct, Buffer.from(vector.hex, 'hex')))).toString('hex'),
      vector.hex,
      line.slice(0, 200),
    );
    checked++;
  }
  assert.ok(checked > 60, `${checked} vectors`);
});

test('values are as JSON has them, and nothing is rounded', () => {
  const fd = (value: Json): string => Buffer.from(codec.encode('FStatReq', { fd: value })).toString('hex');
  assert.is(fd(258), '0201000000000000');
  assert.is(fd('18446744073709551615'), 'ffffffffffffffff');
  assert.is(fd('0xff'), 'ff00000000000000');
  assert.equal(codec.decode('FStatReq', Buffer.from('ffffffffffffffff', 'hex')), { fd: '18446744073709551615' });
  assert.equal(codec.decode('FStatReq', Buffer.from('ffffffffffff1f00', 'hex')), { fd: 2 ** 53 - 1 });
  const name = (value: Json): string => Buffer.from(codec.encode('ReadLinkAtResp', { target: value })).toString('hex');
  assert.is(name('é'), '0200c3a9');
  assert.is(name({ hex: 'FF00' }), '0200ff00');
  assert.is(name({ base64: '/wA=' }), '0200ff00');
  assert.equal(codec.decode('ReadLinkAtResp', Buffer.from('0200ff00', 'hex')), { target: { hex: 'ff00' } });
});

test('what is left out is zero or empty', () => {
  assert.is(Buffer.from(codec.encode('WalkReq', {})).toString('hex'), '00000000000000000000');
  assert.is(codec.encode(null, {}).length, 0);
});

test('what is wrong is told with its place', () => {
  const wrong: readonly (readonly [string | null, Json, string])[] = [
    [
      'WalkReq',
      { dirFD: 1, path: ['a', 5] },
      'WalkReq.path[1]: a string, {"hex": "00ff"} or {"base64": "AP8="} is wanted, not 5',
    ],
    ['WalkReq', { dirfd: 1 }, 'WalkReq.dirfd: there is no such field; there are dirFD, path'],
    ['WalkReq', [], 'WalkReq: an object is wanted, not []'],
    ['WalkReq', { path: {} }, 'WalkReq.path: a list is wanted, not {}'],
    ['FStatReq', { fd: 2 ** 53 }, 'FStatReq.fd: JSON has rounded this number; write it as a string of digits'],
    ['FStatReq', { fd: -1 }, 'FStatReq.fd: -1 is not from 0 to 18446744073709551615'],
    ['FStatReq', { fd: 1.5 }, 'FStatReq.fd: a whole number is wanted, not 1.5'],
    ['FStatReq', { fd: '' }, 'FStatReq.fd: a whole number is wanted, not ""'],
    ['ReadLinkAtResp', { target: { hex: 'f' } }, 'ReadLinkAtResp.target: a string'],
    ['ReadLinkAtResp', { target: 'x'.repeat(65536) }, 'ReadLinkAtResp.target: 65536 bytes are more than the 65535'],
    [null, { a: 1 }, 'the request: is empty, and this is {"a":1}'],
    ['FStatReq', JSON.parse('{"__proto__": 1}') as Json, 'FStatReq.__proto__: there is no such field'],
    ['FStatReq', JSON.parse('{"constructor": 1}') as Json, 'FStatReq.constructor: there is no such field'],
  ];
  for (const [struct, value, message] of wrong) {
    try {
      codec.encode(struct, value);
      assert.unreachable(message);
    } catch (error) {
      assert.instance(error, WrongValue);
      assert.ok((error as Error).message.startsWith(message), (error as Error).message);
    }
  }
});

test('every message that ends too early is refused, none is believed', () => {
  for (const { name, sample } of CODECS) {
    const bytes = bytesOf(name, sample(new Random(SEED)));
    for (let size = 0; size < Math.min(bytes.length, 300); size++) {
      assert.throws(
        () => codec.decode(name, bytes.subarray(0, size)),
        /the message ends in it|more than it may/,
        `${name} ${size}`,
      );
    }
  }
});

test('a value that the wire has no form for is refused, with its place', () => {
  const kinds = new JsonCodec(KINDSServer.describe());
  const refused = (value: Json, at: JsonCodec, struct: string, pattern: RegExp): void => {
    assert.throws(
      () => at.encode(struct, value),
      (error: unknown) => error instanceof WrongValue && pattern.test(error.message),
    );
  };
  refused({ path: ['\ud800'] }, codec, 'WalkReq', /^WalkReq\.path\[0\]: .*half of a surrogate pair$/u);
  refused({ path: ['\udd00x'] }, codec, 'WalkReq', /half of a surrogate pair$/u);
  assert.equal(codec.encode('WalkReq', { path: ['\udcff'] }).at(-1), 0xff, 'one byte of a name');
  for (const base64 of ['A', 'AB', 'AA=', 'AA==A', '====', 'AAAAA===']) {
    refused({ path: [{ base64 }] }, codec, 'WalkReq', /is wanted, not/u);
  }
  for (const base64 of ['AA==', 'AA', '_-8', '/+8=', '']) codec.encode('WalkReq', { path: [{ base64 }] });
  refused({ dirFD: null }, codec, 'WalkReq', /^WalkReq\.dirFD: null has no form/u);
  refused({ path: [null] }, codec, 'WalkReq', /^WalkReq\.path\[0\]: null has no form/u);
  for (const [struct, field, kind] of choicesOf(KINDSServer.describe())) {
    refused({ [field]: 1.5 }, kinds, struct, /a whole number is wanted/u);
    refused({ [field]: -1 }, kinds, struct, /is not from 0 to/u);
    refused({ [field]: 2 ** 40 }, kinds, struct, /is not from 0 to/u);
    kinds.encode(struct, { [field]: kind === 'flags' ? 0 : 1 });
  }
});

/** Fields that are choices of 32 bits or fewer, in structs of which all else may be left out. */
function choicesOf(description: ReturnType<typeof KINDSServer.describe>): [string, string, string][] {
  const found = description.structs.flatMap(({ name, fields }) =>
    fields.flatMap(({ name: field, type, optional }): [string, string, string][] =>
      (type.kind === 'enum' || type.kind === 'flags') && type.bits <= 32 && !optional ? [[name, field, type.kind]] : [],
    ),
  );
  assert.ok(found.length > 0);
  return found;
}

test.run();
