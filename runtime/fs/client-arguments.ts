/** What the calls of node:fs take, read as node:fs reads it: paths, flags, modes, times, options. */

import { constants, type PathLike, type TimeLike } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { outOfRange, wrongType, wrongValue } from '../wire/invalid.js';
import { decodeString, encodeString, stringSize } from '../wire/string.js';

const { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_SYNC, O_TRUNC, O_WRONLY } = constants;

/** A lossless string of a name's bytes, valid UTF-8 or not; see wire/string.ts. */
export function textOf(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return decodeString(buffer, 0, buffer.length);
}

/** The bytes of such a string. */
export function bytesOf(text: string): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(stringSize(text, 'name'));
  encodeString(bytes, 0, text);
  return bytes;
}

/** The path that an argument stands for. Throws as node:fs does for what is no path; `field` is the argument's name. */
export function pathOf(path: PathLike, field = 'path'): string {
  const plain: unknown = path instanceof URL ? fileURLToPath(path) : path;
  const text = plain instanceof Uint8Array ? textOf(plain) : plain;
  if (typeof text !== 'string') throw wrongType(field, 'of type string or an instance of Buffer or URL', path);
  if (text.includes('\0')) throw wrongValue(field, 'a string, Uint8Array, or URL without null bytes', path);
  return text;
}

/** What a name is returned as, in the encoding that was asked for. */
export function encodeName(name: string, encoding: string | null | undefined): string | Buffer {
  if (encoding === undefined || encoding === null || encoding === 'utf8' || encoding === 'utf-8') return name;
  return encoding === 'buffer' ? bytesOf(name) : bytesOf(name).toString(encoding as BufferEncoding);
}

/** An options argument as an object: a string stands for the encoding. */
export function optionsOf<T extends object>(
  options: string | T | null | undefined,
): Partial<T> & { encoding?: string } {
  if (options === undefined || options === null || typeof options === 'function') return {};
  if (typeof options !== 'string' && typeof options !== 'object') {
    throw wrongType('options', 'of type string or an object', options);
  }
  const given: Partial<T> & { encoding?: string } =
    typeof options === 'string' ? ({ encoding: options } as Partial<T> & { encoding: string }) : { ...options };
  const { encoding } = given;
  if (encoding && encoding !== 'buffer' && !Buffer.isEncoding(encoding)) {
    throw wrongValue('encoding', 'a valid encoding', encoding);
  }
  checkSignal((given as { signal?: unknown }).signal);
  return given;
}

function checkSignal(signal: unknown): void {
  if (signal === undefined) return;
  if (typeof signal !== 'object' || signal === null || !('aborted' in signal)) {
    throw wrongType('options.signal', 'an instance of AbortSignal', signal);
  }
}

const WRITE = O_TRUNC | O_CREAT | O_WRONLY;
const WRITE_READ = O_TRUNC | O_CREAT | O_RDWR;
const APPEND = O_APPEND | O_CREAT | O_WRONLY;
const APPEND_READ = O_APPEND | O_CREAT | O_RDWR;

const FLAGS: Readonly<Record<string, number>> = {
  r: O_RDONLY,
  rs: O_RDONLY | O_SYNC,
  sr: O_RDONLY | O_SYNC,
  'r+': O_RDWR,
  'rs+': O_RDWR | O_SYNC,
  'sr+': O_RDWR | O_SYNC,
  w: WRITE,
  wx: WRITE | O_EXCL,
  xw: WRITE | O_EXCL,
  'w+': WRITE_READ,
  'wx+': WRITE_READ | O_EXCL,
  'xw+': WRITE_READ | O_EXCL,
  a: APPEND,
  ax: APPEND | O_EXCL,
  xa: APPEND | O_EXCL,
  as: APPEND | O_SYNC,
  sa: APPEND | O_SYNC,
  'a+': APPEND_READ,
  'ax+': APPEND_READ | O_EXCL,
  'xa+': APPEND_READ | O_EXCL,
  'as+': APPEND_READ | O_SYNC,
  'sa+': APPEND_READ | O_SYNC,
};

/** The O_* flags that `'w+'` or a number stands for. */
export function flagsOf(flags: string | number | null | undefined): number {
  if (typeof flags === 'number') return integer(flags, 'flags', -(2 ** 31), 2 ** 31 - 1);
  if (flags === undefined || flags === null) return O_RDONLY;
  const value = Object.hasOwn(FLAGS, flags) ? FLAGS[flags] : undefined;
  if (value === undefined) throw wrongValue('flags', "one of node:fs's flags", flags);
  return value;
}

/** A mode: a number, or octal digits. */
export function modeOf(mode: unknown, missing?: number): number {
  const given = mode ?? missing;
  if (typeof given !== 'string') return integer(given, 'mode', 0, 2 ** 32 - 1);
  if (!/^[0-7]+$/.test(given)) throw wrongValue('mode', 'a 32-bit unsigned integer or an octal string', given);
  return integer(Number.parseInt(given, 8), 'mode', 0, 2 ** 32 - 1);
}

/** Checks options that must be an object where there are any. */
export function checkObject(options: unknown): void {
  if (options === undefined || (typeof options === 'object' && options !== null && !Array.isArray(options))) return;
  throw wrongType('options', 'an object', options);
}

/** Checks an integer as node:fs does. */
export function integer(value: unknown, field: string, least: number, most: number): number {
  if (typeof value !== 'number') throw wrongType(field, 'of type number', value);
  if (!Number.isInteger(value)) throw outOfRange(field, 'an integer', value);
  if (value < least || value > most) throw outOfRange(field, `>= ${least} && <= ${most}`, value);
  return value;
}

export function boolean(value: unknown, field: string): boolean {
  if (typeof value !== 'boolean') throw wrongType(field, 'of type boolean', value);
  return value;
}

/** A user or a group; -1 leaves it as it is. */
export function ownerOf(id: unknown, field: string): number {
  return integer(id, field, -1, 2 ** 32 - 1);
}

/** Seconds since 1970, as node:fs reads a time. A negative number means now, for it, and a negative Date does not. */
function secondsOf(time: TimeLike, field: string): number {
  // oxlint-disable-next-line eqeqeq -- as node:fs does: a string that is a number
  if (typeof time === 'string' && +time == (time as unknown)) return +time;
  if (typeof time === 'number' && Number.isFinite(time)) return time < 0 ? Date.now() / 1000 : time;
  if (time instanceof Date) return time.getTime() / 1000;
  throw wrongType(field, 'an instance of Date or Time in seconds', time);
}

/** What the kernel is given for a time: libuv cuts it to microseconds, so this does. */
export function timespecOf(time: TimeLike, field: string): { sec: number; nsec: number } {
  const seconds = secondsOf(time, field);
  const sec = Math.trunc(seconds);
  const nsec = Math.trunc((seconds - sec) * 1e9);
  const whole = nsec - (nsec % 1000);
  return whole < 0 ? { sec: sec - 1, nsec: whole + 1e9 } : { sec, nsec: whole };
}
