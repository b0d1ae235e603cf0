/**
 * What a protocol looks like, as data: enough to write and to read each of its messages without generated code. This is
 * the JSON that a server's Reflection message (MID 65281) brings, and what `lisafs inspect` and `call` work with.
 *
 * `version` is 1. A reader refuses a version that it does not know, and ignores members that it does not know.
 * Everything on the wire is little-endian and packed: a message is its fields one after the other, pads included.
 */

export interface ProtocolDescription {
  readonly version: 1;
  /** The protocol's name in its schema: `LISAFS`. */
  readonly name: string;
  /** The schema's comment, lines parted by newlines; empty where there is none. So for every `doc` below. */
  readonly doc: string;
  /** The schema's fingerprint, 16 hexadecimal digits. */
  readonly fingerprint: string;
  /** Enums and sets of flags. */
  readonly choices: readonly ChoiceDescription[];
  /** The protocol's own error codes, above 4095. */
  readonly errors: readonly MemberDescription[];
  /** Every struct, requests and responses included. None holds itself. */
  readonly structs: readonly StructDescription[];
  /** Every message in the order of the MIDs, those that the server does not support included. */
  readonly messages: readonly MessageDescription[];
}

/** A number with a name. */
export interface MemberDescription {
  readonly name: string;
  readonly doc: string;
  readonly value: number;
}

/** The numbers of which an enum has one, or the bits of which a set of flags has some; no others are allowed. */
export interface ChoiceDescription {
  readonly kind: 'enum' | 'flags';
  readonly name: string;
  readonly doc: string;
  readonly bits: 8 | 16 | 32;
  readonly members: readonly MemberDescription[];
}

export interface StructDescription {
  readonly name: string;
  readonly doc: string;
  /** In the order of the wire, those of a struct that this one extends among them. */
  readonly fields: readonly FieldDescription[];
}

export interface FieldDescription {
  readonly name: string;
  readonly doc: string;
  readonly type: TypeDescription;
  /** True for a field that may be missing: then all after it are, and the message ends before it. */
  readonly optional?: true;
}

/** What a field holds. `countBits` is the size in bits of an unsigned count in front; `max` the most that it may be. */
export type TypeDescription =
  | { readonly kind: 'int'; readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean; readonly alias?: string }
  /** An integer of `bits` bits that a choice of this name explains. */
  | { readonly kind: 'enum' | 'flags'; readonly name: string; readonly bits: 8 | 16 | 32 }
  /** A byte that is 0 or 1. */
  | { readonly kind: 'bool' }
  /** IEEE 754. */
  | { readonly kind: 'float'; readonly bits: 32 | 64 }
  /** Exactly `size` bytes. */
  | { readonly kind: 'fixedBytes'; readonly size: number }
  /** An unsigned integer that identifies something. */
  | { readonly kind: 'opaque'; readonly name: string; readonly bits: 32 | 64 }
  /** Bytes that mean nothing: written as zero, skipped when read. */
  | { readonly kind: 'pad'; readonly size: number }
  /** A count of bytes, then bytes that are UTF-8 or not. */
  | { readonly kind: 'string'; readonly countBits: 8 | 16 | 32 | 64; readonly max: number }
  /** A count of bytes, then bytes. */
  | { readonly kind: 'bytes'; readonly countBits: 8 | 16 | 32 | 64; readonly max: number }
  /** A count of elements, then these. */
  | {
      readonly kind: 'list';
      readonly countBits: 8 | 16 | 32 | 64;
      readonly max: number;
      readonly element: TypeDescription;
    }
  /** The fields of another struct, in place. */
  | { readonly kind: 'struct'; readonly name: string };

export interface MessageDescription {
  readonly mid: number;
  /** The MID's name: `OpenAt`. */
  readonly name: string;
  /** The method's name: `openAt`. */
  readonly stub: string;
  readonly doc: string;
  /** Names of structs; null for a message without content. */
  readonly req: string | null;
  readonly resp: string | null;
  /** Names of the descriptors that the response may bring. */
  readonly donates: readonly string[];
  /** The most bytes that a request and a response may have; absent where only the connection's maximum counts. */
  readonly limits: { readonly req?: number; readonly resp?: number };
}
