import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MALFORMED, Payload } from '../../runtime/wire/payload.js';
import { Random } from '../../runtime/wire/random.js';
import { ALL_CODECS, CountingPayload, SEED, marshalled } from './protocols.js';

const SAMPLES_COUNT = 25;

const test = suite(`generated code, SEED=${SEED}`);

for (const [name, codec] of ALL_CODECS) {
  const samples = (): object[] => {
    const random = new Random(SEED);
    return Array.from({ length: SAMPLES_COUNT }, () => codec.sample(random));
  };

  test(`${name}: size is what is written`, () => {
    for (const m of samples()) {
      const size = codec.size(m);
      const payload = Payload.alloc(size + 16);
      payload.bytes.fill(0xa5);
      assert.is(codec.marshal(payload, 8, m), 8 + size);
      const around = [payload.bytes.subarray(0, 8), payload.bytes.subarray(8 + size)];
      for (const bytes of around) assert.is(bytes.toString('hex'), 'a5'.repeat(8));
      assert.is(codec.fixedSize ?? size, size);
    }
  });

  test(`${name}: a round trip keeps everything`, () => {
    for (const m of samples()) {
      const payload = marshalled(codec, m);
      const read = codec.create();
      assert.is(codec.unmarshal(payload, 0, payload.capacity, read), payload.capacity);
      for (const [field, value] of Object.entries(m))
        assert.equal(plain(Reflect.get(read, field)), plain(value), field);
      assert.is(marshalled(codec, read).bytes.toString('hex'), payload.bytes.toString('hex'));
    }
  });

  test(`${name}: an object that is filled again is as good as a new one`, () => {
    const reused = codec.create();
    for (const m of [...samples(), ...samples().toReversed()]) {
      const payload = marshalled(codec, m);
      const fresh = codec.create();
      codec.unmarshal(payload, 0, payload.capacity, fresh);
      assert.is(codec.unmarshal(payload, 0, payload.capacity, reused), payload.capacity);
      assert.equal(reused.toJSON(), fresh.toJSON());
      assert.is(marshalled(codec, reused).bytes.toString('hex'), payload.bytes.toString('hex'));
    }
  });

  test(`${name}: every truncation is malformed, and nothing is read beyond the end`, () => {
    for (const m of samples().slice(0, 5)) {
      const payload = new CountingPayload(marshalled(codec, m));
      let whole = 0;
      for (let end = 0; end < payload.capacity; end++) {
        payload.to = end;
        const result = codec.unmarshal(payload, 0, end, codec.create());
        // Where an optional field begins, a message may end.
        if (result === end) whole++;
        else assert.is(result, MALFORMED, `${end} of ${payload.capacity}`);
      }
      assert.ok(whole <= codec.optionalCount, `${whole} whole messages among the truncated ones`);
    }
  });

  test(`${name}: each byte is read once at most, and what comes after is left alone`, () => {
    for (const m of samples()) {
      const source = marshalled(codec, m);
      const room = Payload.alloc(source.capacity + 20);
      room.bytes.set(source.bytes, 10);
      const payload = new CountingPayload(room);
      [payload.from, payload.to] = [10, 10 + source.capacity];
      // A message with optional fields goes on as far as its payload does.
      const end = codec.optionalCount > 0 ? payload.to : payload.capacity;
      assert.is(codec.unmarshal(payload, 10, end, codec.create()), 10 + source.capacity);
      assert.ok(Math.max(0, ...payload.reads) <= 1);
    }
  });

  test(`${name}: random bytes are read or malformed, never thrown at`, () => {
    const random = new Random(SEED);
    const read = codec.create();
    for (let i = 0; i < 200; i++) {
      const payload = Payload.alloc(random.below(300));
      for (let at = 0; at < payload.capacity; at++) payload.bytes[at] = random.below(random.below(4) === 0 ? 256 : 4);
      const end = codec.unmarshal(payload, 0, payload.capacity, read);
      assert.ok(end === MALFORMED || (end >= 0 && end <= payload.capacity));
    }
  });

  test(`${name}: is shown in one line, whatever it holds`, () => {
    const hostile: unknown[] = [null, undefined, 1, 'x', [], {}, () => 0, Symbol('s'), NaN, -1, 1n];
    const broken = hostile.map((value) =>
      Object.fromEntries(Object.keys(codec.create().toJSON()).map((f) => [f, value])),
    );
    const lists = hostile.map((value) =>
      Object.fromEntries(Object.keys(codec.create().toJSON()).map((f) => [f, [value]])),
    );
    for (const m of [...samples(), codec.create(), ...broken, ...lists, ...hostile]) {
      const text = codec.format(Object(m));
      assert.match(text, /^[^\p{Cc}\p{Cf}\u2028\u2029]+$/u);
    }
  });
}

/** Values as they can be compared: an exact integer is one, whatever its type; objects have no class. */
function plain(value: unknown): unknown {
  if (typeof value === 'number' || typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const names =
    'toJSON' in value && typeof value.toJSON === 'function' ? Object.keys(value.toJSON()) : Object.keys(value);
  return Object.fromEntries(names.map((name) => [name, plain(Reflect.get(value, name))]));
}

test.run();
