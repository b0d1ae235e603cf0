/**
 * The picture of a struct on the wire: rows of eight bytes, fields as boxes at their offsets, and what has no fixed
 * size as broken boxes. Colours come from the page's style, by the kind of a field.
 */

import type { Block, FieldType, LaidStruct, PlacedField } from '../codegen/ir.js';
import { html, type Markup } from './docs-html.js';

const BYTES_IN_ROW = 8;
const BYTE_WIDTH = 76;
const ROW_HEIGHT = 34;
const MARGIN_LEFT = 52;
const RULER_HEIGHT = 20;
const GAP = 10;
/** What has more bytes is drawn as two rows, whatever it has. */
const MOST_DRAWN_BYTES = 16;
const LETTER_WIDTH = 7.3;

/** A type as the schema has it. */
export function typeText(type: FieldType): string {
  switch (type.kind) {
    case 'int':
      return type.alias ?? `${type.signed ? 'i' : 'u'}${type.bits}`;
    case 'bool':
      return 'bool';
    case 'float':
      return `f${type.bits}`;
    case 'fixedBytes':
      return `FixedBytes<${type.size}>`;
    case 'opaque':
    case 'enum':
    case 'flags':
    case 'struct':
      return type.name;
    case 'pad':
      return `Pad<${type.size}>`;
    case 'string':
      return `Str<u${type.countBits}>`;
    case 'bytes':
      return `Bytes<u${type.countBits}>`;
    case 'list':
      return `List<${typeText(type.element)}, u${type.countBits}>`;
  }
}

interface Box {
  readonly kind: string;
  readonly label: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

interface Label {
  readonly text: string;
  readonly y: number;
}

/** Draws blocks one below the other; gives what was drawn and how high it is. */
class Canvas {
  readonly boxes: Box[] = [];
  readonly offsets: Label[] = [];
  y = RULER_HEIGHT;

  constructor(private readonly sizeOf: (type: FieldType) => number) {}

  block(block: Block, begin: string): void {
    const top = this.y;
    let lastRow = -1;
    for (const field of block.fields) lastRow = this.#fixed(field, begin, lastRow);
    if (block.fields.length > 0) this.y += ROW_HEIGHT;
    if (block.tail !== undefined) this.#tail(block.tail, begin, block);
    if (this.y > top) this.y += GAP;
  }

  /** A field among those of fixed size; `this.y` is the top of the row that is being filled. */
  #fixed(field: PlacedField, begin: string, lastRow: number): number {
    const size = this.sizeOf(field.type);
    const row = Math.floor(field.offset / BYTES_IN_ROW);
    if (row !== lastRow) {
      if (lastRow >= 0) this.y += ROW_HEIGHT;
      this.#offset(begin, row * BYTES_IN_ROW);
    }
    const column = field.offset % BYTES_IN_ROW;
    const drawn = size > MOST_DRAWN_BYTES ? MOST_DRAWN_BYTES : size;
    let left = drawn;
    for (let at = column; left > 0; at = 0) {
      const width = Math.min(left, BYTES_IN_ROW - at);
      this.#box(field, at, width, left === drawn ? this.#label(field, size) : '⋯');
      left -= width;
      if (left > 0) this.y += ROW_HEIGHT;
    }
    return Math.floor((field.offset + size - 1) / BYTES_IN_ROW);
  }

  #label(field: PlacedField, size: number): string {
    if (field.type.kind === 'pad') return size > 2 ? `pad ${size}` : '';
    return size > MOST_DRAWN_BYTES ? `${field.name}: ${typeText(field.type)}, ${size} bytes` : field.name;
  }

  #box({ type }: PlacedField, column: number, bytes: number, label: string): void {
    const width = bytes * BYTE_WIDTH;
    this.boxes.push({
      kind: type.kind,
      label: fitting(label, width),
      x: MARGIN_LEFT + column * BYTE_WIDTH,
      y: this.y,
      width,
      height: ROW_HEIGHT,
    });
  }

  /** Its count, and then as much as the count says: beside it, or below where the count takes the row. */
  #tail(field: PlacedField, begin: string, { size }: Block): void {
    const counted = size - field.offset;
    this.#offset(begin, field.offset);
    const count = counted * BYTE_WIDTH;
    if (count > 0) {
      const label = fitting(field.type.kind === 'list' ? 'count' : 'size', count);
      this.boxes.push({ kind: 'count', label, x: MARGIN_LEFT, y: this.y, width: count, height: ROW_HEIGHT });
    }
    const beside = counted < BYTES_IN_ROW;
    if (!beside) this.y += ROW_HEIGHT;
    const from = beside ? count : 0;
    const width = BYTES_IN_ROW * BYTE_WIDTH - from;
    const label = fitting(`${field.name}: ${tailText(field.type)}`, width);
    const kind = `${field.type.kind} open`;
    this.boxes.push({ kind, label, x: MARGIN_LEFT + from, y: this.y, width, height: ROW_HEIGHT });
    this.y += ROW_HEIGHT;
  }

  /** A field that may be missing: the message then ends before it. */
  optional(field: PlacedField): void {
    const width = BYTES_IN_ROW * BYTE_WIDTH;
    const label = fitting(`${field.name}?: ${typeText(field.type)}, if it is there`, width);
    this.boxes.push({ kind: `${field.type.kind} open`, label, x: MARGIN_LEFT, y: this.y, width, height: ROW_HEIGHT });
    this.y += ROW_HEIGHT;
  }

  #offset(begin: string, offset: number): void {
    this.offsets.push({ text: begin === '' ? String(offset) : `+${offset}`, y: this.y });
  }
}

function tailText(type: FieldType): string {
  switch (type.kind) {
    case 'list':
      return `count × ${typeText(type.element)}`;
    case 'string':
      return 'bytes of a string';
    case 'bytes':
      return 'bytes';
    default:
      return typeText(type);
  }
}

/** What of a label has room. */
function fitting(label: string, width: number): string {
  const most = Math.floor((width - 8) / LETTER_WIDTH);
  return label.length <= most ? label : most < 2 ? '' : `${label.slice(0, most - 1)}…`;
}

/** The picture, as an inline SVG. `sizeOf` tells the size of a field's type, where it is fixed. */
export function diagram(struct: LaidStruct, sizeOf: (type: FieldType) => number): Markup {
  const canvas = new Canvas(sizeOf);
  let begin = '';
  for (const block of struct.blocks) {
    canvas.block(block, begin);
    begin = block.tail?.name ?? begin;
  }
  for (const field of struct.optionals) canvas.optional(field);
  const width = MARGIN_LEFT + BYTES_IN_ROW * BYTE_WIDTH + 1;
  const height = canvas.y;
  const ruler = Array.from({ length: BYTES_IN_ROW }, (_, i) => {
    return html`<text class="ruler" x="${MARGIN_LEFT + (i + 0.5) * BYTE_WIDTH}" y="13">${i}</text>`;
  });
  const offsets = canvas.offsets.map(
    ({ text, y }) => html`<text class="at" x="${MARGIN_LEFT - 8}" y="${y + ROW_HEIGHT / 2 + 4}">${text}</text>`,
  );
  const boxes = canvas.boxes.map(({ kind, label, x, y, width: w, height: h }) => {
    const middle = html`<text x="${x + w / 2}" y="${y + h / 2 + 4}">${label}</text>`;
    return html`<g class="box ${kind}"
      ><rect x="${x + 0.5}" y="${y + 0.5}" width="${w - 1}" height="${h - 1}" rx="3" />${middle}</g
    >`;
  });
  const name = `Layout of ${struct.name}`;
  return html`<svg
    class="diagram"
    viewBox="0 0 ${width} ${height}"
    width="${width}"
    height="${height}"
    role="img"
    aria-label="${name}"
  >
    ${ruler}${offsets}${boxes}
  </svg>`;
}
