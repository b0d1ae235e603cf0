/** Every word of the vocabulary in every place where it can stand, under names that generated code uses itself. */

import type {
  Bytes,
  Closes,
  Donates,
  Empty,
  Enum,
  Errors,
  FixedBytes,
  Flags,
  Limits,
  List,
  Makes,
  Message,
  Opaque,
  Pad,
  Str,
  bool,
  f32,
  f64,
  i16,
  i32,
  i64,
  i8,
  u16,
  u32,
  u64,
  u8,
} from '../../schema/vocabulary.js';

/** A large identifier. */
export type Key = Opaque<u64>;
export type Slot = Opaque<u32>;
/** Another name for a small integer. */
export type Level = i8;
/** Another name for something larger. */
export type Names = List<Str<u8, 20>, u8, 4>;

/** Every integer. */
export interface Integers {
  a: i64;
  b: u64;
  c: i32;
  d: u32;
  e: i16;
  f: u16;
  g: Level;
  h: u8;
  pad0: Pad<2>;
  key: Key;
  slot: Slot;
  pad1: Pad<1>;
  pad2: Pad<3>;
  pad3: Pad<8>;
}

/** Fixed, and holds nothing but structs. */
export interface Pair {
  first: Integers;
  second: Integers;
}

/** A struct of variable size. */
export interface Block {
  at: u32;
  text: Str;
  end: u64;
  names: Names;
}

/** Variable because of its last field only, which is a struct. */
export interface Outer {
  before: u8;
  block: Block;
  after: u16;
  blocks: List<Block, u8, 3>;
}

/** Lists of all that can be listed. */
export interface Lists {
  i8s: List<i8>;
  u8s: List<u8, u32>;
  u16s: List<u16, u8>;
  i32s: List<i32, u32, 7>;
  u64s: List<u64>;
  i64s: List<i64, u64>;
  keys: List<Key>;
  slots: List<Slot, u8, 2>;
  strings: List<Str<u32>, u8>;
  pairs: List<Pair>;
}

/** Names that a careless compiler would trip over. */
export interface Names2 extends Pair {
  list: List<u8>;
  string: Str<u8>;
  bytes: Bytes<u8>;
  check: Str<u32, 9>;
  v: u8;
  p: u8;
  m: u8;
  i: u8;
  size: u32;
  count: Bytes<u16, 50>;
  type: u8;
  length: Bytes<u64>;
  req: Bytes;
  payload: u8;
}

/** Locals of generated code are called like the functions that it makes of these. */
export interface Count {
  text: Str<u8>;
}
export interface Size {
  yes: bool;
}
export type SizeCount = Enum<u8, { None: 0; Some: 3 }>;

/** `sizeCount`, `readSize` and `isSizeCount` are both. */
export interface Locals {
  size: List<Count>;
  marshal: List<Count, u8, 3>;
  unmarshal: List<Count>;
  read: Str<u8>;
  write: List<Size>;
  isSize: List<SizeCount>;
  format: Size;
  sample?: List<Count>;
}

/** How something ended. */
export type Ending = Enum<
  u8,
  {
    /** Well. */
    Well: 0;
    Badly: 1;
    /** Nobody knows. */
    Unknown: 2;
  }
>;
/** Numbers with gaps, and without a zero. */
export type Gap = Enum<u32, { First: 7; Last: 4294967295 }>;
export type Access = Flags<u16, { Read: 1; Write: 2; Execute: 32768 }>;
export type Every = Flags<u32, { Lowest: 1; Highest: 2147483648 }>;

/** Codes of our own. */
export type KINDSErrors = Errors<{
  /** There is no more room. */
  QuotaExceeded: 4096;
  Busy: 4294967295;
}>;

/** What is checked when it is read, and what is not. */
export interface Checked {
  yes: bool;
  ending: Ending;
  access: Access;
  gap: Gap;
  every: Every;
  single: f32;
  double: f64;
  id: FixedBytes<16>;
  one: FixedBytes<1>;
  pad0: Pad<7>;
}

/** Checked parts in all places. */
export interface Checks {
  first: Checked;
  all: List<Checked>;
  yeses: List<bool, u8>;
  endings: List<Ending>;
  sets: List<Access, u8, 5>;
  singles: List<f32>;
  shorts: List<i16, u8>;
  doubles: List<f64>;
  text: Str;
  last: Checked;
}

/** Optional fields of every kind. */
export interface Optionals {
  a: u16;
  text: Str;
  b?: u8;
  c?: u64;
  d?: i64;
  e?: Key;
  f?: bool;
  g?: Ending;
  h?: Access;
  i?: f64;
  j?: Str<u8, 40>;
  k?: Bytes<u16, 50>;
  l?: FixedBytes<3>;
  m?: List<Str>;
  n?: List<u32, u8, 9>;
  o?: Pair;
  p?: Block;
  q?: Checked;
  r?: List<Checked>;
  v?: Level;
}

/** A part that was made. */
export interface Part {
  key: Makes<Key>;
  keys: Makes<List<Key>>;
}

export interface KINDS {
  integers: Message<256, Integers, Integers>;
  pair: Message<257, Pair, Pair>;
  readBlock: Message<258, Outer, Block>;
  sizeBlock: Message<259, Block, Outer>;
  lists: Message<260, Lists, { lists: Lists }>;
  names: Message<261, Names2, Names2>;
  nothing: Message<262, Empty, Empty>;
  gift: Message<263, Empty, Empty, Donates<'one', 'two'>>;
  checks: Message<264, Checks, Checks>;
  optionals: Message<265, Optionals, { x?: u64 }, Limits<{ request: 2000; response: 8 }>>;
  made: Message<
    266,
    { x: u8 },
    { key: Makes<Key>; keys: Makes<List<Key>>; parts: List<Part> },
    Donates<'fd'>,
    Limits<{ response: 65536 }>
  >;
  drop: Message<268, { keys: Closes<List<Key, u8, 3>>; why?: Str }, Empty>;
  release: Message<269, { slot: Closes<Slot>; pad0: Pad<4> }, { slot: Slot }>;
  maybe: Message<270, Empty, { slot: Makes<Slot>; key?: Makes<Key>; keys?: Makes<List<Key>>; part?: Part }>;
  locals: Message<267, Locals, Locals>;
  gifts: Message<65279, { x: u8 }, { y: u8; z: Str }, Donates<['left', 'right']>>;
}
