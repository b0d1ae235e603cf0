/** This SDK's generated code: into a payload and messages that are made once. Numbers are read as numbers. */

import {
  Dirent64,
  Getdents64Resp,
  Inode,
  marshalGetdents64Resp,
  marshalStatx,
  marshalWalkResp,
  Statx,
  unmarshalGetdents64Resp,
  unmarshalStatx,
  unmarshalWalkResp,
  WalkResp,
} from '../../generated/lisafs/index.js';
import { FDID } from '../../generated/lisafs/index.js';
import { Payload } from '../../runtime/wire/payload.js';
import { nameSum } from './checksums.js';
import { variants, type Codec, type RoundTrip } from './codec.js';
import { direntsValue, statxValue, walkValue, type DirentValue, type InodeValue, type StatxValue } from './values.js';

const PAYLOAD_BYTES = 65_536;

function statxSum(m: Statx): number {
  const { atime, btime, ctime, mtime } = m;
  return (
    (m.mask +
      m.blksize +
      m.attributesNumber +
      m.nlink +
      m.uid +
      m.gid +
      m.mode +
      m.inoNumber +
      m.sizeNumber +
      m.blocksNumber +
      m.attributesMaskNumber +
      (atime.secNumber + atime.nsec) +
      (btime.secNumber + btime.nsec) +
      (ctime.secNumber + ctime.nsec) +
      (mtime.secNumber + mtime.nsec) +
      m.rdevMajor +
      m.rdevMinor +
      m.devMajor +
      m.devMinor) |
    0
  );
}

const toStatx = (value: StatxValue): Statx => copyInto(new Statx(), value);
const toInode = ({ controlFD, stat }: InodeValue): Inode => {
  const inode = new Inode();
  inode.controlFD = FDID(controlFD);
  copyInto(inode.stat, stat);
  return inode;
};
const toDirent = (value: DirentValue): Dirent64 => Object.assign(new Dirent64(), value);

function copyInto(m: Statx, { atime, btime, ctime, mtime, ...plain }: StatxValue): Statx {
  Object.assign(m, plain);
  Object.assign(m.atime, atime);
  Object.assign(m.btime, btime);
  Object.assign(m.ctime, ctime);
  Object.assign(m.mtime, mtime);
  return m;
}

function statx(): RoundTrip {
  const [payload, into, sources] = [Payload.alloc(PAYLOAD_BYTES), new Statx(), variants(statxValue, toStatx)];
  return (i) => {
    const end = marshalStatx(payload, 0, sources[i]!);
    unmarshalStatx(payload, 0, end, into);
    return statxSum(into);
  };
}

function walk(): RoundTrip {
  const [payload, into] = [Payload.alloc(PAYLOAD_BYTES), new WalkResp()];
  const sources = variants(walkValue, ({ status, inodes }) =>
    Object.assign(new WalkResp(), { status, inodes: inodes.map(toInode) }),
  );
  return (i) => {
    const end = marshalWalkResp(payload, 0, sources[i]!);
    unmarshalWalkResp(payload, 0, end, into);
    let sum = into.status;
    for (let n = 0; n < into.inodes.length; n++) {
      const inode = into.inodes[n]!;
      sum = (sum + Number(inode.controlFD) + statxSum(inode.stat)) | 0;
    }
    return sum;
  };
}

function dirents(): RoundTrip {
  const [payload, into] = [Payload.alloc(PAYLOAD_BYTES), new Getdents64Resp()];
  const sources = variants(direntsValue, (value) =>
    Object.assign(new Getdents64Resp(), { dirents: value.dirents.map(toDirent) }),
  );
  return (i) => {
    const end = marshalGetdents64Resp(payload, 0, sources[i]!);
    unmarshalGetdents64Resp(payload, 0, end, into);
    let sum = 0;
    for (let n = 0; n < into.dirents.length; n++) {
      const d = into.dirents[n]!;
      sum = (sum + d.inoNumber + d.devMinor + d.devMajor + d.offNumber + d.type + nameSum(d.name)) | 0;
    }
    return sum;
  };
}

function huge(size: bigint): bigint {
  const [payload, source, into] = [Payload.alloc(PAYLOAD_BYTES), toStatx(statxValue(0)), new Statx()];
  source.size = size;
  unmarshalStatx(payload, 0, marshalStatx(payload, 0, source), into);
  return into.size;
}

export const ours: Codec = { statx, walk, dirents, huge };
