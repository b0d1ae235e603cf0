import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  CHANNEL_HEADER_BYTES,
  SOCK_HEADER_BYTES,
  getChannelMID,
  getChannelNumFDs,
  getSockMID,
  getSockPayloadLen,
  putChannelHeader,
  putSockHeader,
} from '../../runtime/wire/header.js';
import {
  Payload,
  bytesSize,
  checkCount,
  getString,
  listCount,
  putBytes,
  putI16,
  putI32,
  putI64,
  putI8,
  putString,
  putU16,
  putU32,
  putU64,
  putU8,
} from '../../runtime/wire/payload.js';

type Put = (view: DataView, at: number, value: number, field: string) => void;

const integers = suite('put…');

const CASES: readonly (readonly [name: string, put: Put, size: number, least: number, most: number])[] = [
  ['putU8', putU8, 1, 0, 255],
  ['putI8', putI8, 1, -128, 127],
  ['putU16', putU16, 2, 0, 65535],
  ['putI16', putI16, 2, -32768, 32767],
  ['putU32', putU32, 4, 0, 2 ** 32 - 1],
  ['putI32', putI32, 4, -(2 ** 31), 2 ** 31 - 1],
];

for (const [name, put, size, least, most] of CASES) {
  integers(`${name} writes from ${least} to ${most}, and nothing beside`, () => {
    for (const value of [least, 0, 1, most]) {
      const payload = Payload.alloc(10);
      payload.bytes.fill(0xa5);
      put(payload.view, 3, value, 'x');
      const written = payload.bytes.subarray(3, 3 + size);
      assert.is(least < 0 ? written.readIntLE(0, size) : written.readUIntLE(0, size), value);
      assert.is(payload.bytes.subarray(0, 3).toString('hex'), 'a5a5a5');
      assert.is(payload.bytes[3 + size], 0xa5);
    }
  });

  integers(`${name} refuses everything else before it writes`, () => {
    for (const value of [least - 1, most + 1, 0.5, NaN, Infinity, '1', 1n, null, undefined, {}, Symbol('s'), true]) {
      const payload = Payload.alloc(8);
      const call = (): unknown => Reflect.apply(put, undefined, [payload.view, 0, value, 'Req.field']);
      assert.throws(call, (error: Error) =>
        error.message.startsWith(`Req.field must be an integer from ${least} to ${most}`),
      );
      assert.is(payload.bytes.toString('hex'), '00'.repeat(8));
    }
  });
}

integers('64-bit integers are written in their order of bytes', () => {
  const payload = Payload.alloc(24);
  putU64(payload.view, 0, 0x0102030405060708n, 'x');
  putI64(payload.view, 8, -2, 'x');
  putU64(payload.view, 16, 2 ** 32 + 1, 'x');
  assert.is(payload.bytes.toString('hex'), '0807060504030201feffffffffffffff0100000001000000');
});

integers.run();

const runs = suite('runs');

runs('strings and bytes are put where they should be, and end where they are said to', () => {
  const payload = Payload.alloc(16);
  assert.is(putString(payload, 1, 'né', 3, 'Req.name'), 3);
  assert.is(getString(payload, 1, 4), 'né');
  assert.is(putBytes(payload, 4, new Uint8Array([7, 8])), 6);
  assert.is(payload.bytes.subarray(0, 7).toString('hex'), '006ec3a9070800');
});

runs('what stands in a payload is the same object until others are asked for, and is not copied to where it is', () => {
  const payload = new Payload(new ArrayBuffer(24), 8, 16);
  const run = payload.run(2, 3);
  assert.is(payload.run(2, 3), run);
  assert.is(run.byteOffset, 10);
  run.set([1, 2, 3]);
  let copies = 0;
  payload.bytes.set = (data: Uint8Array, at: number): void => {
    copies++;
    Uint8Array.prototype.set.call(payload.bytes, data, at);
  };
  assert.is(putBytes(payload, 2, run), 5);
  assert.is(copies, 0);
  assert.is(putBytes(payload, 3, run), 6);
  assert.is(payload.bytes.subarray(2, 6).toString('hex'), '01010203');
  assert.is.not(payload.run(2, 2), run);
  assert.is(payload.run(2, 2).length, 2);
  assert.is(payload.run(4, 2).byteOffset, 12);
  // The first is still a view of these bytes, but nobody knows that any more.
  assert.is(putBytes(payload, 2, run), 5);
  assert.is(copies, 2);
  assert.is(payload.bytes.subarray(2, 6).toString('hex'), '01010203');
  const other = Payload.alloc(16);
  other.run(2, 3);
  putBytes(other, 2, payload.run(2, 3));
  assert.is(other.bytes.subarray(2, 5).toString('hex'), '010102');
});

runs('sizes and counts are checked by their names', () => {
  assert.is(checkCount(5, 5, 'Req.list'), 5);
  assert.throws(() => checkCount(6, 5, 'Req.list'), /^Req\.list must be at most 5 long, not 6$/u);
  assert.is(listCount([1, 2], 'x'), 2);
  assert.throws(
    () => Reflect.apply(listCount, undefined, ['ab', 'Req.list']),
    /^Req\.list must be an array, not 'ab'$/u,
  );
  assert.is(bytesSize(new Uint8Array(3), 'x'), 3);
  assert.throws(
    () => Reflect.apply(bytesSize, undefined, [[1], 'Req.data']),
    /^Req\.data must be a Uint8Array, not \[ 1 \]$/u,
  );
});

runs('a payload can be a part of a buffer', () => {
  const buffer = new ArrayBuffer(32);
  const payload = new Payload(buffer, 8, 16);
  assert.is(payload.capacity, 16);
  putU32(payload.view, 0, 1, 'x');
  assert.is(new Uint8Array(buffer)[8], 1);
  assert.is(payload.bytes[0], 1);
  assert.throws(() => payload.view.getUint8(16), RangeError);
});

runs.run();

const headers = suite('headers');

headers('of a socket', () => {
  const payload = Payload.alloc(SOCK_HEADER_BYTES + 2);
  payload.bytes.fill(0xa5);
  putSockHeader(payload.view, 1, 0x01020304, 0xfffe);
  assert.is(payload.bytes.toString('hex'), 'a504030201feff0000a5');
  assert.is(getSockPayloadLen(payload.view, 1), 0x01020304);
  assert.is(getSockMID(payload.view, 1), 0xfffe);
});

headers('of a channel', () => {
  const payload = Payload.alloc(CHANNEL_HEADER_BYTES + 2);
  payload.bytes.fill(0xa5);
  putChannelHeader(payload.view, 1, 0xfffe, 255);
  assert.is(payload.bytes.toString('hex'), 'a5feffff00a5');
  assert.is(getChannelMID(payload.view, 1), 0xfffe);
  assert.is(getChannelNumFDs(payload.view, 1), 255);
});

headers.run();
