/** What changed between two versions of a struct. */

import { compareChoice, type Tell } from './breaking-choices.js';
import { layoutOf, wireTextOf } from './fingerprint.js';
import {
  partOf,
  type Choice,
  type ChoiceType,
  type ElementType,
  type Field,
  type FieldType,
  type LaidProtocol,
  type LaidStruct,
  type Place,
} from './ir.js';

type Structs = ReadonlyMap<string, LaidStruct>;

/** Compares structs, each pair once, those in their fields as well. */
export class StructComparison {
  readonly #before: Structs;
  readonly #after: Structs;
  readonly #choices: { readonly before: readonly Choice[]; readonly after: readonly Choice[] };
  readonly #compared = new Set<string>();

  constructor(
    before: LaidProtocol,
    after: LaidProtocol,
    private readonly tell: Tell,
  ) {
    this.#choices = { before: before.choices, after: after.choices };
    this.#before = new Map(before.structs.map((struct) => [struct.name, struct]));
    this.#after = new Map(after.structs.map((struct) => [struct.name, struct]));
  }

  compare(beforeName: string, afterName: string): void {
    const key = `${beforeName} ${afterName}`;
    if (this.#compared.has(key)) return;
    this.#compared.add(key);
    const [before, after] = [this.#before.get(beforeName)!, this.#after.get(afterName)!];
    if (this.#goTogether(before, after)) this.#sameWire(before, after);
    else this.#otherWire(before, after);
  }

  /** Compares the structs of a name, unless either was compared with another already. */
  compareUnless(name: string): void {
    const isDone = [...this.#compared].some((key) => key.split(' ').includes(name));
    if (!isDone) this.compare(name, name);
  }

  /** As at mount: one layout begins the other. */
  #goTogether(before: LaidStruct, after: LaidStruct): boolean {
    const [a, b] = [layoutOf(before.name, this.#before), layoutOf(after.name, this.#after)];
    const last = Math.min(a.length, b.length) - 1;
    return a[last] === b[last];
  }

  /** The bytes are the same, so fields belong together by their places; optional ones may have come or gone. */
  #sameWire(before: LaidStruct, after: LaidStruct): void {
    const [old, now] = [before.fields, after.fields];
    const required = (fields: readonly Field[]): number => fields.filter((field) => !field.optional).length;
    const isAlike = old.every((was, i) => now[i] === undefined || this.#sameBytes(was.type, now[i].type));
    if (required(old) !== required(now) || !isAlike) {
      const reason = 'the bytes are the same, but code that names the fields must name others';
      this.tell('FIELDS_REGROUPED', after.name, after.place, reason);
      return this.#sameLeaves(before, after);
    }
    const [oldNames, nowNames] = [namesOf(old), namesOf(now)];
    for (const [i, field] of now.entries()) {
      const was = old[i];
      if (was === undefined) break;
      const subject = `${after.name}.${field.name}`;
      if (was.type.kind === 'pad' && field.type.kind === 'pad') continue;
      this.#sameField(was, field, subject);
      if (was.name === field.name) continue;
      if (oldNames.has(field.name) || nowNames.has(was.name)) this.#swapped(was, field, subject);
      else {
        const reason = `it was called '${was.name}'; code that says so does not compile`;
        this.tell('FIELD_RENAMED', subject, field.place, reason);
      }
    }
    for (const more of now.slice(old.length)) {
      if (oldNames.has(more.name)) continue;
      const reason = 'it comes after all others: running peers ignore it, and their messages lack it';
      this.tell('OPTIONAL_ADDED', `${after.name}.${more.name}`, more.place, reason);
    }
    for (const gone of old.slice(now.length)) {
      if (nowNames.has(gone.name)) continue;
      this.#optionalGone(`${after.name}.${gone.name}`, after.place);
    }
  }

  #swapped(was: Field, field: Field, subject: string): void {
    const reason = `its bytes are those that '${was.name}' had: running peers take one for the other`;
    this.tell('FIELDS_SWAPPED', subject, field.place, reason);
  }

  /** The bytes are the same, and other structs hold them: the fields without parts belong together. */
  #sameLeaves(before: LaidStruct, after: LaidStruct): void {
    const [old, now] = [this.#leaves(before, this.#before, ''), this.#leaves(after, this.#after, '')];
    const [oldNames, nowNames] = [namesOf(old), namesOf(now)];
    const [oldPaths, nowPaths] = [old, now].map((leaves) => new Set(leaves.map(({ path }) => path))) as [
      Set<string>,
      Set<string>,
    ];
    // Where parts have fields of the same names, a name says too little, and the way to it says it.
    const areUnique = oldNames.size === old.length && nowNames.size === now.length;
    for (const [i, field] of now.entries()) {
      const was = old[i];
      if (was === undefined) break;
      const subject = `${after.name}.${field.name}`;
      this.#sameField(was, field, subject);
      const isMoved = areUnique && (oldNames.has(field.name) || nowNames.has(was.name)) && was.name !== field.name;
      const isElsewhere = was.path !== field.path && (oldPaths.has(field.path) || nowPaths.has(was.path));
      // What stood beside it had the name that it has now, whatever they are parts of.
      const isNeighbour =
        was.name !== field.name && oldPaths.has(`${was.path.slice(0, -was.name.length)}${field.name}`);
      if (isMoved || isElsewhere || isNeighbour) this.#swapped({ ...was, name: was.path }, field, subject);
    }
  }

  #leaves({ fields }: LaidStruct, structs: Structs, path: string): (Field & { readonly path: string })[] {
    return fields.flatMap((field) => {
      if (field.type.kind === 'pad') return [];
      const at = path === '' ? field.name : `${path}.${field.name}`;
      return field.type.kind === 'struct'
        ? this.#leaves(structs.get(field.type.name)!, structs, at)
        : [{ ...field, path: at }];
    });
  }

  /** The bytes differ, so fields belong together by their names. */
  #otherWire(before: LaidStruct, after: LaidStruct): void {
    const now = new Map(after.fields.map((field) => [field.name, field]));
    const old = new Map(before.fields.map((field) => [field.name, field]));
    const gone = before.fields.filter(({ name }) => !now.has(name));
    const added = after.fields.filter(({ name }) => !old.has(name));
    // A pad is told of only where nothing else came or went.
    const isOnlyPads = [...gone, ...added].every(({ type }) => type.kind === 'pad');
    const counts = ({ type }: Field): boolean => isOnlyPads || type.kind !== 'pad';
    for (const field of gone.filter(counts)) {
      const reason = 'running peers still write it, and would have what follows read at its place';
      this.tell('FIELD_REMOVED', `${after.name}.${field.name}`, after.place, reason);
    }
    for (const field of added.filter(counts)) {
      this.tell('FIELD_ADDED', `${after.name}.${field.name}`, field.place, addedReason(field, after));
    }
    for (const field of after.fields) {
      const was = old.get(field.name);
      if (was === undefined) continue;
      const subject = `${after.name}.${field.name}`;
      if (was.optional !== field.optional) {
        const reason = `it was ${was.optional ? 'optional' : 'always there'}, and running peers count on that`;
        this.tell('FIELD_OPTIONALITY_CHANGED', subject, field.place, reason);
      } else this.#sameField(was, field, subject);
    }
    const common = (fields: readonly Field[], others: ReadonlyMap<string, Field>): string =>
      fields.flatMap(({ name }) => (others.has(name) ? [name] : [])).join(' ');
    if (common(before.fields, now) !== common(after.fields, old)) {
      const reason = 'the fields stand in another order, and running peers go by their places';
      this.tell('FIELDS_REORDERED', after.name, after.place, reason);
    }
  }

  #sameField(was: Field, field: Field, subject: string): void {
    const [a, b] = [typeName(was.type), typeName(field.type)];
    // A list of structs and a struct that is a list are no two versions of one part.
    const isSame = was.type.kind === field.type.kind;
    const [oldPart, part] = isSame ? [partOf(was.type), partOf(field.type)] : [];
    if (oldPart !== undefined && part !== undefined) this.compare(oldPart, part);
    if (was.makes !== field.makes || was.closes !== field.closes) {
      const reason = `it was ${markOf(was)} and is ${markOf(field)}: running clients give back what they did before`;
      this.tell('GIVING_BACK_CHANGED', subject, field.place, reason);
    }
    if (!this.#sameBytes(was.type, field.type)) {
      // A part that changed inside is told of by itself.
      if (a === b && part !== undefined && oldPart === part) return;
      const reason = `it was ${a} and is ${b}: running peers read and write other bytes`;
      return this.tell('FIELD_TYPE_CHANGED', subject, field.place, reason);
    }
    // Two structs are compared by themselves, above.
    const areParts = oldPart !== undefined && part !== undefined;
    const bare = areParts ? was.type : bareType(was.type, this.#before);
    const nowBare = areParts ? field.type : bareType(field.type, this.#after);
    if (!this.#sameValues(bare, nowBare)) {
      const reason = `it was ${a} and is ${b}: one side refuses values that the other may send`;
      return this.tell('FIELD_VALUES_CHANGED', subject, field.place, reason);
    }
    if (sourceType(was.type) !== sourceType(field.type)) {
      const reason = `it was ${a} and is ${b}: the bytes are the same, the type in TypeScript is not`;
      this.tell('FIELD_TYPE_RENAMED', subject, field.place, reason);
      this.#renamedChoice(was.type, field.type);
    }
    this.#maximum(bare, nowBare, subject, field.place);
  }

  /** Both take the same values, as far as the schema says it here: a choice's own changes are told by themselves. */
  #sameValues(was: FieldType, now: FieldType): boolean {
    if (was.kind === 'list' && now.kind === 'list') return this.#sameValues(was.element, now.element);
    if (!isChoice(was) || !isChoice(now)) return valuesOf(was) === valuesOf(now);
    if (was.kind !== now.kind || was.name === now.name) return was.kind === now.kind;
    const values = ({ members }: Choice): string =>
      JSON.stringify(members.map(({ value }) => value).sort((x, y) => x - y));
    return values(this.#choiceOf('before', was)) === values(this.#choiceOf('after', now));
  }

  /** What is called otherwise may have changed inside as well, and is not found by its name. */
  #renamedChoice(was: FieldType, now: FieldType): void {
    if (was.kind === 'list' && now.kind === 'list') return this.#renamedChoice(was.element, now.element);
    if (!isChoice(was) || !isChoice(now) || was.name === now.name) return;
    const key = `${was.name} ${now.name}`;
    if (this.#compared.has(key)) return;
    this.#compared.add(key);
    const [old, renamed] = [this.#choiceOf('before', was), this.#choiceOf('after', now)];
    compareChoice(old, renamed, this.tell);
  }

  #choiceOf(version: 'before' | 'after', { name }: ChoiceType): Choice {
    return this.#choices[version].find((choice) => choice.name === name)!;
  }

  #maximum(was: FieldType, now: FieldType, subject: string, place: Place): void {
    if ('max' in was && 'max' in now && was.max !== now.max) {
      const who = was.max < now.max ? 'running peers refuse what is longer' : 'running peers may send what is longer';
      this.tell('MAXIMUM_CHANGED', subject, place, `it was at most ${was.max} long and is ${now.max}: ${who}`);
    }
    if (was.kind === 'list' && now.kind === 'list') this.#maximum(was.element, now.element, subject, place);
  }

  #sameBytes(was: FieldType, now: FieldType): boolean {
    return wireTextOf(was, this.#before) === wireTextOf(now, this.#after);
  }

  /** A struct where there was none: it breaks nothing when all of its fields may be missing. */
  cameToBe(name: string): boolean {
    const { fields } = this.#after.get(name)!;
    if (fields.some((field) => !field.optional)) return false;
    for (const field of fields) {
      const reason = 'it comes after all others: running peers ignore it, and their messages lack it';
      this.tell('OPTIONAL_ADDED', `${name}.${field.name}`, field.place, reason);
    }
    return true;
  }

  /** A struct where there is none any more: as cameToBe. */
  wentAway(name: string, subject: string, place: Place): boolean {
    const { fields } = this.#before.get(name)!;
    if (fields.some((field) => !field.optional)) return false;
    for (const field of fields) this.#optionalGone(`${subject}.${field.name}`, place);
    return true;
  }

  #optionalGone(subject: string, place: Place): void {
    const reason = 'running peers go on sending it and are ignored; code that names it does not compile';
    this.tell('OPTIONAL_REMOVED', subject, place, reason);
  }
}

function markOf({ makes, closes }: Field): string {
  return makes ? 'what a response makes' : closes ? 'what a request gives back' : 'not marked';
}

/** The names of fields; pads have none that means something. */
function namesOf(fields: readonly Field[]): Set<string> {
  return new Set(fields.flatMap(({ name, type }) => (type.kind === 'pad' ? [] : [name])));
}

/** What a struct of one field is to the wire, and a list of such: that field. */
function bareType(type: FieldType, structs: Structs): FieldType {
  if (type.kind === 'list') return { ...type, element: bareType(type.element, structs) as ElementType };
  const only = type.kind === 'struct' ? structs.get(type.name)!.fields : [];
  return only.length === 1 ? bareType(only[0]!.type, structs) : type;
}

function isChoice(type: FieldType): type is ChoiceType {
  return type.kind === 'enum' || type.kind === 'flags';
}

function addedReason(field: Field, struct: LaidStruct): string {
  if (!field.optional) {
    return 'running peers do not write it; only whole requests and responses grow, by optional fields at their end';
  }
  const next = struct.fields[struct.fields.indexOf(field) + 1];
  return next === undefined
    ? 'what comes before it has changed as well'
    : `running peers have '${next.name}' at its place; add it after all other optional fields`;
}

/** Which values a type has, where not all that its bytes can be. */
function valuesOf(type: FieldType): string {
  switch (type.kind) {
    case 'list':
      return valuesOf(type.element);
    case 'enum':
    case 'flags':
      return type.name;
    case 'bool':
      return 'bool';
    default:
      return 'all';
  }
}

/** What the type is to TypeScript, where that is more than its kind: a name of the schema. */
function sourceType(type: FieldType): string {
  switch (type.kind) {
    case 'list':
      return `${sourceType(type.element)}[]`;
    case 'opaque':
    case 'struct':
    case 'enum':
      return `${type.kind} ${type.name}`;
    case 'int':
      return type.bits === 64 ? 'bigint' : 'number';
    case 'flags':
      return `number ${type.name}`;
    default:
      return type.kind;
  }
}

function typeName(type: FieldType): string {
  switch (type.kind) {
    case 'int':
      return `${type.signed ? 'i' : 'u'}${type.bits}`;
    case 'float':
      return `f${type.bits}`;
    case 'pad':
      return `Pad<${type.size}>`;
    case 'fixedBytes':
      return `FixedBytes<${type.size}>`;
    case 'string':
      return `Str<u${type.countBits}>`;
    case 'bytes':
      return `Bytes<u${type.countBits}>`;
    case 'list':
      return `List<${typeName(type.element)}, u${type.countBits}>`;
    case 'bool':
      return 'bool';
    case 'struct':
      return type.name;
    default:
      return `${type.name} (u${type.bits})`;
  }
}
