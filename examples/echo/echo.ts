/** The smallest protocol: types only; read by the compiler, never run. */

import type { Message, Str } from 'lisafs/schema';

export interface Echo {
  /** Says the same. */
  say: Message<256, { text: Str }, { text: Str }>;
}
