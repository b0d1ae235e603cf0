/** Directories: readdir, opendir, and the Dirents that both give. */

import { Dirent, constants } from 'node:fs';
import { join, relative } from 'node:path';
import type { Dirent64, FDID, Statx } from '../session/lisafs.js';
import { encodeName, bytesOf } from './client-arguments.js';
import { codedError, EINVAL, ENOENT, ENOTDIR, failure, isErrno, naming } from './client-errors.js';
import { isDirectory, statPath, type Tree, type Visit } from './client-resolve.js';

/** How many bytes of the kernel's entries one call asks for at most. A message needs up to a fourth more for them. */
const GETDENTS_BYTES = 64 * 1024;
const MESSAGE_SHARE = 0.75;

/** node:fs's types of entries, which its declarations leave out (`uv_dirent_type_t`). */
const UV_DIRENT = { UNKNOWN: 0, FILE: 1, DIR: 2, LINK: 3, FIFO: 4, SOCKET: 5, CHAR: 6, BLOCK: 7 };

/** The same for the kernel's DT_* types. */
const DT_TYPES: Readonly<Record<number, number>> = {
  1: UV_DIRENT.FIFO,
  2: UV_DIRENT.CHAR,
  4: UV_DIRENT.DIR,
  6: UV_DIRENT.BLOCK,
  8: UV_DIRENT.FILE,
  10: UV_DIRENT.LINK,
  12: UV_DIRENT.SOCKET,
};

const S_IFMT_SHIFT = 12;

export interface ReadDirOptions {
  readonly encoding?: string | null;
  readonly withFileTypes?: boolean;
  readonly recursive?: boolean;
}

/** An entry as this file handles it: its name, and its type as a number of DT_*. */
interface Item {
  readonly name: string;
  readonly type: number;
}

const MakeDirent = Dirent as unknown as new (name: string | Buffer, type: number, path: string) => Dirent;

function direntOf({ name, type }: Item, path: string, encoding?: string | null): Dirent {
  return new MakeDirent(encodeName(name, encoding), DT_TYPES[type] ?? UV_DIRENT.UNKNOWN, path);
}

/** A directory open for reading its entries. */
export class OpenDirectory {
  readonly #tree: Tree;
  readonly #controlFD: FDID;
  readonly #openFD: FDID;
  readonly #fds: readonly FDID[];

  /** Opens a directory of the tree. It takes the control FD over, unless that is the root's. */
  static async open(visit: Visit, path: string): Promise<OpenDirectory> {
    const { fd, stat } = await visit.get(path, true);
    if (stat !== undefined && !isDirectory(stat)) throw failure(ENOTDIR);
    return OpenDirectory.on(visit, fd);
  }

  /** Opens the directory of a control FD, which stays the visit's with `keep` false, else is taken over. */
  static async on(visit: Visit, fd: FDID, keep = true): Promise<OpenDirectory> {
    const { openFD, hostFD } = await gone(visit.client.openAt({ fd, flags: constants.O_RDONLY }));
    hostFD?.close();
    const owns = keep && fd !== visit.tree.root.fd;
    if (owns) visit.keep(fd);
    return new OpenDirectory(visit.tree, fd, openFD, owns);
  }

  private constructor(tree: Tree, controlFD: FDID, openFD: FDID, owns: boolean) {
    this.#tree = tree;
    this.#controlFD = controlFD;
    this.#openFD = openFD;
    this.#fds = owns ? [openFD, controlFD] : [openFD];
  }

  get #count(): number {
    return Math.min(GETDENTS_BYTES, Math.floor(this.#tree.client.maxMessageSize * MESSAGE_SHARE));
  }

  /** The next entries, in no order; none at the end. */
  async next(): Promise<Item[]> {
    const { dirents } = await gone(this.#tree.client.getdents64({ dirFD: this.#openFD, count: this.#count }));
    const items: Item[] = [];
    for (const dirent of dirents) items.push(DT_TYPES[dirent.type] ? dirent : await this.#typed(dirent));
    return items;
  }

  nextSync(): Item[] {
    const { dirents } = this.#tree.client.getdents64Sync({ dirFD: this.#openFD, count: this.#count });
    return dirents;
  }

  /** File systems may leave types out; node:fs asks then. */
  async #typed({ name }: Dirent64): Promise<Item> {
    const [stat] = (await this.#tree.client.walkStat({ dirFD: this.#controlFD, path: [name] })).stats;
    return { name, type: typeOf(stat) };
  }

  close(): void {
    this.#tree.closeLater(this.#fds);
  }
}

function typeOf(stat: Statx | undefined): number {
  return stat === undefined ? 0 : stat.mode >>> S_IFMT_SHIFT;
}

/** For servers it is EINVAL to open or to read a directory that was removed; for the kernel, ENOENT. */
async function gone<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw isErrno(error, EINVAL) ? failure(ENOENT) : error;
  }
}

function compareBytes(a: Item, b: Item): number {
  if (a.name === b.name) return 0;
  // Two strings compare by code units, which for names of ASCII is the order of their bytes.
  return Buffer.compare(bytesOf(a.name), bytesOf(b.name));
}

/** All entries, in the order of their bytes, as libuv sorts them. */
async function list(tree: Tree, path: string): Promise<Item[]> {
  return naming('scandir', () => tree.visit((visit) => listIn(visit, path)), path);
}

async function listIn(visit: Visit, path: string): Promise<Item[]> {
  return listAll(await OpenDirectory.open(visit, path));
}

/** All entries of an open directory, which is closed then. */
export async function listAll(directory: OpenDirectory): Promise<Item[]> {
  const items: Item[] = [];
  try {
    for (let some = await directory.next(); some.length > 0; some = await directory.next()) items.push(...some);
  } finally {
    directory.close();
  }
  return items.sort(compareBytes);
}

/** readdir of node:fs. */
export async function readDirectory(
  tree: Tree,
  path: string,
  { encoding, withFileTypes, recursive }: ReadDirOptions,
): Promise<(string | Buffer | Dirent)[]> {
  if (recursive) return withFileTypes ? readTreeTypes(tree, path, encoding) : readTree(tree, path, encoding);
  const items = await list(tree, path);
  return items.map((item) => (withFileTypes ? direntOf(item, path, encoding) : encodeName(item.name, encoding)));
}

/**
 * Everything below a directory, in the order in which node:fs gives it: the directory listed last is gone into first.
 */
async function readTreeTypes(tree: Tree, path: string, encoding?: string | null): Promise<Dirent[]> {
  const result: Dirent[] = [];
  const queue = [{ path, items: await list(tree, path) }];
  for (let dir = queue.pop(); dir !== undefined; dir = queue.pop()) {
    for (const item of dir.items) {
      const dirent = direntOf(item, dir.path, encoding);
      result.push(dirent);
      if (!dirent.isDirectory()) continue;
      const below = join(dir.path, item.name);
      queue.push({ path: below, items: await list(tree, below) });
    }
  }
  return result;
}

/** As readTreeTypes, by paths alone; here node:fs goes into symlinks to directories as well. */
async function readTree(tree: Tree, path: string, encoding?: string | null): Promise<(string | Buffer)[]> {
  const result: (string | Buffer)[] = [];
  const queue = [{ path, items: await list(tree, path) }];
  for (let dir = queue.pop(); dir !== undefined; dir = queue.pop()) {
    for (const item of dir.items) {
      const below = join(dir.path, item.name);
      result.push(encodeName(relative(path, below), encoding));
      if (await isDirectoryAt(tree, below, item)) queue.push({ path: below, items: await list(tree, below) });
    }
  }
  return result;
}

async function isDirectoryAt(tree: Tree, path: string, { type }: Item): Promise<boolean> {
  const kind = DT_TYPES[type];
  if (kind !== UV_DIRENT.LINK) return kind === UV_DIRENT.DIR;
  try {
    return isDirectory(await statPath(tree, path, true));
  } catch {
    return false;
  }
}

type DirentDone = (error: Error | null, dirent: Dirent | null) => void;
type CloseDone = (error?: Error | null) => void;

function closedError(): Error {
  return codedError('ERR_DIR_CLOSED', 'Directory handle was closed');
}

/** Dir of node:fs over an open directory: entries in the server's order, read as they are asked for. */
export class ClientDir implements AsyncIterable<Dirent> {
  readonly path: string;
  readonly #tree: Tree;
  readonly #directory: OpenDirectory;
  readonly #options: ReadDirOptions;
  readonly #buffered: { item: Item; path: string }[] = [];
  #last: Promise<unknown> = Promise.resolve();
  #running = 0;
  #closed = false;

  /** Takes ownership of `directory`. */
  constructor(tree: Tree, path: string, directory: OpenDirectory, options: ReadDirOptions) {
    this.#tree = tree;
    this.path = path;
    this.#directory = directory;
    this.#options = options;
    dropped.register(this, directory, this);
  }

  read(): Promise<Dirent | null>;
  read(done: DirentDone): void;
  read(done?: DirentDone): Promise<Dirent | null> | void {
    if (this.#closed) throw closedError();
    const next = this.#inTurn(() => this.#next());
    if (done === undefined) return next;
    next.then(
      (dirent) => done(null, dirent),
      (error: Error) => done(error, null),
    );
  }

  /** Reads are answered in the order in which they were asked. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    this.#running++;
    const turn = this.#last.then(work).finally(() => this.#running--);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #next(): Promise<Dirent | null> {
    if (this.#buffered.length === 0) {
      this.#add(await naming('scandir', () => this.#directory.next(), this.path), this.path);
    }
    const next = this.#buffered.shift();
    if (next === undefined) return null;
    const dirent = direntOf(next.item, next.path, this.#options.encoding);
    if (this.#options.recursive && dirent.isDirectory()) {
      const below = join(next.path, next.item.name);
      this.#add(await naming('opendir', () => this.#tree.visit((visit) => listIn(visit, below)), below), below);
    }
    return dirent;
  }

  #add(items: readonly Item[], path: string): void {
    for (const item of items) this.#buffered.push({ item, path });
  }

  /** As read, blocking the thread. Not with `recursive`. */
  readSync(): Dirent | null {
    this.#checkIdle();
    if (this.#options.recursive) throw codedError('ERR_METHOD_NOT_IMPLEMENTED', 'readSync() cannot be recursive');
    if (this.#buffered.length === 0) this.#add(this.#directory.nextSync(), this.path);
    const next = this.#buffered.shift();
    return next === undefined ? null : direntOf(next.item, next.path, this.#options.encoding);
  }

  #checkIdle(): void {
    if (this.#closed) throw closedError();
    if (this.#running > 0) {
      throw codedError(
        'ERR_DIR_CONCURRENT_OPERATION',
        'Cannot do synchronous work on directory handle with concurrent asynchronous operations',
      );
    }
  }

  close(): Promise<void>;
  close(done: CloseDone): void;
  close(done?: CloseDone): Promise<void> | void {
    const closing = this.#closed ? Promise.reject(closedError()) : this.#close();
    if (done === undefined) return closing;
    closing.then(() => done(), done);
  }

  async #close(): Promise<void> {
    this.#closed = true;
    await this.#last;
    this.#end();
  }

  closeSync(): void {
    this.#checkIdle();
    this.#closed = true;
    this.#end();
  }

  #end(): void {
    dropped.unregister(this);
    this.#directory.close();
  }

  async *entries(): AsyncGenerator<Dirent, undefined> {
    try {
      for (let dirent = await this.read(); dirent !== null; dirent = await this.read()) yield dirent;
    } finally {
      await this.close();
    }
  }

  [Symbol.asyncIterator](): AsyncGenerator<Dirent, undefined> {
    return this.entries();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closed) await this.close();
  }
}

const dropped = new FinalizationRegistry<OpenDirectory>((directory) => directory.close());

/** opendir of node:fs. */
export async function openDirectory(tree: Tree, path: string, options: ReadDirOptions): Promise<ClientDir> {
  const directory = await naming('opendir', () => tree.visit((visit) => OpenDirectory.open(visit, path)), path);
  return new ClientDir(tree, path, directory, options);
}
