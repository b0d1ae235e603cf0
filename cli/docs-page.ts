/** One page about a protocol: each message with its comment, its picture, its numbers; searchable, in one file. */

import { createHash } from 'node:crypto';
import { describeProtocol } from '../codegen/describe.js';
import type { Block, Choice, FieldType, LaidProtocol, LaidStruct, Message, PlacedField } from '../codegen/ir.js';
import { diagram, typeText } from './docs-diagram.js';
import { docMarkup, escape, html, Markup, NOTHING } from './docs-html.js';

/** What goes into the page besides the protocol: its style and its program, as they are. */
export interface PageParts {
  readonly style: string;
  readonly program: string;
  /** The schema's path, as it is shown. */
  readonly schema: string;
}

/** Content-Security-Policy's name for a text: nothing else runs, whatever a comment says. */
function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/** The whole page. */
export function docsPage(protocol: LaidProtocol, { style, program, schema }: PageParts): string {
  const page = new Page(protocol);
  const { name } = protocol;
  const own = protocol.messages.filter(({ implied }) => !implied);
  const implied = protocol.messages.filter((message) => message.implied);
  const fixed = `default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'`;
  const policy = `${fixed}; style-src ${hashOf(style)}; script-src ${hashOf(program)}`;
  const types = page.shared;
  const choices = page.choices();
  const typeNav = [...types, ...choices].map(
    ({ name: type }) => html`<li data-for="t-${type}"><a href="#t-${type}">${type}</a></li>`,
  );
  const counts = [counted(own.length, 'message'), counted(types.length + choices.length, 'type')];
  const facts = html`${counts.join(', ')}, from ${schema}; fingerprint
    <code>${describeProtocol(protocol).fingerprint}</code>`;
  const body = html`<header>
      <h1>${name}</h1>
      ${docMarkup(protocol.doc)}
      <p class="facts">${facts}</p>
    </header>
    <section id="messages" aria-label="Messages">${own.map((message) => page.message(message))}</section>
    <section id="types" aria-label="Types">
      <h2>Types</h2>
      ${types.map((struct) => page.type(struct))}${choices.map((choice) => page.choice(choice))}
    </section>
    <section id="implied" aria-label="What every protocol has">
      <h2>What every protocol has</h2>
      ${implied.map((message) => page.message(message))}
    </section>
    <p id="nothing" hidden>Nothing matches.</p>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="generator" content="lisafs docs">
<link rel="icon" href="data:,">
<title>${escape(name)}</title>
<style>${style}</style>
</head>
<body>
<nav aria-label="Contents">
<div class="search">
<input id="search" type="search" placeholder="Search  /" aria-label="Search" autocomplete="off" spellcheck="false">
<button id="theme" type="button" aria-label="Light or dark">◐</button>
</div>
<p id="count" role="status"></p>
${listed(navOf(own))}
<h2 data-of="types">Types</h2>${listed(typeNav)}
<h2 data-of="implied">What every protocol has</h2>${listed(navOf(implied))}
</nav>
<main>${body.text}</main>
<script>${program}</script>
</body>
</html>
`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** Links to messages, for the contents. */
function navOf(messages: readonly Message[]): Markup[] {
  return messages.map(
    ({ mid, name }) =>
      html`<li data-for="m-${name}">
        <a href="#m-${name}"><span class="mid">${mid}</span>${name}</a>
      </li>`,
  );
}

function listed(items: readonly Markup[]): string {
  return `<ul>${items.map(({ text }) => text).join('')}</ul>`;
}

/** A table of named values. */
type Choices = Pick<Choice, 'name' | 'doc' | 'members'> & { readonly what: string };

class Page {
  readonly #structs: ReadonlyMap<string, LaidStruct>;

  /** Structs that are not one message's own request or response. */
  readonly shared: readonly LaidStruct[];

  constructor(private readonly protocol: LaidProtocol) {
    this.#structs = new Map(protocol.structs.map((struct) => [struct.name, struct]));
    const uses = new Map<string, number>();
    const use = (name: string, weight: number): void => void uses.set(name, (uses.get(name) ?? 0) + weight);
    for (const { req, resp } of protocol.messages) for (const name of [req, resp]) if (name !== undefined) use(name, 1);
    for (const { fields } of protocol.structs) {
      for (const { type } of fields) for (const name of structsIn(type)) use(name, 2);
    }
    this.shared = protocol.structs.filter(({ name }) => (uses.get(name) ?? 2) > 1);
  }

  message(message: Message): Markup {
    const { mid, name, stub, doc, req, resp, donates, limits } = message;
    const hex = `0x${mid.toString(16).padStart(4, '0')}`;
    const words = [name, stub, mid, hex, ...doc, ...donates, ...this.#words(req), ...this.#words(resp)].join(' ');
    const gifts = donates.map((gift, i) => html`${i > 0 ? ', ' : ''}<code>${gift}</code>`);
    const brings =
      donates.length === 0
        ? NOTHING
        : html`<p class="donates">
            <span class="badge">donates</span>
            ${gifts}${donates.length === 1 ? ', a descriptor' : ', descriptors in this order'}: yours to close.
          </p>`;
    const call =
      mid === 0 ? NOTHING : html`<code class="stub">client.${stub}(${req === undefined ? '' : '{…}'})</code>`;
    return html`<article id="m-${name}" data-search="${words.toLowerCase()}">
      <h2><a href="#m-${name}">${name}</a> <span class="mid" title="MID ${hex}">${mid}</span></h2>
      ${call}${docMarkup(doc)}${brings}
      <div class="half">
        <h3>Request</h3>
        ${this.#struct(req, limits.req)}
      </div>
      <div class="half">
        <h3>Response</h3>
        ${this.#struct(resp, limits.resp)}
      </div>
    </article>`;
  }

  type(struct: LaidStruct): Markup {
    const words = [struct.name, ...struct.doc, ...this.#words(struct.name)].join(' ').toLowerCase();
    return html`<article id="t-${struct.name}" data-search="${words}">
      <h2><a href="#t-${struct.name}">${struct.name}</a></h2>
      ${docMarkup(struct.doc)}${this.#layout(struct)}
    </article>`;
  }

  /** What has named values: enums, flags, and the protocol's own error codes. */
  choices(): Choices[] {
    const { choices, errors } = this.protocol;
    const codes = errors === undefined ? [] : [{ ...errors, what: 'error codes, besides errnos' }];
    const whatOf = ({ kind, bits }: Choice): string =>
      `${kind === 'enum' ? 'one of these' : 'any of these bits'}, u${bits}`;
    return [...choices.map((choice) => ({ ...choice, what: whatOf(choice) })), ...codes];
  }

  choice({ name, doc, members, what }: Choices): Markup {
    const words = [name, ...doc, ...members.flatMap((member) => [member.name, String(member.value), ...member.doc])];
    const rows = members.map(
      (member) =>
        html`<tr>
          <td class="number">${member.value}</td>
          <td><code>${member.name}</code></td>
          <td>${docMarkup(member.doc)}</td>
        </tr>`,
    );
    return html`<article id="t-${name}" data-search="${words.join(' ').toLowerCase()}">
      <h2><a href="#t-${name}">${name}</a></h2>
      ${docMarkup(doc)}
      <p class="size">${what}</p>
      <div class="scroll">
        <table>
          <tbody>
            ${rows}
          </tbody>
        </table>
      </div>
    </article>`;
  }

  /** What of a struct can be searched for. */
  #words(name: string | undefined): string[] {
    const struct = name === undefined ? undefined : this.#structs.get(name);
    if (struct === undefined) return [];
    return [struct.name, ...struct.fields.flatMap((field) => [field.name, typeText(field.type), ...field.doc])];
  }

  /** A request or a response. The fields of one that is not this message's own stand with the type. */
  #struct(name: string | undefined, most: number | undefined): Markup {
    if (name === undefined) return html`<p class="size">Nothing: 0 bytes.</p>`;
    const struct = this.#structs.get(name)!;
    if (!this.shared.includes(struct)) return this.#layout(struct, most);
    return html`<p class="size"><a class="type" href="#t-${name}">${name}</a>, ${sizeText(struct, most)}</p>
      ${this.#picture(struct)}`;
  }

  #picture(struct: LaidStruct): Markup {
    return html`<div class="scroll">${diagram(struct, (type) => this.#sizeOf(type))}</div>`;
  }

  #layout(struct: LaidStruct, most?: number): Markup {
    const rows = [
      ...struct.blocks.flatMap((block, i) => this.#rows(block, struct.blocks[i - 1]?.tail)),
      ...struct.optionals.map((field) => this.#optionalRow(field)),
    ];
    return html`<p class="size"><code>${struct.name}</code>, ${sizeText(struct, most)}</p>
      ${this.#picture(struct)}
      <div class="scroll">
        <table class="fields">
          <thead>
            <tr>
              <th>offset</th>
              <th>size</th>
              <th>type</th>
              <th>name</th>
              <th></th>
            </tr>
          </thead>
          <tbody>
            ${rows}
          </tbody>
        </table>
      </div>`;
  }

  #rows(block: Block, before: PlacedField | undefined): Markup[] {
    const fields = block.tail === undefined ? block.fields : [...block.fields, block.tail];
    const begin = before === undefined ? '' : `${before.name} +`;
    return fields
      .filter(({ type }) => type.kind !== 'pad')
      .map((field) => {
        return html`<tr>
          <td class="number">${begin}${field.offset}</td>
          <td class="number">${this.#fieldSize(field.type)}</td>
          <td>${this.#typeLink(field.type)}</td>
          <td><code>${field.name}</code></td>
          <td>${docMarkup(field.doc)}</td>
        </tr>`;
      });
  }

  /** An optional field: it stands where the one before it ends, if it is there. */
  #optionalRow(field: PlacedField): Markup {
    return html`<tr>
      <td class="number">…</td>
      <td class="number">0 or ${this.#fieldSize(field.type)}</td>
      <td>${this.#typeLink(field.type)}</td>
      <td><code>${field.name}?</code></td>
      <td>${docMarkup(field.doc)}</td>
    </tr>`;
  }

  /** `8`, or `2 + …, at most 40` of what is counted, or the least that a struct has. */
  #fieldSize(type: FieldType): string {
    const size = this.#sizeOf(type);
    if (type.kind === 'struct') return this.#structs.get(type.name)?.fixed === false ? `${size} or more` : String(size);
    if (!('countBits' in type)) return String(size);
    const bounded = type.max < 2 ** Math.min(type.countBits, 53) - 1;
    return `${size} + …${bounded ? `, at most ${type.max}` : ''}`;
  }

  /** A type, with links to what is declared in the schema. */
  #typeLink(type: FieldType): Markup {
    return html`<code>${linkedType(type)}</code>`;
  }

  #sizeOf(type: FieldType): number {
    switch (type.kind) {
      case 'bool':
        return 1;
      case 'int':
      case 'float':
      case 'enum':
      case 'flags':
      case 'opaque':
        return type.bits / 8;
      case 'fixedBytes':
      case 'pad':
        return type.size;
      case 'struct':
        return this.#structs.get(type.name)?.size ?? 0;
      default:
        return type.countBits / 8;
    }
  }
}

function linkedType(type: FieldType): Markup {
  if (type.kind === 'list') return html`List&lt;${linkedType(type.element)}, u${type.countBits}&gt;`;
  const declared = type.kind === 'struct' || type.kind === 'enum' || type.kind === 'flags';
  const text = typeText(type);
  return declared ? html`<a class="type" href="#t-${text}">${text}</a>` : html`${text}`;
}

function structsIn(type: FieldType): string[] {
  if (type.kind === 'list') return structsIn(type.element);
  return type.kind === 'struct' ? [type.name] : [];
}

function sizeText({ fixed, size }: LaidStruct, most?: number): string {
  const bytes = `${size} byte${size === 1 ? '' : 's'}`;
  const limit = most === undefined ? '' : `, at most ${most}`;
  return fixed ? `always ${bytes}` : `at least ${bytes}${limit}`;
}
