/**
 * The names of the directories that are being read. Each reader has its directory as it was when it began, and a client
 * can have any number of them: so many names are kept, and those go that nobody has asked for the longest.
 */

/** Some 100 MB of names that are as long as most are. */
const MOST_NAMES_COUNT = 1 << 18;

export class Listings {
  /** By reader; who asked last is last. */
  readonly #kept = new Map<object, readonly string[]>();
  readonly #most: number;
  #count = 0;

  constructor(most = MOST_NAMES_COUNT) {
    this.#most = most;
  }

  /** What was kept for a reader; undefined where it was nothing, or had to go. */
  of(reader: object): readonly string[] | undefined {
    const names = this.#kept.get(reader);
    if (names === undefined) return undefined;
    this.#kept.delete(reader);
    this.#kept.set(reader, names);
    return names;
  }

  /** Keeps these for a reader, in place of what was before; however many they are. */
  keep(reader: object, names: readonly string[]): void {
    this.drop(reader);
    this.#kept.set(reader, names);
    this.#count += names.length;
    for (const other of this.#kept.keys()) {
      if (this.#count <= this.#most || other === reader) return;
      this.drop(other);
    }
  }

  drop(reader: object): void {
    this.#count -= this.#kept.get(reader)?.length ?? 0;
    this.#kept.delete(reader);
  }
}
