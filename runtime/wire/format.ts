/**
 * How messages look in traces: one line like strace's, `{fd=3, path=["a", "b"]}`. Nothing here throws, whatever it is
 * given: what is traced may be just what is wrong.
 */

const SHOWN_CHARACTERS = 64;
const SHOWN_ELEMENTS = 16;
const SHOWN_BYTES = 16;

/** What JSON leaves in a string that ends a line or hides in it, and half characters. */
const UNSEEN = /[\u007f-\u00a0\u00ad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]/gu;

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** A message of these fields, `name=value` each. */
export function formatFields(...fields: string[]): string {
  return `{${fields.join(', ')}}`;
}

/** A value of a type that does not belong where it stands. */
export function formatOther(value: unknown): string {
  if (typeof value === 'string') return formatText(value);
  return isObject(value) || typeof value === 'function' || typeof value === 'symbol' ? `<${typeof value}>` : `${value}`;
}

export function formatNumber(value: number | bigint): string {
  return formatOther(value);
}

/** For masks and flags. */
export function formatHex(value: number | bigint): string {
  if (typeof value !== 'number' && typeof value !== 'bigint') return formatOther(value);
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}

/** For permissions. */
export function formatOctal(value: number | bigint): string {
  return typeof value === 'number' || typeof value === 'bigint' ? `0${value.toString(8)}` : formatOther(value);
}

/** The name of one of an enum's numbers. */
export function formatEnum(value: number, names: Readonly<Record<string, number>>): string {
  const found = Object.entries(names).find(([, each]) => each === value);
  return found === undefined ? formatOther(value) : found[0];
}

/** The names of the bits that are set, and what is left. */
export function formatFlags(value: number, names: Readonly<Record<string, number>>): string {
  if (typeof value !== 'number') return formatOther(value);
  const set = Object.entries(names).filter(([, bit]) => (value & bit) !== 0);
  const rest = set.reduce((left, [, bit]) => left & ~bit, value) >>> 0;
  const shown = set.map(([name]) => name);
  return rest === 0 && shown.length > 0 ? shown.join('|') : [...shown, `0x${rest.toString(16)}`].join('|');
}

export function formatText(value: string): string {
  if (typeof value !== 'string') return formatOther(value);
  const shown = value.length > SHOWN_CHARACTERS ? value.slice(0, SHOWN_CHARACTERS) : value;
  const text = JSON.stringify(shown).replace(UNSEEN, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return shown === value ? text : `${text}\u2026`;
}

export function formatBytes(value: Uint8Array): string {
  if (!(value instanceof Uint8Array)) return formatOther(value);
  const shown = Buffer.from(value.subarray(0, SHOWN_BYTES)).toString('hex');
  return `<${value.length} bytes${value.length === 0 ? '' : ` ${shown}`}${value.length > SHOWN_BYTES ? '\u2026' : ''}>`;
}

export function formatList<T>(list: readonly T[], format: (element: T) => string): string {
  if (!Array.isArray(list)) return formatOther(list);
  const shown = list.slice(0, SHOWN_ELEMENTS).map((element: T) => format(element));
  if (list.length > SHOWN_ELEMENTS) shown.push(`\u2026 ${list.length - SHOWN_ELEMENTS} more`);
  return `[${shown.join(', ')}]`;
}
