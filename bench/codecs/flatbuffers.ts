/** flatbuffers: a builder that is cleared, structs for what is fixed, accessors that are reused. u64 are bigints. */

import { Builder, ByteBuffer } from 'flatbuffers';
import { nameSum } from './checksums.js';
import { variants, type Codec, type RoundTrip } from './codec.js';
import { Dirent } from './generated/flatbuffers/dirent.js';
import { Dirents } from './generated/flatbuffers/dirents.js';
import { Inode } from './generated/flatbuffers/inode.js';
import { StatxResp } from './generated/flatbuffers/statx-resp.js';
import { Statx } from './generated/flatbuffers/statx.js';
import { Timestamp } from './generated/flatbuffers/timestamp.js';
import { WalkResp } from './generated/flatbuffers/walk-resp.js';
import { direntsValue, statxValue, walkValue, type StatxValue, type TimestampValue } from './values.js';

const BUFFER_BYTES = 65_536;

/** The bytes of a finished message, read where they were written: in this process nothing needs copying. */
function written(builder: Builder, buffer: ByteBuffer): ByteBuffer {
  buffer.setPosition(builder.dataBuffer().position());
  return buffer;
}

function makeBuilder(): [Builder, ByteBuffer] {
  const builder = new Builder(BUFFER_BYTES);
  return [builder, new ByteBuffer(builder.dataBuffer().bytes())];
}

/** A Statx as the arguments of its constructor: numbers and bigints in the order of the fields. */
type StatxArguments = Parameters<typeof Statx.createStatx> extends [Builder, ...infer Rest] ? Rest : never;

function statxArguments(m: StatxValue, size: bigint = BigInt(m.size)): StatxArguments {
  const time = ({ sec, nsec }: TimestampValue): [bigint, number] => [BigInt(sec), nsec];
  return [
    m.mask,
    m.blksize,
    BigInt(m.attributes),
    m.nlink,
    m.uid,
    m.gid,
    m.mode,
    BigInt(m.ino),
    size,
    BigInt(m.blocks),
    BigInt(m.attributesMask),
    ...time(m.atime),
    ...time(m.btime),
    ...time(m.ctime),
    ...time(m.mtime),
    m.rdevMajor,
    m.rdevMinor,
    m.devMajor,
    m.devMinor,
  ];
}

const TIME = new Timestamp();
const timeSum = (t: Timestamp): number => Number(t.sec()) + t.nsec();

function statxSum(m: Statx): number {
  return (
    (m.mask() +
      m.blksize() +
      Number(m.attributes()) +
      m.nlink() +
      m.uid() +
      m.gid() +
      m.mode() +
      Number(m.ino()) +
      Number(m.size()) +
      Number(m.blocks()) +
      Number(m.attributesMask()) +
      timeSum(m.atime(TIME)!) +
      timeSum(m.btime(TIME)!) +
      timeSum(m.ctime(TIME)!) +
      timeSum(m.mtime(TIME)!) +
      m.rdevMajor() +
      m.rdevMinor() +
      m.devMajor() +
      m.devMinor()) |
    0
  );
}

function encodeStatx(builder: Builder, args: StatxArguments): void {
  builder.clear();
  StatxResp.startStatxResp(builder);
  StatxResp.addStat(builder, Statx.createStatx(builder, ...args));
  builder.finish(StatxResp.endStatxResp(builder));
}

function statx(): RoundTrip {
  const [builder, buffer] = makeBuilder();
  const [resp, stat] = [new StatxResp(), new Statx()];
  const sources = variants(statxValue, (value) => statxArguments(value));
  return (i) => {
    encodeStatx(builder, sources[i]!);
    return statxSum(StatxResp.getRootAsStatxResp(written(builder, buffer), resp).stat(stat)!);
  };
}

function walk(): RoundTrip {
  const [builder, buffer] = makeBuilder();
  const [resp, inode, stat] = [new WalkResp(), new Inode(), new Statx()];
  const sources = variants(walkValue, ({ status, inodes }) => ({
    status,
    inodes: inodes.map((each) => ({ controlFD: BigInt(each.controlFD), args: statxArguments(each.stat) })),
  }));
  return (i) => {
    const { status, inodes } = sources[i]!;
    builder.clear();
    WalkResp.startInodesVector(builder, inodes.length);
    for (let n = inodes.length - 1; n >= 0; n--) Inode.createInode(builder, inodes[n]!.controlFD, ...inodes[n]!.args);
    builder.finish(WalkResp.createWalkResp(builder, status, builder.endVector()));
    const back = WalkResp.getRootAsWalkResp(written(builder, buffer), resp);
    let sum = back.status();
    for (let n = 0; n < back.inodesLength(); n++) {
      const each = back.inodes(n, inode)!;
      sum = (sum + Number(each.controlFd()) + statxSum(each.stat(stat)!)) | 0;
    }
    return sum;
  };
}

function dirents(): RoundTrip {
  const [builder, buffer] = makeBuilder();
  const [resp, dirent] = [new Dirents(), new Dirent()];
  const offsets: number[] = [];
  const sources = variants(direntsValue, (value) =>
    value.dirents.map((d) => ({ ...d, ino: BigInt(d.ino), off: BigInt(d.off) })),
  );
  return (i) => {
    builder.clear();
    offsets.length = 0;
    for (const d of sources[i]!) {
      const name = builder.createString(d.name);
      offsets.push(Dirent.createDirent(builder, d.ino, d.devMinor, d.devMajor, d.off, d.type, name));
    }
    builder.finish(Dirents.createDirents(builder, Dirents.createDirentsVector(builder, offsets)));
    const back = Dirents.getRootAsDirents(written(builder, buffer), resp);
    let sum = 0;
    for (let n = 0; n < back.direntsLength(); n++) {
      const d = back.dirents(n, dirent)!;
      sum = (sum + Number(d.ino()) + d.devMinor() + d.devMajor() + Number(d.off()) + d.type() + nameSum(d.name()!)) | 0;
    }
    return sum;
  };
}

function huge(size: bigint): bigint {
  const [builder, buffer] = makeBuilder();
  encodeStatx(builder, statxArguments(statxValue(0), size));
  return StatxResp.getRootAsStatxResp(written(builder, buffer)).stat()!.size();
}

export const flatbuffers: Codec = { statx, walk, dirents, huge };
