/**
 * What the handlers of one LISAFS connection share: its FDs, the server's tree, and the guarantees under which they
 * work.
 */

import type { FDID, InodeInit } from '../../generated/lisafs/index.js';
import { EINVAL, ENAMETOOLONG, ENOTDIR, EOPNOTSUPP } from '../wire/errno.js';
import { MAX_NAME_BYTES } from '../wire/limits.js';
import { stringSize } from '../wire/string.js';
import type { Backend, Found } from './backend.js';
import { ending, failure, resultOf, type Later, type Result } from './failure.js';
import { ControlFD, FDTable, type AnyFD } from './fd-table.js';
import { isPromise } from '../wire/answer.js';
import type { Claim } from './locks.js';
import type { NodeTree } from './node-tree.js';
import type { ConnectionFacts } from './service.js';

/** What runs with a guarantee for one FD. `waited` says that it has waited for others to be done. */
type Guarded<F extends AnyFD, A, T> = (fd: F, arg: A, waited: boolean) => Later<T>;

export class LISAFSSession {
  readonly fds = new FDTable();
  readonly tree: NodeTree;
  readonly backend: Backend;
  readonly facts: ConnectionFacts;

  constructor(tree: NodeTree, backend: Backend, facts: ConnectionFacts) {
    this.tree = tree;
    this.backend = backend;
    this.facts = facts;
  }

  /**
   * Runs `body` with `claims` on the tree. The FDs that it works on stay until it has answered, even if they are
   * closed.
   */
  #guard<T>(fds: readonly AnyFD[], claims: readonly Claim[], body: () => Later<T>, nested = false): Later<T> {
    for (const fd of fds) fd.retain();
    const done = (): void => {
      for (const fd of fds) fd.release();
    };
    const { locks } = this.tree;
    return ending(() => (nested ? locks.runNested(claims, body) : locks.run(claims, body)), done);
  }

  /**
   * As #guard, for one FD, while nobody holds any lock: what answers at once needs none, and the FD cannot be closed
   * meanwhile.
   */
  #guardLater<T>(fd: AnyFD, claim: Claim, answer: Promise<T>): Promise<T> {
    fd.retain();
    return this.tree.locks.holdFor([this.tree.staying, claim], answer).finally(() => fd.release());
  }

  /**
   * With the read guarantee: nobody changes the FD's file, or the names in it, meanwhile. `body` gets what is given
   * here, so that it can be a function that is made once: nothing is allocated for what answers at once. It is told
   * whether it has waited for others: several that did are let go together, before any of their answers is sent.
   */
  reading<F extends AnyFD, T, A = undefined>(fd: F, body: Guarded<F, A, T>, arg?: A): Later<T> {
    return this.#guardOne(fd, fd.control.node.reading, body, arg as A);
  }

  /** With the write guarantee: nobody else looks at the FD's file, or at the names in it. As reading. */
  writing<F extends AnyFD, T, A = undefined>(fd: F, body: Guarded<F, A, T>, arg?: A): Later<T> {
    return this.#guardOne(fd, fd.control.node.writing, body, arg as A);
  }

  #guardOne<F extends AnyFD, A, T>(fd: F, claim: Claim, body: Guarded<F, A, T>, arg: A): Later<T> {
    if (!this.tree.locks.areFree) return this.#guard([fd], [this.tree.staying, claim], () => body(fd, arg, true));
    const answer = body(fd, arg, false);
    return isPromise(answer) ? this.#guardLater(fd, claim, answer) : answer;
  }

  /** As writing, with the read guarantee for another FD. */
  writingWith<T>(fd: ControlFD, other: ControlFD, body: () => Later<T>): Later<T> {
    const claims = [this.tree.staying, fd.node.writing];
    // Two FDs of different types can be of one name, if the file was replaced from outside.
    if (other.node !== fd.node) claims.push(other.node.reading);
    return this.#guard([fd, other], claims, body);
  }

  /**
   * Within `writing` of a directory: with the write guarantee for what is known under a name there, too, which is not
   * known before: whoever had the directory first may have come to know it.
   */
  writingChild<T>(directory: ControlFD, name: string, body: () => Later<T>): Later<T> {
    const child = directory.node.child(name);
    return child === undefined ? body() : this.tree.locks.runNested([child.writing], body);
  }

  /** With no name moving, while each step takes its own guarantee with `step`. */
  walking<T>(fd: ControlFD, body: () => Later<T>): Later<T> {
    return this.#guard([fd], [this.tree.staying], body);
  }

  /** One step of what runs in `walking`: the read guarantee for one directory. */
  step<T>(directory: ControlFD, body: () => Later<T>): Later<T> {
    return this.#guard([directory], [directory.node.reading], body, true);
  }

  /** With the global guarantee: nothing else runs on the tree. */
  moving<T>(fds: readonly AnyFD[], body: () => Later<T>): Later<T> {
    return this.#guard(fds, [this.tree.moving], body);
  }

  /** The control FD of a directory; throws ENOTDIR for one of anything else. */
  directory(id: FDID): ControlFD {
    const fd = this.fds.control(id);
    if (!fd.isDirectory) throw failure(ENOTDIR);
    return fd;
  }

  /** Tracks what was found or made under `name` in `directory`. Takes ownership of the file. */
  adopt(directory: ControlFD, name: string, { file, stat }: Found): { inode: InodeInit; control: ControlFD } {
    const control = new ControlFD(file, directory.node.obtainChild(name), stat.mode);
    return { inode: { controlFD: this.fds.add(control), stat }, control };
  }
}

/** The result of a method that a filesystem may leave out. */
export function orUnsupported<T>(result: Result<T> | undefined): Later<T> {
  // Methods without a result give undefined as well: whoever calls one of those says that it is there.
  if (result === undefined) throw failure(EOPNOTSUPP);
  return resultOf(result);
}

/** Refuses what is not one component of a path. */
export function checkName(name: string): void {
  if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name)) throw failure(EINVAL);
}

/** Refuses what no directory can hold. Later than checkName: a name that is too long is told of after a bad FD. */
export function checkNameFits(name: string): void {
  // A character is at least a byte and at most three.
  if (name.length * 3 > MAX_NAME_BYTES && stringSize(name, 'name') > MAX_NAME_BYTES) throw failure(ENAMETOOLONG);
}

/** Refuses to work by name where the name is gone: another file may have it. */
export function checkNotDeleted(fd: ControlFD): void {
  if (fd.node.deleted) throw failure(EINVAL);
}

/** The answer of what answers nothing. */
export function nothing(): void {}
