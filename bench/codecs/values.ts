/** What the codecs encode: the same values for each, in plain objects of numbers. */

export interface TimestampValue {
  readonly sec: number;
  readonly nsec: number;
}

export interface StatxValue {
  readonly mask: number;
  readonly blksize: number;
  readonly attributes: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly ino: number;
  readonly size: number;
  readonly blocks: number;
  readonly attributesMask: number;
  readonly atime: TimestampValue;
  readonly btime: TimestampValue;
  readonly ctime: TimestampValue;
  readonly mtime: TimestampValue;
  readonly rdevMajor: number;
  readonly rdevMinor: number;
  readonly devMajor: number;
  readonly devMinor: number;
}

export interface InodeValue {
  readonly controlFD: number;
  readonly stat: StatxValue;
}

export interface WalkValue {
  readonly status: number;
  readonly inodes: readonly InodeValue[];
}

export interface DirentValue {
  readonly ino: number;
  readonly devMinor: number;
  readonly devMajor: number;
  readonly off: number;
  readonly type: number;
  readonly name: string;
}

export interface DirentsValue {
  readonly dirents: readonly DirentValue[];
}

const time = (i: number, n: number): TimestampValue => ({ sec: 1_760_000_000 + 977 * i + n, nsec: 123_456_789 + i });

/** A file of more than 2^31 bytes, on a filesystem whose inode numbers need more than 32 bits. */
export function statxValue(i: number): StatxValue {
  return {
    mask: 0xfff,
    blksize: 4096,
    attributes: 0x1000,
    nlink: 1 + i,
    uid: 1000,
    gid: 1000 + i,
    mode: 0o100644,
    ino: 0x2_0000_1234 + i,
    size: 5_000_000_000 + 4096 * i,
    blocks: 9_765_632 + 8 * i,
    attributesMask: 0x20_3000,
    atime: time(i, 1),
    btime: time(i, 2),
    ctime: time(i, 3),
    mtime: time(i, 4),
    rdevMajor: 0,
    rdevMinor: 0,
    devMajor: 259,
    devMinor: 1 + i,
  };
}

export function walkValue(i: number): WalkValue {
  const inode = (n: number): InodeValue => ({ controlFD: 1000 + 3 * i + n, stat: statxValue(i + n) });
  return { status: 0, inodes: [inode(0), inode(1), inode(2)] };
}

const DIRENTS_COUNT = 100;

/** Names of 8 to 27 characters, all ASCII, as most names are. */
export function direntsValue(i: number): DirentsValue {
  const dirents = Array.from({ length: DIRENTS_COUNT }, (_, n) => ({
    ino: 0x1_0000_0000 + 131 * n + i,
    devMinor: 1,
    devMajor: 259,
    off: 0x10_0000_0000 + 65_537 * n,
    type: n % 7 === 0 ? 4 : 8,
    name: `entry-${n}-${'abcdefghijklmnopqr'.slice(0, n % 19)}`,
  }));
  return { dirents };
}

/** How many different messages a codec goes through in turn; a power of two. */
export const VARIANTS_COUNT = 4;

/** Above 2^53: no number holds it. Each codec that can carry it meets it once before it is measured. */
export const HUGE_SIZE = 0xfedc_ba98_7654_3211n;
