/** The protocol of store-1.ts a month later. */

import type { Bytes, Empty, Errors, Message, Str, bool, u32, u64 } from '../../schema/vocabulary.js';

export type StoreErrors = Errors<{ NotThere: 5000; TooOld: 5001 }>;

/**
 * Keys and values.
 *
 * @allow FIELD_TYPE_CHANGED CountResp.count no client of the first version counts
 */
export interface STORE {
  get: Message<256, { key: Str; since?: u64 }, { value: Bytes<u32>; version?: u64; isLast?: bool }>;
  put: Message<257, { key: Str; value: Bytes<u32>; ttl?: u32 }, { version: u64 }>;
  count: Message<258, Empty, { count: u64 }>;
  drop: Message<260, { key: Str }, Empty>;
  touch: Message<261, { key: Str }, { version?: u64 }>;
}
