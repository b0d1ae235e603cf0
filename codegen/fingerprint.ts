/**
 * What two generated versions of a schema compare at mount. Only what the wire shows counts: names, comments and limits
 * may change, and so may the order of declarations.
 */

import { createHash } from 'node:crypto';
import type { Field, FieldType, LaidProtocol, LaidStruct, Message } from './ir.js';

/** For a request or a response: a number for the fields that must be there, then one for each optional field. */
export type Layout = readonly number[];

export interface MessageLayout {
  readonly mid: number;
  readonly req: Layout;
  readonly resp: Layout;
}

export interface Fingerprint {
  /** 64 bits in hexadecimal. */
  readonly value: string;
  readonly layouts: readonly MessageLayout[];
}

/** The fingerprint of a whole protocol: equal ones need no further comparing. */
export function fingerprintOf(protocol: LaidProtocol): Fingerprint {
  const structs = new Map(protocol.structs.map((struct) => [struct.name, struct]));
  const layouts = protocol.messages
    .filter((message) => message.mid !== 0)
    .map(({ mid, req, resp }) => ({ mid, req: layoutOf(req, structs), resp: layoutOf(resp, structs) }));
  const lines = protocol.messages.map(({ mid, name }: Message) => `${mid} ${name}`);
  const text = [protocol.name, ...lines, JSON.stringify(layouts)].join('\n');
  return { value: digest(text).slice(0, 16), layouts };
}

type Structs = ReadonlyMap<string, LaidStruct>;

/** A struct's layout. */
export function layoutOf(name: string | undefined, structs: Structs): Layout {
  const fields = structs.get(name ?? '')?.fields ?? [];
  const required = fields.filter((field) => !field.optional);
  const chain = [chained('', wireText(required, structs))];
  for (const { type } of fields.slice(required.length)) {
    chain.push(chained(`${chain.at(-1)!}`, wireTextOf(type, structs)));
  }
  return chain;
}

/** A link of the chain: it stands for all that comes before it as well. */
function chained(before: string, text: string): number {
  return Number.parseInt(digest(`${before};${text}`).slice(0, 8), 16);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The fields as the wire has them: a struct in a struct leaves no trace there. */
function wireText(fields: readonly Field[], structs: Structs): string {
  return fields.map((field) => wireTextOf(field.type, structs)).join(' ');
}

/** A type as the wire has it: where two are the same, so are the bytes. */
export function wireTextOf(type: FieldType, structs: Structs): string {
  switch (type.kind) {
    case 'int':
      return `${type.signed ? 'i' : 'u'}${type.bits}`;
    case 'opaque':
      return `u${type.bits}`;
    case 'bool':
      return 'u8';
    case 'enum':
    case 'flags':
      return `u${type.bits}`;
    case 'float':
      return `f${type.bits}`;
    case 'fixedBytes':
      return `x${type.size}`;
    case 'pad':
      return `p${type.size}`;
    case 'string':
    case 'bytes':
      return `b${type.countBits}`;
    case 'list':
      return `l${type.countBits}[${wireTextOf(type.element, structs)}]`;
    case 'struct':
      return wireText(structs.get(type.name)!.fields, structs);
  }
}
