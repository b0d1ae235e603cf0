/**
 * protobufjs, static code, encoding with a Writer that is reset. Its 64-bit integers are read as numbers, which is
 * faster than its Long and exact up to 2^53; larger ones it rounds.
 */

import protobuf from 'protobufjs/minimal.js';
import { direntsSum, statxSum, walkSum } from './checksums.js';
import { variants, type Codec, type RoundTrip } from './codec.js';
import { bench } from './generated/codecs_pbjs.js';
import { direntsValue, statxValue, walkValue, type DirentsValue, type StatxValue, type WalkValue } from './values.js';

// Without Long, readers give numbers.
Reflect.set(protobuf.util, 'Long', undefined);
protobuf.configure();

/** What the static code, which has no types, has for each message. */
interface Static<Value> {
  encode(value: Value, writer?: protobuf.Writer): protobuf.Writer;
  decode(bytes: Uint8Array): Value;
}

const { Statx, WalkResp, Dirents } = bench as unknown as {
  readonly Statx: Static<StatxValue>;
  readonly WalkResp: Static<WalkValue>;
  readonly Dirents: Static<DirentsValue>;
};

function roundTrip<Value>(
  type: Static<Value>,
  value: (i: number) => Value,
  sum: (value: Value) => number,
): () => RoundTrip {
  return () => {
    const [writer, sources] = [protobuf.Writer.create(), variants(value, (same) => same)];
    return (i) => {
      // finish() gives bytes of its own; the writer begins anew.
      const bytes = type.encode(sources[i]!, writer).finish();
      writer.reset();
      return sum(type.decode(bytes));
    };
  };
}

export const protobufjs: Codec = {
  statx: roundTrip(Statx, statxValue, statxSum),
  walk: roundTrip(WalkResp, walkValue, walkSum),
  dirents: roundTrip(Dirents, direntsValue, direntsSum),
  huge: (size) => {
    const bytes = Statx.encode({ ...statxValue(0), size: Number(size) }).finish();
    return Statx.decode(bytes).size;
  },
};
