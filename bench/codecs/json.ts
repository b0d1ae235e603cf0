/** JSON, through a string: what it would be in a worker's or a child's message. */

import { direntsSum, statxSum, walkSum } from './checksums.js';
import { variants, type Codec, type RoundTrip } from './codec.js';
import { direntsValue, statxValue, walkValue } from './values.js';

function roundTrip<Value>(value: (i: number) => Value, sum: (value: Value) => number): () => RoundTrip {
  return () => {
    const sources = variants(value, (same) => same);
    return (i) => sum(JSON.parse(JSON.stringify(sources[i]!)) as Value);
  };
}

export const json: Codec = {
  statx: roundTrip(statxValue, statxSum),
  walk: roundTrip(walkValue, walkSum),
  dirents: roundTrip(direntsValue, direntsSum),
  // JSON has no such number: a string stands for it.
  huge: (size) => (JSON.parse(JSON.stringify({ ...statxValue(0), size: String(size) })) as { size: string }).size,
};
