import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FDID, FStatReq, STATX_BYTES, Statx, marshalStatx, unmarshalStatx } from '../../generated/lisafs/messages.js';
import { CODECS } from '../../generated/lisafs/samples.js';
import type { Codec } from '../../runtime/wire/codec.js';
import { Payload } from '../../runtime/wire/payload.js';
import { Random } from '../../runtime/wire/random.js';
import { Integers, Key, Slot, marshalIntegers, unmarshalIntegers } from './kinds/messages.js';
import { CODECS as KINDS, sampleIntegers } from './kinds/samples.js';
import { ALL_CODECS, marshalled, wideFields } from './protocols.js';

const MAX_U64 = 2n ** 64n - 1n;
const EXTREMES = [
  0n,
  1n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 53n + 1n,
];
const UNSIGNED = [...EXTREMES, 2n ** 63n - 1n, 2n ** 63n, 2n ** 63n + 1n, MAX_U64 - 1n, MAX_U64];
const SIGNED = [...EXTREMES, ...EXTREMES.map((value) => -value), 2n ** 63n - 1n, -(2n ** 63n), 1n - 2n ** 63n];

const wide = suite('64-bit fields');

/** Writes `value` into a field of a sample, and reads it. */
function throughWire(codec: Codec, field: string, value: number | bigint): object {
  const m = { ...codec.sample(new Random(1)), [field]: value };
  const payload = marshalled(codec, m);
  const read = codec.create();
  assert.is(codec.unmarshal(payload, 0, payload.capacity, read), payload.capacity);
  return read;
}

function isSigned(codec: Codec, field: string): boolean {
  try {
    return Reflect.set(codec.create(), field, -1n);
  } catch {
    return false;
  }
}

for (const [name, codec] of ALL_CODECS) {
  for (const field of wideFields(codec)) {
    wide(`${name}.${field} keeps every value`, () => {
      for (const value of isSigned(codec, field) ? SIGNED : UNSIGNED) {
        const read = throughWire(codec, field, value);
        assert.is(Reflect.get(read, field), value);
        assert.is(
          Reflect.get(throughWire(codec, field, Number.isSafeInteger(Number(value)) ? Number(value) : value), field),
          value,
        );
        const twin = (): unknown => Reflect.get(read, `${field}Number`);
        if (Number.isSafeInteger(Number(value))) assert.is(twin(), Number(value));
        else
          assert.throws(
            twin,
            (error: Error) =>
              error instanceof RangeError && error.message.includes(`${codec.name}.${field} is ${value}`),
          );
        assert.is(Reflect.set(read, field, value), true);
        assert.is(Reflect.get(read, field), value);
      }
    });

    wide(`${name}.${field} takes nothing else, and says so by its name`, () => {
      const bad = [MAX_U64 + 1n, -(2n ** 63n) - 1n, 0.5, 2 ** 53, NaN, Infinity, '1', null, undefined, {}, true];
      for (const value of [...bad, isSigned(codec, field) ? 2n ** 63n : -1n, isSigned(codec, field) ? 0.1 : -1]) {
        const fails = (error: Error): boolean => error.message.startsWith(`${codec.name}.${field} must be `);
        assert.throws(() => marshalled(codec, { ...codec.sample(new Random(1)), [field]: value }), fails);
        assert.throws(() => Reflect.set(codec.create(), field, value), fails);
      }
    });
  }
}

wide.run();

const narrow = suite('integers of 32 bits and less');

const RANGES: Readonly<Record<string, readonly [least: number, most: number]>> = {
  c: [-(2 ** 31), 2 ** 31 - 1],
  d: [0, 2 ** 32 - 1],
  e: [-32768, 32767],
  f: [0, 65535],
  g: [-128, 127],
  h: [0, 255],
};

for (const [field, [least, most]] of Object.entries(RANGES)) {
  narrow(`${field}: from ${least} to ${most}`, () => {
    const codec = KINDS.find((each) => each.name === 'Integers')!;
    for (const value of [least, -1, 0, 1, most - 1, most].filter((each) => each >= least)) {
      assert.is(Reflect.get(throughWire(codec, field, value), field), value);
    }
    for (const value of [least - 1, most + 1, 0.5, NaN, '1', null, undefined, 1n]) {
      const m = { ...sampleIntegers(new Random(1)), [field]: value };
      assert.throws(
        () => marshalled(codec, m),
        (error: Error) => error.message.startsWith(`Integers.${field} must be `),
      );
    }
  });
}

narrow.run();

const opaque = suite('identifiers');

opaque('every value survives, a number where a number is exact', () => {
  for (const value of UNSIGNED) {
    const m = { ...sampleIntegers(new Random(1)), key: Key(value) };
    const payload = marshalled(
      KINDS.find((each) => each.name === 'Integers')!,
      m,
    );
    const read = new Integers();
    unmarshalIntegers(payload, 0, payload.capacity, read);
    assert.is(read.key, m.key);
    assert.is(BigInt(read.key), value);
    assert.is(typeof read.key, value < 2n ** 53n ? 'number' : 'bigint');
  }
});

opaque('the same number is the same identifier', () => {
  assert.is(FDID(7n), FDID(7));
  assert.is(FDID(MAX_U64), FDID(2n ** 64n - 1n));
});

opaque('what is no such number is refused', () => {
  for (const value of [-1, 0.5, 2 ** 53, MAX_U64 + 1n, -1n]) assert.throws(() => FDID(value), /^FDID must be /u);
  for (const value of [-1, 0.5, 2 ** 32]) assert.throws(() => Slot(value), /^Slot must be /u);
  assert.is(Slot(2 ** 32 - 1), 2 ** 32 - 1);
});

opaque.run();

const pads = suite('pads');

pads('are written as zero and not read', () => {
  const m = sampleIntegers(new Random(2));
  const payload = marshalled(
    KINDS.find((each) => each.name === 'Integers')!,
    m,
  );
  const padBytes = [30, 31, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55];
  for (const at of padBytes) assert.is(payload.bytes[at], 0, `${at}`);
  for (const at of padBytes) payload.bytes[at] = 0xff;
  const read = new Integers();
  assert.is(unmarshalIntegers(payload, 0, 56, read), 56);
  marshalIntegers(payload, 0, read);
  for (const at of padBytes) assert.is(payload.bytes[at], 0, `${at}`);
});

pads.run();

const allocation = suite('allocation');

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/**
 * How many bytes the heap grows by for each call, once the code is warm. Few enough that nothing is collected
 * meanwhile.
 */
function bytesPerCall(call: () => void): number {
  const COUNT = 20_000;
  // On a busy machine the optimizing compiler, which has a thread of its own, may take its time.
  const MOST_ROUNDS = 50;
  for (let i = 0; i < 10 * COUNT; i++) call();
  let least = Infinity;
  for (let round = 0; round < MOST_ROUNDS && least >= 1; round++) {
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < COUNT; i++) call();
    least = Math.min(least, (process.memoryUsage().heapUsed - before) / COUNT);
  }
  return least;
}

for (const codec of CODECS.filter((each) => (each.fixedSize ?? 0) > 0)) {
  allocation(`${codec.name}: neither writing nor reading into the same object makes anything`, () => {
    const m = codec.create();
    const payload = marshalled(codec, m);
    for (const [at] of payload.bytes.entries()) payload.bytes[at] = at % 8 < 3 ? 0xff : 0;
    const bytes = bytesPerCall(() => {
      codec.unmarshal(payload, 0, payload.capacity, m);
      codec.marshal(payload, 0, m);
    });
    assert.ok(bytes < 1, `${bytes} bytes a call`);
  });
}

allocation('reading a twin makes nothing, reading a bigint does', () => {
  const m = new Statx();
  m.size = 2 ** 40;
  let sum = 0;
  const kept: unknown[] = [];
  assert.ok(bytesPerCall(() => void (sum += m.sizeNumber % 3)) < 1);
  assert.ok(bytesPerCall(() => void (kept[0] = m.size)) > 8);
  assert.ok(sum >= 0);
});

function statxSum(m: Statx): number {
  const { atime, btime, ctime, mtime } = m;
  const owner = m.nlink + m.uid + m.gid + m.mode;
  const large = m.attributesNumber + m.inoNumber + m.sizeNumber + m.blocksNumber + m.attributesMaskNumber;
  const seconds = atime.secNumber + btime.secNumber + ctime.secNumber + mtime.secNumber;
  const rest = atime.nsec + btime.nsec + ctime.nsec + mtime.nsec + m.rdevMajor + m.rdevMinor + m.devMajor + m.devMinor;
  return (m.mask + m.blksize + owner + large + seconds + rest) | 0;
}

/* A twin that V8 does not inline makes 16 bytes: all of a message have to be small enough together. */
allocation('writing a Statx and reading all of it makes nothing, even after a value that no number holds', () => {
  const [m, into, payload] = [new Statx(), new Statx(), Payload.alloc(STATX_BYTES)];
  m.size = MAX_U64;
  assert.throws(() => m.sizeNumber, RangeError);
  for (const name of ['attributes', 'ino', 'size', 'blocks', 'attributesMask'] as const) m[name] = 2 ** 40;
  for (const time of [m.atime, m.btime, m.ctime, m.mtime]) time.sec = 2 ** 33;
  let sum = 0;
  const bytes = bytesPerCall(() => {
    unmarshalStatx(payload, 0, marshalStatx(payload, 0, m), into);
    sum = (sum + statxSum(into)) | 0;
  });
  assert.ok(bytes < 1, `${bytes} bytes a call`);
  assert.ok(Number.isInteger(sum));
});

allocation('a request that was made once is written without making anything', () => {
  const m = new FStatReq();
  m.fd = FDID(5);
  const codec = CODECS.find((each) => each.name === 'FStatReq')!;
  const payload = marshalled(codec, m);
  assert.ok(bytesPerCall(() => void codec.marshal(payload, 0, m)) < 1);
});

allocation.run();
