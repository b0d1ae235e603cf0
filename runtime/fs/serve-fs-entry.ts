/**
 * The names of an object that are in use: they follow renames, know who has their file open, and keep the number of a
 * file to which the object gives none.
 */

import type { WholeFile } from './serve-fs-content.js';
import type { OpenHandle } from './serve-fs-handle.js';
import type { NodeStats } from './serve-fs-object.js';

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
  /** Those who have the file open. */
  readonly handles = new Set<OpenHandle>();
  /** What they share, where the object has no handles. */
  whole: WholeFile | undefined;
  readonly childEntries = new Map<string, Entry>();
  #references = 0;

  constructor(name: string, parent: Entry | undefined) {
    this.name = name;
    this.parent = parent;
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
    return this;
  }

  release(): void {
    this.#references--;
    this.#forgetUnused();
  }

  /** Somebody else removed the file: the next one of that name is another. */
  forgetNumber(): void {
    this.ino = undefined;
    this.#forgetUnused();
  }

  /** Nobody needs a name that nobody uses. */
  #forgetUnused(): void {
    for (const entry of upwards(this)) {
      if (entry.#references > 0 || entry.childEntries.size > 0 || entry.ino !== undefined) return;
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
