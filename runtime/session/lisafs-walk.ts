/** Mount, Walk and WalkStat: how a client comes to files. */

import type {
  FDID,
  InodeInit,
  MountRespInit,
  StatxInit,
  WalkReq,
  WalkRespInit,
  WalkStatRespInit,
} from '../../generated/lisafs/index.js';
import { isPromise } from '../wire/answer.js';
import { EIO, ENOENT, ENOTDIR } from '../wire/errno.js';
import type { CallContext } from '../wire/protocol.js';
import type { Found } from './backend.js';
import { andThen, ending, failure, orElse, outcomeOf, resultOf, type Later } from './failure.js';
import { ControlFD } from './fd-table.js';
import { checkName, checkNameFits, type LISAFSSession } from './lisafs-session.js';

/** What a Walk response holds beside its inodes, and what each of those takes; likewise for WalkStat's. */
const WALK_RESP_BYTES = 3;
const INODE_BYTES = 152;
const WALK_STAT_RESP_BYTES = 2;
const STATX_BYTES = 144;

const WALK_SUCCESS = 0;
const WALK_MISSING = 1;
const WALK_SYMLINK = 2;

const S_IFMT = 0o170000;
const S_IFLNK = 0o120000;

/** A new FD of the root, each time. */
export function mount(session: LISAFSSession, context: CallContext): Later<MountRespInit> {
  const { tree, backend, fds, facts } = session;
  fds.checkRoom();
  return andThen(resultOf(backend.mount()), ({ file, stat, hostFD }) => {
    if (hostFD !== undefined && hostFD >= 0) context.donate(hostFD);
    tree.root.retain();
    const controlFD = fds.add(new ControlFD(file, tree.root, stat.mode));
    return { root: { controlFD, stat }, ...facts };
  });
}

/**
 * One step: hands to `take` what `name` is in `directory`, or a negative errno, while nobody can remove it again: what
 * is found then is known under its name before it can lose that.
 */
function step<T>(
  session: LISAFSSession,
  directory: ControlFD,
  name: string,
  take: (found: Found | number) => T,
): Later<T> {
  return session.step(directory, () => {
    // A directory that was removed may have been replaced by anything.
    if (directory.node.deleted) return take(-ENOENT);
    if (!directory.isDirectory) return take(-ENOTDIR);
    checkNameFits(name);
    session.fds.checkRoom();
    return andThen(
      outcomeOf(() => directory.file.walk?.(name) ?? -ENOTDIR),
      take,
    );
  });
}

/** Where a walk is. It keeps that: a client that guesses the FDIDs of a walk on its way can close them under it. */
class Whereabouts {
  #at: ControlFD;

  constructor(start: ControlFD) {
    this.#at = start;
    start.retain();
  }

  get at(): ControlFD {
    return this.#at;
  }

  goTo(next: ControlFD): void {
    next.retain();
    this.#at.release();
    this.#at = next;
  }

  leave(): void {
    this.#at.release();
  }
}

/** A Walk on its way. */
class Walking {
  readonly inodes: InodeInit[] = [];
  readonly where: Whereabouts;
  readonly #session: LISAFSSession;
  readonly #path: readonly string[];

  constructor(session: LISAFSSession, start: ControlFD, path: readonly string[]) {
    this.#session = session;
    this.#path = path;
    this.where = new Whereabouts(start);
  }

  /** Walks the rest of the path. Answers at once as far as the filesystem does. */
  go(): Later<WalkRespInit> {
    while (this.inodes.length < this.#path.length) {
      const name = this.#path[this.inodes.length]!;
      checkName(name);
      const { at } = this.where;
      if (at.isSymlink) return { status: WALK_SYMLINK, inodes: this.inodes };
      const end = step(this.#session, at, name, (found) => this.#take(at, name, found));
      if (isPromise(end)) return end.then((response) => response ?? this.go());
      if (end !== undefined) return end;
    }
    return { status: WALK_SUCCESS, inodes: this.inodes };
  }

  /** Adds what was found; the response, if the walk ends here. */
  #take(directory: ControlFD, name: string, found: Found | number): WalkRespInit | undefined {
    if (typeof found === 'number') {
      if (found === -ENOENT) return { status: WALK_MISSING, inodes: this.inodes };
      throw failure(-found);
    }
    const { inode, control } = this.#session.adopt(directory, name, found);
    this.inodes.push(inode);
    this.where.goTo(control);
    return undefined;
  }
}

export function walk(session: LISAFSSession, { dirFD, path }: WalkReq): Later<WalkRespInit> {
  const start = session.directory(dirFD);
  if (WALK_RESP_BYTES + path.length * INODE_BYTES > session.facts.maxMessageSize) throw failure(EIO);
  const walking = new Walking(session, start, path.slice());
  const release = (): void => {
    for (const { controlFD } of walking.inodes) session.fds.remove(controlFD);
  };
  const go = (): Later<WalkRespInit> => orElse(() => walking.go(), release);
  return ending(
    () => session.walking(start, go),
    () => walking.where.leave(),
  );
}

/** A WalkStat on its way: it needs each file only until it has the next. */
class WalkingStat {
  readonly stats: StatxInit[] = [];
  readonly where: Whereabouts;
  readonly #session: LISAFSSession;
  readonly #names: readonly string[];
  #next = 0;
  #last: FDID | undefined;

  constructor(session: LISAFSSession, start: ControlFD, names: readonly string[]) {
    this.#session = session;
    this.#names = names;
    this.where = new Whereabouts(start);
  }

  go(): Later<WalkStatRespInit> {
    while (this.#next < this.#names.length) {
      const name = this.#names[this.#next++]!;
      const { at } = this.where;
      const goesOn = step(this.#session, at, name, (found) => this.#take(at, name, found));
      if (isPromise(goesOn)) return goesOn.then((isSo) => (isSo ? this.go() : this.#end()));
      if (!goesOn) break;
    }
    return this.#end();
  }

  #end(): WalkStatRespInit {
    this.release();
    return { stats: this.stats };
  }

  release(): void {
    if (this.#last !== undefined) this.#session.fds.remove(this.#last);
    this.#last = undefined;
  }

  /** False if the walk ends here. */
  #take(directory: ControlFD, name: string, found: Found | number): boolean {
    if (typeof found === 'number') {
      if (found === -ENOENT) return false;
      throw failure(-found);
    }
    const { inode, control } = this.#session.adopt(directory, name, found);
    this.where.goTo(control);
    this.release();
    this.#last = inode.controlFD;
    this.stats.push(found.stat);
    return (found.stat.mode & S_IFMT) !== S_IFLNK;
  }
}

export function walkStat(session: LISAFSSession, { dirFD, path }: WalkReq): Later<WalkStatRespInit> {
  const start = session.fds.control(dirFD);
  const withStart = path[0] === '';
  const names = withStart ? path.slice(1) : path.slice();
  if (!start.isDirectory && names.length > 0) throw failure(ENOTDIR);
  names.forEach(checkName);
  if (WALK_STAT_RESP_BYTES + path.length * STATX_BYTES > session.facts.maxMessageSize) throw failure(EIO);
  return session.walking(start, () => {
    if (!withStart) return walkStatBelow(session, start, names);
    const own = session.step(start, () => resultOf(start.file.stat()));
    return andThen(own, (stat) =>
      andThen(walkStatBelow(session, start, names), ({ stats }) => ({ stats: [stat, ...stats] })),
    );
  });
}

function walkStatBelow(session: LISAFSSession, start: ControlFD, names: readonly string[]): Later<WalkStatRespInit> {
  if (names.length === 0) return { stats: [] };
  if (start.file.walkStat !== undefined && !start.node.deleted) {
    return session.step(start, () => andThen(resultOf(start.file.walkStat!(names)), (stats) => ({ stats })));
  }
  const walking = new WalkingStat(session, start, names);
  const go = (): Later<WalkStatRespInit> =>
    orElse(
      () => walking.go(),
      () => walking.release(),
    );
  return ending(go, () => walking.where.leave());
}
