/** One type of the wire with all that generated code has for it: what tests and tools go through in a loop. */

import type { Payload } from './payload.js';
import type { Random } from './random.js';
import type { Struct } from './struct.js';

/** Its functions take and give objects of the type that `name` says, and of no other. */
export interface Codec {
  readonly name: string;
  /** The size of every value of it, or undefined where values differ in size. */
  readonly fixedSize: number | undefined;
  /** How many of its last fields are optional. */
  readonly optionalCount: number;
  /** Random field values. */
  sample(random: Random): object;
  /** An object to unmarshal into. */
  create(): Struct;
  size(m: object): number;
  marshal(p: Payload, at: number, m: object): number;
  unmarshal(p: Payload, at: number, end: number, m: object): number;
  format(m: object): string;
}
