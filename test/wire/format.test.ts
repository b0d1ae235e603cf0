import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  formatBytes,
  formatFields,
  formatHex,
  formatList,
  formatNumber,
  formatOctal,
  formatOther,
  formatText,
} from '../../runtime/wire/format.js';

const test = suite('format');

test('numbers, masks and permissions', () => {
  assert.is(formatNumber(5), '5');
  assert.is(formatNumber(2n ** 64n - 1n), '18446744073709551615');
  assert.is(formatHex(2047), '0x7ff');
  assert.is(formatHex(-16n), '-0x10');
  assert.is(formatOctal(0o644), '0644');
});

test('text is on one line, whole or cut', () => {
  assert.is(formatText('a"b\n'), '"a\\"b\\n"');
  assert.is(formatText('\u2028\u202e\u00a0\u200b\u0085'), '"\\u2028\\u202e\\u00a0\\u200b\\u0085"');
  assert.is(formatText('\udcff'), '"\\udcff"');
  assert.is(formatText('x'.repeat(65)), `"${'x'.repeat(64)}"…`);
});

test('lists and bytes, whole or cut', () => {
  assert.is(formatList(['a', 'b'], formatText), '["a", "b"]');
  const many = Array.from({ length: 20 }, () => 1);
  assert.is(formatList(many, formatNumber), `[${'1, '.repeat(16)}… 4 more]`);
  assert.is(formatBytes(new Uint8Array(0)), '<0 bytes>');
  assert.is(formatBytes(new Uint8Array([1, 255])), '<2 bytes 01ff>');
  assert.is(formatBytes(new Uint8Array(17)), `<17 bytes ${'00'.repeat(16)}…>`);
  assert.is(formatFields('a=1', 'b=2'), '{a=1, b=2}');
});

test('what does not belong there is shown, not thrown at', () => {
  const throwing = {
    toString: (): string => {
      throw new Error('no');
    },
  };
  const values = [undefined, null, {}, [], () => 0, Symbol('s'), 'x\n', true, throwing];
  const formats: readonly ((value: never) => string)[] = [
    formatNumber,
    formatHex,
    formatOctal,
    formatText,
    formatBytes,
    formatOther,
  ];
  for (const format of formats) {
    for (const value of values) assert.match(String(Reflect.apply(format, undefined, [value])), /^[^\n]+$/u);
  }
  for (const value of values) {
    assert.match(String(Reflect.apply(formatList, undefined, [value, formatNumber])), /^[^\n]+$/u);
  }
});

test.run();
