/** What every message and every struct of generated code is. */

import { inspect } from 'node:util';
import { ByteField } from './bytes.js';
import type { Payload } from './payload.js';

/**
 * Base of the generated classes. An object of one is filled by unmarshalling, as often as one likes, and shows its
 * fields under the names that the schema gives them, however they are kept.
 */
export abstract class Struct {
  /** The fields' names, in the order of the wire. */
  protected abstract fieldNames(): readonly string[];

  /**
   * What JSON can carry: 64-bit integers that no number holds, and all that are bigints, are decimal strings; bytes are
   * hex.
   */
  toJSON(): Record<string, unknown> {
    return Object.fromEntries(this.fieldNames().map((name) => [name, jsonValue(Reflect.get(this, name))]));
  }

  [inspect.custom](depth: number, options: object, show: typeof inspect): string {
    const name = this.constructor.name;
    if (depth < 0) return `[${name}]`;
    const fields = Object.fromEntries(this.fieldNames().map((field) => [field, Reflect.get(this, field)]));
    return `${name} ${show(fields, { ...options, depth })}`;
  }
}

function jsonValue(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length).toString('hex');
  if (value instanceof ByteField) return jsonValue(value.value);
  return Array.isArray(value) ? value.map(jsonValue) : value;
}

/** What an empty message can be made from. */
export interface EmptyInit {}

/** The request of a message that asks nothing: one for all calls. */
export const NOTHING: EmptyInit = /* @__PURE__ */ Object.freeze({});

/** A message without content. */
export class Empty extends Struct implements EmptyInit {
  protected override fieldNames(): readonly string[] {
    return [];
  }
}

export function sizeEmpty(_m: EmptyInit): number {
  return 0;
}

export function marshalEmpty(_p: Payload, at: number, _m: EmptyInit): number {
  return at;
}

export function unmarshalEmpty(_p: Payload, at: number, _end: number, _m: EmptyInit): number {
  return at;
}

export function formatEmpty(_m: EmptyInit): string {
  return '{}';
}
