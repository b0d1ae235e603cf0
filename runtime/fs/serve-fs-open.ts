/** What a client has open: a file of an object, or a directory. */

import { failure } from '../session/failure.js';
import type { DirectoryEntry, OpenFile, StatxInit } from '../session/backend.js';
import { EINVAL, EISDIR, ENOENT } from '../wire/errno.js';
import { stringSize } from '../wire/string.js';
import type { Entry } from './serve-fs-entry.js';
import { askFor, askUnless } from './serve-fs-errors.js';
import type { OpenHandle } from './serve-fs-handle.js';
import type { NodeEntry } from './serve-fs-object.js';
import { deviceOf, S_IFDIR, S_IFREG, typeOf } from './serve-fs-stat.js';
import type { ObjectTree } from './serve-fs-tree.js';

/** struct linux_dirent64 before the name, and what its size is a multiple of. */
const DIRENT_BYTES = 19;
const DIRENT_ALIGN = 8;
const TYPE_SHIFT = 12;
/** How many entries are looked at at a time. */
const LOOK_COUNT = 256;

export class ServedFile implements OpenFile {
  readonly #tree: ObjectTree;
  readonly #entry: Entry;
  readonly #handle: OpenHandle;

  /** Takes over the caller's reference on `handle`. */
  constructor(tree: ObjectTree, entry: Entry, handle: OpenHandle) {
    this.#tree = tree;
    this.#entry = entry;
    this.#handle = handle;
  }

  close(): void {
    this.#tree.close(this.#entry, this.#handle);
  }

  async stat(): Promise<StatxInit> {
    const entry = this.#entry;
    const tree = this.#tree;
    const known = (await this.#handle.stat()) ?? (entry.named() === undefined ? entry.removed : undefined);
    if (known !== undefined) return tree.statx(entry, known, false);
    return tree.at(entry, S_IFREG, ({ stats }) => tree.statx(entry, stats, true));
  }

  read(target: Uint8Array, offset: number | bigint): Promise<number> {
    return this.#handle.read(target, offset);
  }

  write(source: Uint8Array, offset: number | bigint): Promise<number> {
    return this.#handle.write(source, offset);
  }

  sync(): Promise<void> {
    return this.#handle.sync();
  }

  /** Nothing is held back here that could be flushed. */
  flush(): void {}
}

/**
 * A directory as it was when its reading began. Where too many are being read its names are asked for anew, and what
 * has changed meanwhile may be left out or told twice.
 */
export class ServedDirectory implements OpenFile {
  readonly #tree: ObjectTree;
  readonly #entry: Entry;
  #next = 0;

  constructor(tree: ObjectTree, entry: Entry) {
    this.#tree = tree;
    this.#entry = entry.retain();
  }

  close(): void {
    this.#tree.listings.drop(this);
    this.#entry.release();
  }

  async stat(): Promise<StatxInit> {
    const entry = this.#entry;
    const tree = this.#tree;
    if (entry.removed !== undefined) return tree.statx(entry, entry.removed);
    return tree.at(entry, S_IFDIR, ({ stats }) => tree.statx(entry, stats));
  }

  read(): number {
    return -EISDIR;
  }

  /** Nothing of a directory is held back. */
  sync(): void {}

  flush(): void {}

  async readEntries(size: number, rewind: boolean): Promise<readonly DirectoryEntry[]> {
    const { listings } = this.#tree;
    if (rewind) this.#next = 0;
    let all = rewind ? undefined : listings.of(this);
    if (all === undefined) listings.keep(this, (all = await namesIn(this.#tree, this.#entry)));
    const entries: DirectoryEntry[] = [];
    let room = size;
    while (this.#next < all.length) {
      const names = this.#take(all, room);
      if (names.length === 0) {
        // Not even one fits, which must not look like the end.
        if (room === size) throw failure(EINVAL);
        break;
      }
      for (const name of names) room -= sizeOf(name);
      entries.push(...(await this.#look(names)));
    }
    return entries;
  }

  /** The next names that fit. */
  #take(all: readonly string[], room: number): string[] {
    const taken: string[] = [];
    for (let left = room; this.#next < all.length && taken.length < LOOK_COUNT; this.#next++) {
      const name = all[this.#next]!;
      left -= sizeOf(name);
      if (left < 0) break;
      taken.push(name);
    }
    return taken;
  }

  /** What the entries are. Those that are gone are left out. */
  async #look(names: readonly string[]): Promise<DirectoryEntry[]> {
    const first = this.#next - names.length + 1;
    const found = await Promise.all(names.map((name, i) => this.#entryOf(name, first + i)));
    return found.filter((entry) => entry !== undefined);
  }

  async #entryOf(name: string, off: number): Promise<DirectoryEntry | undefined> {
    const tree = this.#tree;
    const stats = await askUnless(ENOENT, async () => tree.stats(tree.childPath(this.#entry, name)));
    if (stats === undefined) return undefined;
    const [devMajor, devMinor] = deviceOf(stats.dev);
    const ino = tree.inoOfChild(this.#entry, name, stats);
    return { ino, devMajor, devMinor, off, type: typeOf(stats) >> TYPE_SHIFT, name };
  }
}

/** As getdents64(2) counts it. */
function sizeOf(name: string): number {
  return Math.ceil((DIRENT_BYTES + stringSize(name, 'name') + 1) / DIRENT_ALIGN) * DIRENT_ALIGN;
}

/** The names in a directory, less those that could not be walked to. */
export async function namesIn(tree: ObjectTree, entry: Entry): Promise<string[]> {
  const { fs } = tree;
  const names = await tree.at(entry, S_IFDIR, ({ path }) =>
    askFor(fs.readdir && (() => fs.readdir!(path, tree.nameOptions))),
  );
  return names
    .map((name) => tree.decode(nameOf(name)))
    .filter((name) => name !== undefined && isName(name)) as string[];
}

function nameOf(entry: NodeEntry): string | Uint8Array {
  return typeof entry === 'string' || entry instanceof Uint8Array ? entry : entry.name;
}

function isName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name);
}
