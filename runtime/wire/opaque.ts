/** Identifiers nobody computes with, as FDIDs are: numbers to a debugger, types of their own to the compiler. */

import { outOfRange } from './invalid.js';
import { highHalf, joinOpaque, lowHalf, splitU64 } from './u64.js';

declare const brand: unique symbol;

/** A 32-bit identifier called `Name`. */
export type Opaque32<Name extends string> = number & { readonly [brand]: Name };

/** A 64-bit identifier called `Name`: a number where a number holds it exactly, else a bigint, so that === compares. */
export type Opaque64<Name extends string> = (number | bigint) & { readonly [brand]: Name };

/** Checks that `value` is an integer from 0 to 2^32-1. */
export function opaque32(value: number, name: string): number {
  if (typeof value !== 'number' || value >>> 0 !== value)
    throw outOfRange(name, 'an integer from 0 to 4294967295', value);
  return value;
}

/** Checks that `value` is an integer from 0 to 2^64-1, and gives it the one form that === can compare. */
export function opaque64(value: number | bigint, name: string): number | bigint {
  splitU64(value, name);
  return joinOpaque(lowHalf(), highHalf());
}
