/**
 * A protocol as a tool needs it that was not generated from its schema: `ProtocolDescription` in
 * runtime/wire/description.ts says what each part means. The same data is what a server's Reflection message brings and
 * what a tool gets of a schema file.
 */

import { fingerprintOf } from './fingerprint.js';
import type { FieldType, LaidProtocol, LaidStruct, Message } from './ir.js';

export interface DescribedProtocol {
  readonly version: 1;
  readonly name: string;
  readonly doc: string;
  readonly fingerprint: string;
  readonly structs: readonly DescribedStruct[];
  readonly messages: readonly DescribedMessage[];
}

export interface DescribedStruct {
  readonly name: string;
  readonly doc: string;
  readonly fields: readonly { readonly name: string; readonly doc: string; readonly type: DescribedType }[];
}

export interface DescribedMessage {
  readonly mid: number;
  readonly name: string;
  readonly stub: string;
  readonly doc: string;
  readonly req: string | null;
  readonly resp: string | null;
  readonly donates: readonly string[];
}

/** A field's type as the schema has it, less what only TypeScript needs to know. */
export type DescribedType = FieldType;

export function describeProtocol(protocol: LaidProtocol): DescribedProtocol {
  return {
    version: 1,
    name: protocol.name,
    doc: text(protocol.doc),
    fingerprint: fingerprintOf(protocol).value,
    structs: protocol.structs.map(describeStruct),
    messages: protocol.messages.map(describeMessage),
  };
}

function describeStruct({ name, doc, fields }: LaidStruct): DescribedStruct {
  return {
    name,
    doc: text(doc),
    fields: fields.map((field) => ({ name: field.name, doc: text(field.doc), type: field.type })),
  };
}

function describeMessage({ mid, name, stub, doc, req, resp, donates }: Message): DescribedMessage {
  return { mid, name, stub, doc: text(doc), req: req ?? null, resp: resp ?? null, donates };
}

function text(lines: readonly string[]): string {
  return lines.join('\n');
}
