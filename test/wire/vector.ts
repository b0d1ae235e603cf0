/** Checks one line of a vectors file: a message's fields, and the bytes that gVisor makes of them. */

import { CODECS } from '../../generated/lisafs/samples.js';
import type { Codec } from '../../runtime/wire/codec.js';
import {
  CHANNEL_HEADER_BYTES,
  SOCK_HEADER_BYTES,
  getChannelMID,
  getChannelNumFDs,
  getSockMID,
  getSockPayloadLen,
  putChannelHeader,
  putSockHeader,
} from '../../runtime/wire/header.js';
import { Payload } from '../../runtime/wire/payload.js';
import { decodeString, encodeString, stringSize } from '../../runtime/wire/string.js';
import { Empty, formatEmpty, marshalEmpty, sizeEmpty, unmarshalEmpty } from '../../runtime/wire/struct.js';
import { EMBEDDED, GVISOR_TYPES, type GvisorType, type Kind, OTHER_NAMES } from './gvisor-types.js';

type Fields = Readonly<Record<string, unknown>>;

/** A vector that cannot be used, or that does not hold; its message says why. */
class Mismatch extends Error {}

const EMPTY_CODEC: Codec = {
  name: 'Empty',
  fixedSize: 0,
  optionalCount: 0,
  sample: () => ({}),
  create: () => new Empty(),
  size: sizeEmpty,
  marshal: marshalEmpty,
  unmarshal: unmarshalEmpty,
  format: formatEmpty,
};

const SHOWN_BYTES = 24;
const SHOWN_CHARACTERS = 240;

const codecs = new Map([...CODECS, EMPTY_CODEC].map((codec) => [codec.name, codec]));
const typeNames = new Map([
  ...Object.keys(GVISOR_TYPES).map((name) => [name.toLowerCase(), name] as const),
  ...Object.entries(OTHER_NAMES).map(([other, name]) => [other.toLowerCase(), name] as const),
]);

/** What is wrong with this line's vector, beginning with its type's name; undefined if it holds. */
export function checkVector(line: string): string | undefined {
  let type = 'vector';
  try {
    const vector = asFields(parseLine(line), 'the line');
    if (typeof vector['type'] === 'string') type = vector['type'];
    check(vector, type);
    return undefined;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return `${shortened(type)}: ${shortened(why)}`;
  }
}

/** One line, and not a whole message of one. */
function shortened(message: string): string {
  const line = message.replace(/[\p{Cc}\u2028\u2029]/gu, ' ');
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line;
}

/** Integers that no number holds stay as they are written. */
function parseLine(line: string): unknown {
  const exact = line.replace(/"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/gu, (token) =>
    token.startsWith('"') ? token : `"${token}"`,
  );
  try {
    return JSON.parse(exact);
  } catch (error) {
    throw new Mismatch(`is not JSON (${error instanceof Error ? error.message : String(error)})`, { cause: error });
  }
}

function asFields(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Mismatch(`${what} is not an object`);
  return Object.fromEntries(Object.entries(value));
}

function check(vector: Fields, typeName: string): void {
  if (typeof vector['type'] !== 'string') throw new Mismatch("has no 'type'");
  const bytes = hexBytes(vector['hex'], "'hex'");
  const fields = asFields(vector['fields'] ?? {}, "'fields'");
  if (vector['size'] !== undefined && BigInt(integer(vector['size'], "'size'")) !== BigInt(bytes.length)) {
    throw new Mismatch(`says size ${String(vector['size'])}, and its hex has ${bytes.length} bytes`);
  }
  const name = typeName.replace(/^\*|^(?:lisafs|linux)\./gu, '').toLowerCase();
  if (name === 'sockheader' || name === 'channelheader') return checkHeader(name, fields, bytes);
  const known = typeNames.get(name);
  if (known === undefined) throw new Mismatch('unknown type');
  const type = GVISOR_TYPES[known]!;
  checkUse(vector, type);
  checkType(type, fields, bytes);
}

/** A request or a response says which message it belongs to. */
function checkUse(vector: Fields, type: GvisorType): void {
  const use = vector['case'];
  if (use !== undefined && !['block', 'req', 'resp', 'header'].includes(String(use))) {
    throw new Mismatch(`unknown case ${JSON.stringify(use)}`);
  }
  if (vector['mid'] === undefined || (use !== 'req' && use !== 'resp')) return;
  const message = `${integer(vector['mid'], "'mid'")} ${use}`;
  if (type.messages !== undefined && !type.messages.includes(message)) {
    throw new Mismatch(`belongs to ${type.messages.join(', ')}, not to ${message}`);
  }
}

function checkType(type: GvisorType, given: Fields, bytes: Buffer): void {
  const codec = codecs.get(type.codec)!;
  const init = initOf(type, given);
  const size = codec.size(init);
  if (size !== bytes.length) throw new Mismatch(`has size ${size} here, not ${bytes.length}`);
  expectBytes('encodes', marshalled(codec, init, size), bytes);
  const payload = Payload.alloc(bytes.length);
  payload.bytes.set(bytes);
  const decoded = codec.create();
  for (const time of ['decoded', 'decoded again into the same object']) {
    const end = codec.unmarshal(payload, 0, bytes.length, decoded);
    if (end !== bytes.length)
      throw new Mismatch(end < 0 ? `${time}: malformed` : `${time}: ends at ${end} of ${bytes.length}`);
    expectFields(type, init, decoded, time);
  }
  expectBytes('what was decoded encodes', marshalled(codec, decoded, size), bytes);
}

function marshalled(codec: Codec, m: object, size: number): Buffer {
  const payload = Payload.alloc(size);
  payload.bytes.fill(0xa5);
  const end = codec.marshal(payload, 0, m);
  if (end !== size) throw new Mismatch(`writes ${end} bytes, and its size is ${size}`);
  return payload.bytes;
}

function expectBytes(what: string, actual: Buffer, expected: Buffer): void {
  if (actual.equals(expected)) return;
  let at = 0;
  while (actual[at] === expected[at]) at++;
  throw new Mismatch(
    `${what} differently from byte ${at} on: ${excerpt(actual, at)} here, not ${excerpt(expected, at)}`,
  );
}

function excerpt(bytes: Buffer, at: number): string {
  const rest = bytes.length - at > SHOWN_BYTES ? '…' : '';
  return `${bytes.toString('hex', at, at + SHOWN_BYTES)}${rest}`;
}

/**
 * What the codec takes for a vector's fields. A field that is not there is zero, as in Go; one too many is an error.
 */
function initOf(type: GvisorType, given: Fields): Fields {
  const values = new Map<string, unknown>();
  const add = (fields: Fields): void => {
    for (const [name, value] of Object.entries(fields)) {
      if (EMBEDDED.some((embedded) => embedded.toLowerCase() === name.toLowerCase())) add(asFields(value, `'${name}'`));
      else if (!/^(?:_|pad)/iu.test(name)) values.set(name.toLowerCase(), value);
    }
  };
  add(given);
  const init: Record<string, unknown> = {};
  for (const [name, [own, kind]] of Object.entries(type.fields)) {
    init[own] = valueOf(kind, values.get(name.toLowerCase()), name);
    values.delete(name.toLowerCase());
  }
  checkCounted(type, values, init);
  const [surplus] = values.keys();
  if (surplus !== undefined) throw new Mismatch(`has no field '${surplus}'`);
  return init;
}

function checkCounted(type: GvisorType, values: Map<string, unknown>, init: Fields): void {
  if (type.counts === undefined) return;
  const [count, bytes] = type.counts;
  const said = values.get(count.toLowerCase());
  values.delete(count.toLowerCase());
  const data = init[type.fields[bytes]![0]];
  if (said === undefined || !(data instanceof Uint8Array)) return;
  if (BigInt(integer(said, count)) !== BigInt(data.length)) {
    throw new Mismatch(`says ${count} ${String(said)}, and ${bytes} has ${data.length} bytes`);
  }
}

function valueOf(kind: Kind, value: unknown, name: string): unknown {
  if (typeof kind === 'object') {
    if ('struct' in kind) return initOf(GVISOR_TYPES[kind.struct]!, asFields(value ?? {}, `'${name}'`));
    return listOf(value, name).map((element) => initOf(GVISOR_TYPES[kind.list]!, asFields(element, `'${name}'`)));
  }
  switch (kind) {
    case 'integer':
      return integer(value ?? 0, name);
    case 'integers':
      return listOf(value, name).map((element) => integer(element, name));
    case 'string':
      return text(value ?? '', name);
    case 'strings':
      return listOf(value, name).map((element) => text(element, name));
    case 'bytes':
      return runOfBytes(value ?? '', name);
  }
}

function listOf(value: unknown, name: string): unknown[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw new Mismatch(`'${name}' is not a list`);
  return value;
}

/** A number where a number holds it exactly, else a bigint. Given as a number or in decimal or hexadecimal digits. */
function integer(value: unknown, name: string): number | bigint {
  const digits = typeof value === 'number' && Number.isSafeInteger(value) ? `${value}` : value;
  if (typeof digits !== 'string' || !/^(?:-?\d+|0[xX][\da-fA-F]+)$/u.test(digits)) {
    throw new Mismatch(`'${name}' is not an integer: ${JSON.stringify(value)}`);
  }
  const exact = BigInt(digits);
  return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
}

/** Text, or the bytes of what need not be text. */
function text(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  const bytes = hexBytes(asFields(value, `'${name}'`)['hex'], `'${name}'`);
  return decodeString(bytes, 0, bytes.length);
}

function runOfBytes(value: unknown, name: string): Uint8Array {
  if (typeof value === 'string') return textBytes(value);
  if (Array.isArray(value)) return Uint8Array.from(value, (element) => Number(integer(element, name)));
  return hexBytes(asFields(value, `'${name}'`)['hex'], `'${name}'`);
}

function hexBytes(value: unknown, what: string): Buffer {
  if (typeof value !== 'string' || !/^(?:[\da-fA-F]{2})*$/u.test(value)) {
    throw new Mismatch(`${what} is not hexadecimal digits: ${JSON.stringify(value)?.slice(0, 40)}`);
  }
  return Buffer.from(value, 'hex');
}

function textBytes(value: string): Buffer {
  const bytes = Buffer.alloc(stringSize(value, 'text'));
  encodeString(bytes, 0, value);
  return bytes;
}

/**
 * Every field of what was decoded is what it was made from; 64-bit ones also through their twin, where it holds them.
 */
function expectFields(type: GvisorType, expected: Fields, actual: object, path: string): void {
  for (const [name, [own, kind]] of Object.entries(type.fields)) {
    const value: unknown = Reflect.get(actual, own);
    expectValue(kind, expected[own], value, `${path}: ${name}`);
    const twin: unknown =
      typeof value === 'bigint' && Number.isSafeInteger(Number(value))
        ? Reflect.get(actual, `${own}Number`)
        : undefined;
    if (twin !== undefined && twin !== expected[own])
      throw new Mismatch(`${path}: ${name} as a number is ${String(twin)}`);
  }
}

function expectValue(kind: Kind, expected: unknown, actual: unknown, path: string): void {
  if (typeof kind === 'object' && 'struct' in kind) {
    return expectFields(GVISOR_TYPES[kind.struct]!, asFields(expected, path), Object(actual), path);
  }
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) {
      throw new Mismatch(
        `${path} has ${Array.isArray(actual) ? actual.length : 'no'} elements, not ${expected.length}`,
      );
    }
    const element = elementKind(kind);
    return expected.forEach((value, i) => expectValue(element, value, actual[i], `${path}[${i}]`));
  }
  if (plain(actual) !== plain(expected)) throw new Mismatch(`${path} is ${plain(actual)}, not ${plain(expected)}`);
}

function elementKind(kind: Kind): Kind {
  if (typeof kind === 'object' && 'list' in kind) return { struct: kind.list };
  return kind === 'strings' ? 'string' : 'integer';
}

/** Integers in decimal; strings and bytes as the bytes that they are, so that no two look alike. */
function plain(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint') return value.toString();
  if (typeof value === 'string') return `bytes ${textBytes(value).toString('hex')}`;
  return value instanceof Uint8Array ? `bytes ${Buffer.from(value).toString('hex')}` : typeof value;
}

function checkHeader(name: 'sockheader' | 'channelheader', given: Fields, bytes: Buffer): void {
  const values = new Map(Object.entries(given).map(([key, value]) => [key.toLowerCase(), value]));
  const field = (key: string): number => Number(integer(values.get(key.toLowerCase()) ?? 0, key));
  const message = field('message');
  const isSock = name === 'sockheader';
  const count = field(isSock ? 'payloadLen' : 'numFDs');
  const payload = Payload.alloc(isSock ? SOCK_HEADER_BYTES : CHANNEL_HEADER_BYTES);
  if (bytes.length !== payload.capacity) throw new Mismatch(`has size ${payload.capacity} here, not ${bytes.length}`);
  payload.bytes.fill(0xa5);
  if (isSock) putSockHeader(payload.view, 0, count, message);
  else putChannelHeader(payload.view, 0, message, count);
  expectBytes('encodes', payload.bytes, bytes);
  payload.bytes.set(bytes);
  const decoded = isSock
    ? [getSockMID(payload.view, 0), getSockPayloadLen(payload.view, 0)]
    : [getChannelMID(payload.view, 0), getChannelNumFDs(payload.view, 0)];
  if (decoded[0] !== message || decoded[1] !== count) throw new Mismatch(`decodes as ${decoded.join(', ')}`);
}
