/**
 * 64-bit integers without rounding and without allocation.
 *
 * A message keeps such a field as two 32-bit halves. Reading the field builds a bigint, and only then; its twin with
 * the suffix Number gives the same value as a number and allocates nothing, or throws where a number cannot hold it.
 * (A field that holds "number, or bigint when large" costs five times as much for ever after its first bigint, because
 * V8 then boxes each number above 2^31 that is stored in it.)
 */

import { outOfRange, wrongType } from './invalid.js';

const halves = new Int32Array(2);
const asU64 = new BigUint64Array(halves.buffer);
const asI64 = new BigInt64Array(halves.buffer);

const TWO_32 = 0x1_0000_0000;
const MAX_U64 = 0xffff_ffff_ffff_ffffn;
const MIN_I64 = -0x8000_0000_0000_0000n;
const MAX_I64 = 0x7fff_ffff_ffff_ffffn;
/** The high half of Number.MAX_SAFE_INTEGER. */
const MAX_SAFE_HIGH = 0x1f_ffff;

/** The bigint whose low and high halves these are; each half may be given signed or unsigned. */
export function joinU64(low: number, high: number): bigint {
  halves[0] = low;
  halves[1] = high;
  return asU64[0]!;
}

/** As joinU64, for a two's complement value. */
export function joinI64(low: number, high: number): bigint {
  halves[0] = low;
  halves[1] = high;
  return asI64[0]!;
}

/**
 * The same value as a number, where `check` does not throw. Precondition: `high` is signed where the value is.
 *
 * A number above 2^31 that a call returns is 16 bytes to be collected, unless V8 inlines the call. Into one function it
 * inlines some 900 bytes of bytecode, which the reader of a few messages uses up; but what has no more than 27 it
 * inlines all the same. This has 27, with literals and with `check` as an argument that is told no name.
 */
export function joinNumber(low: number, high: number, check: (low: number, high: number) => void): number {
  if (high >>> 21) check(low, high);
  return high * 4294967296 + (low >>> 0);
}

/** Throws a RangeError that names `field` for a value above Number.MAX_SAFE_INTEGER. */
export function checkU64(low: number, high: number, field: string): void {
  if (high >>> 0 > MAX_SAFE_HIGH) throw unsafe(joinU64(low, high), field);
}

/** As checkU64, for a two's complement value between Number.MIN_SAFE_INTEGER and Number.MAX_SAFE_INTEGER. */
export function checkI64(low: number, high: number, field: string): void {
  if (!Number.isSafeInteger((high | 0) * TWO_32 + (low >>> 0))) throw unsafe(joinI64(low, high), field);
}

/** A number where a number holds the value exactly, else a bigint: what an opaque identifier is. */
export function joinOpaque(low: number, high: number): number | bigint {
  const top = high >>> 0;
  return top > MAX_SAFE_HIGH ? joinU64(low, high) : top * TWO_32 + (low >>> 0);
}

/** The halves that split* wrote last: read them at once. */
export function lowHalf(): number {
  return halves[0]!;
}
export function highHalf(): number {
  return halves[1]!;
}

/** Splits a u64. Throws a RangeError or a TypeError that names `field`, unless it is an integer from 0 to 2^64-1. */
export function splitU64(value: number | bigint, field: string): void {
  if (typeof value === 'number') {
    if (!(Number.isSafeInteger(value) && value >= 0)) throw badNumber(field, 'an integer from 0 to 2^64-1', value);
    halves[0] = value;
    halves[1] = value / TWO_32;
  } else if (typeof value === 'bigint') {
    if (value < 0n || value > MAX_U64) throw outOfRange(field, 'an integer from 0 to 2^64-1', value);
    asU64[0] = value;
  } else {
    throw wrongType(field, 'a number or a bigint', value);
  }
}

/** As splitU64, for an integer from -2^63 to 2^63-1. */
export function splitI64(value: number | bigint, field: string): void {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw badNumber(field, 'an integer from -2^63 to 2^63-1', value);
    halves[0] = value;
    halves[1] = Math.floor(value / TWO_32);
  } else if (typeof value === 'bigint') {
    if (value < MIN_I64 || value > MAX_I64) throw outOfRange(field, 'an integer from -2^63 to 2^63-1', value);
    asI64[0] = value;
  } else {
    throw wrongType(field, 'a number or a bigint', value);
  }
}

/**
 * An optional 64-bit field as a number, undefined where it is missing. Throws a RangeError that names `field` where no
 * number holds it exactly.
 */
export function exactNumber(value: bigint | undefined, field: string): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw unsafe(value, field);
  return number;
}

/** A number beyond 2^53 may have been rounded on its way here, whatever it is now. */
function badNumber(field: string, what: string, value: number): RangeError {
  const rounded = Number.isInteger(value) && Math.abs(value) > Number.MAX_SAFE_INTEGER;
  return outOfRange(field, rounded ? `${what}, and a bigint beyond 2^53-1` : what, value);
}

function unsafe(value: bigint, field: string): RangeError {
  return Object.assign(
    new RangeError(`${field} is ${value}, which no number holds exactly; read ${field} itself, a bigint`),
    { code: 'ERR_OUT_OF_RANGE' },
  );
}
