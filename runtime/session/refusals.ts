/** Which messages a server refuses before it looks at them. Tables, since every request asks. */

import { EOPNOTSUPP } from '../wire/errno.js';

/** From this MID on messages are the SDK's own, whatever the protocol. */
export const FIRST_EXTENSION_MID = 65280;

export class Refusals {
  /** Errnos by MID, 0 for what is served: those of the protocol, and those of the SDK from its first MID on. */
  readonly #protocol: Uint16Array;
  readonly #extensions: Uint16Array;

  /** What is not `supported` is EOPNOTSUPP, even where `refused` has an errno for it. */
  constructor(supported: ReadonlySet<number>, refused: ReadonlyMap<number, number>) {
    const extensions = [...supported].filter((mid) => mid >= FIRST_EXTENSION_MID);
    const protocol = [...supported].filter((mid) => mid < FIRST_EXTENSION_MID);
    const errnoOf = (mid: number): number => (supported.has(mid) ? (refused.get(mid) ?? 0) : EOPNOTSUPP);
    const table = (mids: readonly number[], first: number): Uint16Array =>
      Uint16Array.from({ length: Math.max(first - 1, ...mids) + 1 - first }, (_, i) => errnoOf(first + i));
    this.#protocol = table(protocol, 0);
    this.#extensions = table(extensions, FIRST_EXTENSION_MID);
  }

  /** The errno with which this message is refused, or 0. */
  errnoOf(mid: number): number {
    const errno = mid < FIRST_EXTENSION_MID ? this.#protocol[mid] : this.#extensions[mid - FIRST_EXTENSION_MID];
    return errno ?? EOPNOTSUPP;
  }
}
