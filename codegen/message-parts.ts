/** The parts of `Message<…>` in their order: its MID, what is asked, what is answered, what is donated, limits. */

import { plainText, show } from './names.js';
import type { TypeSyntax } from './syntax.js';

/** The parts that a message may have behind its response. */
const BEHIND: ReadonlySet<string> = new Set(['Donates', 'Limits']);
/** A part that is longer is shown by its brackets alone. */
const MAX_SHOWN_LENGTH = 40;

export interface MessageParts {
  /** At least a MID, a request and a response; undefined where one is missing. */
  readonly parts: readonly TypeSyntax[] | undefined;
  /** What is wrong with their number or their order, and what to do. */
  readonly wrong: string | undefined;
}

/** Puts the parts of the message called `member` into their order; `freeMID` gives one for a message without. */
export function messageParts(member: string, args: readonly TypeSyntax[], freeMID: () => number): MessageParts {
  const behind = args.filter((part) => part.kind === 'name' && BEHIND.has(part.name));
  const mids = args.filter((part) => part.kind === 'number');
  const contents = args.filter((part) => part.kind !== 'number' && !behind.includes(part));
  // More than that is no matter of order: each part is then told what it should be.
  if (args.length >= 3 && (mids.length > 1 || contents.length > 2)) return { parts: args, wrong: undefined };
  const wanted = [...mids, ...contents, ...behind];
  const isWhole = mids.length === 1 && contents.length === 2;
  if (isWhole && wanted.every((part, i) => part === args[i])) return { parts: args, wrong: undefined };
  const texts = [
    mids[0]?.text ?? String(freeMID()),
    ...[0, 1].map((i) => (contents[i] === undefined ? 'Empty' : shown(contents[i]))),
    ...behind.map(shown),
  ];
  const advice = `write Message<${texts.join(', ')}>`;
  if (isWhole) return { parts: wanted, wrong: `${show(member)} has its parts in another order; ${advice}` };
  return { parts: undefined, wrong: `${show(member)} needs a MID, a request and a response; ${advice}` };
}

function shown({ kind, text }: TypeSyntax): string {
  const plain = plainText(text);
  if (plain.length <= MAX_SHOWN_LENGTH) return plain;
  return kind === 'object' ? '{ … }' : plainText(text.replace(/<.*$/su, '<…>'));
}
