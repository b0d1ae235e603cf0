/** What the templates print: the laid-out protocol with every expression that depends on a field's kind spelled out. */

import type {
  Alias,
  Block,
  ChoiceType,
  ElementType,
  Field,
  FieldType,
  LaidProtocol,
  LaidStruct,
  Message,
  PlacedField,
} from './ir.js';
import { namesOfProtocol, namesOfStruct, sizeConstant } from './names.js';
import { RUNTIME_NAMES, aliasOf, canHaveAlias } from './runtime-names.js';

/** A field, or the element of a list. Which of the optional members there are depends on the kind. */
export interface FieldView {
  /** The partial that prints it. */
  readonly kind:
    | 'int'
    | 'wide'
    | 'opaque'
    | 'bool'
    | 'float'
    | 'choice'
    | 'fixedBytes'
    | 'pad'
    | 'string'
    | 'bytes'
    | 'list'
    | 'struct';
  readonly name: string;
  readonly lines: readonly string[];
  /** How errors call it. */
  readonly label: string;
  /** Where it stands, an expression. */
  readonly at: string;
  /** The value that is written. */
  readonly source: string;
  /** What a value that was read is assigned to. */
  readonly target: string;
  readonly initType: string;
  readonly readType: string;
  readonly [more: string]: unknown;
}

export interface BlockView {
  readonly struct: string;
  readonly size: number;
  readonly usesView: boolean;
  /** The same of reading, which passes over pads. */
  readonly readsView: boolean;
  /** True where reading can find a value that none may be. */
  readonly checked: boolean;
  readonly fields: readonly FieldView[];
  readonly plain: readonly FieldView[];
  readonly wides: readonly FieldView[];
  readonly tail: FieldView | undefined;
}

export interface StructView {
  readonly name: string;
  readonly article: string;
  readonly classDoc: readonly string[];
  readonly fixed: boolean;
  readonly size: number;
  readonly fixedPart: number;
  readonly constant: string;
  /** True where only optional fields keep it from being fixed: code has its constant since before there were any. */
  readonly grown: boolean;
  readonly embedded: boolean;
  readonly checked: boolean;
  readonly usesView: boolean;
  /** The same of reading, which passes over pads. */
  readonly readsView: boolean;
  readonly fields: readonly FieldView[];
  /** Optional fields, each with the names of those after it. */
  readonly optionals: readonly FieldView[];
  /** True where a trace has something to show. */
  readonly formatted: boolean;
  readonly donates: readonly string[];
  /** Every name that the class shows. */
  readonly members: readonly string[];
  readonly blocks: readonly BlockView[];
}

/** A name for a local of generated code that hides nothing which the code imports or declares. */
function localName({ name, declared }: Common, what: 'Count' | 'Size' | 'Value'): string {
  let local = `${name}${what}`;
  while (RUNTIME_NAMES.has(local) || declared.has(local)) local += '_';
  return local;
}

function declaredNames({ name, structs, choices, aliases, errors, messages }: LaidProtocol): Set<string> {
  return new Set([
    ...namesOfProtocol(name),
    ...structs.flatMap((struct) => namesOfStruct(struct.name)),
    ...choices.flatMap((choice) => [choice.name, `is${choice.name}`]),
    ...aliases.map((alias) => alias.name),
    ...(errors === undefined ? [] : [errors.name, `is${errors.name}`, `fail${errors.name}`]),
    ...messages.map((message) => `${message.name}Method`),
  ]);
}

/** What the code calls something of the runtime's. */
function runtimeName(name: string, declared: ReadonlySet<string>): string {
  return declared.has(name) ? aliasOf(name) : name;
}

/** `at`, `at + 8`: an offset from an expression. */
export function plus(at: string, offset: number): string {
  const match = /^(.*?)(?: \+ (\d+))?$/u.exec(at)!;
  const sum = Number(match[2] ?? 0) + offset;
  return sum === 0 ? match[1]! : `${match[1]!} + ${sum}`;
}

/** A or an, as one says it. */
function articleFor(name: string): string {
  return /^([AEIO]|F[A-Z]|L[A-Z]|M[A-Z]|N[A-Z]|R[A-Z]|S[A-Z]|X[A-Z])/u.test(name) ? 'an' : 'a';
}

export class Views {
  readonly #structs: ReadonlyMap<string, LaidStruct>;
  readonly #embedded: ReadonlySet<string>;
  /** Every name that generated code declares, made of those of the schema. */
  readonly #declared: ReadonlySet<string>;
  /** Those of them that the runtime has as well, whose own are imported under aliases. */
  readonly aliased: ReadonlySet<string>;
  readonly #closers: readonly { readonly by: string; readonly alias: string }[];

  constructor(private readonly protocol: LaidProtocol) {
    this.#structs = new Map(protocol.structs.map((struct) => [struct.name, struct]));
    this.#closers = this.#closersOf();
    this.#declared = declaredNames(protocol);
    this.aliased = new Set([...this.#declared].filter(canHaveAlias));
    this.#embedded = new Set(
      protocol.structs.flatMap((struct) => struct.fields.flatMap((field) => structOf(field.type))),
    );
  }

  /** The messages that give identifiers back, and the types of those. */
  #closersOf(): { by: string; alias: string }[] {
    return this.protocol.messages.flatMap(({ name, req }) => {
      const closed = closedBy(this.#structs.get(req ?? ''));
      return closed === undefined ? [] : [{ by: name, alias: closed.name }];
    });
  }

  struct(struct: LaidStruct): StructView {
    const blocks = struct.blocks.map((block) => this.#block(struct, block));
    const optionals = struct.optionals.map((field, i) => this.#optional(struct, field, i));
    const views = blocks.flatMap((block) => (block.tail === undefined ? block.fields : [...block.fields, block.tail]));
    return {
      name: struct.name,
      article: articleFor(struct.name),
      classDoc: this.#classDoc(struct),
      fixed: struct.fixed,
      size: struct.size,
      fixedPart: struct.blocks.reduce((sum, block) => sum + block.size, 0),
      constant: sizeConstant(struct.name),
      grown: struct.optionals.length > 0 && struct.blocks.every((block) => block.tail === undefined),
      embedded: struct.fixed && this.#embedded.has(struct.name),
      checked: this.#isChecked(struct.name),
      usesView: blocks.some((block) => block.usesView) || optionals.some(touchesView),
      readsView: blocks.some((block) => block.readsView) || optionals.some(touchesView),
      optionals,
      formatted: struct.fields.some((field) => field.type.kind !== 'pad'),
      fields: views.filter((view) => view.kind !== 'pad'),
      donates: struct.donates,
      members: [...views.filter((view) => view.kind !== 'pad'), ...optionals]
        .map((view) => view.name)
        .concat(struct.donates),
      blocks,
    };
  }

  message(message: Message): object {
    const makes = this.#closers.flatMap(({ by, alias }) => {
      const ids = this.#made(alias, message.resp, 'resp', 0);
      return ids.length === 0 ? [] : [{ by, ids: ids.join(', ') }];
    });
    return { ...messageView(message), makes, closes: closedBy(this.#structs.get(message.req ?? '')) };
  }

  /** Expressions, to be listed, for the identifiers of a type that the object `of` makes. */
  #made(alias: string, struct: string | undefined, of: string, depth: number): string[] {
    return (this.#structs.get(struct ?? '')?.fields ?? []).flatMap((field) => {
      const value = `${of}.${field.name}`;
      const made = this.#madeBy(alias, field, value, depth);
      if (!field.optional || made.length === 0) return made;
      return [`...(${value} === undefined ? [] : [${made.join(', ')}])`];
    });
  }

  #madeBy(alias: string, { type, makes }: Field, value: string, depth: number): string[] {
    if (makes && type.kind === 'opaque') return type.name === alias ? [value] : [];
    if (makes)
      return type.kind === 'list' && type.element.kind === 'opaque' && type.element.name === alias
        ? [`...${value}`]
        : [];
    if (type.kind === 'struct') return this.#made(alias, type.name, value, depth);
    if (type.kind !== 'list' || type.element.kind !== 'struct') return [];
    const each = depth === 0 ? 'each' : `each${depth}`;
    const made = this.#made(alias, type.element.name, each, depth + 1);
    if (made.length === 0) return [];
    const single = made.length === 1 && !made[0]!.startsWith('...');
    return [
      single ? `...${value}.map((${each}) => ${made[0]!})` : `...${value}.flatMap((${each}) => [${made.join(', ')}])`,
    ];
  }

  #block(struct: LaidStruct, block: Block): BlockView {
    const fields = block.fields.map((field) => this.#field(struct, field));
    const wides = fields.filter((field) => field.kind === 'wide');
    const tail = block.tail === undefined ? undefined : this.#field(struct, block.tail);
    return {
      struct: struct.name,
      size: block.size,
      usesView: fields.some(touchesView) || (tail !== undefined && tail.kind !== 'struct'),
      readsView:
        fields.some((view) => view.kind !== 'pad' && touchesView(view)) ||
        (tail !== undefined && tail.kind !== 'struct'),
      checked: this.#isChecked(struct.name),
      fields: fields.filter((field) => field.kind !== 'pad'),
      plain: fields.filter((field) => field.kind !== 'wide'),
      wides,
      tail,
    };
  }

  /** An optional field stands where the one before it ended, and is kept as a list's element is, a plain property. */
  #optional(struct: LaidStruct, field: PlacedField, index: number): FieldView {
    const { type } = field;
    const view = this.#field(struct, field);
    const fixedSize =
      type.kind === 'fixedBytes' ? type.size : isElement(type) ? this.#elementSize(type).fixedSize : undefined;
    const isCounted = type.kind === 'list' || type.kind === 'bytes' || type.kind === 'string';
    const later = struct.optionals.slice(index + 1).map(({ name }) => name);
    const element = type.kind === 'list' ? {} : { element: true };
    return { ...view, ...element, optional: true, fixedSize, counted: isCounted, later };
  }

  /** True for a struct some of whose bytes may have values that are refused. */
  #isChecked(name: string): boolean {
    return this.#structs.get(name)!.fields.some(({ type }) => {
      if (type.kind === 'struct') return this.#isChecked(type.name);
      return type.kind === 'bool' || type.kind === 'enum' || type.kind === 'flags';
    });
  }

  #field(struct: LaidStruct, field: PlacedField): FieldView {
    const value = `m.${field.name}`;
    const place = { at: plus('at', field.offset), source: value, target: value };
    return this.#typed(field.type, {
      ...place,
      name: field.name,
      declared: this.#declared,
      lines: field.doc,
      label: `${struct.name}.${field.name}`,
    });
  }

  #typed(type: FieldType, common: Common): FieldView {
    switch (type.kind) {
      case 'int':
        return type.bits === 64 ? wideView(type.signed, common) : intView(type.bits, type.signed, type.alias, common);
      case 'opaque':
        return opaqueView(type.name, type.bits, common);
      case 'bool':
        return {
          ...common,
          value: localName(common, 'Value'),
          kind: 'bool',
          initType: 'boolean',
          readType: 'boolean',
        };
      case 'float':
        return { ...common, bits: type.bits, kind: 'float', initType: 'number', readType: 'number' };
      case 'enum':
      case 'flags':
        return choiceFieldView(type, this.#firstOf(type), common);
      case 'fixedBytes': {
        const after = plus(common.at, type.size);
        return {
          ...common,
          size: type.size,
          after,
          kind: 'fixedBytes',
          initType: 'Uint8Array',
          readType: 'Uint8Array',
        };
      }
      case 'pad':
        return padView(type.size, common);
      case 'string':
        return { ...common, ...counted(type, common, 'Size'), kind: 'string', initType: 'string', readType: 'string' };
      case 'bytes':
        return {
          ...common,
          ...counted(type, common, 'Size'),
          kind: 'bytes',
          initType: 'Uint8Array',
          readType: 'Uint8Array',
        };
      case 'list':
        return this.#list(type.element, { ...common, ...counted(type, common, 'Count') });
      case 'struct':
        return {
          ...common,
          checked: this.#isChecked(type.name),
          kind: 'struct',
          struct: type.name,
          initType: `${type.name}Init`,
          readType: type.name,
        };
    }
  }

  /** What a new message has in such a field. */
  #firstOf(type: ChoiceType): number {
    if (type.kind === 'flags') return 0;
    return this.protocol.choices.find((choice) => choice.name === type.name)!.members[0]!.value;
  }

  #list(type: ElementType, common: Common): FieldView {
    const place = { at: 'at', source: `${common.source}[i]!`, target: `${common.target}[i]` };
    const { declared } = common;
    const view = { ...this.#typed(type, { ...common, ...place, local: 'size', lines: [] }), declared };
    const { fixedSize, leastSize } = this.#elementSize(type);
    const element = {
      ...view,
      element: true,
      fixedSize,
      leastSize,
      isByte: leastSize === 1,
      formatter: elementFormatter(view),
    };
    const initType = `readonly ${parenthesized(view.initType)}[]`;
    return { ...common, kind: 'list', element, initType, readType: `${parenthesized(view.readType)}[]` };
  }

  /** The size of every element, or the least that one can have. */
  #elementSize(type: ElementType): { fixedSize: number | undefined; leastSize: number } {
    if (type.kind === 'string') return { fixedSize: undefined, leastSize: type.countBits / 8 };
    if (type.kind === 'bool') return { fixedSize: 1, leastSize: 1 };
    if (type.kind !== 'struct') return { fixedSize: type.bits / 8, leastSize: type.bits / 8 };
    const { fixed, size } = this.#structs.get(type.name)!;
    return { fixedSize: fixed ? size : undefined, leastSize: size };
  }

  /** The type's own comment, or whose part it is, then its table. */
  #classDoc(struct: LaidStruct): string[] {
    const doc = struct.doc.length > 0 ? struct.doc : [this.#role(struct.name)];
    const size = `${struct.fixed ? '' : 'At least '}${struct.size} bytes.`;
    if (struct.fields.length === 0) return [...doc, '', 'Nothing on the wire.'];
    return [
      ...doc,
      '',
      '| offset | type | name |',
      '| ---: | --- | --- |',
      ...struct.blocks.flatMap(rows),
      ...optionalRows(struct),
      '',
      size,
    ];
  }

  #role(struct: string): string {
    const message = this.protocol.messages.find((each) => each.req === struct || each.resp === struct);
    if (message === undefined) return 'A part of other messages.';
    return `The ${message.req === struct ? 'request' : 'response'} of ${message.name}.`;
  }
}

type Common = Pick<FieldView, 'name' | 'lines' | 'label' | 'at' | 'source' | 'target'> & {
  readonly declared: ReadonlySet<string>;
  readonly [more: string]: unknown;
};

/** The field by which a request gives identifiers back, their type, and how many at once. */
function closedBy(
  struct: LaidStruct | undefined,
): { field: string; name: string; most: number; isList: boolean } | undefined {
  const field = struct?.fields.find(({ closes }) => closes);
  if (field?.type.kind === 'opaque') return { field: field.name, name: field.type.name, most: 1, isList: false };
  if (field?.type.kind !== 'list' || field.type.element.kind !== 'opaque') return undefined;
  return { field: field.name, name: field.type.element.name, most: field.type.max, isList: true };
}

function touchesView(view: FieldView): boolean {
  if (view.kind === 'pad') return view['setter'] !== undefined;
  return view.kind !== 'struct' && view.kind !== 'fixedBytes';
}

function isElement(type: FieldType): type is ElementType {
  return type.kind !== 'pad' && type.kind !== 'bytes' && type.kind !== 'fixedBytes' && type.kind !== 'list';
}

function structOf(type: FieldType): string[] {
  if (type.kind === 'list') return structOf(type.element);
  return type.kind === 'struct' ? [type.name] : [];
}

function parenthesized(type: string): string {
  return type.includes('|') ? `(${type})` : type;
}

/** Masks and flags are read in hexadecimal, permissions in octal. */
function formatterOf({ name, declared }: Pick<Common, 'name' | 'declared'>): string {
  const isMask = /(?:mask|flags|attributes)$/iu.test(name);
  return runtimeName(isMask ? 'formatHex' : name === 'mode' ? 'formatOctal' : 'formatNumber', declared);
}

function elementFormatter(view: FieldView & Pick<Common, 'declared'>): string {
  if (view.kind === 'struct') return `format${view.readType}`;
  if (view.kind === 'bool') return runtimeName('formatOther', view.declared);
  if (view.kind === 'choice') return `(each) => ${String(view['formatter'])}(each, ${String(view['choice'])})`;
  return view.kind === 'string' ? runtimeName('formatText', view.declared) : formatterOf(view);
}

function intView(bits: number, signed: boolean, alias: string | undefined, common: Common): FieldView {
  const type = alias ?? 'number';
  const letter = signed ? 'I' : 'U';
  const get = `get${signed ? 'Int' : 'Uint'}${bits}`;
  const more = {
    bits,
    signed,
    alias,
    get,
    put: `put${letter}${bits}`,
    test: runtimeName(`is${letter}${bits}`, common.declared),
    letter: letter.toLowerCase(),
    set: `set${signed ? 'Int' : 'Uint'}${bits}`,
    multibyte: bits > 8,
    formatter: formatterOf(common),
  };
  return { ...common, ...more, kind: 'int', initType: type, readType: type };
}

function wideView(signed: boolean, common: Common): FieldView {
  const letter = signed ? 'I' : 'U';
  const names = { put: `put${letter}64`, join: `join${letter}64`, split: `split${letter}64` };
  // No name of a schema has a $: this is clear of all others.
  const checks = { check: `check${common.label.replace('.', '$')}`, checker: `check${letter}64` };
  const more = { ...names, ...checks, signed, atHigh: plus(common.at, 4), formatter: formatterOf(common) };
  return { ...common, ...more, kind: 'wide', initType: 'number | bigint', readType: 'bigint' };
}

function choiceFieldView({ kind, name, bits }: ChoiceType, initial: number, common: Common): FieldView {
  const more = {
    choice: name,
    initial,
    get: `getUint${bits}`,
    put: `putU${bits}`,
    multibyte: bits > 8,
    value: localName(common, 'Value'),
    formatter: runtimeName(kind === 'enum' ? 'formatEnum' : 'formatFlags', common.declared),
    sampler: kind === 'enum' ? 'choice' : 'flags',
  };
  return { ...common, ...more, kind: 'choice', initType: name, readType: name };
}

function opaqueView(alias: string, bits: number, common: Common): FieldView {
  const more = { alias, wide: bits === 64, put: `putU${bits}`, atHigh: plus(common.at, 4) };
  return { ...common, ...more, kind: 'opaque', initType: alias, readType: alias };
}

function padView(size: number, common: Common): FieldView {
  const setter = size === 1 ? 'setUint8' : size === 2 ? 'setUint16' : size === 4 ? 'setUint32' : undefined;
  const more = { setter, multibyte: size > 1, after: plus(common.at, size) };
  return { ...common, ...more, kind: 'pad', initType: 'never', readType: 'never' };
}

function counted(type: { countBits: number; max: number }, common: Common, what: 'Count' | 'Size'): Common {
  const local = common['local'] ?? localName(common, what);
  const most = type.countBits === 64 ? 0xffff_ffff : 2 ** type.countBits - 1;
  const count = { countBits: type.countBits, countBytes: type.countBits / 8, countAt: common.at };
  return { ...common, ...count, local, max: type.max, limited: type.max < most };
}

/** A block's rows in the table above a class. After a field of variable size offsets count from its end, `...`. */
function rows(block: Block, index: number): string[] {
  const fields = block.tail === undefined ? block.fields : [...block.fields, block.tail];
  const offset = (at: number): string => (index === 0 ? `${at}` : at === 0 ? '...' : `... + ${at}`);
  return fields.map((field) => `| ${offset(field.offset)} | ${typeText(field.type)} | ${field.name} |`);
}

/** Optional fields come after all others, as far as they come. */
function optionalRows({ optionals }: LaidStruct): string[] {
  return optionals.map((field) => `| ... | ${typeText(field.type)} | ${field.name}? |`);
}

/** A type as a schema has it, its limit and its count where they are not the usual ones. */
function typeText(type: FieldType): string {
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
    case 'list':
      return `List<${[typeText(type.element), ...countText(type)].join(', ')}>`;
    default:
      return `${type.kind === 'string' ? 'Str' : 'Bytes'}<${countText(type).join(', ')}>`;
  }
}

function countText({ countBits, max }: { countBits: number; max: number }): string[] {
  const most = countBits === 64 ? 0xffff_ffff : 2 ** countBits - 1;
  return max < most ? [`u${countBits}`, `${max}`] : [`u${countBits}`];
}

/** What is shown of an alias: identifiers and small integers keep their names in generated code. */
export function aliasViews(aliases: readonly Alias[]): object[] {
  return aliases.flatMap(({ name, doc, type }) => {
    const common = { name, lines: doc, article: articleFor(name) };
    if (type.kind === 'opaque' && type.name === name) {
      return [{ ...common, opaque: true, bits: type.bits, type: type.bits === 64 ? 'number | bigint' : 'number' }];
    }
    return type.kind === 'int' && type.alias === name ? [{ ...common, opaque: false }] : [];
  });
}

/** What is shown of a message in all three of its places. */
function messageView(message: Message): object {
  const { doc, donates, resp, req, mid } = message;
  const donated = donates.length === 0 ? [] : ['', ownership(donates)];
  const failing = ['', 'Throws an RPCError when it fails. Blocks the thread until the answer is there.'];
  const reuse = resp === undefined ? [] : ['Fills `resp` where one is given, and returns it.'];
  return {
    ...message,
    lines: doc,
    hasStub: mid !== 0,
    hasReq: req !== undefined,
    req: req ?? 'Empty',
    reqInit: req === undefined ? 'EmptyInit' : `${req}Init`,
    respType: resp ?? 'void',
    answerType: resp === undefined ? 'void' : `${resp}Init`,
    stubDoc: [...doc, ...donated],
    syncDoc: [...doc, ...donated, ...failing, ...reuse],
    handlerDoc:
      donates.length === 0
        ? doc
        : [...doc, '', `Donates with \`context.donate\`, in this order: ${donates.join(', ')}.`],
  };
}

function ownership(donates: readonly string[]): string {
  const names = donates.map((name) => `\`${name}\``).join(' and ');
  const [each, them] = donates.length === 1 ? ['is', 'it'] : ['are', 'them'];
  return `The response's ${names} ${each} yours, where the server donated ${them}: close() or release() ${them}.`;
}
