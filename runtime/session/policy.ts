/**
 * A filesystem of which some is hidden from clients, and some cannot be changed: what another one gives, with rules
 * about paths.
 *
 * A file's path is where clients see it now: renames by clients are followed. No client can take a file from under a
 * rule by moving what is above it, since a rename that would do so is refused; so where a file stands changes for
 * nobody who has it. What somebody else renames on the server's side, a client sees under its new name from the next
 * walk on.
 */

import { closeAll } from '../transport/donation.js';
import { isPromise } from '../wire/answer.js';
import { ENOENT, ENOTDIR, EOPNOTSUPP, EPERM, EROFS } from '../wire/errno.js';
import { wrongType, wrongValue } from '../wire/invalid.js';
import type { Backend, ControlFile, Found, Mounted, NewFile, OpenFile, Place, StatChange } from './backend.js';
import type {
  Bound,
  Created,
  DirectoryEntry,
  FileSystemStat,
  Opened,
  StatChangeOutcome,
  Statx,
  StatxInit,
} from './backend.js';
import type { Result } from './failure.js';
import { standingOfRoot, type Standing } from './policy-paths.js';

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const S_IFLNK = 0o120000;
const RENAME_EXCHANGE = 2;

/**
 * Patterns are paths from the root of what is served; a slash in front changes nothing. In a name `*` stands for any
 * characters, `?` for one, `[a-z]` and `[!a-z]` for one of a set or of all others, `{one,other}` for either; a
 * backslash takes the meaning from what follows. As a name of its own `**` stands for any number of names, at the end
 * for at least one. Dots and case are nothing special. A pattern that matches a directory matches all that is below it.
 */
export interface Policy {
  /**
   * What clients do not see: not in directories, and every name of it is ENOENT, whether it is there or not, to walk
   * to, to make, to remove, to link and to rename. A directory with nothing else in it is still not empty.
   */
  readonly hide?: readonly string[];
  /**
   * What clients cannot change: EROFS for opening to write, attributes and extended attributes, names in a directory,
   * and a new name for a file, with which it could be changed after all. Descriptors of its files are not donated,
   * since who has one can open the file anew.
   */
  readonly readOnly?: readonly string[];
}

/** Where a path stands under both kinds of rules. */
interface Standings {
  readonly hide: Standing;
  readonly readOnly: Standing;
}

function stepOf({ hide, readOnly }: Standings, name: string): Standings {
  return { hide: hide.step(name), readOnly: readOnly.step(name) };
}

/** Goes on with what is no errno, now or later. */
function onward<T extends object, R>(result: Result<T>, next: (value: T) => Result<R>): Result<R> {
  if (isPromise(result))
    return Promise.resolve(result).then((value) => (typeof value === 'number' ? value : next(value)));
  return typeof result === 'number' ? result : next(result);
}

/** As onward, where the filesystem may not have the method at all. */
function orMissing<T extends object, R>(result: Result<T> | undefined, next: (value: T) => Result<R>): Result<R> {
  return result === undefined ? -EOPNOTSUPP : onward(result, next);
}

function isDirectory({ mode }: StatxInit): boolean {
  return (mode & S_IFMT) === S_IFDIR;
}

/** Donates nothing: through a directory's descriptor all below it could be reached. */
function keep(hostFD: number | undefined): void {
  if (hostFD !== undefined && hostFD >= 0) closeAll([hostFD]);
}

/** A directory that was opened: what is hidden is left out. */
class PolicedDirectory implements OpenFile {
  readonly #inner: OpenFile;
  readonly #control: PolicedFile;

  constructor(inner: OpenFile, control: PolicedFile) {
    this.#inner = inner;
    this.#control = control;
  }

  close(): void {
    this.#inner.close?.();
  }

  stat(into?: Statx): Result<StatxInit> {
    return this.#inner.stat(into);
  }

  read(target: Uint8Array, offset: number | bigint): Result<number> {
    return this.#inner.read?.(target, offset) ?? -EOPNOTSUPP;
  }

  sync(): Result<void> {
    return this.#inner.sync === undefined ? -EOPNOTSUPP : this.#inner.sync();
  }

  flush(): Result<void> {
    return this.#inner.flush === undefined ? -EOPNOTSUPP : this.#inner.flush();
  }

  /** No entries would be the end: where all are hidden, the next are read. */
  readEntries(size: number, rewind: boolean): Result<readonly DirectoryEntry[]> {
    for (let first = rewind; ; first = false) {
      const read = this.#inner.readEntries?.(size, first) ?? -EOPNOTSUPP;
      if (typeof read === 'number') return read;
      if (isPromise(read)) {
        return onward(read, (entries) => this.#visible(entries) ?? this.readEntries(size, false));
      }
      const visible = this.#visible(read);
      if (visible !== undefined) return visible;
    }
  }

  #visible(entries: readonly DirectoryEntry[]): readonly DirectoryEntry[] | undefined {
    const visible = entries.filter(({ name }) => !this.#control.hides(name));
    return visible.length > 0 || entries.length === 0 ? visible : undefined;
  }
}

class PolicedFile implements ControlFile {
  readonly #inner: ControlFile;
  readonly #isDirectory: boolean;
  /** For good: no rename of a client's changes it. */
  readonly #standings: Standings;
  /** Left out where the filesystem leaves it out. */
  readonly walkStat?: (names: readonly string[]) => Result<StatxInit[]>;

  /** Takes ownership of the file. */
  constructor({ file: inner, stat }: Found, standings: Standings) {
    this.#inner = inner;
    this.#isDirectory = isDirectory(stat);
    this.#standings = standings;
    if (inner.walkStat !== undefined) this.walkStat = (names) => this.#walkStat(names);
  }

  attach(place: Place): void {
    this.#inner.attach?.(place);
  }

  renamed(): void {
    this.#inner.renamed?.();
  }

  close(): void {
    this.#inner.close?.();
  }

  hides(name: string): boolean {
    return this.#standings.hide.step(name).matched;
  }

  get #isFixed(): boolean {
    return this.#standings.readOnly.matched;
  }

  /** 0 if a name of this directory may be made, removed or replaced, else a negative errno. */
  #refusal(name: string): number {
    const { hide, readOnly } = stepOf(this.#standings, name);
    if (hide.matched) return -ENOENT;
    return readOnly.matched ? -EROFS : 0;
  }

  #wrap(name: string, found: Found): PolicedFile {
    return new PolicedFile(found, stepOf(this.#standings, name));
  }

  #found(name: string, found: Result<Found> | undefined): Result<Found> {
    return orMissing(found, (there) => ({ file: this.#wrap(name, there), stat: there.stat }));
  }

  stat(into?: Statx): Result<StatxInit> {
    return this.#inner.stat(into);
  }

  setStat(change: StatChange): Result<StatChangeOutcome> {
    return this.#isFixed ? -EROFS : (this.#inner.setStat?.(change) ?? -EOPNOTSUPP);
  }

  walk(name: string): Result<Found> {
    if (this.hides(name)) return -ENOENT;
    const found = this.#inner.walk?.(name);
    return found === undefined ? -ENOTDIR : this.#found(name, found);
  }

  /** Up to the first name that is hidden, as if that were missing; below what is no directory there are no names. */
  #walkStat(names: readonly string[]): Result<StatxInit[]> {
    let { hide } = this.#standings;
    const hidden = names.findIndex((name) => (hide = hide.step(name)).matched);
    if (hidden < 0) return this.#inner.walkStat!(names);
    if (hidden === 0) return [];
    return onward(this.#inner.walkStat!(names.slice(0, hidden)), (stats) => {
      const type = stats.length === hidden ? stats.at(-1)!.mode & S_IFMT : S_IFDIR;
      return type === S_IFDIR || type === S_IFLNK ? stats : -ENOTDIR;
    });
  }

  open(flags: number): Result<Opened> {
    if (this.#isFixed && flags !== 0) return -EROFS;
    return orMissing(this.#inner.open?.(flags), ({ file, hostFD }) => {
      if (!this.#isDirectory && !this.#isFixed) return { file, hostFD };
      keep(hostFD);
      return { file: this.#isDirectory ? new PolicedDirectory(file, this) : file };
    });
  }

  create(name: string, init: NewFile, flags: number): Result<Created> {
    const refusal = this.#refusal(name);
    if (refusal < 0) return refusal;
    return orMissing(this.#inner.create?.(name, init, flags), (made) => ({
      file: this.#wrap(name, made),
      stat: made.stat,
      opened: made.opened,
    }));
  }

  mkdir(name: string, init: NewFile): Result<Found> {
    return this.#refusal(name) || this.#found(name, this.#inner.mkdir?.(name, init));
  }

  mknod(name: string, init: NewFile, major: number, minor: number): Result<Found> {
    return this.#refusal(name) || this.#found(name, this.#inner.mknod?.(name, init, major, minor));
  }

  symlink(name: string, target: string, init: Omit<NewFile, 'mode'>): Result<Found> {
    return this.#refusal(name) || this.#found(name, this.#inner.symlink?.(name, target, init));
  }

  bind(name: string, type: number, init: NewFile): Result<Bound> {
    const refusal = this.#refusal(name);
    if (refusal < 0) return refusal;
    return orMissing(this.#inner.bind?.(name, type, init), (made) => ({
      file: this.#wrap(name, made),
      stat: made.stat,
      socket: made.socket,
      hostFD: made.hostFD,
    }));
  }

  /** What cannot be changed gets no second name, under which it could be. */
  link(directory: ControlFile, name: string): Result<Found> {
    const to = directory as PolicedFile;
    const refusal = to.#refusal(name);
    if (refusal < 0) return refusal;
    return this.#isFixed ? -EROFS : to.#found(name, this.#inner.link?.(to.#inner, name));
  }

  readLink(): Result<string> {
    return this.#inner.readLink?.() ?? -EOPNOTSUPP;
  }

  unlink(name: string, flags: number): Result<void> {
    const refusal = this.#refusal(name);
    if (refusal < 0) return refusal;
    return this.#inner.unlink === undefined ? -EOPNOTSUPP : this.#inner.unlink(name, flags);
  }

  /** A directory is not moved to where other rules hold for what is below it, be that there or not. */
  rename(oldName: string, newDirectory: ControlFile, newName: string, flags: number): Result<void> {
    const to = newDirectory as PolicedFile;
    if (this.hides(oldName) || to.hides(newName)) return -ENOENT;
    const refusal = this.#refusal(oldName) || to.#refusal(newName);
    if (refusal < 0) return refusal;
    const rename = (): Result<void> =>
      this.#inner.rename === undefined ? -EOPNOTSUPP : this.#inner.rename(oldName, to.#inner, newName, flags);
    const [from, where] = [stepOf(this.#standings, oldName), stepOf(to.#standings, newName)];
    const isFixed = from.readOnly.key !== where.readOnly.key;
    if (!isFixed && from.hide.key === where.hide.key) return rename();
    const errno = isFixed ? EROFS : EPERM;
    return this.#unlessDirectory(oldName, errno, () =>
      (flags & RENAME_EXCHANGE) === 0 ? rename() : to.#unlessDirectory(newName, errno, rename),
    );
  }

  #unlessDirectory(name: string, errno: number, act: () => Result<void>): Result<void> {
    return orMissing(this.#inner.walk?.(name), ({ file, stat }) => {
      file.close?.();
      return isDirectory(stat) ? -errno : act();
    });
  }

  statFS(): Result<FileSystemStat> {
    return this.#inner.statFS?.() ?? -EOPNOTSUPP;
  }

  getXattr(name: string, size: number): Result<string> {
    return this.#inner.getXattr?.(name, size) ?? -EOPNOTSUPP;
  }

  setXattr(name: string, value: string, flags: number): Result<void> {
    if (this.#isFixed) return -EROFS;
    return this.#inner.setXattr === undefined ? -EOPNOTSUPP : this.#inner.setXattr(name, value, flags);
  }

  listXattr(size: bigint): Result<string[]> {
    return this.#inner.listXattr?.(size) ?? -EOPNOTSUPP;
  }

  removeXattr(name: string): Result<void> {
    if (this.#isFixed) return -EROFS;
    return this.#inner.removeXattr === undefined ? -EOPNOTSUPP : this.#inner.removeXattr(name);
  }

  connect(type: number, signal: AbortSignal): Result<number> {
    return this.#inner.connect?.(type, signal) ?? -EOPNOTSUPP;
  }

  connectWithCreds(type: number, uid: number, gid: number, signal: AbortSignal): Result<number> {
    return this.#inner.connectWithCreds?.(type, uid, gid, signal) ?? -EOPNOTSUPP;
  }
}

/**
 * The same filesystem under rules. Takes ownership of it. Throws a TypeError that names the pattern which is none.
 *
 * Hard links are names like others: where the server's side has given a hidden file a second name, that one is seen.
 */
export function withPolicy(backend: Backend, policy: Policy): Backend {
  if (typeof policy !== 'object' || policy === null) throw wrongType('policy', 'an object', policy);
  const unknown = Object.keys(policy).find((key) => key !== 'hide' && key !== 'readOnly');
  if (unknown !== undefined) throw wrongValue('policy', 'an object with `hide` and `readOnly` alone', policy);
  const root = {
    hide: standingOfRoot('policy.hide', policy.hide ?? []),
    readOnly: standingOfRoot('policy.readOnly', policy.readOnly ?? []),
  };
  if (root.hide.matched) throw wrongValue('policy.hide', 'patterns that leave the root to be seen', policy.hide);
  return {
    ...(backend.readOnly !== undefined && { readOnly: backend.readOnly }),
    mount: (): Result<Mounted> =>
      onward(backend.mount(), (mounted) => {
        keep(mounted.hostFD);
        return { file: new PolicedFile(mounted, root), stat: mounted.stat };
      }),
    close: () => backend.close?.(),
  };
}
