/** What each codec is asked to do with a message. */

import { direntsSum, statxSum, walkSum } from './checksums.js';
import { direntsValue, statxValue, VARIANTS_COUNT, walkValue } from './values.js';
import type { Subject } from '../subject.js';

export type MessageName = 'statx' | 'walk' | 'dirents';

/**
 * One message type of one codec: it encodes the `i`th of its prepared messages, decodes the bytes, and returns the sum
 * of all fields that it read from what it decoded (codecs/checksums.ts).
 */
export type RoundTrip = (i: number) => number;

/** A codec: prepares its messages, and what it can reuse, once. `huge` are sizes that no number holds. */
export interface Codec {
  readonly statx: () => RoundTrip;
  readonly walk: () => RoundTrip;
  readonly dirents: () => RoundTrip;
  /** Encodes and decodes a Statx whose size no number holds; gives the size that came back. */
  readonly huge: (size: bigint) => bigint | number | string;
}

const VALUES = { statx: statxValue, walk: walkValue, dirents: direntsValue };
const SUMS = { statx: statxSum, walk: walkSum, dirents: direntsSum } as {
  [Name in MessageName]: (value: ReturnType<(typeof VALUES)[Name]>) => number;
};

function expectedSums(message: MessageName): number[] {
  const sumOf = SUMS[message] as (value: unknown) => number;
  return Array.from({ length: VARIANTS_COUNT }, (_, i) => sumOf(VALUES[message](i)));
}

/** Measures one message of a codec, once it has shown that what comes back is what went in. */
export function codecSubject(codec: Codec, message: MessageName, hugeSize?: bigint): Subject {
  const roundTrip = codec[message]();
  const expected = expectedSums(message);
  const check = (): void => {
    expected.forEach((sum, i) => {
      if (roundTrip(i) !== sum) throw new Error(`${message} ${i} came back different: ${roundTrip(i)}, not ${sum}`);
    });
  };
  check();
  // The shape of things changes for some codecs once they have met a bigint.
  if (hugeSize !== undefined) {
    for (let i = 0; i < 1000; i++) {
      const back = BigInt(codec.huge(hugeSize));
      if (back !== hugeSize) throw new Error(`cannot carry a size of ${hugeSize}: ${back} came back`);
    }
  }
  let total = 0;
  return {
    asynchronous: false,
    call: () => roundTrip(0),
    run: (calls) => {
      let sum = 0;
      for (let i = 0; i < calls; i++) sum ^= roundTrip(i & (VARIANTS_COUNT - 1));
      total ^= sum;
    },
    end: () => {
      check();
      if (!Number.isInteger(total)) throw new Error('a field was not a number');
    },
  };
}

/** The prepared messages of a codec. */
export function variants<Value, Prepared>(
  value: (i: number) => Value,
  prepare: (value: Value) => Prepared,
): Prepared[] {
  return Array.from({ length: VARIANTS_COUNT }, (_, i) => prepare(value(i)));
}
