/** capnp-es. It has nothing to reuse: a message is made, written to, and read back from its bytes. u64 are bigints. */

import { Message } from 'capnp-es';
import { nameSum } from './checksums.js';
import { variants, type Codec, type RoundTrip } from './codec.js';
import { Dirents, Statx, WalkResp, type Timestamp } from './generated/codecs_capnp.js';
import { direntsValue, statxValue, walkValue, type StatxValue, type TimestampValue } from './values.js';

/** The values with the bigints that capnp-es wants. */
interface Prepared {
  readonly plain: StatxValue;
  readonly attributes: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly blocks: bigint;
  readonly attributesMask: bigint;
}

const prepare = (plain: StatxValue): Prepared => ({
  plain,
  attributes: BigInt(plain.attributes),
  ino: BigInt(plain.ino),
  size: BigInt(plain.size),
  blocks: BigInt(plain.blocks),
  attributesMask: BigInt(plain.attributesMask),
});

function writeTime(into: Timestamp, { sec, nsec }: TimestampValue): void {
  into.sec = BigInt(sec);
  into.nsec = nsec;
}

function writeStatx(into: Statx, { plain, attributes, ino, size, blocks, attributesMask }: Prepared): void {
  into.mask = plain.mask;
  into.blksize = plain.blksize;
  into.attributes = attributes;
  into.nlink = plain.nlink;
  into.uid = plain.uid;
  into.gid = plain.gid;
  into.mode = plain.mode;
  into.ino = ino;
  into.size = size;
  into.blocks = blocks;
  into.attributesMask = attributesMask;
  writeTime(into._initAtime(), plain.atime);
  writeTime(into._initBtime(), plain.btime);
  writeTime(into._initCtime(), plain.ctime);
  writeTime(into._initMtime(), plain.mtime);
  into.rdevMajor = plain.rdevMajor;
  into.rdevMinor = plain.rdevMinor;
  into.devMajor = plain.devMajor;
  into.devMinor = plain.devMinor;
}

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
      timeSum(m.atime) +
      timeSum(m.btime) +
      timeSum(m.ctime) +
      timeSum(m.mtime) +
      m.rdevMajor +
      m.rdevMinor +
      m.devMajor +
      m.devMinor) |
    0
  );
}

/** Through an ArrayBuffer; without the stream framing's packing, which costs more. */
const sent = (message: Message): Message => new Message(message.toArrayBuffer(), false);

function sendStatx(value: Prepared): Statx {
  const message = new Message();
  writeStatx(message.initRoot(Statx), value);
  return sent(message).getRoot(Statx);
}

function statx(): RoundTrip {
  const sources = variants(statxValue, prepare);
  return (i) => statxSum(sendStatx(sources[i]!));
}

function walk(): RoundTrip {
  const sources = variants(walkValue, ({ status, inodes }) => ({
    status,
    inodes: inodes.map(({ controlFD, stat }) => ({ controlFD: BigInt(controlFD), stat: prepare(stat) })),
  }));
  return (i) => {
    const { status, inodes } = sources[i]!;
    const message = new Message();
    const root = message.initRoot(WalkResp);
    root.status = status;
    const list = root._initInodes(inodes.length);
    inodes.forEach(({ controlFD, stat }, n) => {
      const inode = list.get(n);
      inode.controlFD = controlFD;
      writeStatx(inode._initStat(), stat);
    });
    const back = sent(message).getRoot(WalkResp);
    let sum = back.status;
    const read = back.inodes;
    for (let n = 0; n < read.length; n++) {
      const inode = read.get(n);
      sum = (sum + Number(inode.controlFD) + statxSum(inode.stat)) | 0;
    }
    return sum;
  };
}

function dirents(): RoundTrip {
  const sources = variants(direntsValue, (value) =>
    value.dirents.map((d) => ({ ...d, ino: BigInt(d.ino), off: BigInt(d.off) })),
  );
  return (i) => {
    const message = new Message();
    const list = message.initRoot(Dirents)._initDirents(sources[i]!.length);
    sources[i]!.forEach((d, n) => {
      const into = list.get(n);
      into.ino = d.ino;
      into.devMinor = d.devMinor;
      into.devMajor = d.devMajor;
      into.off = d.off;
      into.type = d.type;
      into.name = d.name;
    });
    const back = sent(message).getRoot(Dirents).dirents;
    let sum = 0;
    for (let n = 0; n < back.length; n++) {
      const d = back.get(n);
      sum = (sum + Number(d.ino) + d.devMinor + d.devMajor + Number(d.off) + d.type + nameSum(d.name)) | 0;
    }
    return sum;
  };
}

export const capnp: Codec = {
  statx,
  walk,
  dirents,
  huge: (size) => sendStatx({ ...prepare(statxValue(0)), size }).size,
};
