/** Data as the code of a literal, laid out as Prettier does it: one line where it fits, else a line for each part. */

import { PRINT_WIDTH } from './indent.js';

type Data = string | number | boolean | null | readonly Data[] | { readonly [key: string]: Data | undefined };

/**
 * The literal, for a place `column` columns in, of a line that is indented by `depth` steps and ends after it in a sign
 * like ',' or ';'. Keys are plain names.
 */
export function literal(value: unknown, depth: number, column: number): string {
  return print(value as Data, depth, column);
}

function print(value: Data, depth: number, column: number): string {
  if (typeof value !== 'object' || value === null) return atom(value);
  const flat = inOneLine(value, PRINT_WIDTH - column - 1);
  if (flat !== undefined) return flat;
  const space = '  '.repeat(depth + 1);
  const isList = Array.isArray(value);
  const parts = entriesOf(value).map(
    ([key, part]) => `${space}${part === undefined ? '' : property(key, part, depth + 1)},`,
  );
  const [open, close] = isList ? '[]' : '{}';
  return `${open!}\n${parts.join('\n')}\n${'  '.repeat(depth)}${close!}`;
}

/** Names are so short that Prettier never breaks the line behind one. */
function property(key: string | undefined, value: Data, depth: number): string {
  const name = key === undefined ? '' : `${key}: `;
  return `${name}${print(value, depth, 2 * depth + name.length)}`;
}

function entriesOf(
  value: readonly Data[] | { readonly [key: string]: Data | undefined },
): [string | undefined, Data][] {
  if (Array.isArray(value)) return (value as readonly Data[]).map((part) => [undefined, part]);
  return Object.entries(value as Record<string, Data | undefined>).flatMap(([key, part]) =>
    part === undefined ? [] : [[key, part]],
  );
}

/** Prettier keeps a list of several lists, or of several objects, of several parts each apart. */
function isMatrix(value: object, parts: readonly Data[]): boolean {
  const [first] = parts;
  return (
    Array.isArray(value) &&
    parts.length > 1 &&
    parts.every((part) => typeof part === 'object' && part !== null && entriesOf(part).length > 1) &&
    parts.every((part) => Array.isArray(part) === Array.isArray(first))
  );
}

/** Undefined where that takes more than `room`, or where Prettier would not have it. */
function inOneLine(value: Data, room: number): string | undefined {
  if (typeof value !== 'object' || value === null) {
    const text = atom(value);
    return text.length <= room ? text : undefined;
  }
  const entries = entriesOf(value);
  const isList = Array.isArray(value);
  if (entries.length === 0) return room < 2 ? undefined : isList ? '[]' : '{}';
  const [open, close] = isList ? ['[', ']'] : ['{ ', ' }'];
  let text = open;
  for (const [i, [key, part]] of entries.entries()) {
    const name = `${i === 0 ? '' : ', '}${key === undefined ? '' : `${key}: `}`;
    const shown = inOneLine(part, room - text.length - name.length - close.length);
    if (shown === undefined) return undefined;
    text += name + shown;
  }
  const parts = entries.map(([, part]) => part);
  return isMatrix(value, parts) ? undefined : text + close;
}

/** A text in the quotes that it has fewer of; nothing in it hides from a reader. */
function atom(value: string | number | boolean | null): string {
  if (typeof value !== 'string') return String(value);
  const count = (sign: string): number => value.split(sign).length - 1;
  const quote = count("'") > count('"') ? '"' : "'";
  const escaped = JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"').replaceAll(quote, `\\${quote}`);
  return `${quote}${escaped.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu, asUnits)}${quote}`;
}

function asUnits(text: string): string {
  const unit = (one: string): string => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return text.split('').map(unit).join('');
}
