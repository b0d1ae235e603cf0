import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeString, encodeString, stringSize } from '../../runtime/wire/string.js';

/** Decodes bytes that lie amid others. */
function decode(bytes: Uint8Array): string {
  const room = Buffer.concat([Buffer.from([0xc3]), bytes, Buffer.from([0xa9])]);
  return decodeString(room, 1, 1 + bytes.length);
}

/** Encodes amid other bytes, which must stay as they are. */
function encode(text: string): Buffer {
  const size = stringSize(text, 'text');
  const room = Buffer.alloc(size + 2, 0xa5);
  assert.is(encodeString(room, 1, text), 1 + size);
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

strings('a string of any size is as good as a short one', () => {
  for (const size of [0, 15, 16, 17, 4095, 4096, 4097, 65535]) {
    assert.is(decode(Buffer.alloc(size, 'é')).length, Math.ceil(size / 2));
    assert.is(decode(Buffer.alloc(size, 'e')), 'e'.repeat(size));
  }
});

strings.run();
