/** HTML in which nothing that is put in can be anything but text. */

/** Markup that is to stay as it is: made here only, by `html` and `markup`. */
export class Markup {
  constructor(readonly text: string) {}
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** What hides or turns text around is shown as its code point. */
function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, (character) => {
    if (character === '\n' || character === '\t') return ' ';
    return `\\u{${character.codePointAt(0)!.toString(16)}}`;
  });
}

export function escape(text: string): string {
  return visible(text).replace(/[&<>"']/gu, (character) => ENTITIES[character]!);
}

type Part = string | number | Markup | readonly Markup[];

function partText(part: Part): string {
  if (part instanceof Markup) return part.text;
  return typeof part === 'object' ? part.map(({ text }) => text).join('') : escape(String(part));
}

/** A template whose parts are escaped, in text and in quoted attributes alike, unless they are Markup. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(strings.map((string, i) => string + (i < parts.length ? partText(parts[i]!) : '')).join(''));
}

export const NOTHING = new Markup('');

/** A doc comment: paragraphs at empty lines, and `code`. */
export function docMarkup(lines: readonly string[]): Markup {
  const paragraphs = lines
    .join('\n')
    .split(/\n\s*\n/u)
    .filter((text) => text.trim() !== '');
  const inline = (text: string): Markup[] =>
    text
      .split(/(`[^`]+`)/u)
      .map((part) => (/^`.+`$/su.test(part) ? html`<code>${part.slice(1, -1)}</code>` : html`${part}`));
  return new Markup(paragraphs.map((text) => html`<p>${inline(text)}</p>`.text).join(''));
}
