/**
 * What a schema says, as plain data: read.ts makes it from text, layout.ts adds sizes and offsets, emit.ts prints it.
 *
 * A worked example. The schema
 *
 * ```ts
 * export type Key = Opaque<u32>;
 * export interface Entry { key: Key; pad0: Pad<4>; version: u64; note: Str<u8, 40> }
 * export interface KV { get: Message<256, { key: Key }, Entry> }
 * ```
 *
 * is read as (places and docs left out)
 *
 * ```ts
 * { name: 'KV',
 *   aliases: [{ name: 'Key', type: { kind: 'opaque', name: 'Key', bits: 32 } }],
 *   structs: [
 *     { name: 'Entry', fields: [
 *         { name: 'key', type: { kind: 'opaque', name: 'Key', bits: 32 } },
 *         { name: 'pad0', type: { kind: 'pad', size: 4 } },
 *         { name: 'version', type: { kind: 'int', bits: 64, signed: false } },
 *         { name: 'note', type: { kind: 'string', count: { bits: 8 }, max: 40 } } ] },
 *     { name: 'GetReq', fields: [{ name: 'key', … }] } ],
 *   messages: [{ mid: 256, member: 'get', name: 'Get', stub: 'get', req: 'GetReq', resp: 'Entry', donates: [] }] }
 * ```
 *
 * and laid out, Entry gets one block, which is checked, read and written at once: three fixed fields at 0, 4 and 8, and
 * at 16 the count of the field of variable size that ends it.
 *
 * ```ts
 * { name: 'Entry', fixed: false, size: 17, align: 8,
 *   blocks: [{ size: 17, fields: [{ offset: 0, … }, { offset: 4, … }, { offset: 8, … }], tail: { offset: 16, … } }] }
 * ```
 */

/** Where something stands in a schema; both count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Something wrong with a schema: `schema/x.ts:12:3: what is wrong; what to do`. */
export interface Diagnostic {
  readonly place: Place;
  readonly message: string;
}

export type Bits = 8 | 16 | 32 | 64;

export interface IntType {
  readonly kind: 'int';
  readonly bits: Bits;
  readonly signed: boolean;
  /** The alias under which the field has it. */
  readonly alias?: string;
}

/** An identifier nobody computes with; `name` is its alias. */
export interface OpaqueType {
  readonly kind: 'opaque';
  readonly name: string;
  readonly bits: 32 | 64;
}

/** A byte that is 0 or 1. */
export interface BoolType {
  readonly kind: 'bool';
}

export interface FloatType {
  readonly kind: 'float';
  readonly bits: 32 | 64;
}

/** One of the numbers, or a set of the bits, that the Choice `name` has. */
export interface ChoiceType {
  readonly kind: 'enum' | 'flags';
  readonly name: string;
  readonly bits: 8 | 16 | 32;
}

/** So many bytes, always. */
export interface FixedBytesType {
  readonly kind: 'fixedBytes';
  readonly size: number;
}

export interface PadType {
  readonly kind: 'pad';
  readonly size: number;
}

/** How many bits a count has on the wire, and the most that it may be. */
interface Counted {
  readonly countBits: Bits;
  readonly max: number;
}

export interface StringType extends Counted {
  readonly kind: 'string';
}

export interface BytesType extends Counted {
  readonly kind: 'bytes';
}

export interface ListType extends Counted {
  readonly kind: 'list';
  readonly element: ElementType;
}

export interface StructType {
  readonly kind: 'struct';
  readonly name: string;
}

export type ElementType = IntType | OpaqueType | BoolType | FloatType | ChoiceType | StringType | StructType;
export type FieldType = ElementType | PadType | FixedBytesType | BytesType | ListType;

export interface Field {
  readonly name: string;
  readonly doc: readonly string[];
  readonly type: FieldType;
  readonly place: Place;
  /** True for an identifier that the client has to give back. */
  readonly makes: boolean;
  /** True for one that the request gives back. */
  readonly closes: boolean;
  /** True for one that may be missing at the end of a message. */
  readonly optional: boolean;
}

export interface Struct {
  readonly name: string;
  readonly doc: readonly string[];
  readonly place: Place;
  /** The struct that `extends` names, whose fields come first. */
  readonly base?: { readonly name: string; readonly place: Place };
  /** Its own fields; after layout, the base's before them. */
  readonly fields: readonly Field[];
  /** The descriptors that come with it, when it is a donating response. */
  readonly donates: readonly string[];
}

export interface Alias {
  readonly name: string;
  readonly doc: readonly string[];
  readonly place: Place;
  readonly type: FieldType;
}

/** A number with a name. */
export interface ChoiceMember {
  readonly name: string;
  readonly doc: readonly string[];
  readonly value: number;
  readonly place: Place;
}

/** An alias that lists numbers of which a field has one, or bits of which it has some. */
export interface Choice {
  readonly kind: 'enum' | 'flags';
  readonly name: string;
  readonly doc: readonly string[];
  readonly place: Place;
  readonly bits: 8 | 16 | 32;
  readonly members: readonly ChoiceMember[];
}

/** The error codes that a protocol has besides Linux's errnos: all above 4095. */
export interface ErrorCodes {
  readonly name: string;
  readonly doc: readonly string[];
  readonly place: Place;
  readonly members: readonly ChoiceMember[];
}

export interface Message {
  readonly mid: number;
  /** As the schema has it: `FStat`. */
  readonly member: string;
  /** The MID's name: `FStat`. */
  readonly name: string;
  /** The method's name: `fstat`. */
  readonly stub: string;
  readonly doc: readonly string[];
  readonly place: Place;
  /** The request's struct; undefined for Empty. */
  readonly req: string | undefined;
  /** The response's struct; undefined for Empty. */
  readonly resp: string | undefined;
  readonly donates: readonly string[];
  /** The most bytes that a payload of it may have, where the schema says it. */
  readonly limits: { readonly req?: number; readonly resp?: number };
  /** True for a message that every protocol has and this schema leaves out. */
  readonly implied: boolean;
}

/** A breaking change that the schema allows: `@allow RULE subject reason` above the protocol. */
export interface Allowed {
  readonly rule: string;
  readonly subject: string;
  readonly reason: string;
  readonly place: Place;
}

/** A schema as it was read. */
export interface Protocol {
  readonly name: string;
  readonly doc: readonly string[];
  readonly place: Place;
  readonly allChannelsOrNone: boolean;
  readonly allowed: readonly Allowed[];
  /** True for the SDK's own messages, which go beside a protocol and are none. */
  readonly extensions: boolean;
  readonly aliases: readonly Alias[];
  readonly choices: readonly Choice[];
  readonly errors: ErrorCodes | undefined;
  readonly structs: readonly Struct[];
  readonly messages: readonly Message[];
}

/** A field with its offset from the beginning of its block. */
export interface PlacedField extends Field {
  readonly offset: number;
}

/** Fixed-size fields in a row, and the field of variable size that ends them: `offset` is that of its count. */
export interface Block {
  /** What one bounds check covers: the fixed fields and the tail's count. */
  readonly size: number;
  readonly fields: readonly PlacedField[];
  readonly tail?: PlacedField;
}

export interface LaidStruct extends Struct {
  /** True when every value of it has the same size. */
  readonly fixed: boolean;
  /** Its size, or the least that it can have. */
  readonly size: number;
  /** What it must be aligned to inside a run of fixed-size fields. */
  readonly align: number;
  readonly blocks: readonly Block[];
  /** Its optional fields, which come last, each at the offset 0 of a block of its own. */
  readonly optionals: readonly PlacedField[];
}

/** The struct that a field holds or lists. */
export function partOf(type: FieldType): string | undefined {
  if (type.kind === 'list') return partOf(type.element);
  return type.kind === 'struct' ? type.name : undefined;
}

/** A schema that emit.ts can print: nothing in it is wrong. */
export interface LaidProtocol extends Protocol {
  readonly structs: readonly LaidStruct[];
}
