/** The least that a call can be: what the bench compares with other ways of calling. */

import type { Empty, Message } from '../../schema/vocabulary.js';

export interface Bench {
  /** Asks nothing and answers nothing. */
  ping: Message<256, Empty, Empty>;
}
