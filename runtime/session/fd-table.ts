/** What a connection's FDIDs stand for (`lisafs/fd.go`): control FDs, open FDs and bound socket FDs. */

import { FDID } from '../../generated/lisafs/index.js';
import { EBADF, EINVAL, EMFILE } from '../wire/errno.js';
import type { BoundSocket, ControlFile, OpenFile } from './backend.js';
import { failure } from './failure.js';
import { HeldFDs } from './held-fds.js';
import type { Node } from './node-tree.js';

const S_IFMT = 0o170000;
const S_IFSOCK = 0o140000;
const S_IFLNK = 0o120000;
const S_IFDIR = 0o040000;
const O_ACCMODE = 3;
const O_WRONLY = 1;
const O_RDWR = 2;

/**
 * Counts who needs an FD: the table, until the client closes it; every FD that was made from it; every call in progress
 * on it. What it holds is closed when nobody does.
 */
abstract class TrackedFD {
  /** The control FD through which its file's place in the tree is known; itself, for a control FD. */
  abstract readonly control: ControlFD;
  #references = 1;
  #held: HeldFDs | undefined;

  /** Counts it among those, until what it holds is closed. */
  countWith(held: HeldFDs): void {
    this.#held = held;
    held.count(1);
  }

  retain(): void {
    this.#references++;
  }

  release(): void {
    if (--this.#references > 0) return;
    this.destroy();
    this.#held?.count(-1);
  }

  protected abstract destroy(): void;
}

/** A file of the tree, whatever is done to its name. */
export class ControlFD extends TrackedFD {
  readonly control = this;
  readonly file: ControlFile;
  readonly node: Node;
  readonly #type: number;

  /** Takes ownership of `file` and of a reference on `node`. `mode` tells the file's type. */
  constructor(file: ControlFile, node: Node, mode: number) {
    super();
    this.file = file;
    this.node = node;
    this.#type = mode & S_IFMT;
    node.files.add(file);
    file.attach?.(node);
  }

  get isDirectory(): boolean {
    return this.#type === S_IFDIR;
  }
  get isSymlink(): boolean {
    return this.#type === S_IFLNK;
  }
  get isSocket(): boolean {
    return this.#type === S_IFSOCK;
  }

  protected destroy(): void {
    this.node.files.delete(this.file);
    this.node.release();
    this.file.close?.();
  }
}

/** A file that is open for reading or writing. */
export class OpenFD extends TrackedFD {
  readonly control: ControlFD;
  readonly file: OpenFile;
  readonly readable: boolean;
  readonly writable: boolean;

  /** Takes ownership of `file`, which was opened from `control`. */
  constructor(control: ControlFD, file: OpenFile, flags: number) {
    super();
    this.control = control;
    this.file = file;
    const mode = flags & O_ACCMODE;
    this.readable = mode === 0 || mode === O_RDWR;
    this.writable = mode === O_WRONLY || mode === O_RDWR;
    control.retain();
  }

  protected destroy(): void {
    this.file.close?.();
    this.control.release();
  }
}

/** A socket that was bound in the tree. */
export class BoundSocketFD extends TrackedFD {
  readonly control: ControlFD;
  readonly socket: BoundSocket;

  /** Takes ownership of `socket`, whose name is `control`. */
  constructor(control: ControlFD, socket: BoundSocket) {
    super();
    this.control = control;
    this.socket = socket;
    control.retain();
  }

  protected destroy(): void {
    this.socket.close?.();
    this.control.release();
  }
}

export type AnyFD = ControlFD | OpenFD | BoundSocketFD;

export class FDTable {
  readonly #fds = new Map<FDID, AnyFD>();
  readonly #held = new HeldFDs();
  /** 2^53 of them last longer than any connection. */
  #next = 1;

  get size(): number {
    return this.#fds.size;
  }

  /** Lets it have as many FDs, whatever is left to others. */
  allow(most: number | undefined): void {
    this.#held.most = most;
  }

  /** Throws EMFILE where no more FDs can be added: ask before one is made. */
  checkRoom(): void {
    if (!this.#held.hasRoom) throw failure(EMFILE);
  }

  /** Takes over the caller's reference on `fd` and gives it a number that no other ever had. */
  add(fd: AnyFD): FDID {
    const id = FDID(this.#next++);
    this.#fds.set(id, fd);
    fd.countWith(this.#held);
    return id;
  }

  /** Forgets an FD and lets go of it. One that is not known is passed over. */
  remove(id: FDID): void {
    const fd = this.#fds.get(id);
    this.#fds.delete(id);
    fd?.release();
  }

  /** Lets go of all FDs. */
  clear(): void {
    const all = [...this.#fds.values()];
    this.#fds.clear();
    for (const fd of all) fd.release();
  }

  known(id: FDID): AnyFD | undefined {
    return this.#fds.get(id);
  }

  #get(id: FDID): AnyFD {
    const fd = this.#fds.get(id);
    if (fd === undefined) throw failure(EBADF);
    return fd;
  }

  /** The FD of that number and kind; throws EBADF for an unknown number, EINVAL for another kind. */
  control(id: FDID): ControlFD {
    const fd = this.#get(id);
    if (fd instanceof ControlFD) return fd;
    throw failure(EINVAL);
  }

  open(id: FDID): OpenFD {
    const fd = this.#get(id);
    if (fd instanceof OpenFD) return fd;
    throw failure(EINVAL);
  }

  bound(id: FDID): BoundSocketFD {
    const fd = this.#get(id);
    if (fd instanceof BoundSocketFD) return fd;
    throw failure(EINVAL);
  }

  controlOrOpen(id: FDID): ControlFD | OpenFD {
    const fd = this.#get(id);
    if (fd instanceof BoundSocketFD) throw failure(EINVAL);
    return fd;
  }
}
