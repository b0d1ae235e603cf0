/** Every word of the vocabulary in every place where it can stand, under names that generated code uses itself. */

import type {
  Bytes,
  Donates,
  Empty,
  List,
  Message,
  Opaque,
  Pad,
  Str,
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

export interface KINDS {
  integers: Message<256, Integers, Integers>;
  pair: Message<257, Pair, Pair>;
  readBlock: Message<258, Outer, Block>;
  sizeBlock: Message<259, Block, Outer>;
  lists: Message<260, Lists, { lists: Lists }>;
  names: Message<261, Names2, Names2>;
  nothing: Message<262, Empty, Empty>;
  gift: Message<263, Empty, Empty, Donates<'one', 'two'>>;
  gifts: Message<65279, { x: u8 }, { y: u8; z: Str }, Donates<['left', 'right']>>;
}
