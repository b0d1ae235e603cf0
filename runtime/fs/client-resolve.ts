/**
 * From a path to control FDs. A server walks names and stops at symlinks; following them, and `..`, is done here, as
 * the kernel does it in a process whose root directory is the mount's root: an absolute target begins there, `..` never
 * leads above it, a relative path begins there too.
 *
 * Nothing is remembered between calls. Others may rename and remove at any moment, and a control FD stays with its file
 * when that moves, so a cached one would answer for a path that means something else by now.
 */

import { constants } from 'node:fs';
import { MID, type FDID, type Inode, type LISAFSClient, type Statx } from '../session/lisafs.js';
import { isPutOff } from '../session/late-answer.js';
import { CLOSE_BATCH_COUNT } from '../wire/limits.js';
import { stringSize } from '../wire/string.js';
import { EINVAL, EIO, EISDIR, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR, failure, isErrno } from './client-errors.js';

const { S_IFDIR, S_IFLNK, S_IFMT } = constants;

/** As many symlinks as the kernel follows in one path (MAXSYMLINKS). */
const MAX_SYMLINKS_COUNT = 40;
/** A path's limit, its final NUL included (PATH_MAX). */
const PATH_MAX_BYTES = 4096;
/** What a Walk response holds beside its inodes, and an inode's size. */
const WALK_RESP_BYTES = 3;
const INODE_BYTES = 152;
/** How long an FDID that nobody needs may wait for others, to be closed together with them. */
const CLOSE_DELAY_MS = 10;

const WALK_OK = 0;
const WALK_MISSING = 1;
const WALK_SYMLINK = 2;

export function isDirectory(stat: { readonly mode: number }): boolean {
  return (stat.mode & S_IFMT) === S_IFDIR;
}

export function isSymlink(stat: { readonly mode: number }): boolean {
  return (stat.mode & S_IFMT) === S_IFLNK;
}

/** A file on the way of a walk. The root's `stat` is unknown, but that it is a directory. */
export interface Entry {
  readonly fd: FDID;
  readonly name: string;
  readonly stat: Statx | undefined;
}

/** Where a path leads. */
export interface Place {
  /** The file, if there is one. Only the last component may be missing. */
  readonly entry: Entry | undefined;
  /** The directory that has the file, or would have it; the root is its own. */
  readonly dir: Entry;
  /** What the file is called there; for a missing one, what it would be called. */
  readonly name: string;
  /** Whether the path says, by a slash at its end, that this is a directory. */
  readonly slash: boolean;
  /** The names that lead here from the root, without symlinks. */
  readonly names: readonly string[];
}

/** A path without its last component. */
export interface Parent {
  readonly dir: Entry;
  /** The last component; '' for the root itself. It may be `.` or `..`. */
  readonly name: string;
  /** Whether there is a slash after it. */
  readonly slash: boolean;
}

/** True where a path's last component cannot be made or removed, since it names no entry of a directory. */
export function isSpecial(name: string): boolean {
  return name === '' || name === '.' || name === '..';
}

/** A path's components. A `.` is kept only at the end, where it asks for a directory. */
function split(path: string): string[] {
  const names = path.split('/').filter((name) => name !== '');
  return names.filter((name, i) => name !== '.' || i === names.length - 1);
}

function checkPath(path: string): void {
  if (path === '') throw failure(ENOENT);
  if (path.length * 3 >= PATH_MAX_BYTES && stringSize(path, 'path') >= PATH_MAX_BYTES) throw failure(ENAMETOOLONG);
}

/** What a client's calls walk in: a mounted tree, and the FDIDs in it that wait to be closed. */
export class Tree {
  readonly client: LISAFSClient;
  readonly root: Entry;
  readonly #toClose: FDID[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** `root` is a control FD and stays the caller's. */
  constructor(client: LISAFSClient, root: FDID) {
    this.client = client;
    this.root = { fd: root, name: '', stat: undefined };
  }

  /** Runs `body` with a visit, and closes what it walked to and did not keep, whether it succeeds or not. */
  async visit<T>(body: (visit: Visit) => Promise<T>): Promise<T> {
    const visit = new Visit(this);
    try {
      return await body(visit);
    } finally {
      const fds = visit.end();
      if (visit.changed) await this.close(fds);
      else this.closeLater(fds);
    }
  }

  /** Closes FDIDs soon, many by one Close. */
  closeLater(fds: readonly FDID[]): void {
    if (fds.length === 0) return;
    this.#toClose.push(...fds);
    if (this.#toClose.length >= CLOSE_BATCH_COUNT) void this.close([]);
    else this.#closeSoon();
  }

  #closeSoon(): void {
    this.#timer ??= setTimeout(() => void this.close([]), CLOSE_DELAY_MS).unref();
  }

  /** Closes FDIDs now, and all that wait. Never rejects: a connection that has ended has closed them itself. */
  async close(fds: readonly FDID[]): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const all = [...this.#toClose.splice(0), ...fds];
    while (all.length > 0) {
      const some = all.splice(0, CLOSE_BATCH_COUNT);
      await this.client.close({ fds: some }).catch((error: unknown) => this.#putBack(some, error));
    }
  }

  /** Those of a call too many, or of one that took too long, wait for the next. */
  #putBack(fds: FDID[], error: unknown): void {
    if (!isPutOff(error)) return;
    this.#toClose.push(...fds);
    this.#closeSoon();
  }

  /** How many components one Walk may ask for, so that its answer is no larger than a message may be. */
  get walkCount(): number {
    return Math.max(1, Math.floor((this.client.maxMessageSize - WALK_RESP_BYTES) / INODE_BYTES));
  }
}

/** One call's walks, and the FDIDs that they made. */
export class Visit {
  readonly tree: Tree;
  readonly client: LISAFSClient;
  /**
   * Whether FDIDs must be closed before the call returns: after SetStat a server may hold the file open for writing.
   */
  changed = false;
  readonly #owned = new Set<FDID>();

  constructor(tree: Tree) {
    this.tree = tree;
    this.client = tree.client;
  }

  /** Takes an FDID over, to close it at the end. */
  own(fd: FDID): FDID {
    this.#owned.add(fd);
    return fd;
  }

  /** Gives an FDID away: from now on it is the caller's to close. */
  keep(fd: FDID): FDID {
    this.#owned.delete(fd);
    return fd;
  }

  /** Closes an FDID before the visit ends. */
  drop(fd: FDID): void {
    if (this.#owned.delete(fd)) this.tree.closeLater([fd]);
  }

  /** Ends the visit: what is left is the caller's to close. */
  end(): FDID[] {
    const left = [...this.#owned];
    this.#owned.clear();
    return left;
  }

  /**
   * Finds a file, which may be missing. `follow`: a symlink in last place is followed too. `create`: it is to be made
   * if it is missing; then a slash after its name, be it in a symlink, is EISDIR.
   */
  async find(path: string, follow: boolean, create = false): Promise<Place> {
    checkPath(path);
    return new Walker(this, create).walk(split(path), path.endsWith('/'), follow);
  }

  /** As find, but a missing file is ENOENT. */
  async get(path: string, follow: boolean): Promise<Entry> {
    const { entry } = await this.find(path, follow);
    if (entry === undefined) throw failure(ENOENT);
    return entry;
  }

  /** Finds the directory of a path's last component, which is not looked at. */
  async parent(path: string): Promise<Parent> {
    checkPath(path);
    const names = path.split('/').filter((name) => name !== '');
    const name = names.pop() ?? '';
    const { entry } = await new Walker(this, false).walk(split(names.join('/')), true, true);
    if (entry === undefined) throw failure(ENOENT);
    return { dir: entry, name, slash: path.endsWith('/') };
  }

  /** What the server says of a file now, or undefined where there is no such name. */
  async look({ fd }: Entry, name: string): Promise<Statx | undefined> {
    return (await this.client.walkStat({ dirFD: fd, path: [name] })).stats[0];
  }

  /** What is known of a walk's file. */
  async stat(entry: Entry): Promise<Statx> {
    return entry.stat ?? this.client.fstat({ fd: entry.fd });
  }

  /** A child of a directory, which may be missing; a symlink is returned itself. */
  async child(dir: Entry, name: string): Promise<Entry | undefined> {
    const { inodes } = await this.client.walk({ dirFD: dir.fd, path: [name] });
    return this.adopt(inodes, [name])[0];
  }

  /** Takes over what a Walk along `names` found. */
  adopt(inodes: readonly Inode[], names: readonly string[]): Entry[] {
    for (const { controlFD } of inodes) this.own(controlFD);
    if (inodes.length > names.length) throw failure(EIO);
    return inodes.map(({ controlFD, stat }, i) => ({ fd: controlFD, name: names[i]!, stat }));
  }

  /**
   * Does something with a directory that may be gone meanwhile. gVisor's servers say EINVAL then, the kernel ENOENT;
   * but some calls have an EINVAL of their own. A directory without links is gone.
   */
  async inside<T>(dirs: readonly Entry[], work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isErrno(error, EINVAL) && (await this.#isAnyGone(dirs))) throw failure(ENOENT);
      throw error;
    }
  }

  async #isAnyGone(dirs: readonly Entry[]): Promise<boolean> {
    for (const { fd } of dirs) if ((await this.client.fstat({ fd })).nlink === 0) return true;
    return false;
  }
}

/** One path being walked. */
class Walker {
  readonly #visit: Visit;
  readonly #create: boolean;
  /** The directories from the root to here; `..` leads back along them. */
  readonly #stack: Entry[];
  /** The components that are still to be walked. */
  #pending: string[] = [];
  /** Whether the path must lead to a directory. */
  #slash = false;
  /** Whether all that is left is the way to a name that will be EISDIR, be it there or not. */
  #refusing = false;
  #links = 0;

  constructor(visit: Visit, create: boolean) {
    this.#visit = visit;
    this.#create = create;
    this.#stack = [visit.tree.root];
  }

  get #top(): Entry {
    return this.#stack.at(-1)!;
  }

  async walk(names: string[], slash: boolean, follow: boolean): Promise<Place> {
    this.#pending = names;
    this.#slash = slash;
    while (this.#pending.length > 0) {
      const place = this.#isDots(this.#pending[0]!) ? this.#stepDots() : await this.#stepNames(follow);
      if (place !== undefined) return place;
    }
    if (this.#refusing) this.#checkDirectory();
    if (this.#slash) this.#checkSlash();
    return this.#place(this.#top);
  }

  #isDots(name: string): boolean {
    return name === '.' || name === '..';
  }

  #place(entry: Entry | undefined, name = entry?.name ?? ''): Place {
    const above = entry === undefined ? this.#stack : this.#stack.slice(0, -1);
    const names = this.#stack.slice(1).map((each) => each.name);
    return { entry, dir: above.at(-1) ?? this.#top, name, slash: this.#slash, names };
  }

  #checkDirectory(): void {
    const { stat } = this.#top;
    if (stat !== undefined && !isDirectory(stat)) throw failure(ENOTDIR);
  }

  #checkSlash(): void {
    if (this.#create) throw failure(EISDIR);
    this.#checkDirectory();
  }

  #stepDots(): undefined {
    this.#checkDirectory();
    if (this.#pending.shift() === '..' && this.#stack.length > 1) this.#stack.pop();
  }

  /** Walks ordinary names, as many as one call can. Returns a place if the path ends there. */
  async #stepNames(follow: boolean): Promise<Place | undefined> {
    const dots = this.#pending.findIndex((name) => this.#isDots(name));
    const count = Math.min(dots < 0 ? this.#pending.length : dots, this.#visit.tree.walkCount);
    const names = this.#pending.splice(0, count);
    const { status, inodes } = await this.#visit.client.walk({ dirFD: this.#top.fd, path: names });
    const entries = this.#visit.adopt(inodes, names);
    this.#stack.push(...entries);
    this.#pending.unshift(...names.slice(entries.length));
    if (status === WALK_MISSING) return this.#missing();
    const atSymlink = entries.length > 0 && isSymlink(this.#top.stat!);
    if (status === WALK_OK ? entries.length < names.length : status !== WALK_SYMLINK || !atSymlink) throw failure(EIO);
    return atSymlink ? this.#symlink(follow) : undefined;
  }

  #missing(): Place {
    const [name, ...rest] = this.#pending;
    if (name === undefined || rest.length > 0) throw failure(name === undefined ? EIO : ENOENT);
    if (this.#refusing) throw failure(ENOENT);
    if (this.#slash && this.#create) throw failure(EISDIR);
    return this.#place(undefined, name);
  }

  /** Goes on where a symlink says, unless the path ends with it and it is what is wanted. */
  async #symlink(follow: boolean): Promise<Place | undefined> {
    const isLast = this.#pending.length === 0;
    if (isLast && !follow && !this.#slash) return this.#place(this.#top);
    if (++this.#links > MAX_SYMLINKS_COUNT) throw failure(ELOOP);
    const { target } = await this.#visit.client.readLinkAt({ fd: this.#top.fd });
    checkPath(target);
    this.#stack.pop();
    if (target.startsWith('/')) this.#stack.length = 1;
    const names = split(target);
    if (isLast && target.endsWith('/')) {
      this.#slash = true;
      // The kernel makes no file of this name, and does not even look whether there is one.
      if (this.#create && !this.#refusing) {
        this.#refusing = true;
        names.pop();
      }
    }
    this.#pending.unshift(...names);
    return undefined;
  }
}

/**
 * What is known of the file that a path leads to. Where no symlink and no `..` is in the way, one call tells, and
 * nothing is left to be closed.
 */
export async function statPath(tree: Tree, path: string, follow: boolean): Promise<Statx> {
  checkPath(path);
  const names = split(path);
  const quick = tree.client.isSupported(MID.WalkStat) && names.length <= tree.walkCount && !names.some(isSpecial);
  const stat = quick ? await statNames(tree, names, path.endsWith('/'), follow) : undefined;
  return stat ?? tree.visit(async (visit) => visit.stat(await visit.get(path, follow)));
}

/** As statPath, or undefined where a symlink is in the way. */
async function statNames(tree: Tree, names: string[], slash: boolean, follow: boolean): Promise<Statx | undefined> {
  const { client, root } = tree;
  if (names.length === 0) return client.fstat({ fd: root.fd });
  const { stats } = await client.walkStat({ dirFD: root.fd, path: names });
  const last = stats.at(-1);
  const isHere = stats.length === names.length;
  if (last !== undefined && isSymlink(last) && (follow || slash || !isHere)) return undefined;
  if (!isHere || last === undefined) throw failure(ENOENT);
  if (slash && !isDirectory(last)) throw failure(ENOTDIR);
  return last;
}
