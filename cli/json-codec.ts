/**
 * Messages of any protocol from JSON and to JSON, by the protocol's description, without generated code.
 *
 * Numbers are numbers; where they can be above 2^53 - 1 they may also be strings of digits, and come so when they are.
 * A number that JSON has rounded already is refused. Strings and bytes are strings where they are UTF-8, else
 * `{ "hex": "00ff" }`; `{ "base64": "AP8=" }` is taken as well. A field that is left out is zero or empty; one that the
 * message does not have is refused. Pads are zero and not shown. A choice is its name, or a number; flags are a list of
 * names, or a number. An optional field that is left out ends the message. What floats have and JSON has not is "NaN",
 * "Infinity" and "-Infinity".
 */

import { isUtf8 } from 'node:buffer';
import type { ProtocolDescription, TypeDescription } from '../runtime/index.js';
import { exact } from './entry.js';
import { bytesOfName } from './terminal.js';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** What is wrong with a message, and where: `Walk.path[2]: …`. */
export class WrongValue extends Error {
  override readonly name = 'WrongValue';
}

type Choice = ProtocolDescription['choices'][number];

/** Larger than any payload that a server takes. */
const MAX_MESSAGE_BYTES = 64 << 20;
const MAX_SHOWN = 40;

function shown(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

function wrong(where: string, what: string): never {
  throw new WrongValue(`${where}: ${what}`);
}

export class JsonCodec {
  readonly #structs: ReadonlyMap<string, ProtocolDescription['structs'][number]>;
  readonly #choices: ReadonlyMap<string, Choice>;

  constructor(description: ProtocolDescription) {
    this.#choices = new Map(description.choices.map((choice) => [choice.name, choice]));
    this.#structs = new Map(description.structs.map((struct) => [struct.name, struct]));
  }

  /** The bytes of a message. Throws WrongValue for a value that has no form on the wire. */
  encode(struct: string | null, value: Json): Uint8Array {
    const writer = new Writer();
    if (struct !== null) this.#putStruct(writer, struct, value, struct);
    else if (Object.keys(fieldsOf(value, 'the request')).length > 0)
      wrong('the request', `is empty, and this is ${shown(value)}`);
    return writer.bytes();
  }

  /** What bytes say. Throws WrongValue where they are too short, or not what the description allows. */
  decode(struct: string | null, bytes: Uint8Array): Json {
    return struct === null ? {} : this.#getStruct(new Reader(bytes), struct, struct);
  }

  #putStruct(writer: Writer, name: string, value: Json, where: string): void {
    const fields = fieldsOf(value, where);
    const { fields: known } = this.#structs.get(name) ?? wrong(where, `the description has no ${name}`);
    const names = known.filter(({ type }) => type.kind !== 'pad').map((field) => field.name);
    const strange = Object.keys(fields).find((field) => !names.includes(field));
    if (strange !== undefined)
      wrong(`${where}.${strange}`, `there is no such field; there are ${names.join(', ') || 'none'}`);
    const given = known.map(({ name: field }) => (Object.hasOwn(fields, field) ? fields[field] : undefined));
    for (const [i, { name: field, type, optional }] of known.entries()) {
      if (optional && given[i] === undefined) {
        const later = known.find((_, j) => j > i && given[j] !== undefined);
        if (later === undefined) return;
        wrong(`${where}.${field}`, `is missing, and ${later.name} comes after it; give this one as well`);
      }
      this.#put(writer, type, given[i], `${where}.${field}`);
    }
  }

  #put(writer: Writer, type: TypeDescription, value: Json | undefined, where: string): void {
    if (value === null) wrong(where, 'null has no form on the wire; a field that is left out is zero or empty');
    switch (type.kind) {
      case 'int':
      case 'opaque': {
        const signed = type.kind === 'int' && type.signed;
        return writer.integer(integerOf(value ?? 0, type.bits, signed, where), type.bits);
      }
      case 'enum':
      case 'flags':
        return writer.integer(this.#numberOf(type.name, type.bits, value, where), type.bits);
      case 'bool':
        if (typeof (value ?? false) !== 'boolean') wrong(where, `true or false is wanted, not ${shown(value!)}`);
        return writer.integer(value === true ? 1n : 0n, 8);
      case 'float':
        return writer.float(floatOf(value ?? 0, type.bits, where), type.bits);
      case 'fixedBytes': {
        const bytes = value === undefined ? new Uint8Array(type.size) : bytesOf(value, where);
        if (bytes.length !== type.size) wrong(where, `${type.size} bytes are wanted, and these are ${bytes.length}`);
        return writer.raw(bytes);
      }
      case 'pad':
        return writer.zeros(type.size);
      case 'string':
      case 'bytes': {
        const bytes = bytesOf(value ?? '', where);
        this.#count(writer, bytes.length, type, where, 'bytes');
        return writer.raw(bytes);
      }
      case 'list': {
        const list = value ?? [];
        if (!Array.isArray(list)) return wrong(where, `a list is wanted, not ${shown(list)}`);
        this.#count(writer, list.length, type, where, 'elements');
        return list.forEach((element: Json, i) => this.#put(writer, type.element, element, `${where}[${i}]`));
      }
      case 'struct':
        return this.#putStruct(writer, type.name, value ?? {}, where);
    }
  }

  #choice(name: string, where: string): Choice {
    return this.#choices.get(name) ?? wrong(where, `the description has no ${name}`);
  }

  /** The number that a name, a list of names or a number stands for. A choice left out is its first; flags are none. */
  #numberOf(name: string, bits: number, value: Json | undefined, where: string): bigint {
    const { kind, members } = this.#choice(name, where);
    if (value === undefined) return kind === 'flags' ? 0n : BigInt(members[0]?.value ?? 0);
    if (typeof value === 'number') return integerOf(value, bits, false, where);
    const valueOf = (one: Json): number => {
      const member = members.find((known) => known.name === one);
      if (member !== undefined) return member.value;
      return wrong(where, `${shown(one)} is no ${name}; there are ${members.map((known) => known.name).join(', ')}`);
    };
    if (kind === 'enum' || !Array.isArray(value)) return BigInt(valueOf(value));
    return value.reduce((all: bigint, one: Json) => all | BigInt(valueOf(one)), 0n);
  }

  /** Names where there are some; a number that has none stays one. */
  #namesOf(name: string, value: number): Json {
    const { kind, members } = this.#choice(name, name);
    if (kind === 'enum') return members.find((member) => member.value === value)?.name ?? value;
    const set = members.filter((member) => (value & member.value) >>> 0 === member.value);
    const known = set.reduce((bits, member) => (bits | member.value) >>> 0, 0);
    return known === value ? set.map((member) => member.name) : value;
  }

  #count(
    writer: Writer,
    count: number,
    { countBits, max }: { readonly countBits: number; readonly max: number },
    where: string,
    what: string,
  ): void {
    if (count > max) wrong(where, `${count} ${what} are more than the ${max} that it may have`);
    writer.integer(BigInt(count), countBits);
  }

  #getStruct(reader: Reader, name: string, where: string): Json {
    const { fields } = this.#structs.get(name) ?? wrong(where, `the description has no ${name}`);
    const value: Record<string, Json> = {};
    for (const { name: field, type, optional } of fields) {
      if (optional && reader.ended) break;
      const read = this.#get(reader, type, `${where}.${field}`);
      if (read !== undefined) Object.defineProperty(value, field, { value: read, enumerable: true });
    }
    return value;
  }

  #get(reader: Reader, type: TypeDescription, where: string): Json | undefined {
    switch (type.kind) {
      case 'int':
      case 'opaque':
        return exact(reader.integer(type.bits, type.kind === 'int' && type.signed, where));
      case 'enum':
      case 'flags':
        return this.#namesOf(type.name, Number(reader.integer(type.bits, false, where)));
      case 'bool': {
        const byte = reader.integer(8, false, where);
        return byte <= 1n ? byte === 1n : wrong(where, `is ${byte}, which is neither true nor false`);
      }
      case 'float':
        return jsonOfFloat(reader.float(type.bits, where));
      case 'fixedBytes':
        return jsonOfBytes(reader.raw(type.size, where));
      case 'pad':
        reader.raw(type.size, where);
        return undefined;
      case 'string':
      case 'bytes':
        return jsonOfBytes(reader.raw(this.#counted(reader, type, where), where));
      case 'list': {
        const list: Json[] = [];
        const count = this.#counted(reader, type, where);
        for (let i = 0; i < count; i++) list.push(this.#get(reader, type.element, `${where}[${i}]`) ?? null);
        return list;
      }
      case 'struct':
        return this.#getStruct(reader, type.name, where);
    }
  }

  #counted(
    reader: Reader,
    { countBits, max }: { readonly countBits: number; readonly max: number },
    where: string,
  ): number {
    const count = reader.integer(countBits, false, where);
    // An element may have no bytes; what a message can hold bounds how many are read.
    if (count > BigInt(Math.min(max, MAX_MESSAGE_BYTES)))
      wrong(where, `says that it has ${count} elements, more than it may`);
    return Number(count);
  }
}

function fieldsOf(value: Json, where: string): { readonly [name: string]: Json } {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as { readonly [name: string]: Json };
  return wrong(where, `an object is wanted, not ${shown(value)}`);
}

function integerOf(value: Json, bits: number, signed: boolean, where: string): bigint {
  const [least, most] = signed
    ? [-(1n << BigInt(bits - 1)), (1n << BigInt(bits - 1)) - 1n]
    : [0n, (1n << BigInt(bits)) - 1n];
  let integer: bigint;
  if (typeof value === 'number' && Number.isSafeInteger(value)) integer = BigInt(value);
  else if (typeof value === 'string' && /^(-?\d+|0x[\da-f]+)$/iu.test(value)) integer = BigInt(value);
  else if (typeof value === 'number' && Number.isInteger(value))
    return wrong(where, 'JSON has rounded this number; write it as a string of digits');
  else return wrong(where, `a whole number is wanted, not ${shown(value)}`);
  if (integer < least || integer > most) wrong(where, `${integer} is not from ${least} to ${most}`);
  return integer;
}

function floatOf(value: Json, bits: 32 | 64, where: string): number {
  if (typeof value === 'number') {
    const isTooLarge = bits === 32 && Number.isFinite(value) && !Number.isFinite(Math.fround(value));
    return isTooLarge ? wrong(where, `${value} is too large for 32 bits`) : value;
  }
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity' || value === '-0') return Number(value);
  return wrong(where, `a number, "NaN", "Infinity" or "-Infinity" is wanted, not ${shown(value)}`);
}

function jsonOfFloat(value: number): Json {
  // JSON.stringify makes 0 of -0, and null of what is not finite.
  if (Object.is(value, -0)) return '-0';
  return Number.isFinite(value) ? value : String(value);
}

function bytesOf(value: Json, where: string): Uint8Array {
  if (typeof value === 'string') {
    // Those that stand for bytes are not among them: see bytesOfName.
    if (/[\ud800-\udc7f\udd00-\udfff]/u.test(value)) wrong(where, `${shown(value)} has half of a surrogate pair`);
    return bytesOfName(value);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const { hex, base64, ...more } = value as { readonly [name: string]: Json };
    if (Object.keys(more).length === 0 && (hex === undefined) !== (base64 === undefined)) {
      if (typeof hex === 'string' && /^([\da-f]{2})*$/iu.test(hex)) return Buffer.from(hex, 'hex');
      const bytes = typeof base64 === 'string' ? bytesOfBase64(base64) : undefined;
      if (bytes !== undefined) return bytes;
    }
  }
  return wrong(where, `a string, {"hex": "00ff"} or {"base64": "AP8="} is wanted, not ${shown(value)}`);
}

/** Bytes from base64, of either alphabet, with or without padding; undefined where it is not what they would make. */
function bytesOfBase64(text: string): Buffer | undefined {
  const bare = text
    .replace(/={1,2}$/u, '')
    .replaceAll('-', '+')
    .replaceAll('_', '/');
  const bytes = Buffer.from(bare, 'base64');
  const isWhole = !text.endsWith('=') || text.length % 4 === 0;
  return isWhole && bytes.toString('base64').replace(/=*$/u, '') === bare ? bytes : undefined;
}

function jsonOfBytes(bytes: Uint8Array): Json {
  const buffer = Buffer.from(bytes);
  return isUtf8(buffer) ? buffer.toString() : { hex: buffer.toString('hex') };
}

class Writer {
  readonly #parts: Uint8Array[] = [];
  #size = 0;

  bytes(): Uint8Array {
    return Buffer.concat(this.#parts);
  }

  raw(bytes: Uint8Array): void {
    this.#size += bytes.length;
    if (this.#size > MAX_MESSAGE_BYTES) wrong('the message', `has more than ${MAX_MESSAGE_BYTES} bytes`);
    this.#parts.push(bytes);
  }

  float(value: number, bits: 32 | 64): void {
    const bytes = Buffer.alloc(bits / 8);
    if (bits === 32) bytes.writeFloatLE(value);
    else bytes.writeDoubleLE(value);
    this.raw(bytes);
  }

  zeros(count: number): void {
    this.raw(new Uint8Array(count));
  }

  integer(value: bigint, bits: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
    this.raw(bytes.subarray(0, bits / 8));
  }
}

class Reader {
  #at = 0;

  get ended(): boolean {
    return this.#at === this.bytes.length;
  }

  float(bits: 32 | 64, where: string): number {
    const bytes = Buffer.from(this.raw(bits / 8, where));
    return bits === 32 ? bytes.readFloatLE() : bytes.readDoubleLE();
  }

  constructor(private readonly bytes: Uint8Array) {}

  raw(count: number, where: string): Uint8Array {
    if (count > this.bytes.length - this.#at) wrong(where, `the message ends in it, after ${this.bytes.length} bytes`);
    this.#at += count;
    return this.bytes.subarray(this.#at - count, this.#at);
  }

  integer(bits: number, signed: boolean, where: string): bigint {
    const wide = Buffer.alloc(8);
    wide.set(this.raw(bits / 8, where));
    const value = wide.readBigUInt64LE();
    return signed ? BigInt.asIntN(bits, value) : value;
  }
}
