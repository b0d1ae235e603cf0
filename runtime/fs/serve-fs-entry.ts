/**
 * The names of an object that are in use: they follow renames, know their file and who has it open, and keep the number
 * of a file to which the object gives none.
 */

import type { WholeFile } from './serve-fs-content.js';
import type { OpenHandle } from './serve-fs-handle.js';
import type { NodeStats } from './serve-fs-object.js';
import { Lock, type Claim } from '../session/locks.js';

/** One file, under however many names: what those who came by different ones have in common. */
export class NamedFile {
  /** Its names that are known, and not removed. A file that was linked before it was served has more. */
  readonly names = new Set<Entry>();
  /** Those who have it open. */
  readonly handles = new Set<OpenHandle>();
  /** What they share, where the object has no handles. */
  whole: WholeFile | undefined;
  /** How many use it, by names that are there and such as were removed. */
  users = 0;
}

/** An entry and those above it, without the root. */
function upwards(start: Entry | undefined): Entry[] {
  const entries: Entry[] = [];
  for (let entry = start; entry?.parent !== undefined; entry = entry.parent) entries.push(entry);
  return entries;
}

export class Entry {
  name: string;
  parent: Entry | undefined;
  /** Given where the object has no numbers; it then keeps the entry for as long as the name is there. */
  ino: bigint | undefined;
  /** What was known of the file when a client removed its name. */
  removed: NodeStats | undefined;
  #file = new NamedFile();
  readonly childEntries = new Map<string, Entry>();
  readonly #lock = new Lock();
  /** Who works with the file by the path of this name, and who removes the name. */
  readonly using: Claim = { lock: this.#lock, write: false };
  readonly removing: Claim = { lock: this.#lock, write: true };
  #references = 0;

  constructor(name: string, parent: Entry | undefined) {
    this.name = name;
    this.parent = parent;
    this.#file.names.add(this);
  }

  get file(): NamedFile {
    return this.#file;
  }

  /** Is one more name of `other`'s file from now on, and known as such for as long as it is there. */
  share(other: Entry): void {
    this.#leaveFile();
    this.#joinFile(other.file);
    this.ino = other.ino;
  }

  #joinFile(file: NamedFile): void {
    this.#file.users -= this.#references;
    file.users += this.#references;
    file.names.add(this);
    this.#file = file;
  }

  /** The entry itself, or after its removal another name of the same file; undefined where there is none. */
  named(): Entry | undefined {
    if (this.removed === undefined) return this;
    const [other] = this.#file.names;
    return other;
  }

  #leaveFile(): void {
    const { names } = this.#file;
    names.delete(this);
    for (const other of names) other.#forgetUnused();
  }

  /** The names from the root to it. */
  names(): string[] {
    return upwards(this)
      .map(({ name }) => name)
      .toReversed();
  }

  /** The directories above it, without the root. */
  directories(): Entry[] {
    return upwards(this.parent);
  }

  isWithin(other: Entry): boolean {
    return this === other || upwards(this).includes(other) || other.parent === undefined;
  }

  known(name: string): Entry | undefined {
    return this.childEntries.get(name);
  }

  child(name: string): Entry {
    let entry = this.childEntries.get(name);
    if (entry === undefined) this.childEntries.set(name, (entry = new Entry(name, this)));
    return entry;
  }

  retain(): this {
    this.#references++;
    this.#file.users++;
    return this;
  }

  release(): void {
    this.#references--;
    this.#file.users--;
    this.#forgetUnused();
    // This one may be gone, and others kept for those who came by it.
    if (this.removed !== undefined && this.#file.users === 0) for (const name of this.#file.names) name.#forgetUnused();
  }

  /** Somebody else removed the file: the next one of that name is another. */
  forgetFile(): void {
    this.ino = undefined;
    if (this.#file.names.size > 1) {
      this.#leaveFile();
      this.#joinFile(new NamedFile());
    }
    this.#forgetUnused();
  }

  /** Nobody needs a name that nobody uses. */
  #forgetUnused(): void {
    for (const entry of upwards(this)) {
      if (entry.#references > 0 || entry.childEntries.size > 0 || entry.ino !== undefined) return;
      const { names, users } = entry.#file;
      if (names.size > 1 || (users > 0 && names.has(entry))) return;
      entry.#detach();
    }
  }

  #detach(): void {
    const siblings = this.parent?.childEntries;
    if (siblings?.get(this.name) === this) siblings.delete(this.name);
  }

  /** The name is gone, and with it those below. `stats` are the file's last ones. */
  remove(stats: NodeStats): void {
    this.#detach();
    const gone: Entry[] = [this];
    for (const entry of gone) {
      entry.removed = stats;
      entry.#leaveFile();
      gone.push(...entry.childEntries.values());
    }
  }

  move(parent: Entry, name: string): void {
    const before = this.parent;
    this.#detach();
    this.parent = parent;
    this.name = name;
    parent.childEntries.set(name, this);
    if (before !== undefined) before.#forgetUnused();
  }
}
