/** What a type in a schema means: integers, strings, lists and so on, and the names that the schema gives them. */

import type { Alias, Bits, Choice, ElementType, FieldType, Place } from './ir.js';
import { VOCABULARY, nearest, plainText, show } from './names.js';
import type { AliasSyntax, InterfaceSyntax, TypeSyntax } from './syntax.js';

type Named = TypeSyntax & { kind: 'name' };
type Report = (place: Place, message: string) => undefined;

/** The most that a count may be: what a u32 can say. More bytes than that are no message. */
const MAX_COUNT = 0xffff_ffff;
/** Pads are for alignment and for reserved room. */
const MAX_PAD_BYTES = 65535;

const DEFAULT_COUNT_BITS = { Str: 16, List: 16, Bytes: 32 } as const;

/** The types of one schema. What is wrong is reported once, and its type is then undefined. */
export class Types {
  readonly #resolved = new Map<string, FieldType | undefined>();
  readonly #resolving = new Set<string>();

  constructor(
    /** Names that are known and are no types, each with what is said of it; nothing where it was told already. */
    private readonly others: ReadonlyMap<string, string>,
    private readonly interfaces: ReadonlyMap<string, InterfaceSyntax>,
    private readonly named: ReadonlyMap<string, AliasSyntax>,
    private readonly choices: readonly Choice[],
    private readonly report: Report,
  ) {}

  /** Every alias that could be resolved, in the schema's order. */
  aliases(): Alias[] {
    return [...this.named.values()].flatMap(({ name, doc, place }) => {
      const type = this.#alias(name, place);
      return type === undefined ? [] : [{ name, doc, place, type }];
    });
  }

  isStruct(type: TypeSyntax): boolean {
    if (type.kind === 'name') {
      if (this.interfaces.has(type.name)) return true;
      const isAlias = this.named.has(type.name) || this.choices.some(({ name }) => name === type.name);
      const other = isAlias ? 'is no interface; extend one of this file' : this.others.get(type.name.split('.')[0]!);
      if (other !== undefined) {
        if (other !== '') this.report(type.place, `${show(type.name)} ${other}`);
        return false;
      }
    }
    this.#unknown(type, [...this.interfaces.keys()], 'extend an interface of this file');
    return false;
  }

  field(type: TypeSyntax): FieldType | undefined {
    switch (type.kind) {
      case 'name':
        return this.#named(type);
      case 'object':
        return this.report(
          type.place,
          'a struct inside a struct has a name; export an interface and write its name here',
        );
      case 'tuple':
        return this.report(
          type.place,
          'a tuple has no form on the wire; export an interface with a field for each, or write a List',
        );
      case 'other':
        return this.report(type.place, `${type.what} has no form on the wire; ${type.advice}`);
      default:
        return this.report(type.place, `${show(type.text)} is no type of the wire; write one, as in u32`);
    }
  }

  /** What `Makes<…>` or `Closes<…>` holds: an identifier, or a list of them. */
  marked(type: Named): FieldType | undefined {
    if (!this.#arguments(type, 1, 1, `${type.name}<FDID>`)) return undefined;
    const inner = this.field(type.args[0]!);
    if (inner === undefined || inner.kind === 'opaque') return inner;
    if (inner.kind === 'list' && inner.element.kind === 'opaque') return inner;
    const done = type.name === 'Makes' ? 'made' : 'closed';
    const what = `only identifiers are ${done}, and ${show(type.args[0]!.text)} is none`;
    return this.report(type.args[0]!.place, `${what}; write an alias of Opaque<u64>, or a List of one`);
  }

  #named(type: Named): FieldType | undefined {
    const integer = /^([ui])(8|16|32|64)$/u.exec(type.name);
    if (integer !== null) {
      if (!this.#arguments(type, 0, 0, type.name)) return undefined;
      return { kind: 'int', bits: Number(integer[2]) as Bits, signed: integer[1] === 'i' };
    }
    switch (type.name) {
      case 'bool':
        return this.#arguments(type, 0, 0, 'bool') ? { kind: 'bool' } : undefined;
      case 'f32':
      case 'f64':
        return this.#arguments(type, 0, 0, type.name)
          ? { kind: 'float', bits: type.name === 'f32' ? 32 : 64 }
          : undefined;
      case 'FixedBytes':
        return this.#arguments(type, 1, 1, 'FixedBytes<16>') ? this.#fixedBytes(type) : undefined;
      case 'Enum':
      case 'Flags':
        return this.report(
          type.place,
          `${type.name} needs a name; write export type Colour = ${plainText(type.text)}, and Colour here`,
        );
      case 'Str':
      case 'Bytes':
        return this.#arguments(type, 0, 2, `${type.name}<u16, 255>`) ? this.#run(type, type.name) : undefined;
      case 'List':
        return this.#arguments(type, 1, 3, 'List<u32, u16, 100>') ? this.#list(type) : undefined;
      case 'Pad':
        return this.#arguments(type, 1, 1, 'Pad<4>') ? this.#pad(type) : undefined;
      case 'Opaque':
        return this.report(type.place, 'an Opaque needs a name; write export type Key = Opaque<u64>, and Key here');
      case 'Makes':
      case 'Closes':
        return this.report(type.place, `${type.name} marks a whole field; write it around the type of the field`);
      case 'Donates':
      case 'Limits': {
        const example = type.name === 'Donates' ? "Donates<'file'>" : 'Limits<{ request: 4096 }>';
        const advice = `write it behind the response, Message<256, Empty, Empty, ${example}>`;
        return this.report(type.place, `${type.name} is no type of a field; ${advice}`);
      }
      case 'Empty':
      case 'Message':
      case 'Errors':
        return this.report(type.place, `${type.name} is no type of a field; leave the field out`);
      default:
        return this.#declared(type);
    }
  }

  #declared(type: Named): FieldType | undefined {
    const choice = this.choices.find((each) => each.name === type.name);
    if (choice !== undefined) {
      const known = { kind: choice.kind, name: choice.name, bits: choice.bits };
      return this.#arguments(type, 0, 0, type.name) ? known : undefined;
    }
    const isStruct = this.interfaces.has(type.name);
    if (!isStruct && !this.named.has(type.name)) return this.#unknownType(type);
    if (!this.#arguments(type, 0, 0, type.name)) return undefined;
    return isStruct ? { kind: 'struct', name: type.name } : this.#alias(type.name, type.place);
  }

  #unknownType(type: Named): undefined {
    const other = this.others.get(type.name.split('.')[0]!);
    if (other !== undefined) return other === '' ? undefined : this.report(type.place, `${show(type.name)} ${other}`);
    const foreign = foreignName(type.name);
    if (foreign !== undefined) {
      const [element] = type.args;
      const advice = element === undefined ? foreign : foreign.replace('…', () => plainText(element.text));
      return this.report(type.place, `${show(type.name)} has no form on the wire; ${advice}`);
    }
    const choices = this.choices.map(({ name }) => name);
    const known = [...VOCABULARY, ...this.interfaces.keys(), ...this.named.keys(), ...choices];
    return this.#unknown(type, known, 'declare it here, or use a word of the vocabulary');
  }

  #unknown(type: TypeSyntax, known: readonly string[], advice: string): undefined {
    const name = type.kind === 'name' ? type.name : type.text;
    const near = nearest(name, known);
    const hint = near === undefined ? '' : `did you mean '${near}'? Else `;
    return this.report(type.place, `unknown type ${show(name)}; ${hint}${advice}`);
  }

  #alias(name: string, place: Place): FieldType | undefined {
    if (this.#resolved.has(name)) return this.#resolved.get(name);
    if (this.#resolving.has(name)) {
      return this.report(place, `type ${show(name)} is made of itself; write a type that ends`);
    }
    this.#resolving.add(name);
    const syntax = this.named.get(name)!;
    const type = this.#wrongAlias(name, syntax)
      ? undefined
      : (this.#opaque(name, syntax.type) ?? this.field(syntax.type));
    const known: FieldType | undefined = type?.kind === 'int' && type.bits < 64 ? { ...type, alias: name } : type;
    this.#resolving.delete(name);
    this.#resolved.set(name, known);
    return known;
  }

  /** What can stand in other places, and has no name of its own. */
  #wrongAlias(name: string, { type }: AliasSyntax): boolean {
    if (type.kind === 'object') {
      this.report(type.place, `a struct is an interface; write export interface ${name} { … }`);
    } else if (type.kind === 'name' && WHOLE.has(type.name)) {
      this.report(type.place, `${type.name} has no other name; write it where ${show(name)} stands`);
    } else return false;
    return true;
  }

  #opaque(name: string, type: TypeSyntax): FieldType | undefined {
    if (type.kind !== 'name' || type.name !== 'Opaque') return undefined;
    const [integer] = type.args;
    const bits = integer?.text === 'u64' ? 64 : integer?.text === 'u32' ? 32 : undefined;
    if (bits !== undefined && type.args.length === 1) return { kind: 'opaque', name, bits };
    this.report(type.place, `${show(type.text)} is not what an identifier can be; write Opaque<u64> or Opaque<u32>`);
    return { kind: 'opaque', name, bits: 64 };
  }

  #arguments(type: Named, least: number, most: number, example: string): boolean {
    const count = type.args.length;
    if (count >= least && count <= most) return true;
    const wanted = most === 0 ? 'no types in <…>' : least === most ? `${most} in <…>` : `${least} to ${most} in <…>`;
    this.report(type.place, `${show(type.name)} takes ${wanted}, not ${count}; write ${example}`);
    return false;
  }

  #run(type: Named, word: 'Str' | 'Bytes'): FieldType | undefined {
    const counted = this.#counted(type, type.args[0], type.args[1], DEFAULT_COUNT_BITS[word]);
    return counted && { kind: word === 'Str' ? 'string' : 'bytes', ...counted };
  }

  #list(type: Named): FieldType | undefined {
    const element = this.field(type.args[0]!);
    const counted = this.#counted(type, type.args[1], type.args[2], DEFAULT_COUNT_BITS.List);
    if (element === undefined || counted === undefined) return undefined;
    if (isElement(element)) return { kind: 'list', element, ...counted };
    const what = { pad: 'pads', bytes: 'byte runs', fixedBytes: 'byte runs', list: 'lists' }[element.kind];
    return this.report(
      type.args[0]!.place,
      `a list of ${what} is not possible; put it into an interface, and list that`,
    );
  }

  #counted(
    type: Named,
    count: TypeSyntax | undefined,
    limit: TypeSyntax | undefined,
    defaultBits: Bits,
  ): { countBits: Bits; max: number } | undefined {
    const bits = count === undefined ? defaultBits : countBits(count);
    if (bits === undefined) {
      if (count?.kind === 'number') return this.#limitAlone(type, count, defaultBits);
      return this.report(count!.place, `a count is u8, u16, u32 or u64, not ${show(count!.text)}; write one of them`);
    }
    const most = bits === 64 ? MAX_COUNT : 2 ** bits - 1;
    if (limit === undefined) return { countBits: bits, max: most };
    if (limit.kind !== 'number' || !Number.isInteger(limit.value) || limit.value < 1) {
      return this.report(limit.place, `a limit is a whole number from 1 on, not ${show(limit.text)}; write one`);
    }
    if (limit.value > most) {
      const wider = limit.value <= 65535 ? 'u16' : limit.value <= MAX_COUNT ? 'u32' : undefined;
      const advice = wider === undefined ? `write at most ${MAX_COUNT}` : `count with ${wider}, or lower the limit`;
      return this.report(
        limit.place,
        `a u${bits} counts to ${most}, not to ${limit.value} in ${show(type.text)}; ${advice}`,
      );
    }
    return { countBits: bits, max: limit.value };
  }

  /** A limit where the count's type stands, as other languages have it. */
  #limitAlone(type: Named, { place, value, text }: TypeSyntax & { kind: 'number' }, defaultBits: Bits): undefined {
    const count = `u${value < 2 ** defaultBits ? defaultBits : 32}`;
    const element = type.name === 'List' ? `${plainText(type.args[0]!.text)}, ` : '';
    const advice = `write ${type.name}<${element}${count}, ${plainText(text)}>`;
    return this.report(place, `a limit comes after the type of the count, which is u8, u16, u32 or u64; ${advice}`);
  }

  #fixedBytes(type: Named): FieldType | undefined {
    const size = type.args[0]!;
    if (size.kind === 'number' && Number.isInteger(size.value) && size.value >= 1 && size.value <= MAX_PAD_BYTES) {
      return { kind: 'fixedBytes', size: size.value };
    }
    const isLarge = size.kind === 'number' && size.value > MAX_PAD_BYTES;
    const advice = isLarge ? 'write Bytes, which are counted' : 'write FixedBytes<16>';
    return this.report(size.place, `FixedBytes has 1 to ${MAX_PAD_BYTES} bytes, not ${show(size.text)}; ${advice}`);
  }

  #pad(type: Named): FieldType | undefined {
    const size = type.args[0]!;
    if (size.kind === 'number' && Number.isInteger(size.value) && size.value >= 1 && size.value <= MAX_PAD_BYTES) {
      return { kind: 'pad', size: size.value };
    }
    return this.report(size.place, `a Pad has 1 to ${MAX_PAD_BYTES} bytes, not ${show(size.text)}; write Pad<4>`);
  }
}

/** What stands for a whole message, or a part of one that is no field. */
const WHOLE: ReadonlySet<string> = new Set(['Message', 'Empty', 'Donates', 'Limits', 'Makes', 'Closes']);

/** What other languages call their numbers. */
function numberOf(name: string): string | undefined {
  const [, unsigned, bits] = /^(u?)int(8|16|32|64)(?:_t)?$/iu.exec(name) ?? [];
  if (bits !== undefined) return `write ${unsigned === '' ? 'i' : 'u'}${bits}`;
  const [, floatBits] = /^float(32|64)$/iu.exec(name) ?? [];
  return floatBits === undefined ? undefined : `write f${floatBits}`;
}

/** What to write in place of a type that TypeScript or another language has. */
function foreignName(name: string): string | undefined {
  return FOREIGN_NAMES.get(name) ?? numberOf(name) ?? (DESCRIPTORS.has(name) ? DONATED : undefined);
}

/** What people call an open file. */
const DESCRIPTORS: ReadonlySet<string> = new Set('FD Fd fd HostFD FileDescriptor FileHandle OwnedFd RawFd'.split(' '));
const DONATED = "a response donates descriptors by their names, behind it: Message<256, Empty, Empty, Donates<'file'>>";
const MAY_BE_MISSING = 'write a question mark after the name of the field';
const NO_STREAM = 'write a message that asks for the next part, and answers with a List or Bytes';

/** Types of TypeScript's library, and of other languages, and what the vocabulary has in their place. */
const FOREIGN_NAMES = new Map<string, string>([
  ['Array', 'write List<…>'],
  ['ReadonlyArray', 'write List<…>'],
  ['Uint8Array', 'write Bytes'],
  ['Buffer', 'write Bytes'],
  ['ArrayBuffer', 'write Bytes'],
  ['SharedArrayBuffer', 'write Bytes'],
  ['Uint8ClampedArray', 'write Bytes'],
  ['DataView', 'write Bytes'],
  ['Int8Array', 'write List<i8>'],
  ['Uint16Array', 'write List<u16>'],
  ['Int16Array', 'write List<i16>'],
  ['Uint32Array', 'write List<u32>'],
  ['Int32Array', 'write List<i32>'],
  ['BigUint64Array', 'write List<u64>'],
  ['BigInt64Array', 'write List<i64>'],
  ['Float32Array', 'write List<f32>'],
  ['Float64Array', 'write List<f64>'],
  ['Error', 'declare codes, export type MyErrors = Errors<{ NotReady: 4096 }>, which any call can fail with'],
  ['BigInt', 'write u64 or i64'],
  ['Object', 'write the name of an interface'],
  ['Required', 'write an interface with the fields'],
  ['Readonly', 'write the type that it holds'],
  ['Optional', MAY_BE_MISSING],
  ['Option', MAY_BE_MISSING],
  ['Maybe', MAY_BE_MISSING],
  ['Nullable', MAY_BE_MISSING],
  ['NonNullable', 'write the type that it holds'],
  ['Vec', 'write List<…>'],
  ['Sequence', 'write List<…>'],
  ['HashMap', 'write a List of an interface with two fields'],
  ['Iterable', 'write List<…>'],
  ['AsyncIterable', NO_STREAM],
  ['AsyncIterator', NO_STREAM],
  ['AsyncGenerator', NO_STREAM],
  ['ReadableStream', NO_STREAM],
  ['Readable', NO_STREAM],
  ['Stream', NO_STREAM],
  ['stream', NO_STREAM],
  ['Text', 'write Str'],
  ['text', 'write Str'],
  ['Data', 'write Bytes'],
  ['binary', 'write Bytes'],
  ['u128', 'write FixedBytes<16>, or two u64'],
  ['i128', 'write FixedBytes<16>, or two i64'],
  ['Timestamp', 'write i64, and say in which unit'],
  ['Duration', 'write u64, and say in which unit'],
  ['RegExp', 'write Str'],
  ['URL', 'write Str'],
  ['char', 'write u8, or Str'],
  ['short', 'write i16'],
  ['long', 'write i64'],
  ['size_t', 'write u64'],
  ['usize', 'write u64'],
  ['isize', 'write i64'],
  ['uuid', 'write FixedBytes<16>'],
  ['Date', 'write i64, and say in which unit'],
  ['Map', 'write a List of an interface with two fields'],
  ['Set', 'write List<…>'],
  ['Record', 'write an interface'],
  ['Promise', 'write the type that it brings'],
  ['Partial', 'write its fields, with question marks'],
  ['Pick', 'write an interface with the fields'],
  ['Omit', 'write an interface with the fields'],
  ['Number', 'write the integer that the wire carries, as in u32'],
  ['String', 'write Str'],
  ['Boolean', 'write bool'],
  ['int', 'write i32'],
  ['uint', 'write u32'],
  ['byte', 'write u8'],
  ['float', 'write f32'],
  ['double', 'write f64'],
  ['bytes', 'write Bytes'],
]);

function countBits(type: TypeSyntax): Bits | undefined {
  const match = /^u(8|16|32|64)$/u.exec(type.text);
  return match === null ? undefined : (Number(match[1]) as Bits);
}

function isElement(type: FieldType): type is ElementType {
  return type.kind !== 'pad' && type.kind !== 'bytes' && type.kind !== 'fixedBytes' && type.kind !== 'list';
}
