/** SetStat on a file of an object: through a handle where its name is gone, else under its name. */

import { constants } from 'node:fs';
import { errnoOf, failure } from '../session/failure.js';
import type { StatChange, StatChangeOutcome } from '../session/backend.js';
import { EINVAL, EISDIR, ELOOP, EOPNOTSUPP, ESTALE } from '../wire/errno.js';
import type { Located } from './serve-fs-content.js';
import type { Entry } from './serve-fs-entry.js';
import { ask, askFor, EFBIG } from './serve-fs-errors.js';
import type { OpenHandle } from './serve-fs-handle.js';
import type { NodeStats } from './serve-fs-object.js';
import { S_IFDIR, S_IFLNK, S_IFREG, timeOf } from './serve-fs-stat.js';
import type { ObjectTree } from './serve-fs-tree.js';

const STATX_MODE = 0x2;
const STATX_UID = 0x8;
const STATX_GID = 0x10;
const STATX_ATIME = 0x20;
const STATX_MTIME = 0x40;
const STATX_SIZE = 0x200;

const O_WRONLY = 1;
const { O_NOFOLLOW } = constants;

/** The four things that can be changed, each in one way. */
interface Changing {
  readonly stats: NodeStats;
  chmod(mode: number): Promise<void>;
  chown(uid: number, gid: number): Promise<void>;
  utimes(atime: number, mtime: number): Promise<void>;
  truncate(size: bigint): Promise<void>;
}

class ByName implements Changing {
  readonly stats: NodeStats;
  readonly #tree: ObjectTree;
  readonly #entry: Entry;
  readonly #located: Located;
  readonly #type: number;

  constructor(tree: ObjectTree, entry: Entry, located: Located, type: number) {
    this.stats = located.stats;
    this.#tree = tree;
    this.#entry = entry;
    this.#located = located;
    this.#type = type;
  }

  async chmod(mode: number): Promise<void> {
    const { fs } = this.#tree;
    if (this.#type === S_IFLNK) throw failure(EOPNOTSUPP);
    await askFor(fs.chmod && (() => fs.chmod!(this.#located.path, mode)));
  }

  async chown(uid: number, gid: number): Promise<void> {
    const { fs } = this.#tree;
    const { path } = this.#located;
    if (fs.lchown !== undefined) await ask(() => fs.lchown!(path, uid, gid));
    else if (this.#type === S_IFLNK) throw failure(EOPNOTSUPP);
    else await askFor(fs.chown && (() => fs.chown!(path, uid, gid)));
  }

  async utimes(atime: number, mtime: number): Promise<void> {
    const { fs } = this.#tree;
    const { path } = this.#located;
    if (fs.lutimes !== undefined) await ask(() => fs.lutimes!(path, atime, mtime));
    else if (this.#type === S_IFLNK) throw failure(EOPNOTSUPP);
    else await askFor(fs.utimes && (() => fs.utimes!(path, atime, mtime)));
  }

  /** Whoever has the file open for writing may change its size, whatever its mode says by now. */
  async truncate(size: bigint): Promise<void> {
    if (this.#type === S_IFDIR) throw failure(EISDIR);
    if (this.#type === S_IFLNK) throw failure(ELOOP);
    if (this.#type !== S_IFREG) throw failure(EINVAL);
    const open = writableOf(this.#entry);
    if (open !== undefined) return open.truncate(size);
    const { fs, maxFileSize } = this.#tree;
    if (size > maxFileSize) throw failure(EFBIG);
    if (fs.truncate !== undefined && fs.open === undefined)
      return ask(() => fs.truncate!(this.#located.path, Number(size)));
    const handle = await this.#tree.open(this.#entry, this.#located, O_WRONLY | (fs.readlink ? O_NOFOLLOW : 0));
    try {
      await handle.truncate(size);
    } finally {
      this.#tree.close(this.#entry, handle);
    }
  }
}

class ByHandle implements Changing {
  readonly stats: NodeStats;
  readonly #entry: Entry;
  readonly #handle: OpenHandle;

  constructor(entry: Entry, handle: OpenHandle, stats: NodeStats) {
    this.#entry = entry;
    this.#handle = handle;
    this.stats = stats;
  }

  chmod(mode: number): Promise<void> {
    return this.#handle.chmod(mode);
  }

  chown(uid: number, gid: number): Promise<void> {
    return this.#handle.chown(uid, gid);
  }

  utimes(atime: number, mtime: number): Promise<void> {
    return this.#handle.utimes(atime, mtime);
  }

  async truncate(size: bigint): Promise<void> {
    const open = writableOf(this.#entry);
    if (open === undefined) throw failure(ESTALE);
    await open.truncate(size);
  }
}

function writableOf(entry: Entry): OpenHandle | undefined {
  return [...entry.file.handles].find((handle) => handle.writable);
}

/** Does `work` with what changes an entry's file, under a name that stays meanwhile, where it has one. */
async function changing<T>(
  tree: ObjectTree,
  entry: Entry,
  type: number,
  work: (file: Changing) => Promise<T>,
): Promise<T> {
  if (entry.named() !== undefined) {
    return tree.at(entry, type, (located) => work(new ByName(tree, entry, located, type)));
  }
  const [handle] = entry.file.handles;
  if (handle === undefined || entry.removed === undefined) throw failure(ESTALE);
  return work(new ByHandle(entry, handle, (await handle.stat()) ?? entry.removed));
}

/** In seconds, the only way that node:fs takes times: a double, which is exact to some 200 ns nowadays. */
function seconds({ sec, nsec }: { readonly sec: bigint; readonly nsec: bigint }): number {
  return Number(sec) + Number(nsec) / 1e9;
}

function knownTime(stats: NodeStats, name: 'atime' | 'mtime'): number {
  const ns = timeOf(stats, name) ?? 0n;
  return Number(ns / 1_000_000_000n) + Number(ns % 1_000_000_000n) / 1e9;
}

/** Changes what the mask says, each on its own: what fails keeps nothing else from being done. */
export function changeStat(
  tree: ObjectTree,
  entry: Entry,
  type: number,
  change: StatChange,
): Promise<StatChangeOutcome> {
  return changing(tree, entry, type, (file) => changeAll(file, change));
}

async function changeAll(file: Changing, change: StatChange): Promise<StatChangeOutcome> {
  const { mask, mode, size } = change;
  const [atime, mtime] = [seconds(change.atime), seconds(change.mtime)];
  const [uid, gid] = [Number(change.uid), Number(change.gid)];
  const outcome = { failureMask: 0, failureErrNo: 0 };
  const attempt = async (bits: number, act: () => Promise<void>): Promise<void> => {
    if ((mask & bits) === 0) return;
    try {
      await act();
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      outcome.failureMask |= mask & bits;
      outcome.failureErrNo = errno;
    }
  };
  await attempt(STATX_MODE, () => file.chmod(mode & 0o7777));
  await attempt(STATX_SIZE, () => file.truncate(size));
  await attempt(STATX_UID | STATX_GID, () =>
    file.chown(
      (mask & STATX_UID) === 0 ? Number(file.stats.uid ?? 0) : uid,
      (mask & STATX_GID) === 0 ? Number(file.stats.gid ?? 0) : gid,
    ),
  );
  // Last: for some objects every change is one of the content.
  await attempt(STATX_ATIME | STATX_MTIME, () =>
    file.utimes(
      (mask & STATX_ATIME) === 0 ? knownTime(file.stats, 'atime') : atime,
      (mask & STATX_MTIME) === 0 ? knownTime(file.stats, 'mtime') : mtime,
    ),
  );
  return outcome;
}
