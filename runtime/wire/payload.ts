/**
 * A payload: the bytes of one message, in a packet window or in a socket's buffer, and the writers that check what they
 * write. Generated code reads fixed fields straight from `view`; everything is little-endian and packed.
 */

import { outOfRange, wrongType, wrongValue } from './invalid.js';
import { decodeWords, encodeWords } from './string.js';
import { highHalf, lowHalf, splitI64, splitU64 } from './u64.js';

/** What unmarshal returns for bytes that are not such a message: -EIO, which is what gVisor answers for them. */
export const MALFORMED = -5;

declare const marshalled: unique symbol;

/** Says that a message stands in its payload already, and how many bytes it has. */
export type Marshalled = number & { readonly [marshalled]: true };

/** No message has this size. */
const NOT_MARSHALLED = -1;

/**
 * Two views on the same bytes: `view` for integers, `bytes` for runs of bytes. Offsets count from the payload's start.
 */
export class Payload {
  readonly view: DataView;
  readonly bytes: Buffer;
  /** How many bytes a message may have here. */
  readonly capacity: number;
  /** What was asked for last, and where it is: to ask an array for its own offset or memory takes V8 25 to 60 ns. */
  #run: Uint8Array | undefined;
  #runAt = 0;
  #runSize = 0;
  #marshalled = NOT_MARSHALLED;
  /** For what is put here whole: V8 calls a method of an array at once where it has to look for a Buffer's. */
  #whole: Uint8Array | undefined;

  constructor(buffer: ArrayBuffer, byteOffset: number, byteLength: number) {
    this.view = new DataView(buffer, byteOffset, byteLength);
    this.bytes = Buffer.from(buffer, byteOffset, byteLength);
    this.capacity = byteLength;
  }

  /**
   * The `size` bytes at `at`, which are there, as an object that is the same until others are asked for: who moves runs
   * of one size makes none anew.
   */
  run(at: number, size: number): Uint8Array {
    if (this.#run === undefined || at !== this.#runAt || size !== this.#runSize) {
      this.#run = new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + at, size);
      this.#runAt = at;
      this.#runSize = size;
    }
    return this.#run;
  }

  /** True for the object that `run` gave last, if its bytes begin at `at`. */
  isRunAt(at: number, run: Uint8Array): boolean {
    return run === this.#run && at === this.#runAt;
  }

  /**
   * Copies a message here that is in its wire form already. Throws a TypeError or a RangeError, and copies nothing,
   * where it is none or too large.
   */
  putMarshalled(bytes: Uint8Array): Marshalled {
    if (!(bytes instanceof Uint8Array)) throw wrongType('bytes', 'a Uint8Array', bytes);
    const { length } = bytes;
    if (length > this.capacity) throw outOfRange('bytes.length', `at most ${this.capacity}`, length);
    this.#whole ??= new Uint8Array(this.bytes.buffer, this.bytes.byteOffset, this.capacity);
    this.#whole.set(bytes);
    this.#marshalled = length;
    return length as Marshalled;
  }

  /** The size of the message that was put here last, which is asked once. Throws a TypeError for any other number. */
  sizeOf(message: number): number {
    const size = this.#marshalled;
    this.#marshalled = NOT_MARSHALLED;
    if (message !== size) throw wrongType('answer', 'an object, or what context.marshalled has given', message);
    return size;
  }

  /** A payload of its own memory, shared with nobody. */
  static alloc(capacity: number): Payload {
    return new Payload(new ArrayBuffer(capacity), 0, capacity);
  }
}

/* Each is* tells whether a value is an integer of that type. They are so short that V8 inlines each of many uses. */

export function isU8(value: number): boolean {
  return typeof value === 'number' && (value & 0xff) === value;
}

export function isI8(value: number): boolean {
  return typeof value === 'number' && (value << 24) >> 24 === value;
}

export function isU16(value: number): boolean {
  return typeof value === 'number' && (value & 0xffff) === value;
}

export function isI16(value: number): boolean {
  return typeof value === 'number' && (value << 16) >> 16 === value;
}

export function isU32(value: number): boolean {
  return typeof value === 'number' && value >>> 0 === value;
}

export function isI32(value: number): boolean {
  return typeof value === 'number' && (value | 0) === value;
}

/* Each put* writes one integer or throws, naming `field`, before it has written anything. */

export function putU8(view: DataView, at: number, value: number, field: string): void {
  if (!isU8(value)) throw badInteger(value, 'u8', field);
  view.setUint8(at, value);
}

export function putI8(view: DataView, at: number, value: number, field: string): void {
  if (!isI8(value)) throw badInteger(value, 'i8', field);
  view.setInt8(at, value);
}

export function putU16(view: DataView, at: number, value: number, field: string): void {
  if (!isU16(value)) throw badInteger(value, 'u16', field);
  view.setUint16(at, value, true);
}

export function putI16(view: DataView, at: number, value: number, field: string): void {
  if (!isI16(value)) throw badInteger(value, 'i16', field);
  view.setInt16(at, value, true);
}

export function putU32(view: DataView, at: number, value: number, field: string): void {
  if (!isU32(value)) throw badInteger(value, 'u32', field);
  view.setUint32(at, value, true);
}

export function putI32(view: DataView, at: number, value: number, field: string): void {
  if (!isI32(value)) throw badInteger(value, 'i32', field);
  view.setInt32(at, value, true);
}

export function putU64(view: DataView, at: number, value: number | bigint, field: string): void {
  splitU64(value, field);
  view.setInt32(at, lowHalf(), true);
  view.setInt32(at + 4, highHalf(), true);
}

export function putI64(view: DataView, at: number, value: number | bigint, field: string): void {
  splitI64(value, field);
  view.setInt32(at, lowHalf(), true);
  view.setInt32(at + 4, highHalf(), true);
}

export function putBool(view: DataView, at: number, value: boolean, field: string): void {
  if (typeof value !== 'boolean') throw wrongType(field, 'a boolean', value);
  view.setUint8(at, value ? 1 : 0);
}

/** Rounds to what 32 bits hold. */
export function putF32(view: DataView, at: number, value: number, field: string): void {
  if (typeof value !== 'number') throw wrongType(field, 'a number', value);
  view.setFloat32(at, value, true);
}

export function putF64(view: DataView, at: number, value: number, field: string): void {
  if (typeof value !== 'number') throw wrongType(field, 'a number', value);
  view.setFloat64(at, value, true);
}

/** Refuses a number that an enum, or a set of flags, does not have; returns it. */
export function checkChoice(isOne: boolean, value: number, field: string, choice: string): number {
  if (!isOne)
    throw typeof value === 'number'
      ? outOfRange(field, `one of ${choice}`, value)
      : wrongType(field, `one of ${choice}`, value);
  return value;
}

const RANGES = {
  u8: '0 to 255',
  i8: '-128 to 127',
  u16: '0 to 65535',
  i16: '-32768 to 32767',
  u32: '0 to 4294967295',
  i32: '-2147483648 to 2147483647',
} as const;

/** The error for a value that is no integer of that type; it names `field`. */
export function badInteger(value: unknown, type: keyof typeof RANGES, field: string): Error {
  const what = `an integer from ${RANGES[type]}`;
  return typeof value === 'number' ? outOfRange(field, what, value) : wrongType(field, what, value);
}

/** Checks a count, a string's or a buffer's size against `limit`, before anything is written. Returns it. */
export function checkCount(count: number, limit: number, field: string): number {
  if (count > limit) throw outOfRange(field, `at most ${limit} long`, count);
  return count;
}

/** Checks a whole payload's size against the limit of its message. Returns it. */
export function checkSize(size: number, limit: number, message: string): number {
  if (size > limit) throw outOfRange(`${message}'s request`, `at most ${limit} bytes long`, size);
  return size;
}

/** Optional fields are there from the first on: refuses later ones when `field` is not there. Returns `size`. */
export function checkAbsent(size: number, field: string, ...later: readonly unknown[]): number {
  if (later.some((value) => value !== undefined))
    throw wrongValue(field, 'given when an optional field after it is', undefined);
  return size;
}

/**
 * Writes the bytes of a string at `at`, where there is room for stringSize(text), and returns how many they are. Throws
 * for what has no bytes, or more than `most`.
 */
export function putString(payload: Payload, at: number, text: string, most: number, field: string): number {
  return encodeWords(payload.view, payload.bytes, at, text, most, field);
}

/** The string between two checked offsets. Each byte is read once. */
export function getString(payload: Payload, at: number, end: number): string {
  return decodeWords(payload.view, payload.bytes, at, end);
}

/**
 * Copies `data` into the payload at `at`, where there is room, unless it is the run that is there; returns the offset
 * after it.
 */
export function putBytes(payload: Payload, at: number, data: Uint8Array): number {
  if (!payload.isRunAt(at, data)) payload.bytes.set(data, at);
  return at + data.length;
}

/** Writes exactly `size` bytes. */
export function putFixedBytes(payload: Payload, at: number, data: Uint8Array, size: number, field: string): void {
  if (bytesSize(data, field) !== size) throw outOfRange(field, `${size} bytes long`, data.length);
  payload.bytes.set(data, at);
}

/** A copy of `size` bytes at `at`, which are known to be there. Each is read once. */
export function getBytes(payload: Payload, at: number, size: number): Uint8Array {
  const copy = new Uint8Array(size);
  payload.bytes.copy(copy, 0, at, at + size);
  return copy;
}

/** Refuses what is not a Uint8Array; returns its size. */
export function bytesSize(data: Uint8Array, field: string): number {
  if (!(data instanceof Uint8Array)) throw wrongType(field, 'a Uint8Array', data);
  return data.length;
}

/** Refuses what is not an array; returns its count. */
export function listCount(list: readonly unknown[], field: string): number {
  if (!Array.isArray(list)) throw wrongType(field, 'an array', list);
  return list.length;
}
