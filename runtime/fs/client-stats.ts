/**
 * Stats, BigIntStats and StatFs as node:fs returns them: objects of its own classes, so that `instanceof` and deep
 * comparison hold. Some of these classes are not exported, and their constructors have changed; so objects are made
 * from the prototype of one that node:fs gave.
 */

import { statSync, statfsSync, type BigIntStats, type BigIntStatsFs, type Stats, type StatsFs } from 'node:fs';
import type { StatFS, Statx, StatxTimestamp } from '../session/lisafs.js';

const STATX_BTIME = 0x800;
const NS_PER_MS = 1_000_000n;
const NS_PER_SEC = 1_000_000_000n;

const TIMES = ['atime', 'mtime', 'ctime', 'birthtime'] as const;

/** A device's number as stat(2) gives it: glibc's makedev. */
function deviceOf(major: number, minor: number): number {
  return (minor & 0xff) + (major & 0xfff) * 2 ** 8 + (minor >>> 8) * 2 ** 20 + (major >>> 12) * 2 ** 44;
}

/** The four times. A server that does not know when a file was made leaves birthtime to be ctime, as libuv does. */
function timesOf(stat: Statx): readonly StatxTimestamp[] {
  const born = (stat.mask & STATX_BTIME) === 0 ? stat.ctime : stat.btime;
  return [stat.atime, stat.mtime, stat.ctime, born];
}

/** The fields before the times, in node:fs's order. */
function fieldsOf(stat: Statx): Record<string, number | bigint> {
  return {
    dev: deviceOf(stat.devMajor, stat.devMinor),
    mode: stat.mode,
    nlink: stat.nlink,
    uid: stat.uid,
    gid: stat.gid,
    rdev: deviceOf(stat.rdevMajor, stat.rdevMinor),
    blksize: stat.blksize,
    ino: stat.ino,
    size: stat.size,
    blocks: stat.blocks,
  };
}

function convert<T extends number | bigint>(
  fields: Record<string, number | bigint>,
  to: (value: number | bigint) => T,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, to(value)]));
}

/** Adds the times' Dates, unless this Node computes them when asked. */
function addDates(fields: Record<string, unknown>, model: object): void {
  if (!Object.hasOwn(model, 'atime')) return;
  for (const time of TIMES) fields[time] = new Date(Math.round(Number(fields[`${time}Ms`])));
}

let model: Stats | undefined;
let bigModel: BigIntStats | undefined;

function numberStats(stat: Statx): Stats {
  model ??= statSync('/');
  const fields = convert(fieldsOf(stat), Number);
  const times = timesOf(stat);
  TIMES.forEach((time, i) => {
    const { sec, nsec } = times[i]!;
    fields[`${time}Ms`] = Number(sec) * 1000 + nsec / 1e6;
  });
  addDates(fields, model);
  return Object.assign(Object.create(Object.getPrototypeOf(model) as object) as Stats, fields);
}

function bigintStats(stat: Statx): BigIntStats {
  bigModel ??= statSync('/', { bigint: true });
  const fields = convert(fieldsOf(stat), BigInt);
  const times = timesOf(stat).map(({ sec, nsec }) => sec * NS_PER_SEC + BigInt(nsec));
  TIMES.forEach((time, i) => (fields[`${time}Ms`] = times[i]! / NS_PER_MS));
  TIMES.forEach((time, i) => (fields[`${time}Ns`] = times[i]!));
  addDates(fields, bigModel);
  return Object.assign(Object.create(Object.getPrototypeOf(bigModel) as object) as BigIntStats, fields);
}

/** What `stat` returns for a file of which the server says this. Nothing but `true` asks for bigints. */
export function statsOf(stat: Statx, bigint = false): Stats | BigIntStats {
  return bigint === true ? bigintStats(stat) : numberStats(stat);
}

/** What `statfs` returns for a file system of which the server says this. */
export function statFsOf(stat: StatFS, bigint = false): StatsFs | BigIntStatsFs {
  const fields = {
    type: stat.type,
    bsize: stat.blockSize,
    blocks: stat.blocks,
    bfree: stat.blocksFree,
    bavail: stat.blocksAvailable,
    files: stat.files,
    ffree: stat.filesFree,
  };
  const prototype = Object.getPrototypeOf(statfsSync('/')) as object;
  return Object.assign(Object.create(prototype) as StatsFs, bigint === true ? fields : convert(fields, Number));
}
