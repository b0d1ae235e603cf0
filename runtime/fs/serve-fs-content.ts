/**
 * Files as handles, where the object has none to give: one that is read and written whole under its name, and one that
 * has lost its name and lives on in memory. Bytes that were given to the object, or came from it, are never changed.
 */

import { failure } from '../session/failure.js';
import { EOPNOTSUPP, EROFS } from '../wire/errno.js';
import type { NodeFileHandle, NodeFS, NodePath, NodeStats } from './serve-fs-object.js';
import { timeOf } from './serve-fs-stat.js';

/** `bytes` with `source` in them at `at`, as new bytes; what lies between the two is zero. */
function patched(bytes: Uint8Array, source: Uint8Array, at: number): Uint8Array {
  const changed = new Uint8Array(Math.max(bytes.length, at + source.length));
  changed.set(bytes);
  changed.set(source, at);
  return changed;
}

function resized(bytes: Uint8Array, size: number): Uint8Array {
  const changed = new Uint8Array(size);
  changed.set(bytes.subarray(0, size));
  return changed;
}

function copyOut(bytes: Uint8Array, target: Uint8Array, position: number): { bytesRead: number } {
  const part = bytes.subarray(position, position + target.length);
  target.set(part);
  return { bytesRead: part.length };
}

/** Whether the file can have been changed between two looks at it; it can, where the object does not tell. */
function isUnchanged(before: NodeStats | undefined, now: NodeStats): boolean {
  if (before?.size === undefined || timeOf(before, 'mtime') === undefined) return false;
  const times = (['mtime', 'ctime'] as const).every((name) => timeOf(before, name) === timeOf(now, name));
  return times && before.size === now.size && before.ino === now.ino;
}

/** What two changes of one file cannot share with some objects' clocks, in nanoseconds. */
const CLOCK_STEP_NS = 50_000_000n;

/** What an object gives for a file's content. */
export function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === 'string' ? Buffer.from(content) : content;
}

/** Where a file is, and what is known of it. */
export interface Located {
  readonly path: NodePath;
  readonly stats: NodeStats;
}

/** Finds a file, and does something with it under a name that stays meanwhile. */
type At = <T>(work: (located: Located) => Promise<T>) => Promise<T>;

/**
 * The file under a name, wherever that is by now. It belongs to all who have it open, and writes at once: one after the
 * other, by whichever of its names they came, since each writes what it has read anew.
 */
export class WholeFile implements NodeFileHandle {
  readonly #fs: NodeFS;
  readonly #at: At;
  /** What is under way, and never rejects. */
  #last: Promise<unknown> = Promise.resolve();
  #bytes: Uint8Array | undefined;
  #stats: NodeStats | undefined;
  /** Whether a change since then would show in the file's times. */
  #settled = false;

  constructor(fs: NodeFS, at: At) {
    this.#fs = fs;
    this.#at = at;
  }

  /** Does `work` with the file once all that came before is done. */
  #inTurn<T>(work: (located: Located) => Promise<T>): Promise<T> {
    const done = this.#last.then(() => this.#at(work));
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** The content, read again if somebody else may have changed it. */
  async #load({ path, stats }: Located): Promise<Uint8Array> {
    if (this.#bytes !== undefined && this.#settled && isUnchanged(this.#stats, stats)) return this.#bytes;
    if (this.#fs.readFile === undefined) throw failure(EOPNOTSUPP);
    const bytes = bytesOf(await this.#fs.readFile(path));
    this.#remember(bytes, stats);
    return bytes;
  }

  #remember(bytes: Uint8Array, stats: NodeStats): void {
    const now = BigInt(Date.now()) * 1_000_000n;
    this.#bytes = bytes;
    this.#stats = stats;
    this.#settled = [timeOf(stats, 'mtime'), timeOf(stats, 'ctime')].every(
      (time) => time === undefined || time < now - CLOCK_STEP_NS,
    );
  }

  async #store(path: NodePath, bytes: Uint8Array): Promise<void> {
    if (this.#fs.writeFile === undefined) throw failure(EROFS);
    this.#bytes = undefined;
    await this.#fs.writeFile(path, bytes, {});
    await this.#at(async ({ stats }) => this.#remember(bytes, stats));
  }

  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }> {
    return this.#inTurn(async (located) =>
      copyOut(await this.#load(located), buffer.subarray(offset, offset + length), position),
    );
  }

  write(buffer: Uint8Array, offset: number, length: number, at: number): Promise<{ bytesWritten: number }> {
    return this.#inTurn(async (located) => {
      const bytes = await this.#load(located);
      await this.#store(located.path, patched(bytes, buffer.subarray(offset, offset + length), at));
      return { bytesWritten: length };
    });
  }

  truncate(size: number): Promise<void> {
    return this.#inTurn(async (located) => this.#store(located.path, resized(await this.#load(located), size)));
  }

  /** Nothing is held back. */
  async sync(): Promise<void> {}
}

/** A file without a name. */
export class NamelessFile implements NodeFileHandle {
  #bytes: Uint8Array;
  #stats: NodeStats;

  constructor(bytes: Uint8Array, stats: NodeStats) {
    this.#bytes = bytes;
    this.#stats = { ...plain(stats), nlink: 0 };
  }

  async stat(): Promise<NodeStats> {
    return { ...this.#stats, size: this.#bytes.length };
  }

  async read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }> {
    return copyOut(this.#bytes, buffer.subarray(offset, offset + length), position);
  }

  async write(buffer: Uint8Array, offset: number, length: number, at: number): Promise<{ bytesWritten: number }> {
    this.#change(patched(this.#bytes, buffer.subarray(offset, offset + length), at));
    return { bytesWritten: length };
  }

  async truncate(size: number): Promise<void> {
    this.#change(resized(this.#bytes, size));
  }

  #change(bytes: Uint8Array): void {
    const now = BigInt(Date.now()) * 1_000_000n;
    this.#bytes = bytes;
    this.#stats = { ...this.#stats, mtimeNs: now, ctimeNs: now };
  }

  async chmod(mode: number): Promise<void> {
    this.#stats = { ...this.#stats, mode: (Number(this.#stats.mode) & ~0o7777) | mode };
  }

  async chown(uid: number, gid: number): Promise<void> {
    this.#stats = { ...this.#stats, uid, gid };
  }

  async utimes(atime: number, mtime: number): Promise<void> {
    this.#stats = { ...this.#stats, atimeNs: nanoseconds(atime), mtimeNs: nanoseconds(mtime) };
  }

  async sync(): Promise<void> {}
}

function nanoseconds(seconds: number): bigint {
  return BigInt(Math.round(seconds * 1e6)) * 1000n;
}

/** What an object says as data: it may compute it from an inode that is about to go. */
function plain(stats: NodeStats): NodeStats {
  const { mode, size, ino, dev, uid, gid, rdev, blksize, blocks } = stats;
  const known = { mode, size, ino, dev, uid, gid, rdev, blksize, blocks };
  const times = {
    atimeNs: timeOf(stats, 'atime'),
    mtimeNs: timeOf(stats, 'mtime'),
    ctimeNs: timeOf(stats, 'ctime'),
    birthtimeNs: timeOf(stats, 'birthtime'),
  };
  return Object.fromEntries(Object.entries({ ...known, ...times }).filter(([, value]) => value !== undefined));
}
