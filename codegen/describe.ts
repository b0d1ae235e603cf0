/**
 * A protocol as a tool needs it that was not generated from its schema: `ProtocolDescription` in
 * runtime/wire/description.ts says what each part means. The same data is what a server's Reflection message brings and
 * what a tool gets of a schema file.
 */

import { fingerprintOf } from './fingerprint.js';
import type { Choice, ChoiceMember, Field, FieldType, LaidProtocol, LaidStruct, Message } from './ir.js';

export interface DescribedProtocol {
  readonly version: 1;
  readonly name: string;
  readonly doc: string;
  readonly fingerprint: string;
  readonly choices: readonly DescribedChoice[];
  readonly errors: readonly DescribedMember[];
  readonly structs: readonly DescribedStruct[];
  readonly messages: readonly DescribedMessage[];
}

export interface DescribedMember {
  readonly name: string;
  readonly doc: string;
  readonly value: number;
}

export interface DescribedChoice {
  readonly kind: 'enum' | 'flags';
  readonly name: string;
  readonly doc: string;
  readonly bits: 8 | 16 | 32;
  readonly members: readonly DescribedMember[];
}

export interface DescribedField {
  readonly name: string;
  readonly doc: string;
  readonly type: DescribedType;
  readonly optional?: true;
}

export interface DescribedStruct {
  readonly name: string;
  readonly doc: string;
  readonly fields: readonly DescribedField[];
}

export interface DescribedMessage {
  readonly mid: number;
  readonly name: string;
  readonly stub: string;
  readonly doc: string;
  readonly req: string | null;
  readonly resp: string | null;
  readonly donates: readonly string[];
  readonly limits: { readonly req?: number; readonly resp?: number };
}

/** A field's type as the schema has it, less what only TypeScript needs to know. */
export type DescribedType = FieldType;

export function describeProtocol(protocol: LaidProtocol): DescribedProtocol {
  return {
    version: 1,
    name: protocol.name,
    doc: text(protocol.doc),
    fingerprint: fingerprintOf(protocol).value,
    choices: protocol.choices.map(describeChoice),
    errors: (protocol.errors?.members ?? []).map(describeMember),
    structs: protocol.structs.map(describeStruct),
    messages: protocol.messages.map(describeMessage),
  };
}

function describeStruct({ name, doc, fields }: LaidStruct): DescribedStruct {
  return { name, doc: text(doc), fields: fields.map(describeField) };
}

function describeField({ name, doc, type, optional }: Field): DescribedField {
  return { name, doc: text(doc), type, ...(optional && { optional }) };
}

function describeChoice({ kind, name, doc, bits, members }: Choice): DescribedChoice {
  return { kind, name, doc: text(doc), bits, members: members.map(describeMember) };
}

function describeMember({ name, doc, value }: ChoiceMember): DescribedMember {
  return { name, doc: text(doc), value };
}

function describeMessage({ mid, name, stub, doc, req, resp, donates, limits }: Message): DescribedMessage {
  return { mid, name, stub, doc: text(doc), req: req ?? null, resp: resp ?? null, donates, limits };
}

function text(lines: readonly string[]): string {
  return lines.join('\n');
}
