/**
 * A checksum of every field of a message: what keeps a reading from being optimized away, and what shows that a codec
 * gave back what it was given.
 *
 * It is an integer of 32 bits, for all codecs: a larger number would be put on the heap each time it is returned, and
 * that would be counted as the codec's.
 */

import type { DirentsValue, StatxValue, WalkValue } from './values.js';

export function statxSum(m: StatxValue): number {
  const { atime, btime, ctime, mtime } = m;
  return (
    (m.mask +
      m.blksize +
      m.attributes +
      m.nlink +
      m.uid +
      m.gid +
      m.mode +
      m.ino +
      m.size +
      m.blocks +
      m.attributesMask +
      (atime.sec + atime.nsec) +
      (btime.sec + btime.nsec) +
      (ctime.sec + ctime.nsec) +
      (mtime.sec + mtime.nsec) +
      m.rdevMajor +
      m.rdevMinor +
      m.devMajor +
      m.devMinor) |
    0
  );
}

export function walkSum(m: WalkValue): number {
  let sum = m.status;
  for (let i = 0; i < m.inodes.length; i++) {
    const inode = m.inodes[i]!;
    sum = (sum + inode.controlFD + statxSum(inode.stat)) | 0;
  }
  return sum;
}

/** A name counts by its size and its last character: enough that it has to be there. */
export function nameSum(name: string): number {
  return name.length + name.charCodeAt(name.length - 1);
}

export function direntsSum(m: DirentsValue): number {
  let sum = 0;
  for (let i = 0; i < m.dirents.length; i++) {
    const d = m.dirents[i]!;
    sum = (sum + d.ino + d.devMinor + d.devMajor + d.off + d.type + nameSum(d.name)) | 0;
  }
  return sum;
}
