/** A file of an object, known by its name, which follows renames. */

import { failure } from '../session/failure.js';
import type {
  ControlFile,
  Created,
  FileSystemStat,
  Found,
  NewFile,
  Opened,
  StatChange,
  StatChangeOutcome,
  StatxInit,
} from '../session/backend.js';
import { EINVAL, EIO, ENOENT, EPERM, ESTALE } from '../wire/errno.js';
import { changeStat } from './serve-fs-change.js';
import type { Entry } from './serve-fs-entry.js';
import { ask, askFor, EILSEQ } from './serve-fs-errors.js';
import * as making from './serve-fs-making.js';
import type { NodePath, NodeStatFS, NodeStats } from './serve-fs-object.js';
import { ServedDirectory, ServedFile } from './serve-fs-open.js';
import { modeOf, S_IFBLK, S_IFDIR, S_IFLNK, S_IFREG, statFSOf, typeOf } from './serve-fs-stat.js';
import type { ObjectTree } from './serve-fs-tree.js';

const O_TRUNC = 0o1000;

export class ServedControl implements ControlFile {
  readonly entry: Entry;
  readonly type: number;
  readonly #tree: ObjectTree;

  constructor(tree: ObjectTree, entry: Entry, type: number) {
    this.#tree = tree;
    this.entry = entry.retain();
    this.type = type;
  }

  close(): void {
    this.entry.release();
  }

  /** What was found or made under a name in this directory. */
  #found(name: string, stats: NodeStats): Found {
    return foundAt(this.#tree, this.entry.child(name), stats);
  }

  /** Of a removed file, what those say who have it open, or else what was known last. */
  async stat(): Promise<StatxInit> {
    const { entry, type } = this;
    if (entry.removed === undefined || entry.named() !== undefined) {
      return this.#tree.at(entry, type, ({ stats }) => this.#tree.statx(entry, stats, true));
    }
    const [handle] = entry.file.handles;
    const stats = (await handle?.stat()) ?? { ...entry.removed, mode: modeOf(entry.removed), nlink: 0 };
    return this.#tree.statx(entry, stats);
  }

  setStat(change: StatChange): Promise<StatChangeOutcome> {
    return changeStat(this.#tree, this.entry, this.type, change);
  }

  /** Some objects know only fractions of blocks, which are no bigints. */
  async statFS(): Promise<FileSystemStat> {
    const { fs } = this.#tree;
    if (fs.statfs === undefined || this.entry.named() === undefined) return statFSOf(undefined);
    const inBigints = (path: NodePath): Promise<NodeStatFS> =>
      fs.statfs!(path, { bigint: true }).catch((error: unknown) => {
        if (error instanceof RangeError) return fs.statfs!(path, { bigint: false });
        throw error;
      });
    return statFSOf(await this.#tree.at(this.entry, this.type, ({ path }) => ask(() => inBigints(path))));
  }

  /** A name that the object cannot have is not there. */
  async walk(name: string): Promise<Found | number> {
    try {
      const stats = await this.#tree.statsOfChild(this.entry, name);
      if (stats === undefined) return -ENOENT;
      return typeOf(stats) === S_IFBLK ? -EPERM : this.#found(name, stats);
    } catch (error) {
      if (error === failure(EILSEQ)) return -ENOENT;
      throw error;
    }
  }

  /** A file whose name is gone can be opened as those opened it who have it open. */
  async open(flags: number): Promise<Opened> {
    const { entry, type } = this;
    const tree = this.#tree;
    if (type === S_IFDIR) return { file: new ServedDirectory(tree, entry) };
    if (type !== S_IFREG) throw failure(EPERM);
    if (entry.named() !== undefined) {
      const handle = await tree.at(entry, type, (located) => tree.open(entry, located, flags));
      return { file: new ServedFile(tree, entry, handle) };
    }
    const shared = [...entry.file.handles].find((handle) => handle.allows(flags));
    if (shared === undefined) throw failure(ESTALE);
    shared.retain();
    const file = new ServedFile(tree, entry, shared);
    try {
      if ((flags & O_TRUNC) !== 0) await shared.truncate(0n);
      return { file };
    } catch (error) {
      file.close();
      throw error;
    }
  }

  async create(name: string, init: NewFile, flags: number): Promise<Created> {
    const { stats, handle } = await making.createFile(this.#tree, this.entry, name, init, flags);
    const { file, stat } = this.#found(name, stats);
    return { file, stat, opened: { file: new ServedFile(this.#tree, this.entry.child(name), handle) } };
  }

  async mkdir(name: string, init: NewFile): Promise<Found> {
    return this.#found(name, await making.makeDirectory(this.#tree, this.entry, name, init));
  }

  async mknod(name: string, init: NewFile): Promise<Found> {
    return this.#found(name, await making.makeNode(this.#tree, this.entry, name, init));
  }

  async symlink(name: string, target: string, init: Omit<NewFile, 'mode'>): Promise<Found> {
    return this.#found(name, await making.makeSymlink(this.#tree, this.entry, name, target, init));
  }

  async link(directory: ControlFile, name: string): Promise<Found> {
    if (!(directory instanceof ServedControl)) throw failure(EINVAL);
    return directory.#found(name, await making.makeLink(this.#tree, this, directory.entry, name));
  }

  unlink(name: string, flags: number): Promise<void> {
    return making.removeName(this.#tree, this.entry, name, flags);
  }

  async rename(oldName: string, newDirectory: ControlFile, newName: string, flags: number): Promise<void> {
    if (!(newDirectory instanceof ServedControl)) throw failure(EINVAL);
    await making.renameEntry(this.#tree, [this.entry, oldName], [newDirectory.entry, newName], flags);
  }

  async readLink(): Promise<string> {
    const tree = this.#tree;
    const { fs } = tree;
    const read = await tree.at(this.entry, S_IFLNK, ({ path }) =>
      askFor(fs.readlink && (() => fs.readlink!(path, tree.nameOptions))),
    );
    const target = tree.decode(read);
    if (target === undefined) throw failure(EIO);
    return target;
  }
}

/** A file under a name that `stats` are of. */
export function foundAt(tree: ObjectTree, entry: Entry, stats: NodeStats): Found {
  return { file: new ServedControl(tree, entry, typeOf(stats)), stat: tree.statx(entry, stats) };
}
