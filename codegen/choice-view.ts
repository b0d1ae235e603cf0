/** What the templates print of enums, flags and error codes. */

import type { Choice, ChoiceMember, ErrorCodes } from './ir.js';

/** An enum or a set of flags, with the expression that tests a number. */
export function choiceView({ kind, name, doc, members }: Choice): object {
  const isEnum = kind === 'enum';
  const test = isEnum ? enumTest(members) : `(value & ${maskOf(members)}) >>> 0 === value`;
  const article = /^[AEIOU]/u.test(name) ? 'an' : 'a';
  return { name, lines: doc, article, isEnum, test, members: members.map(memberView) };
}

/** The error codes, or undefined where there are none. */
export function errorsView(errors: ErrorCodes | undefined): object | undefined {
  return errors && { name: errors.name, lines: errors.doc, members: errors.members.map(memberView) };
}

function memberView({ name, doc, value }: ChoiceMember): object {
  return { name, lines: doc, value };
}

/** Two comparisons where the numbers have no gap, else one for each. */
function enumTest(members: readonly ChoiceMember[]): string {
  const values = members.map(({ value }) => value).sort((a, b) => a - b);
  const [least, most] = [values[0]!, values.at(-1)!];
  if (values.length > 2 && most - least === values.length - 1) {
    return `Number.isInteger(value) && value >= ${least} && value <= ${most}`;
  }
  return values.map((value) => `value === ${value}`).join(' || ');
}

function maskOf(members: readonly ChoiceMember[]): string {
  return `0x${members.reduce((mask, { value }) => mask + value, 0).toString(16)}`;
}
