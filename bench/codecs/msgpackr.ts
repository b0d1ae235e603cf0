/** msgpackr with shared record structures, its fastest form, packing into a buffer of its own that it reuses. */

import { Packr, RESET_BUFFER_MODE, REUSE_BUFFER_MODE } from 'msgpackr';
import { direntsSum, statxSum, walkSum } from './checksums.js';
import { variants, type Codec, type RoundTrip } from './codec.js';
import { direntsValue, statxValue, walkValue } from './values.js';

const MODE = REUSE_BUFFER_MODE | RESET_BUFFER_MODE;

function roundTrip<Value>(value: (i: number) => Value, sum: (value: Value) => number): () => RoundTrip {
  return () => {
    const packr = new Packr({ structures: [], useRecords: true });
    const sources = variants(value, (same) => same);
    return (i) => {
      // Its own buffer, whose `end` says how far the message goes. The next message goes to the same place.
      const bytes = packr.pack(sources[i]!, MODE) as Buffer & { readonly end: number };
      return sum(packr.unpack(bytes, bytes.end) as Value);
    };
  };
}

export const msgpackr: Codec = {
  statx: roundTrip(statxValue, statxSum),
  walk: roundTrip(walkValue, walkSum),
  dirents: roundTrip(direntsValue, direntsSum),
  huge: (size) => {
    const packr = new Packr({ structures: [], useRecords: true });
    const bytes = packr.pack({ ...statxValue(0), size }, MODE) as Buffer & { readonly end: number };
    return (packr.unpack(bytes, bytes.end) as { size: bigint }).size;
  },
};
