/** A key-value store: types only; read by the compiler, never run. */

import type { Bytes, Donates, Empty, List, Message, Str, u64 } from 'lisafs/schema';

/** One value, and how often it was written. */
export interface Entry {
  version: u64;
  value: Bytes;
}

export interface KV {
  /** Returns the value under a key. ENOENT when there is none. */
  get: Message<256, { key: Str }, Entry>;
  /** Stores a value. Unless `ifVersion` is 0 it replaces that version only: EEXIST when there is another. */
  put: Message<257, { ifVersion: u64; key: Str; value: Bytes }, { version: u64 }>;
  /** Returns all keys, sorted. */
  keys: Message<258, Empty, { keys: List<Str> }>;
  /** Donates a descriptor to read the log of all writes from. */
  log: Message<259, Empty, { size: u64 }, Donates<'log'>>;
}
