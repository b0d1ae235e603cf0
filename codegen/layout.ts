/**
 * Gives every field its place on the wire. Within a run of fixed-size fields each must be naturally aligned from the
 * run's start; what follows a field of variable size is packed and begins a new run.
 */

import {
  partOf,
  type Block,
  type Diagnostic,
  type Field,
  type FieldType,
  type LaidProtocol,
  type LaidStruct,
  type Message,
  type PlacedField,
  type Place,
  type Protocol,
  type Struct,
} from './ir.js';
import { show } from './names.js';

/** Larger than any payload that the runtime takes. */
const MAX_STRUCT_BYTES = 64 << 20;
/** Where a struct holds one that holds one: generated code calls itself as deep, and so do the types that it has. */
const MAX_STRUCT_DEPTH = 32;
/** Of a struct, those of its parts counted wherever they stand. */
const MAX_STRUCT_FIELDS_COUNT = 10_000;

/** The protocol with sizes and offsets. When diagnostics come with it, it is not to be used. */
export function layoutProtocol(protocol: Protocol): { protocol: LaidProtocol; diagnostics: Diagnostic[] } {
  const layout = new Layout(protocol);
  const structs = protocol.structs.flatMap((struct) => layout.struct(struct.name, struct.place) ?? []);
  for (const message of protocol.messages) layout.checkLimits(message);
  return { protocol: { ...protocol, structs }, diagnostics: layout.diagnostics };
}

/** A run of fixed-size fields that is being laid out. */
interface Run {
  size: number;
  fields: PlacedField[];
}

class Layout {
  readonly diagnostics: Diagnostic[] = [];
  readonly #sources: ReadonlyMap<string, Struct>;
  readonly #laid = new Map<string, LaidStruct | undefined>();
  /** How many structs each is deep, and how many fields it has with those of its parts. */
  readonly #nesting = new Map<string, { readonly depth: number; readonly width: number }>();
  /** The structs that are being laid out, outermost first. */
  readonly #path: string[] = [];

  constructor(protocol: Protocol) {
    this.#sources = new Map(protocol.structs.map((struct) => [struct.name, struct]));
  }

  /** Undefined for a struct that holds itself: it was reported, for the field at `place` that closes the circle. */
  struct(name: string, place: Place): LaidStruct | undefined {
    if (this.#laid.has(name)) return this.#laid.get(name);
    const source = this.#sources.get(name);
    if (source === undefined) return undefined;
    if (this.#path.includes(name)) {
      const circle = [...this.#path.slice(this.#path.indexOf(name)), name].join(' → ');
      return this.#report(place, `${show(name)} holds itself (${circle}); refer to it by a number instead`);
    }
    this.#path.push(name);
    const laid = this.#lay(source);
    this.#path.pop();
    this.#laid.set(name, laid);
    return laid;
  }

  /** Limits under which nothing of the message would come through. */
  checkLimits({ member, place, req, resp, limits }: Message): void {
    for (const [what, name, limit] of [
      ['requests', req, limits.req],
      ['responses', resp, limits.resp],
    ] as const) {
      const least = this.#laid.get(name ?? '')?.size ?? 0;
      if (limit === undefined || limit >= least) continue;
      const why = `${show(member)} takes ${what} of at most ${limit} bytes, and every one has ${least} or more`;
      this.#report(place, `${why}; raise the limit`);
    }
  }

  #report(place: Place, message: string): undefined {
    this.diagnostics.push({ place, message });
  }

  #lay(source: Struct): LaidStruct {
    const fields = this.#flatten(source);
    if (fields.length > 0 && fields.every((field) => field.type.kind === 'pad')) {
      this.#report(source.place, `${show(source.name)} has pads and no field; write Empty, or a field`);
    }
    const blocks: Block[] = [];
    let run: Run = { size: 0, fields: [] };
    let align = 1;
    const optionals: PlacedField[] = [];
    for (const field of fields) {
      if (this.#isOptional(field, optionals)) continue;
      const extent = this.#extent(field);
      if (extent === undefined) continue;
      if (extent.fixed) {
        align = Math.max(align, extent.align);
        this.#place(run, field, extent, fields);
        continue;
      }
      blocks.push({ size: run.size + extent.size, fields: run.fields, tail: { ...field, offset: run.size } });
      run = { size: 0, fields: [] };
    }
    if (run.fields.length > 0) blocks.push(run);
    const size = blocks.reduce((sum, block) => sum + block.size + this.#leastTail(block), 0);
    if (size > MAX_STRUCT_BYTES)
      this.#report(source.place, `${show(source.name)} has ${size} bytes, more than any message can; split it`);
    this.#checkNesting(source, fields);
    const fixed = optionals.length === 0 && blocks.every((block) => block.tail === undefined);
    return { ...source, fields, blocks, optionals, size, align, fixed };
  }

  /** Structs in structs in structs: neither TypeScript nor a reader follows without end. */
  #checkNesting(source: Struct, fields: readonly Field[]): void {
    const nested = { depth: 1, width: 0 };
    for (const { type } of fields) {
      const part = this.#nesting.get(partOf(type) ?? '') ?? { depth: 0, width: 1 };
      nested.depth = Math.max(nested.depth, part.depth + 1);
      nested.width += part.width;
    }
    const isDeep = nested.depth > MAX_STRUCT_DEPTH;
    if (!isDeep && nested.width <= MAX_STRUCT_FIELDS_COUNT) {
      this.#nesting.set(source.name, nested);
      return;
    }
    const what = isDeep
      ? `${nested.depth} structs one in the other, more than ${MAX_STRUCT_DEPTH}`
      : `${nested.width} fields with those of its parts, more than ${MAX_STRUCT_FIELDS_COUNT}`;
    this.#report(source.place, `${show(source.name)} has ${what}; make several messages of it`);
  }

  /** Takes an optional field out of the blocks. Reports one that is not at the end. */
  #isOptional(field: Field, optionals: PlacedField[]): boolean {
    if (!field.optional) {
      const before = optionals[0];
      if (before === undefined) return false;
      const where = `comes after '${before.name}' (line ${before.place.line}), which is optional`;
      this.#report(field.place, `${show(field.name)} ${where}; move the optional fields to the end`);
      return false;
    }
    if (field.type.kind === 'pad') this.#report(field.place, `${show(field.name)} is a pad; drop the question mark`);
    if (this.#extent(field) !== undefined) optionals.push({ ...field, offset: 0 });
    return true;
  }

  /** Optional fields end a message; what is in another struct, or goes on in one, cannot end it. */
  #mustEnd(struct: LaidStruct, place: Place): void {
    const [first] = struct.optionals;
    if (first === undefined) return;
    const what = `${show(struct.name)} ends with the optional '${first.name}' and cannot be a part of something`;
    this.#report(place, `${what}; only a whole request or response can have optional fields`);
  }

  /** The base's fields, then its own. */
  #flatten(source: Struct): readonly Field[] {
    if (source.base === undefined) return source.fields;
    const base = this.struct(source.base.name, source.base.place);
    if (base !== undefined) this.#mustEnd(base, source.base.place);
    return base === undefined ? source.fields : [...base.fields, ...source.fields];
  }

  /** Puts a fixed-size field behind the others of its run, where it must be aligned. */
  #place(run: Run, field: Field, extent: Extent, all: readonly Field[]): void {
    const missing = (extent.align - (run.size % extent.align)) % extent.align;
    if (missing > 0) {
      const bytes = `${missing} byte${missing > 1 ? 's' : ''} of padding`;
      const what = `${show(field.name)} needs ${bytes} before it to be aligned to ${extent.align}`;
      this.#report(field.place, `${what}; insert ${freePad(all)}: Pad<${missing}>`);
      run.size += missing;
    }
    run.fields.push({ ...field, offset: run.size });
    run.size += extent.size;
  }

  /** What a field takes of its block; undefined where that cannot be known. */
  #extent(field: Field): Extent | undefined {
    const { type } = field;
    if (type.kind === 'list' && type.element.kind === 'struct') {
      const element = this.struct(type.element.name, field.place);
      if (element === undefined) return undefined;
      this.#mustEnd(element, field.place);
    }
    if (type.kind !== 'struct') return extentOf(type);
    const struct = this.struct(type.name, field.place);
    if (struct === undefined) return undefined;
    this.#mustEnd(struct, field.place);
    return struct.fixed ? { fixed: true, size: struct.size, align: struct.align } : { fixed: false, size: 0, align: 1 };
  }

  /** The least that a block's last field has besides its count. */
  #leastTail(block: Block): number {
    return block.tail?.type.kind === 'struct' ? (this.#laid.get(block.tail.type.name)?.size ?? 0) : 0;
  }
}

interface Extent {
  readonly fixed: boolean;
  /** For a field of variable size: that of its count. */
  readonly size: number;
  readonly align: number;
}

function extentOf(type: Exclude<FieldType, { kind: 'struct' }>): Extent {
  switch (type.kind) {
    case 'bool':
      return { fixed: true, size: 1, align: 1 };
    case 'fixedBytes':
      return { fixed: true, size: type.size, align: 1 };
    case 'int':
    case 'float':
    case 'enum':
    case 'flags':
    case 'opaque':
      return { fixed: true, size: type.bits / 8, align: type.bits / 8 };
    case 'pad':
      return { fixed: true, size: type.size, align: 1 };
    default:
      return { fixed: false, size: type.countBits / 8, align: 1 };
  }
}

/** A name for a pad that the struct does not have yet. */
function freePad(fields: readonly Field[]): string {
  let number = 0;
  while (fields.some((field) => field.name === `pad${number}`)) number++;
  return `pad${number}`;
}
