/**
 * Patterns of paths, matched name by name on the way down from the root: where a path stands tells what of each pattern
 * is still to come, and so whether two directories are alike for all that can ever be below them.
 *
 * No name can make matching slow: it takes at most the name's length times the pattern's.
 */

import { wrongType, wrongValue } from '../wire/invalid.js';

/** How many patterns the braces of one may stand for. */
const MAX_ALTERNATIVES_COUNT = 256;

/** One character of a pattern: itself, a set of them, any one, or any number of any. */
type Piece =
  | { readonly is: 'one'; readonly character: string }
  | { readonly is: 'set'; readonly ranges: readonly (readonly [string, string])[]; readonly negated: boolean }
  | { readonly is: 'any' }
  | { readonly is: 'star' };

/** What one name has to look like, or `**`: any number of names. */
type Segment = readonly Piece[] | '**';

const ANY_NAME: Segment = [{ is: 'star' }];

/** Splits at a character, but for where it is in a class or behind a backslash; `depth` counts braces. */
function splitOutside(text: string, separator: string): string[] {
  const parts = [''];
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (character === '\\') {
      parts[parts.length - 1] += text.slice(i, i + 2);
      i++;
      continue;
    }
    if (character === '{') depth++;
    if (character === '}') depth--;
    if (character === separator && depth <= 0) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts;
}

/** Where the first brace that is not behind a backslash is, and where it is closed; -1 where it is not. */
function firstBraces(text: string): readonly [from: number, to: number] | undefined {
  let from = -1;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (character === '\\') i++;
    else if (character === '{' && depth++ === 0) from = i;
    else if (character === '}' && --depth === 0) return [from, i];
    else if (depth < 0) return [i, -1];
  }
  return from < 0 ? undefined : [from, -1];
}

/** All that the braces of a pattern stand for. */
function alternatives(field: string, pattern: string): string[] {
  const done: string[] = [];
  const left = [pattern];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const braces = firstBraces(next);
    if (braces === undefined) {
      done.push(next);
    } else {
      const [from, to] = braces;
      if (to < 0) throw wrongValue(field, 'a pattern whose braces are closed (write \\{ for a brace itself)', pattern);
      for (const choice of splitOutside(next.slice(from + 1, to), ','))
        left.push(next.slice(0, from) + choice + next.slice(to + 1));
    }
    if (done.length + left.length > MAX_ALTERNATIVES_COUNT)
      throw wrongValue(field, `a pattern of at most ${MAX_ALTERNATIVES_COUNT} alternatives`, pattern);
  }
  return done;
}

/** The class that begins at `at`, behind its bracket, and where what follows it is. */
function classAt(field: string, characters: readonly string[], at: number): readonly [Piece, number] {
  const negated = characters[at] === '!' || characters[at] === '^';
  const ranges: [string, string][] = [];
  let i = negated ? at + 1 : at;
  for (const first = i; i === first || characters[i] !== ']'; i++) {
    if (characters[i] === '\\') i++;
    const from = characters[i];
    if (from === undefined)
      throw wrongValue(field, 'a pattern whose [ is closed (write \\[ for [ itself)', characters.join(''));
    let to = from;
    if (characters[i + 1] === '-' && characters[i + 2] !== undefined && characters[i + 2] !== ']') {
      i += characters[i + 2] === '\\' ? 3 : 2;
      to = characters[i] ?? from;
    }
    ranges.push([from, to]);
  }
  return [{ is: 'set', ranges, negated }, i + 1];
}

function segmentOf(field: string, text: string): Segment {
  if (text === '**') return '**';
  const characters = [...text];
  const pieces: Piece[] = [];
  for (let i = 0; i < characters.length;) {
    const character = characters[i++]!;
    if (character === '*') {
      if (pieces.at(-1)?.is === 'star')
        throw wrongValue(field, 'a pattern in which ** stands alone between slashes', text);
      pieces.push({ is: 'star' });
    } else if (character === '?') {
      pieces.push({ is: 'any' });
    } else if (character === '[') {
      const [piece, next] = classAt(field, characters, i);
      pieces.push(piece);
      i = next;
    } else {
      const literal = character === '\\' ? characters[i++] : character;
      if (literal === undefined) throw wrongValue(field, 'a pattern that does not end in a backslash', text);
      pieces.push({ is: 'one', character: literal });
    }
  }
  return pieces;
}

function segmentsOf(field: string, pattern: string): Segment[] {
  const path = pattern.replace(/^\//, '');
  if (path === '') return [];
  const names = splitOutside(path, '/');
  if (names.some((name) => name === '' || name === '.' || name === '..'))
    throw wrongValue(field, 'a pattern without empty names, `.` or `..`, and without a slash at its end', pattern);
  const segments = names.map((name) => segmentOf(field, name));
  // What is below a directory is at least one name further.
  return segments.at(-1) === '**' ? [...segments, ANY_NAME] : segments;
}

function fits(piece: Piece, character: string): boolean {
  if (piece.is === 'one') return piece.character === character;
  if (piece.is === 'any') return true;
  if (piece.is === 'star') return false;
  return piece.ranges.some(([from, to]) => from <= character && character <= to) !== piece.negated;
}

/** Whether a name looks like that. Where a star took too little, only the last one is tried again. */
function nameFits(pieces: readonly Piece[], name: readonly string[]): boolean {
  let piece = 0;
  let star = -1;
  let starTook = 0;
  for (let at = 0; at < name.length;) {
    const now = pieces[piece];
    if (now !== undefined && fits(now, name[at]!)) {
      piece++;
      at++;
    } else if (now?.is === 'star') {
      star = piece++;
      starTook = at;
    } else if (star >= 0) {
      piece = star + 1;
      at = ++starTook;
    } else {
      return false;
    }
  }
  while (pieces[piece]?.is === 'star') piece++;
  return piece === pieces.length;
}

/** Where a path stands: what of the patterns it has fulfilled. */
export class Standing {
  /** The path matches, or one above it does. */
  readonly matched: boolean;
  /** Equal for paths below which the same matches, whatever it is. */
  readonly key: string;
  readonly #patterns: readonly (readonly Segment[])[];
  /** How much is fulfilled of which pattern: pairs, flat. */
  readonly #reached: readonly number[];

  constructor(patterns: readonly (readonly Segment[])[], reached: readonly (readonly [number, number])[]) {
    const all = new Map<string, readonly [number, number]>();
    const add = (pattern: number, count: number): void => {
      all.set(`${pattern}:${count}`, [pattern, count]);
      if (patterns[pattern]![count] === '**') add(pattern, count + 1);
    };
    for (const [pattern, count] of reached) add(pattern, count);
    this.#patterns = patterns;
    this.#reached = [...all.values()].flat();
    this.matched = [...all.values()].some(([pattern, count]) => count === patterns[pattern]!.length);
    this.key = this.matched ? 'matched' : [...all.keys()].sort().join(' ');
  }

  /** Where `name` stands in this directory. */
  step(name: string): Standing {
    if (this.matched || this.#reached.length === 0) return this;
    const characters = [...name];
    const next: [number, number][] = [];
    for (let i = 0; i < this.#reached.length; i += 2) {
      const [pattern, count] = [this.#reached[i]!, this.#reached[i + 1]!];
      const segment = this.#patterns[pattern]![count]!;
      if (segment === '**') next.push([pattern, count]);
      else if (nameFits(segment, characters)) next.push([pattern, count + 1]);
    }
    return new Standing(this.#patterns, next);
  }
}

/** Reads patterns; gives where the root stands. Throws a TypeError for what is none, naming `field`. */
export function standingOfRoot(field: string, patterns: readonly string[]): Standing {
  if (!Array.isArray(patterns)) throw wrongType(field, 'an array of patterns', patterns);
  const compiled = patterns.flatMap((pattern: unknown, i) => {
    const name = `${field}[${i}]`;
    if (typeof pattern !== 'string') throw wrongType(name, 'a string', pattern);
    if (pattern === '') throw wrongValue(name, 'a pattern (/ is the root)', pattern);
    return alternatives(name, pattern).map((alternative) => segmentsOf(name, alternative));
  });
  return new Standing(
    compiled,
    compiled.map((_, i) => [i, 0]),
  );
}
