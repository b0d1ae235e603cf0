/**
 * The words in which a schema is written. Types only: the compiler reads a schema as text and never runs it, and these
 * declarations are what an editor shows and checks while one writes.
 *
 * A schema is one file. Its one exported interface whose members are all `Message<…>` is the protocol, and has its
 * name. Every other exported interface is a struct (`extends` one other struct puts that one's fields in front), and an
 * exported type alias is another name for a type.
 *
 * On the wire everything is little-endian and packed. Nothing is padded in secret: within a run of fixed-size fields
 * each must be naturally aligned, counted from the run's start, by a `Pad` where needed. A field of variable size
 * ends the run; what follows it is packed.
 *
 * The last fields of a request or of a response can be optional (`name?: T`): they are there or are not, from the first
 * to the last, and packed. An old peer ignores those that it does not know, a new one finds them missing. That is how a
 * message grows.
 */

/* What the code reads and writes is said with each word; the symbols only keep the words apart for an editor. */
declare const word: unique symbol;

/** An unsigned integer of 8 bits: a number. */
export type u8 = number;
/** An unsigned integer of 16 bits: a number. */
export type u16 = number;
/** An unsigned integer of 32 bits: a number. */
export type u32 = number;
/**
 * An unsigned integer of 64 bits: read as a bigint, with an `xNumber` twin that makes none (but for an optional field,
 * where `x` is one already); a number or a bigint may be given.
 */
export type u64 = number | bigint;
/** A signed integer of 8 bits: a number. */
export type i8 = number;
/** A signed integer of 16 bits: a number. */
export type i16 = number;
/** A signed integer of 32 bits: a number. */
export type i32 = number;
/** A signed integer of 64 bits: as `u64`. */
export type i64 = number | bigint;

/** A number of 32 bits, IEEE 754: what is written is rounded to it. */
export type f32 = number;
/** A number as JavaScript has it, IEEE 754. */
export type f64 = number;
/** A byte that is 0 or 1: a boolean. Any other byte is malformed. */
export type bool = boolean;

/** The types that a count can have on the wire. */
export type CountType = u8 | u16 | u32 | u64;

/**
 * A string: its size in bytes as a `Count`, then the bytes, which need not be UTF-8; none is lost either way.
 * More than `Max` bytes are refused at both ends.
 */
export type Str<Count extends CountType = u16, Max extends number = never> = string & {
  readonly [word]?: ['Str', Count, Max];
};

/**
 * A list: the number of its elements as a `Count`, then the elements, packed. More than `Max` are refused at both ends.
 * `T` is anything that a field can be but another `List`, `Bytes`, `FixedBytes` or a `Pad`: a struct may hold those.
 */
export type List<T, Count extends CountType = u16, Max extends number = never> = T[] & {
  readonly [word]?: ['List', Count, Max];
};

/** Bytes: their number as a `Count`, then they themselves. More than `Max` are refused at both ends. */
export type Bytes<Count extends CountType = u32, Max extends number = never> = Uint8Array & {
  readonly [word]?: ['Bytes', Count, Max];
};

/** Exactly `Size` bytes, without a count. */
export type FixedBytes<Size extends number> = Uint8Array & { readonly [word]?: ['FixedBytes', Size] };

/** `Size` bytes that mean nothing: written as zero, ignored when read, and no field of the message. */
export type Pad<Size extends number> = { readonly [word]?: ['Pad', Size] };

/** An identifier that nobody computes with; an alias (`export type FDID = Opaque<u64>`) gives it its name. */
export type Opaque<Integer extends u32 | u64> = { readonly [word]?: ['Opaque', Integer] };

/**
 * One of these numbers: `export type Colour = Enum<u8, { Red: 0; Green: 1 }>` makes the type `Colour` and the constants
 * `Colour.Red` and `Colour.Green`. Any other number is refused when it is written, and malformed when it is read.
 */
export type Enum<Integer extends u8 | u16 | u32, Members extends Record<string, number>> = Members[keyof Members] & {
  readonly [word]?: ['Enum', Integer, Members];
};

/**
 * Any of these bits: `export type Access = Flags<u8, { Read: 1; Write: 2 }>`, whose values are combined with `|`. A bit
 * without a name is refused when it is written, and malformed when it is read.
 */
export type Flags<Integer extends u8 | u16 | u32, Bits extends Record<string, number>> = number & {
  readonly [word]?: ['Flags', Integer, Bits];
};

/**
 * The errors of this protocol besides Linux's, each with a code from 4096 to 2^32-1, once in a schema:
 * `export type KVErrors = Errors<{ QuotaExceeded: 4096 }>`. A handler throws `failKVErrors('QuotaExceeded')`, and the
 * client gets an RPCError whose `code` is 'QuotaExceeded'.
 */
export type Errors<Codes extends Record<string, number>> = { readonly [word]?: ['Errors', Codes] };

/**
 * An identifier, or a list of them, that a response makes: the server keeps something for it until the client gives it
 * back, by the request that `Closes` identifiers of this type. A client that has given up waiting for a response gives
 * back what the response brings after all.
 */
export type Makes<T> = T & { readonly [word]?: ['Makes'] };

/**
 * An identifier, or a list of them, that a request gives back. It is all that must be in the request, so that a client
 * can send it by itself for what a late response has made: `close: Message<260, { keys: Closes<List<Key>> }, Empty>`.
 */
export type Closes<T> = T & { readonly [word]?: ['Closes'] };

/** A request or a response without content. */
export type Empty = { readonly [word]?: ['Empty'] };

/**
 * The names of the descriptors that a response donates, in their order. Each becomes a field of the response, undefined
 * when none came. A tuple of names will do as well.
 */
export type Donates<
  A extends string | readonly string[],
  B extends string = never,
  C extends string = never,
  D extends string = never,
  E extends string = never,
  F extends string = never,
  G extends string = never,
  H extends string = never,
> = { readonly [word]?: ['Donates', A, B, C, D, E, F, G, H] };

/**
 * One message: its number on the wire, what is asked and what is answered. MIDs 0, 1 and 2 are Error, Mount and Channel
 * in every protocol (and are added where a schema leaves them out); 3 to 255 are LISAFS's, 256 to 65279 anybody's.
 */
export type Message<MID extends number, Req, Resp, Donated = never, Limited = never> = {
  readonly [word]?: ['Message', MID, Req, Resp, Donated, Limited];
};

/** The most bytes that the payloads of one message may have, behind what it donates or in its place. */
export type Limits<Most extends { request?: number; response?: number }> = { readonly [word]?: ['Limits', Most] };
