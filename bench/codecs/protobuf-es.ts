/** @bufbuild/protobuf with generated descriptors. Its 64-bit integers are bigints. */

import { create, fromBinary, toBinary, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { nameSum } from './checksums.js';
import { variants, type Codec, type RoundTrip } from './codec.js';
import {
  DirentsSchema,
  StatxSchema,
  WalkRespSchema,
  type Dirents,
  type Statx,
  type Timestamp,
  type WalkResp,
} from './generated/codecs_pb.js';
import { direntsValue, statxValue, walkValue, type StatxValue, type TimestampValue } from './values.js';

const timeSum = (t: Timestamp): number => Number(t.sec) + t.nsec;

function statxSum(m: Statx): number {
  return (
    (m.mask +
      m.blksize +
      Number(m.attributes) +
      m.nlink +
      m.uid +
      m.gid +
      m.mode +
      Number(m.ino) +
      Number(m.size) +
      Number(m.blocks) +
      Number(m.attributesMask) +
      timeSum(m.atime!) +
      timeSum(m.btime!) +
      timeSum(m.ctime!) +
      timeSum(m.mtime!) +
      m.rdevMajor +
      m.rdevMinor +
      m.devMajor +
      m.devMinor) |
    0
  );
}

function walkSum(m: WalkResp): number {
  let sum = m.status;
  for (const inode of m.inodes) sum = (sum + Number(inode.controlFD) + statxSum(inode.stat!)) | 0;
  return sum;
}

function direntsSum(m: Dirents): number {
  let sum = 0;
  for (const d of m.dirents)
    sum = (sum + Number(d.ino) + d.devMinor + d.devMajor + Number(d.off) + d.type + nameSum(d.name)) | 0;
  return sum;
}

const timeInit = ({ sec, nsec }: TimestampValue): object => ({ sec: BigInt(sec), nsec });

function statxInit(value: StatxValue): object {
  return {
    ...value,
    attributes: BigInt(value.attributes),
    ino: BigInt(value.ino),
    size: BigInt(value.size),
    blocks: BigInt(value.blocks),
    attributesMask: BigInt(value.attributesMask),
    atime: timeInit(value.atime),
    btime: timeInit(value.btime),
    ctime: timeInit(value.ctime),
    mtime: timeInit(value.mtime),
  };
}

function roundTrip<Schema extends DescMessage>(
  schema: Schema,
  init: (i: number) => object,
  sum: (message: MessageShape<Schema>) => number,
): () => RoundTrip {
  return () => {
    const sources = variants(init, (value) => create(schema, value as never));
    return (i) => sum(fromBinary(schema, toBinary(schema, sources[i]!)));
  };
}

const walkInit = (i: number): object => {
  const { status, inodes } = walkValue(i);
  return { status, inodes: inodes.map((n) => ({ controlFD: BigInt(n.controlFD), stat: statxInit(n.stat) })) };
};
const direntsInit = (i: number): object => ({
  dirents: direntsValue(i).dirents.map((d) => ({ ...d, ino: BigInt(d.ino), off: BigInt(d.off) })),
});

export const protobufES: Codec = {
  statx: roundTrip(StatxSchema, (i) => statxInit(statxValue(i)), statxSum),
  walk: roundTrip(WalkRespSchema, walkInit, walkSum),
  dirents: roundTrip(DirentsSchema, direntsInit, direntsSum),
  huge: (size) => {
    const message = create(StatxSchema, { ...statxInit(statxValue(0)), size });
    return fromBinary(StatxSchema, toBinary(StatxSchema, message)).size;
  },
};
