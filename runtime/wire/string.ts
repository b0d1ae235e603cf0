/**
 * Strings on the wire are bytes: a Linux name is any bytes but NUL and '/'. Both ways must lose nothing.
 *
 * Bytes that are valid UTF-8 become the string that they encode. A byte that is not becomes the lone surrogate
 * U+DC00 + byte (0x80-0xff give U+DC80-U+DCFF), which no valid UTF-8 can give, and is written back as that byte:
 * Python's surrogateescape (PEP 383). Any other lone surrogate has no bytes and is refused.
 *
 * The source may be memory that the peer writes to at any moment, and V8's UTF-8 decoder reads its source twice: once
 * to measure, once to convert into what it measured. So bytes are first copied, once, to memory that nobody else has.
 */

import { isAscii, isUtf8 } from 'node:buffer';
import { MAX_ASCII_BYTES, asciiString } from './ascii.js';
import { outOfRange, wrongType, wrongValue } from './invalid.js';

/** Strings of up to so many characters are written faster by a loop than by a call into Node (measured on Node 20). */
const WRITTEN_BY_LOOP = 24;
/** Bytes up to this many are copied faster one by one, or four by four. */
const COPIED_BY_LOOP = 48;
const COPIED_BY_WORDS = 128;
const SCRATCH_BYTES = 4096;
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
const scratchView = new DataView(scratch.buffer, scratch.byteOffset, SCRATCH_BYTES);

/** The bits that no byte of ASCII has, in a word of four. */
const BEYOND_ASCII = 0x8080_8080 | 0;

const ESCAPE_FIRST = 0xdc80;
const ESCAPE_LAST = 0xdcff;
const ESCAPE_BASE = 0xdc00;

/** Reads each of `source`'s bytes from `at` to `end` once and gives the string that they are. */
export function decodeString(source: Buffer, at: number, end: number): string {
  const size = end - at;
  if (size > COPIED_BY_LOOP) return decodeCopy(source, at, end);
  let bits = 0;
  for (let i = 0; i < size; i++) {
    const byte = source[at + i]!;
    scratch[i] = byte;
    bits |= byte;
  }
  return decodeScratch(size, bits);
}

/** As decodeString, of bytes that `view` shows as well: four at a time. */
export function decodeWords(view: DataView, source: Buffer, at: number, end: number): string {
  const size = end - at;
  if (size > COPIED_BY_WORDS) return decodeCopy(source, at, end);
  const whole = size - 3;
  let bits = 0;
  let i = 0;
  for (; i < whole; i += 4) {
    const word = view.getInt32(at + i, true);
    scratchView.setInt32(i, word, true);
    bits |= word;
  }
  for (; i < size; i++) {
    const byte = view.getUint8(at + i);
    scratchView.setUint8(i, byte);
    bits |= byte;
  }
  return decodeScratch(size, bits);
}

/** The string of the scratch's first bytes; `bits` are those that any of them has, or any word of four. */
function decodeScratch(size: number, bits: number): string {
  if ((bits & BEYOND_ASCII) !== 0) return decodePrivate(scratch.subarray(0, size));
  return size <= MAX_ASCII_BYTES ? asciiString(scratch, size) : scratch.toString('latin1', 0, size);
}

function decodeCopy(source: Buffer, at: number, end: number): string {
  const size = end - at;
  const copy = size <= SCRATCH_BYTES ? scratch.subarray(0, size) : Buffer.allocUnsafeSlow(size);
  source.copy(copy, 0, at, end);
  return decodePrivate(copy);
}

/** Decodes bytes that only this thread can change. */
function decodePrivate(bytes: Buffer): string {
  if (isAscii(bytes)) return bytes.toString('latin1');
  if (isUtf8(bytes)) return bytes.toString('utf8');
  return decodeEscaped(bytes);
}

function decodeEscaped(bytes: Buffer): string {
  let text = '';
  let from = 0;
  for (let i = 0; i < bytes.length;) {
    const step = sequenceBytes(bytes, i);
    if (step > 0) {
      i += step;
      continue;
    }
    text += bytes.toString('utf8', from, i) + String.fromCharCode(ESCAPE_BASE + bytes[i]!);
    from = ++i;
  }
  return text + bytes.toString('utf8', from, bytes.length);
}

/** The size of the valid UTF-8 sequence that begins at `i`, or 0 if none does. */
function sequenceBytes(bytes: Buffer, i: number): number {
  const first = bytes[i]!;
  if (first < 0x80) return 1;
  const size = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (size === 0 || i + size > bytes.length) return 0;
  return isUtf8(bytes.subarray(i, i + size)) ? size : 0;
}

/** How many bytes encodeString writes. Throws a TypeError that names `field` for what has no bytes. */
export function stringSize(text: string, field: string): number {
  if (typeof text !== 'string') throw wrongType(field, 'a string', text);
  const size = Buffer.byteLength(text, 'utf8');
  // One byte for each character: all of it is ASCII. A lone surrogate would have been counted as three.
  return size === text.length || text.isWellFormed() ? size : escapedSize(text, field);
}

function escapedSize(text: string, field: string): number {
  let size = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code >= ESCAPE_FIRST && code <= ESCAPE_LAST) size += 1;
    else if (code >= 0xd800 && code <= 0xdfff) throw loneSurrogate(field, text);
    else size += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return size;
}

function loneSurrogate(field: string, text: string): TypeError {
  const what = 'a string without lone surrogates, but for U+DC80 to U+DCFF, which stand for the bytes 80 to ff';
  return wrongValue(field, what, text);
}

/** Writes `text` to `target` at `at`, where stringSize says that there is room, and returns the offset after it. */
export function encodeString(target: Buffer, at: number, text: string): number {
  const { length } = text;
  if (length <= WRITTEN_BY_LOOP) {
    let i = 0;
    for (; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) break;
      target[at + i] = code;
    }
    if (i === length) return at + length;
  }
  return text.isWellFormed() ? at + target.write(text, at, 'utf8') : encodeEscaped(target, at, text);
}

/**
 * As stringSize and encodeString in one, to bytes that `view` shows as well. Returns the size. Throws for what has no
 * bytes, or more than `most`: what is written by then is no string.
 */
export function encodeWords(
  view: DataView,
  target: Buffer,
  at: number,
  text: string,
  most: number,
  field: string,
): number {
  if (typeof text !== 'string') throw wrongType(field, 'a string', text);
  const { length } = text;
  if (length <= WRITTEN_BY_LOOP && length <= most && encodeAscii(view, at, text)) return length;
  const size = stringSize(text, field);
  if (size > most) throw outOfRange(field, `at most ${most} long`, size);
  if (size === length) target.write(text, at, 'latin1');
  else encodeString(target, at, text);
  return size;
}

/** Writes a byte for each character. False where they are not all ASCII, and what is written is of no use. */
function encodeAscii(view: DataView, at: number, text: string): boolean {
  const { length } = text;
  const whole = length - 3;
  let bits = 0;
  let i = 0;
  for (; i < whole; i += 4) {
    const a = text.charCodeAt(i);
    const b = text.charCodeAt(i + 1);
    const c = text.charCodeAt(i + 2);
    const d = text.charCodeAt(i + 3);
    bits |= a | b | c | d;
    view.setInt32(at + i, a | (b << 8) | (c << 16) | (d << 24), true);
  }
  for (; i < length; i++) {
    const code = text.charCodeAt(i);
    bits |= code;
    view.setUint8(at + i, code);
  }
  return bits < 0x80;
}

function encodeEscaped(target: Buffer, at: number, text: string): number {
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code >= ESCAPE_FIRST && code <= ESCAPE_LAST) target[at++] = code - ESCAPE_BASE;
    else at += target.write(character, at, 'utf8');
  }
  return at;
}
