/**
 * An object as a tree of files that are reached by name. Before anything is done under a name, every directory above it
 * is looked at, so that no symlink among them is followed, whoever put it there.
 */

import { constants } from 'node:fs';
import { failure } from '../session/failure.js';
import { Lock, Locks, type Claim } from '../session/locks.js';
import type { StatxInit } from '../session/backend.js';
import { ENOENT, ENOTDIR, EOPNOTSUPP, EROFS, ESTALE } from '../wire/errno.js';
import { decodeString, encodeString, stringSize } from '../wire/string.js';
import { bytesOf, WholeFile, NamelessFile, type Located } from './serve-fs-content.js';
import { Entry } from './serve-fs-entry.js';
import { ask, askFor, askUnless, EILSEQ } from './serve-fs-errors.js';
import { OpenHandle } from './serve-fs-handle.js';
import { Listings } from './serve-fs-listings.js';
import type { NodeFileHandle, NodeFS, NodePath, NodeStats, ServeFSOptions } from './serve-fs-object.js';
import { inoOf, S_IFDIR, S_IFREG, statxOf, typeOf } from './serve-fs-stat.js';

const O_RDONLY = 0;
const O_CREAT = 0o100;
const O_EXCL = 0o200;
const O_TRUNC = 0o1000;
const O_NONBLOCK = 0o4000;
const { O_NOFOLLOW } = constants;
/** Far from what an object counts from. */
const FIRST_INO = 1n << 40n;

export class ObjectTree {
  readonly fs: NodeFS;
  readonly root = new Entry('', undefined).retain();
  readonly maxFileSize: number;
  /** Whether the object does just what the kernel does, as node:fs itself. */
  readonly isExact: boolean;
  readonly listings = new Listings();
  /** Who uses which name, and who removes it. */
  readonly #names = new Locks();
  readonly #keeping: Claim = { lock: new Lock(), write: true };
  readonly #rootPath: string;
  readonly #rawNames: 'buffers' | 'strings' | 'none';
  /** With every open: a symlink that took a file's place is not followed, a FIFO not waited for. */
  readonly #guard: number;
  /** The object's number of the root. A file below that has the same shows that its numbers mean nothing. */
  #rootIno: bigint | undefined;
  #numbersMean = true;
  #nextIno = FIRST_INO;
  /**
   * Whether handles of the object outlive the names of their files, as the kernel's do. Of others it is not known
   * before the first such name goes.
   */
  #outliving: boolean | undefined;

  constructor(fs: NodeFS, rawNames: 'buffers' | 'strings' | 'none', options: ServeFSOptions) {
    const { root = '/', maxFileSize = Number.MAX_SAFE_INTEGER } = options;
    this.fs = fs;
    this.maxFileSize = maxFileSize;
    this.isExact = rawNames === 'buffers';
    this.#rootPath = root.endsWith('/') ? root : `${root}/`;
    this.#rawNames = rawNames;
    this.#guard = fs.readlink === undefined ? 0 : O_NOFOLLOW | O_NONBLOCK;
    if (fs.open === undefined) this.#outliving = false;
    else if (this.isExact) this.#outliving = true;
  }

  #path(names: readonly string[]): NodePath {
    const path = this.#rootPath + names.join('/');
    if (path.isWellFormed() || this.#rawNames === 'strings') return path.length > 1 ? path.replace(/\/$/, '') : path;
    if (this.#rawNames === 'none') throw failure(EILSEQ);
    return this.encode(path) as Buffer;
  }

  /** A name or a symlink's target as the object takes it. */
  encode(text: string): NodePath {
    if (text.isWellFormed() || this.#rawNames === 'strings') return text;
    if (this.#rawNames === 'none') throw failure(EILSEQ);
    const bytes = Buffer.alloc(stringSize(text, 'name'));
    encodeString(bytes, 0, text);
    return bytes;
  }

  /** How to ask for names, so that none is lost on the way. */
  get nameOptions(): never {
    return (this.#rawNames === 'buffers' ? { encoding: 'buffer' } : undefined) as never;
  }

  /** What the object gave, as the wire takes it; undefined for a string that stands for no bytes. */
  decode(text: string | Uint8Array): string | undefined {
    if (typeof text !== 'string') return decodeString(Buffer.from(text), 0, text.length);
    try {
      stringSize(text, 'name');
      return text;
    } catch {
      return undefined;
    }
  }

  /** What is under a path, symlinks not followed. */
  async stats(path: NodePath): Promise<NodeStats> {
    const { fs } = this;
    if (fs.lstat !== undefined) return ask(() => fs.lstat!(path, { bigint: true }));
    return ask(() => fs.stat!(path, { bigint: true }));
  }

  async #checkDirectory(names: readonly string[]): Promise<void> {
    const stats = await this.stats(this.#path(names));
    if (typeOf(stats) !== S_IFDIR) throw failure(ENOTDIR);
  }

  async #checkDirectories(directories: readonly Entry[]): Promise<void> {
    // Where there are no symlinks, none leads astray.
    if (this.fs.lstat === undefined) return;
    await Promise.all(directories.map((entry) => this.#checkDirectory(entry.names())));
  }

  /**
   * Finds an entry's file, which is to be of this type still, under one of its names, and does `work` with it. That
   * name stays until then: the guarantees of a call are on the name that it came by, which may be another, and whoever
   * has a path needs the directories on it to be what they were.
   */
  async at<T>(known: Entry, type: number, work: (located: Located) => T | Promise<T>): Promise<T> {
    for (;;) {
      const entry = known.named();
      if (entry === undefined) throw failure(ESTALE);
      const done = await this.#names.runNested([entry.using], async () => {
        // It may have had to wait for who removed that name.
        if (entry.removed !== undefined) return undefined;
        return { outcome: await work(await this.#locate(entry, type)) };
      });
      if (done !== undefined) return done.outcome;
    }
  }

  async #locate(entry: Entry, type: number): Promise<Located> {
    const { fs } = this;
    const names = entry.names();
    const path = this.#path(names);
    await this.#checkDirectories(entry.directories());
    // The root's own path is the server's, and may be a symlink.
    const follow = names.length === 0 && fs.stat !== undefined;
    const stats = follow ? await ask(() => fs.stat!(path, { bigint: true })) : await this.stats(path);
    if (typeOf(stats) !== type) throw failure(ESTALE);
    return { path, stats };
  }

  /** The path of a name in a directory that was located just now. */
  childPath(directory: Entry, name: string): NodePath {
    return this.#path([...directory.names(), name]);
  }

  /** The path of a name in a directory. */
  async locateChild(directory: Entry, name: string): Promise<NodePath> {
    if (directory.removed !== undefined) throw failure(ESTALE);
    const path = this.childPath(directory, name);
    const above = directory.parent === undefined ? [] : [directory, ...directory.directories()];
    await this.#checkDirectories(above);
    return path;
  }

  /** What is under the name, undefined if nothing is. */
  async statsOfChild(directory: Entry, name: string): Promise<NodeStats | undefined> {
    const path = await this.locateChild(directory, name);
    const stats = await askUnless(ENOENT, () => this.stats(path));
    if (stats === undefined) directory.known(name)?.forgetFile();
    return stats;
  }

  /** What a client is told of an entry's file. What has a name has a link, even if the object does not count. */
  statx(entry: Entry, stats: NodeStats, byName = entry.removed === undefined): StatxInit {
    const statx = statxOf(stats, this.ino(entry, stats));
    return byName && statx.nlink === 0 ? { ...statx, nlink: 1 } : statx;
  }

  /** The object's number of a file, or one that stays with the name. */
  ino(entry: Entry, stats: NodeStats): bigint {
    const own = inoOf(stats);
    if (entry.parent === undefined) this.#rootIno = own;
    else if (own !== undefined && own === this.#rootIno) this.#numbersMean = false;
    if (own !== undefined && this.#numbersMean) return own;
    return (entry.ino ??= this.#nextIno++);
  }

  /** A number for a file that is not in use, as readdir needs. */
  inoOfChild(directory: Entry, name: string, stats: NodeStats): bigint {
    const own = inoOf(stats);
    return own !== undefined && this.#numbersMean && own !== this.#rootIno
      ? own
      : this.ino(directory.child(name), stats);
  }

  /** Opens an entry's file. `flags` are those of open(2), O_CREAT not among them. */
  async open(entry: Entry, { path }: Located, flags: number): Promise<OpenHandle> {
    const { fs } = this;
    if (fs.open !== undefined) {
      return this.track(entry, await ask(() => fs.open!(path, flags | this.#guard)), flags);
    }
    const handle = this.track(entry, this.#whole(entry, flags), flags);
    if ((flags & O_TRUNC) !== 0) await handle.truncate(0n);
    return handle;
  }

  /** Makes a file, which must not exist, and opens it. */
  async create(entry: Entry, path: NodePath, flags: number, mode: number): Promise<OpenHandle> {
    const { fs } = this;
    if (fs.open !== undefined) {
      const how = flags | O_CREAT | O_EXCL | this.#guard;
      return this.track(entry, await ask(() => fs.open!(path, how, mode)), flags);
    }
    await askFor(fs.writeFile && (() => fs.writeFile!(path, new Uint8Array(0), { mode, flag: 'wx' })));
    return this.track(entry, this.#whole(entry, flags), flags);
  }

  #whole(entry: Entry, flags: number): NodeFileHandle {
    if (this.fs.readFile === undefined) throw failure(EOPNOTSUPP);
    if (this.fs.writeFile === undefined && flags !== O_RDONLY) throw failure(EROFS);
    entry.file.whole ??= new WholeFile(this.fs, (work) => this.at(entry, S_IFREG, work));
    return entry.file.whole;
  }

  /** Takes ownership of a handle on an entry's file. */
  track(entry: Entry, handle: NodeFileHandle, flags: number): OpenHandle {
    const open = new OpenHandle(handle, flags, this.maxFileSize);
    entry.file.handles.add(open);
    entry.retain();
    return open;
  }

  close(entry: Entry, handle: OpenHandle): void {
    if (!handle.release()) return;
    const { file } = entry;
    file.handles.delete(handle);
    if (file.handles.size === 0) file.whole = undefined;
    entry.release();
  }

  /** Removes a name, by `remove`, once nobody works with its file by that. */
  async removeName(directory: Entry, name: string, stats: NodeStats, remove: () => Promise<unknown>): Promise<void> {
    const entry = directory.known(name);
    if (entry !== undefined && typeOf(stats) !== S_IFDIR) {
      return this.#names.runNested([entry.removing], () => this.#removeFile(entry, stats, remove));
    }
    await remove();
    entry?.remove(stats);
  }

  async #removeFile(entry: Entry, stats: NodeStats, remove: () => Promise<unknown>): Promise<void> {
    await this.#forgetOtherFiles(entry, stats);
    const inUse = entry.file.handles.size > 0 && this.#losesFile(entry, stats);
    // One after the other: what is kept may be large.
    if (inUse && this.#outliving !== true) {
      return this.#names.runNested([this.#keeping], () => this.#removeKept(entry, stats, remove));
    }
    await remove();
    entry.remove(stats);
  }

  /**
   * Removes the last name of a file so that those who have it open keep it. Some objects' handles know nothing of that,
   * and would write to whatever gets the name next: then the content moves to memory, and they are closed.
   */
  async #removeKept(entry: Entry, stats: NodeStats, remove: () => Promise<unknown>): Promise<void> {
    const content = this.#outliving === true ? undefined : await this.#contentOf(entry);
    await remove();
    entry.remove(stats);
    if (content === undefined || (await this.#outlives(entry))) return;
    const nameless = new NamelessFile(content, stats);
    for (const handle of entry.file.handles) handle.replace(nameless);
  }

  /** Whether nothing is known of the file once this name is gone. A handle of the object's may know more. */
  #losesFile(entry: Entry, stats: NodeStats): boolean {
    if (this.fs.open === undefined) return entry.file.names.size < 2;
    return Number(stats.nlink ?? 1) < 2;
  }

  /** Somebody else may have put another file under a name of this one. */
  async #forgetOtherFiles({ file, parent, name }: Entry, stats: NodeStats): Promise<void> {
    const ino = inoOf(stats);
    if (file.names.size < 2 || ino === undefined || !this.#numbersMean) return;
    const own = parent?.known(name);
    for (const other of file.names) {
      if (other === own) continue;
      // Nothing is done with what is found, and two who remove names must not wait for each other.
      const found = await this.#locate(other, S_IFREG).catch(() => undefined);
      if (found === undefined || inoOf(found.stats) !== ino) other.forgetFile();
    }
  }

  /** All bytes of an open file, whose name is being removed; undefined where they cannot be had. */
  async #contentOf(entry: Entry): Promise<Uint8Array | undefined> {
    try {
      const { fs } = this;
      for (const handle of entry.file.handles) if (handle.writable && fs.open !== undefined) await handle.sync();
      const located = await this.#locate(entry, S_IFREG);
      if (fs.open === undefined) return bytesOf(await askFor(fs.readFile && (() => fs.readFile!(located.path))));
      return await this.#readAll(entry, located);
    } catch {
      return undefined;
    }
  }

  async #readAll(entry: Entry, located: Located): Promise<Uint8Array> {
    const reader = await this.open(entry, located, O_RDONLY);
    try {
      const bytes = new Uint8Array(Number(located.stats.size ?? 0));
      const size = await reader.read(bytes, 0);
      return bytes.subarray(0, size);
    } finally {
      this.close(entry, reader);
    }
  }

  /** Whether handles of this object outlive names: one does that knows that its file has none any more. */
  async #outlives(entry: Entry): Promise<boolean> {
    if (this.#outliving !== undefined) return this.#outliving;
    const [handle] = entry.file.handles;
    const stats = await handle?.stat().catch(() => undefined);
    this.#outliving = stats?.nlink !== undefined && Number(stats.nlink) === 0;
    return this.#outliving;
  }
}
