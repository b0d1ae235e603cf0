/** Words for a shell. */

/** A word that a shell takes for one, whatever is in it. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The same for people to read: quoted where it must be. */
export function quotedIfNeeded(word: string): string {
  return /^[\w./-]+$/u.test(word) && !word.startsWith('-') ? word : quoted(word);
}
