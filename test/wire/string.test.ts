import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeString, decodeWords, encodeString, encodeWords, stringSize } from '../../runtime/wire/string.js';

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Decodes bytes that lie amid others, both ways. */
function decode(bytes: Uint8Array): string {
  const room = Buffer.concat([Buffer.from([0xc3]), bytes, Buffer.from([0xa9])]);
  const text = decodeString(room, 1, 1 + bytes.length);
  assert.is(decodeWords(viewOf(room), room, 1, 1 + bytes.length), text);
  return text;
}

/** Encodes amid other bytes, which must stay as they are, both ways. */
function encode(text: string): Buffer {
  const size = stringSize(text, 'text');
  const [room, other] = [Buffer.alloc(size + 2, 0xa5), Buffer.alloc(size + 2, 0xa5)];
  assert.is(encodeString(room, 1, text), 1 + size);
  assert.is(encodeWords(viewOf(other), other, 1, text, size, 'text'), size);
  assert.is(other.toString('hex'), room.toString('hex'));
  assert.is(room[0], 0xa5);
  assert.is(room[1 + size], 0xa5);
  return room.subarray(1, 1 + size);
}

const strings = suite('strings');

strings('any bytes are kept', () => {
  const sizes = [{ maxLength: 20 }, { minLength: 10, maxLength: 100 }, { minLength: 4090, maxLength: 5000 }];
  for (const size of sizes) {
    fc.assert(
      fc.property(fc.uint8Array({ ...size, size: 'max' }), (bytes) => {
        assert.is(encode(decode(bytes)).toString('hex'), Buffer.from(bytes).toString('hex'));
      }),
    );
  }
});

strings('text that is cut anywhere and spoilt anywhere is kept', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.nat(),
      fc.nat(255),
      fc.nat(),
      (text, cut, byte, at) => {
        const bytes = Buffer.from(text).subarray(cut % 7);
        if (bytes.length > 0) bytes[at % bytes.length] = byte;
        assert.is(encode(decode(bytes)).toString('hex'), bytes.toString('hex'));
      },
    ),
  );
});

strings('UTF-8 is read as what it says', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      assert.is(decode(Buffer.from(text)), text);
      assert.is(encode(text).toString(), text);
      assert.is(stringSize(text, 'text'), Buffer.byteLength(text));
    }),
  );
});

strings('a byte that is no UTF-8 is U+DC00 and its value, as in Python', () => {
  assert.is(decode(Buffer.from([0xff])), '\udcff');
  assert.is(decode(Buffer.from('a\x80b', 'latin1')), 'a\udc80b');
  assert.is(decode(Buffer.from([0xed, 0xb3, 0xbf])), '\udced\udcb3\udcbf', 'a surrogate, encoded');
  assert.is(decode(Buffer.from([0xc0, 0x80])), '\udcc0\udc80', 'an overlong NUL');
  assert.is(decode(Buffer.from([0xf4, 0x90, 0x80, 0x80])), '\udcf4\udc90\udc80\udc80', 'beyond U+10FFFF');
  assert.is(decode(Buffer.from([0xe2, 0x82])), '\udce2\udc82', 'cut off');
  assert.is(decode(Buffer.from('x'.repeat(30) + '\xe9', 'latin1')), `${'x'.repeat(30)}\udce9`);
});

strings('any other half character has no bytes', () => {
  for (const text of ['\ud800', '\udfff', 'a\udc7f', '\udd00b', `${'x'.repeat(40)}\ud83d`]) {
    assert.throws(() => stringSize(text, 'Req.name'), /^Req\.name must be a string without lone surrogates/u);
  }
});

strings('what is no string is refused by its name', () => {
  for (const value of [undefined, null, 5, {}, ['a'], Buffer.from('a')]) {
    assert.throws(
      () => Reflect.apply(stringSize, undefined, [value, 'Req.name']),
      /^Req\.name must be a string, not /u,
    );
  }
});

strings('what has no bytes, or too many, is not written', () => {
  const room = Buffer.alloc(100);
  const write = (text: unknown, most: number): (() => unknown) => {
    return () => Reflect.apply(encodeWords, undefined, [viewOf(room), room, 1, text, most, 'Req.name']);
  };
  assert.throws(write('\ud800', 99), /^Req\.name must be a string without lone surrogates/u);
  for (const text of ['abcd', 'aé', 'é'.repeat(30), 'x'.repeat(40)]) {
    const size = Buffer.byteLength(text);
    assert.is(write(text, size)(), size);
    assert.throws(write(text, size - 1), new RegExp(`^Req\\.name must be at most ${size - 1} long, not ${size}$`, 'u'));
  }
  for (const value of [undefined, null, 5, {}, ['a'], Buffer.from('a')]) {
    assert.throws(write(value, 99), /^Req\.name must be a string, not /u);
  }
});

strings('every size has all of its characters in their order, wherever one that is not ASCII stands', () => {
  const letters = Array.from({ length: 140 }, (_, i) => String.fromCharCode(33 + (i % 90))).join('');
  for (let size = 0; size <= letters.length; size++) {
    const text = letters.slice(0, size);
    assert.is(decode(Buffer.from(text)), text);
    assert.is(encode(text).toString('latin1'), text);
    for (const at of [0, 1, 2, 3, size >> 1, size - 1].filter((each) => each >= 0 && each < size)) {
      const bytes = Buffer.from(text);
      bytes[at] = 0xe9;
      const spoilt = `${text.slice(0, at)}\udce9${text.slice(at + 1)}`;
      assert.is(decode(bytes), spoilt);
      assert.is(encode(spoilt).toString('hex'), bytes.toString('hex'));
    }
  }
});

strings('a string of any size is as good as a short one', () => {
  for (const size of [0, 15, 16, 17, 4095, 4096, 4097, 65535]) {
    assert.is(decode(Buffer.alloc(size, 'é')).length, Math.ceil(size / 2));
    assert.is(decode(Buffer.alloc(size, 'e')), 'e'.repeat(size));
  }
});

strings.run();
