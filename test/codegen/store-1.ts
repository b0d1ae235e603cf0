/** A protocol as it once was: see store-2.ts. */

import type { Bytes, Empty, Errors, Message, Str, u32, u64, u8 } from '../../schema/vocabulary.js';

export type StoreErrors = Errors<{ NotThere: 5000 }>;

export interface STORE {
  get: Message<256, { key: Str }, { value: Bytes<u32> }>;
  put: Message<257, { key: Str; value: Bytes<u32> }, { version: u64 }>;
  count: Message<258, Empty, { count: u32 }>;
  flush: Message<259, { hard: u8 }, Empty>;
  touch: Message<261, { key: Str }, Empty>;
}
