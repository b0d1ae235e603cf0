/** One file of a mount as commands show it: to people, as ls(1) does, and to scripts, as JSON. */

import type { BigIntStats } from 'node:fs';
import type { LISAFSClient } from '../runtime/index.js';
import { shownName, styled, type Style } from './terminal.js';

export type FileSystem = LISAFSClient['fs'];

export interface Entry {
  readonly path: string;
  /** As it is listed. */
  readonly name: string;
  readonly stat: BigIntStats;
  /** What a symlink says. */
  readonly target: string | undefined;
}

/** Looks a file up; the last symlink is not followed. */
export async function entryAt(fs: FileSystem, path: string, name = path): Promise<Entry> {
  const stat = await fs.lstat(path, { bigint: true });
  const target = stat.isSymbolicLink() ? await fs.readlink(path) : undefined;
  return { path, name, stat, target };
}

/** `/a` and `b` make `/a/b`; the mount's root is `/`. */
export function below(directory: string, name: string): string {
  return directory.endsWith('/') ? directory + name : `${directory}/${name}`;
}

/** The entries of a directory by name. One that goes away meanwhile is left out. */
export async function entriesIn(fs: FileSystem, directory: string, all: boolean): Promise<Entry[]> {
  const names = (await fs.readdir(directory)).filter((name) => all || !name.startsWith('.'));
  const entries: Entry[] = [];
  for (const name of names.sort(byCodeUnits)) {
    try {
      entries.push(await entryAt(fs, below(directory, name), name));
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ENOENT') throw error;
    }
  }
  return entries;
}

function byCodeUnits(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** The letter with which ls(1) begins, what JSON calls it, and its colour. */
function kindOf(stat: BigIntStats): readonly [letter: string, kind: string, style?: Style] {
  if (stat.isDirectory()) return ['d', 'directory', 'blue'];
  if (stat.isSymbolicLink()) return ['l', 'symlink', 'cyan'];
  if (stat.isFIFO()) return ['p', 'fifo', 'yellow'];
  if (stat.isSocket()) return ['s', 'socket', 'magenta'];
  if (stat.isCharacterDevice()) return ['c', 'character device', 'yellow'];
  if (stat.isBlockDevice()) return ['b', 'block device', 'yellow'];
  return stat.mode & 0o111n ? ['-', 'file', 'green'] : ['-', 'file'];
}

export function kindName(stat: BigIntStats): string {
  return kindOf(stat)[1];
}

/** The name in its kind's colour, and where a symlink leads. */
export function shownEntry({ name, stat, target }: Entry): string {
  const shown = styled(kindOf(stat)[2], shownName(name));
  return target === undefined ? shown : `${shown} -> ${shownName(target)}`;
}

/** `drwxr-xr-x`. */
export function shownMode(stat: BigIntStats): string {
  const mode = Number(stat.mode);
  const triple = (shift: number, special: number, letters: string): string => {
    const bits = (mode >> shift) & 7;
    const execute = bits & 1 ? 'x' : '-';
    const marked = bits & 1 ? letters[0]! : letters[1]!;
    return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${mode & special ? marked : execute}`;
  };
  return kindOf(stat)[0] + triple(6, 0o4000, 'sS') + triple(3, 0o2000, 'sS') + triple(0, 0o1000, 'tT');
}

/** `2026-03-01 12:00:05`, in the local time zone. */
export function shownTime(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('-');
  return `${day} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':')}`;
}

/** A number where it is one without loss, else its digits: nothing is rounded. */
export function exact(value: bigint): number | string {
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}

/** For `--json`. Times are in nanoseconds since 1970, as digits; names have surrogates for bytes that are not UTF-8. */
export function jsonOf({ path, stat, target }: Entry): object {
  return {
    path,
    kind: kindName(stat),
    mode: (Number(stat.mode) & 0o7777).toString(8).padStart(4, '0'),
    links: exact(stat.nlink),
    uid: exact(stat.uid),
    gid: exact(stat.gid),
    size: exact(stat.size),
    blocks: exact(stat.blocks),
    inode: exact(stat.ino),
    device: exact(stat.dev),
    accessed: String(stat.atimeNs),
    modified: String(stat.mtimeNs),
    changed: String(stat.ctimeNs),
    ...(target !== undefined && { target }),
  };
}
