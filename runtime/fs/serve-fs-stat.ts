/** What an object says of its files and of itself, as LISAFS says it. */

import type { FileSystemStat, StatxInit } from '../session/backend.js';
import type { NodeStatFS, NodeStats } from './serve-fs-object.js';

export const S_IFMT = 0o170000;
export const S_IFREG = 0o100000;
export const S_IFDIR = 0o040000;
export const S_IFBLK = 0o060000;
export const S_IFLNK = 0o120000;

/** STATX_BASIC_STATS, and STATX_BTIME. */
const BASIC = 0x7ff;
const BTIME = 0x800;

const BLOCK_BYTES = 4096;
const SECTOR_BYTES = 512;
const U32 = 0xffff_ffff;
const NS_PER_S = 1_000_000_000n;

/** A file system in user space (FUSE_SUPER_MAGIC), of unknown size, as a tmpfs without limit reports itself. */
const DEFAULT_STATFS: FileSystemStat = {
  type: 0x6573_5546,
  blockSize: BLOCK_BYTES,
  blocks: 0,
  blocksFree: 0,
  blocksAvailable: 0,
  files: 0,
  filesFree: 0,
  nameLength: 255,
};

/** A whole number that is not negative, whatever the object says. */
function whole(value: number | bigint | undefined, otherwise = 0): number | bigint {
  if (typeof value === 'bigint') return value >= 0n ? BigInt.asUintN(64, value) : BigInt(otherwise);
  if (value === undefined || !Number.isFinite(value) || value < 0) return otherwise;
  const rounded = Math.floor(value);
  return Number.isSafeInteger(rounded) ? rounded : BigInt.asUintN(64, BigInt(rounded));
}

function small(value: number | bigint | undefined, otherwise = 0): number {
  return Math.min(Number(whole(value, otherwise)), U32);
}

const IFMT_BITS = 12;

/** The file's type and permissions. */
export function modeOf(stats: NodeStats): number {
  const mode = small(stats.mode) & 0xffff;
  if (mode >> IFMT_BITS !== 0) return mode;
  if (stats.isDirectory?.() === true) return S_IFDIR | (stats.mode === undefined ? 0o755 : mode);
  if (stats.isSymbolicLink?.() === true) return S_IFLNK | 0o777;
  return S_IFREG | (stats.mode === undefined ? 0o644 : mode);
}

export function typeOf(stats: NodeStats): number {
  return modeOf(stats) & S_IFMT;
}

/** The object's own number of a file, if it has one. */
export function inoOf({ ino }: NodeStats): bigint | undefined {
  if (typeof ino === 'bigint') return ino > 0n ? BigInt.asUintN(64, ino) : undefined;
  return Number.isSafeInteger(ino) && ino! > 0 ? BigInt(ino!) : undefined;
}

type TimeName = 'atime' | 'mtime' | 'ctime' | 'birthtime';

/** In nanoseconds, undefined where the object does not say. */
export function timeOf(stats: NodeStats, name: TimeName): bigint | undefined {
  const ns = exactTime(stats, name);
  if (typeof ns === 'bigint') return ns;
  const ms = stats[`${name}Ms`];
  if (typeof ms === 'bigint') return ms * 1_000_000n;
  if (ms === undefined || !Number.isFinite(ms)) return undefined;
  const whole = Math.floor(ms);
  return BigInt(whole) * 1_000_000n + BigInt(Math.floor((ms - whole) * 1e6));
}

/** Some objects make it from milliseconds when it is asked for, and throw where these have a fraction. */
function exactTime(stats: NodeStats, name: TimeName): unknown {
  try {
    return stats[`${name}Ns`];
  } catch {
    return undefined;
  }
}

function timestamp(ns: bigint | undefined): { sec: bigint; nsec: number } {
  if (ns === undefined) return { sec: 0n, nsec: 0 };
  const nsec = ((ns % NS_PER_S) + NS_PER_S) % NS_PER_S;
  return { sec: BigInt.asIntN(64, (ns - nsec) / NS_PER_S), nsec: Number(nsec) };
}

/** The kernel's way to have a device's two numbers in one (`linux/kdev_t.h`). */
export function deviceOf(value: number | bigint | undefined): readonly [major: number, minor: number] {
  const dev = BigInt(whole(value));
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xffff_f000n);
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xffff_ff00n);
  return [Number(major), Number(minor)];
}

/** `ino` is the number under which the file is served. */
export function statxOf(stats: NodeStats, ino: bigint): StatxInit {
  const size = whole(stats.size);
  const [rdevMajor, rdevMinor] = deviceOf(stats.rdev);
  const [devMajor, devMinor] = deviceOf(stats.dev);
  const btime = timeOf(stats, 'birthtime');
  return {
    mask: btime === undefined ? BASIC : BASIC | BTIME,
    blksize: small(stats.blksize) || BLOCK_BYTES,
    attributes: 0,
    nlink: small(stats.nlink, 1),
    uid: small(stats.uid),
    gid: small(stats.gid),
    mode: modeOf(stats),
    ino,
    size,
    blocks: whole(stats.blocks, Math.ceil(Number(size) / SECTOR_BYTES)),
    attributesMask: 0,
    atime: timestamp(timeOf(stats, 'atime')),
    btime: timestamp(btime),
    ctime: timestamp(timeOf(stats, 'ctime')),
    mtime: timestamp(timeOf(stats, 'mtime')),
    rdevMajor,
    rdevMinor,
    devMajor,
    devMinor,
  };
}

export function statFSOf(stats: NodeStatFS | undefined): FileSystemStat {
  if (stats === undefined) return DEFAULT_STATFS;
  return {
    type: whole(stats.type),
    blockSize: whole(stats.bsize),
    blocks: whole(stats.blocks),
    blocksFree: whole(stats.bfree),
    blocksAvailable: whole(stats.bavail),
    files: whole(stats.files),
    filesFree: whole(stats.ffree),
    nameLength: DEFAULT_STATFS.nameLength,
  };
}
