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
import { wrongType, wrongValue } from './invalid.js';

/** Strings up to this long are written faster byte by byte than by a call into Node (measured on Node 20). */
const SHORT = 16;
/** Bytes up to this many are copied faster one by one. */
const COPIED_BY_LOOP = 48;
const SCRATCH_BYTES = 4096;
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

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
  if (bits >= 0x80) return decodePrivate(scratch.subarray(0, size));
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
  const { length } = text;
  if (length <= SHORT) {
    let i = 0;
    while (i < length && text.charCodeAt(i) < 0x80) i++;
    if (i === length) return length;
  }
  if (text.isWellFormed()) return Buffer.byteLength(text, 'utf8');
  return escapedSize(text, field);
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
  if (length <= SHORT) {
    let i = 0;
    for (; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) break;
      target[at + i] = code;
    }
    if (i === length) return at + length;
  }
  if (text.isWellFormed()) return at + target.write(text, at, 'utf8');
  return encodeEscaped(target, at, text);
}

function encodeEscaped(target: Buffer, at: number, text: string): number {
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code >= ESCAPE_FIRST && code <= ESCAPE_LAST) target[at++] = code - ESCAPE_BASE;
    else at += target.write(character, at, 'utf8');
  }
  return at;
}
