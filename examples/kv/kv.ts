/** A key-value store: types only; read by the compiler, never run. */

import type { Bytes, Donates, Empty, Errors, List, Message, Str, u64 } from 'lisafs/schema';

/** One value, and how often it was written. */
export interface Entry {
  version: u64;
  value: Bytes;
}

/** The store's own errors, beside those of Linux. */
export type KVErrors = Errors<{
  /** There is another version than the one to be replaced. */
  VersionDiffers: 4096;
}>;

export interface KV {
  /** Returns the value under a key. ENOENT when there is none. */
  get: Message<256, { key: Str }, Entry>;
  /** Stores a value; with `ifVersion` in place of that version only (0: of none), else VersionDiffers. */
  put: Message<257, { key: Str; value: Bytes; ifVersion?: u64 }, { version: u64 }>;
  /** Returns all keys, sorted. */
  keys: Message<258, Empty, { keys: List<Str> }>;
  /** Donates a descriptor to read the log of all writes from. */
  log: Message<259, Empty, { size: u64 }, Donates<'log'>>;
}
