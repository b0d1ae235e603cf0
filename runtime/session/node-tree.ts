/**
 * The tree of names that a server's clients have walked to (`lisafs/node.go`). It is shared by all connections of the
 * server: through it a rename or an unlink by one is seen by the FDs of all, and calls on one file are kept apart.
 */

import type { ControlFile, Place } from './backend.js';
import { Locks, Lock, type Claim } from './locks.js';

/** One name. It lives as long as a control FD or a child needs it. */
export class Node implements Place {
  name: string;
  parent: Node | undefined;
  /** The files of all control FDs on it. */
  readonly files = new Set<ControlFile>();
  readonly #lock = new Lock();
  readonly reading: Claim = { lock: this.#lock, write: false };
  readonly writing: Claim = { lock: this.#lock, write: true };
  deleted = false;
  readonly #children = new Map<string, Node>();
  #references = 1;

  /** Made with one reference, the caller's. */
  constructor(name: string, parent: Node | undefined) {
    this.name = name;
    this.parent = parent;
    if (parent === undefined) return;
    parent.retain();
    parent.#children.set(name, this);
  }

  /** Of more names than `most`, only the last ones: a client can have as many of them as it likes. */
  path(most = Infinity): string[] {
    if (this.parent === undefined) return [];
    const names = [this.name];
    for (let node = this.parent; node.parent !== undefined && names.length < most; node = node.parent) {
      names.push(node.name);
    }
    return names.toReversed();
  }

  retain(): void {
    this.#references++;
  }

  /** A loop, since a client can make the chain that ends here as long as it likes. */
  release(): void {
    for (let node: Node | undefined = this.#dereference(); node !== undefined;) node = node.#dereference();
  }

  /** Drops one reference; the parent, on which one is to be dropped too, if it was the last. */
  #dereference(): Node | undefined {
    const { parent } = this;
    if (--this.#references > 0 || parent === undefined) return undefined;
    // A name that was unlinked or replaced may belong to another node by now.
    if (parent.#children.get(this.name) === this) parent.#children.delete(this.name);
    return parent;
  }

  child(name: string): Node | undefined {
    return this.#children.get(name);
  }

  /** The node of a name in this directory, with a reference of the caller's on it. */
  obtainChild(name: string): Node {
    const known = this.#children.get(name);
    if (known === undefined) return new Node(name, this);
    known.retain();
    return known;
  }

  /** The name is gone: what still is open below it keeps working, but nothing new is done by name. */
  unlinkChild(name: string): void {
    const child = this.#detach(name);
    if (child !== undefined) child.#markDeleted();
  }

  #markDeleted(): void {
    for (const node of this.#subtree()) node.deleted = true;
  }

  #subtree(): Node[] {
    const nodes: Node[] = [this];
    for (const node of nodes) for (const child of node.#children.values()) nodes.push(child);
    return nodes;
  }

  /** Follows a rename of what was `oldName` here to `newName` in `newParent`, or the exchange of the two. */
  moveChild(oldName: string, newParent: Node, newName: string, exchange: boolean): void {
    const moved = this.#detach(oldName);
    const replaced = newParent.#detach(newName);
    if (moved !== undefined) moved.#attach(newParent, newName);
    if (replaced === undefined) return;
    if (exchange) replaced.#attach(this, oldName);
    else replaced.#markDeleted();
  }

  #detach(name: string): Node | undefined {
    const child = this.#children.get(name);
    this.#children.delete(name);
    return child;
  }

  /**
   * Somebody else may have moved what is known below this out of it, and this has been moved there now. Where that is,
   * nobody knows: all that is known below this is gone from its place.
   */
  #attach(parent: Node, name: string): void {
    for (let node: Node | undefined = parent; node !== undefined; node = node.parent) {
      if (node === this) return this.#markDeleted();
    }
    const before = this.parent;
    parent.retain();
    this.parent = parent;
    this.name = name;
    parent.#children.set(name, this);
    before?.release();
    this.#tellRenamed();
  }

  #tellRenamed(): void {
    for (const node of this.#subtree()) for (const file of node.files) file.renamed?.();
  }
}

/** The tree of one server, and the locks on it. */
export class NodeTree {
  readonly root = new Node('', undefined);
  readonly locks = new Locks();
  readonly #renameLock = new Lock();
  /** What every call claims on the tree as a whole, and what one claims that moves names. */
  readonly staying: Claim = { lock: this.#renameLock, write: false };
  readonly moving: Claim = { lock: this.#renameLock, write: true };
}
