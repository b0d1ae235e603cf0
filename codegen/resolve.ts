/** From syntax to meaning: looks up names, makes messages and structs of what was read, and collects what is wrong. */

import { RULES, isRule } from './breaking-rules.js';
import { choiceOf, errorCodesOf, isChoice, isErrorCodes } from './choices.js';
import { checkProtocol } from './check.js';
import type { Allowed, Choice, Diagnostic, ErrorCodes, Field, Message, Place, Protocol, Struct } from './ir.js';
import { missingImports } from './imported.js';
import { messageParts } from './message-parts.js';
import { MAX_MID, STANDARD_MESSAGES, freeMID, standardMessage, wrongExtensionMID, wrongMID } from './mids.js';
import {
  VOCABULARY,
  midName,
  namesOfProtocol,
  namesOfStruct,
  nearest,
  plainText,
  show,
  stubName,
  wrongField,
  wrongMember,
  wrongType,
} from './names.js';
import type {
  AliasSyntax,
  AllowSyntax,
  ImportSyntax,
  InterfaceSyntax,
  MemberSyntax,
  StatementSyntax,
  TypeSyntax,
} from './syntax.js';
import { Types } from './types.js';

/** numFDs is one byte on the wire. */
const MAX_DONATED_COUNT = 255;
/** As many parameters has the vocabulary's Donates; an editor refuses more. */
const MAX_NAMES_COUNT = 8;
/** A payload's length is a u32 on the wire. */
const MAX_LIMIT_BYTES = 0xffff_ffff;

/**
 * What a schema says. When diagnostics come with it, the protocol is not to be used. `extensions` is for the SDK's own
 * messages, which are no protocol.
 */
export function resolveSchema(
  file: string,
  statements: readonly StatementSyntax[],
  extensions: boolean,
): { protocol: Protocol | undefined; diagnostics: Diagnostic[] } {
  const resolver = new Resolver(file, extensions);
  const protocol = resolver.protocol(statements);
  return { protocol, diagnostics: resolver.diagnostics };
}

class Resolver {
  readonly diagnostics: Diagnostic[] = [];
  readonly #interfaces = new Map<string, InterfaceSyntax>();
  readonly #structs: Struct[] = [];
  readonly #messages: Message[] = [];
  /** Every top-level name of the generated code, and what it is made of. */
  readonly #taken = new Map<string, { readonly owner: string; readonly place: Place }>();
  readonly #choices: Choice[] = [];
  #errors: ErrorCodes | undefined;
  #types = new Types(new Map(), new Map(), new Map(), [], () => undefined);
  #name = '';
  /** Names that the schema has and no field can: see Types. */
  readonly #others = new Map<string, string>();
  /** The MIDs of all messages, those still to be read included: none of them is free. */
  #written: readonly number[] = [];

  constructor(
    private readonly file: string,
    private readonly extensions: boolean,
  ) {}

  protocol(statements: readonly StatementSyntax[]): Protocol | undefined {
    for (const statement of statements) this.#checkStatement(statement);
    this.diagnostics.push(...missingImports(statements));
    const interfaces = statements.filter((statement) => statement.kind === 'interface');
    const aliases = statements.filter((statement) => statement.kind === 'alias');
    const root = this.#root(interfaces);
    if (root === undefined) {
      this.#withoutRoot(interfaces, aliases);
      return undefined;
    }
    this.#others.set(root.name, 'is the protocol, and no type; write an interface with fields');
    this.#name = root.name;
    this.#written = root.members.flatMap(({ type }) => {
      const mid = type?.kind === 'name' ? type.args[0] : undefined;
      return mid?.kind === 'number' && mid.value <= MAX_MID ? [mid.value] : [];
    });
    this.#take(root.name, root.place, namesOfProtocol(root.name));
    for (const { name, place, tags, allows } of interfaces.filter((each) => each !== root)) {
      const stray = (tag: string): string => `@${tag} says nothing above ${show(name)}; write it above the protocol`;
      for (const allow of allows) this.#report(allow.place, stray('allow'));
      if (tags.includes('allChannelsOrNone')) this.#report(place, stray('allChannelsOrNone'));
    }
    this.#declare(root, interfaces, aliases);
    const resolved = this.#types.aliases();
    for (const syntax of this.#interfaces.values()) this.#structs.push(this.#struct(syntax));
    for (const member of root.members) this.#message(member);
    if (!this.extensions) this.#addStandard(root.place);
    checkProtocol(this.#structs, this.#messages, (place, message) => this.#report(place, message));
    this.#messages.sort((a, b) => a.mid - b.mid);
    const { name, doc, place } = root;
    const allChannelsOrNone = root.tags.includes('allChannelsOrNone');
    const allowed = root.allows.flatMap((allow) => this.#allowed(allow));
    const common = { name, doc, place, allChannelsOrNone, allowed, extensions: this.extensions };
    return {
      ...common,
      aliases: resolved,
      choices: this.#choices,
      errors: this.#errors,
      structs: this.#structs,
      messages: this.#messages,
    };
  }

  #report(place: Place, message: string): undefined {
    this.diagnostics.push({ place, message });
  }

  #checkStatement(statement: StatementSyntax): void {
    if (statement.kind === 'other') {
      if (statement.declares !== undefined) this.#others.set(statement.declares, '');
      return this.#report(statement.place, statement.wrong);
    }
    // That there are any is told, and not again wherever one is used.
    if (statement.kind !== 'import') for (const name of statement.parameters) this.#others.set(name, '');
    if (statement.wrong !== undefined) {
      const subject = statement.kind === 'import' ? '' : `${show(statement.name)} `;
      this.#report(statement.place, `${subject}${statement.wrong}`);
    }
    if (statement.kind === 'import') this.#checkImport(statement);
  }

  #checkImport({ names, whole, wrong }: ImportSyntax): void {
    if (whole !== undefined) this.#others.set(whole, '');
    for (const [i, { place, name, alias }] of names.entries()) {
      const isWord = VOCABULARY.includes(name);
      // What is wrong with it is told here, and not again wherever it is used.
      if (!isWord || alias !== undefined) this.#others.set(alias ?? name, '');
      if (!isWord && wrong !== undefined) continue;
      if (names.findIndex((other) => other.name === name) < i)
        this.#report(place, `${show(name)} is imported twice; drop one`);
      if (alias !== undefined)
        this.#report(place, `${show(name)} is imported under another name; import it under its own`);
      if (isWord) continue;
      const near = nearest(name, VOCABULARY);
      const hint = near === undefined ? '' : `did you mean ${show(near)}? Else `;
      this.#report(place, `${show(name)} is no word of the vocabulary; ${hint}declare it in this file`);
    }
  }

  /** The interface that is the protocol. */
  #root(interfaces: readonly InterfaceSyntax[]): InterfaceSyntax | undefined {
    const candidates = interfaces.filter((syntax) => messageShare(syntax) > 0);
    const [root, second] = candidates.filter(isProtocol).concat(candidates.filter((syntax) => !isProtocol(syntax)));
    if (root === undefined) return undefined;
    if (second !== undefined && isProtocol(second)) {
      const line = root.place.line;
      const what =
        second.name === root.name
          ? `is declared already (line ${line}); write all of its messages there`
          : `is a second protocol after '${root.name}' (line ${line}); use a file for each`;
      this.#report(second.place, `${show(second.name)} ${what}`);
    }
    for (const base of root.bases) this.#report(base.place, 'a protocol extends nothing; write its messages here');
    return root;
  }

  /** A schema without a protocol: that is told, and all else that is wrong with it. */
  #withoutRoot(interfaces: readonly InterfaceSyntax[], aliases: readonly AliasSyntax[]): void {
    const empty = interfaces.find(({ members, bases }) => members.length === 0 && bases.length === 0);
    if (empty === undefined) {
      const place = { file: this.file, line: 1, column: 1 };
      this.#report(place, 'no protocol here; export an interface whose members are all Message<…>');
    } else {
      const what = `${show(empty.name)} has no members; a protocol has messages, as in get: Message<256, Empty, Empty>`;
      this.#report(empty.place, what);
    }
    const others = interfaces.filter((each) => each !== empty);
    this.#declare(undefined, others, aliases);
    this.#types.aliases();
    for (const syntax of others) this.#struct(syntax);
  }

  /** Takes note of every declared type, so that each can be used before it is read. */
  #declare(
    root: InterfaceSyntax | undefined,
    interfaces: readonly InterfaceSyntax[],
    aliases: readonly AliasSyntax[],
  ): void {
    const wrongRoot = root && wrongType(root.name);
    if (wrongRoot !== undefined) this.#report(root!.place, `${show(root!.name)} ${wrongRoot}`);
    const named = new Map<string, AliasSyntax>();
    const declared = new Set<string>();
    for (const syntax of [...interfaces, ...aliases]) {
      if (syntax === root || (syntax.kind === 'interface' && isProtocol(syntax))) continue;
      const wrong = wrongType(syntax.name);
      if (wrong !== undefined) this.#report(syntax.place, `${show(syntax.name)} ${wrong}`);
      const isRefused = wrong !== undefined || !this.#take(syntax.name, syntax.place, namesOf(syntax));
      // What uses one that was refused is right all the same; of two that have one name the first counts.
      if (isRefused && declared.has(syntax.name)) continue;
      declared.add(syntax.name);
      if (syntax.kind === 'interface') this.#interfaces.set(syntax.name, syntax);
      else if (isErrorCodes(syntax)) this.#declareErrors(syntax);
      else if (isChoice(syntax)) this.#choices.push(choiceOf(syntax, (at, message) => this.#report(at, message)));
      else named.set(syntax.name, syntax);
    }
    const report = (place: Place, message: string): undefined => this.#report(place, message);
    this.#types = new Types(this.#others, this.#interfaces, named, this.#choices, report);
  }

  #allowed({ place, text }: AllowSyntax): Allowed[] {
    const [, rule, subject, reason] = /^([A-Z_]+)\s+([\w$.]+)\s+(\S.*)$/u.exec(text) ?? [];
    if (rule !== undefined && subject !== undefined && reason !== undefined) {
      if (isRule(rule)) return [{ rule, subject, reason, place }];
      const near = nearest(rule, Object.keys(RULES));
      const hint = near === undefined ? '' : `did you mean ${near}? Else `;
      this.#report(place, `${show(rule)} is no rule; ${hint}see docs/breaking.md`);
      return [];
    }
    this.#report(
      place,
      '@allow names a rule, what it is about, and why; write @allow FIELD_REMOVED Item.size nobody reads it',
    );
    return [];
  }

  #declareErrors(syntax: AliasSyntax): void {
    this.#others.set(syntax.name, 'lists errors, with which any call can fail; a field that holds a code is u32');
    if (this.#errors !== undefined) {
      const at = `'${this.#errors.name}' (line ${this.#errors.place.line})`;
      return this.#report(syntax.place, `${show(syntax.name)} declares errors, as ${at} does; write all codes there`);
    }
    this.#errors = errorCodesOf(syntax, (place, message) => this.#report(place, message));
  }

  /** Takes the names that generated code makes of a declaration. False where one is taken: it was reported. */
  #take(owner: string, place: Place, names: readonly string[]): boolean {
    const name = names.find((candidate) => this.#taken.has(candidate));
    const before = name === undefined ? undefined : this.#taken.get(name)!;
    if (before === undefined) {
      for (const own of names) this.#taken.set(own, { owner, place });
      return true;
    }
    if (before.owner === owner) {
      this.#report(
        place,
        `${show(owner)} is already declared (line ${before.place.line}); give one of them another name`,
      );
    } else {
      const why = `both make '${name}' in the generated code`;
      this.#report(
        place,
        `${show(owner)} clashes with '${before.owner}' (line ${before.place.line}): ${why}; rename one`,
      );
    }
    return false;
  }

  #struct(syntax: InterfaceSyntax): Struct {
    const [base, second] = syntax.bases;
    if (second !== undefined) this.#report(second.place, 'a struct extends one other; make a field of the second');
    const known = base !== undefined && this.#types.isStruct(base);
    const fields = this.#fields(syntax.members);
    if (fields.length === 0 && base === undefined && syntax.members.length === 0) {
      this.#report(syntax.place, `${show(syntax.name)} has no fields; write Empty where a message has none`);
    }
    const { name, doc, place } = syntax;
    const own = { name, doc, place, fields, donates: [] };
    return known ? { ...own, base: { name: base.text, place: base.place } } : own;
  }

  #fields(members: readonly MemberSyntax[]): Field[] {
    const fields: Field[] = [];
    for (const { place, name, doc, type, optional, wrong } of members) {
      if (wrong !== undefined) {
        this.#report(place, name === '' ? wrong : `${show(name)} ${wrong}`);
        continue;
      }
      const wrongName = wrongField(name);
      if (wrongName !== undefined) this.#report(place, `${show(name)} ${wrongName}`);
      const marked = type?.kind === 'name' && (type.name === 'Makes' || type.name === 'Closes') ? type : undefined;
      const resolved = type === undefined ? undefined : marked ? this.#types.marked(marked) : this.#types.field(type);
      if (resolved === undefined) continue;
      const marks = { makes: marked?.name === 'Makes', closes: marked?.name === 'Closes' };
      fields.push({ name, doc, type: resolved, place, ...marks, optional });
    }
    return fields;
  }

  #message(member: MemberSyntax): void {
    const { place, name, type } = member;
    if (member.wrong !== undefined)
      return this.#report(place, name === '' ? member.wrong : `${show(name)} ${member.wrong}`);
    if (type?.kind !== 'name' || type.name !== 'Message') {
      return this.#report(place, `${show(name)} is no message; write Message<MID, request, response>`);
    }
    const { parts = [], wrong: wrongParts } = messageParts(name, type.args, () => freeMID(this.#name, this.#written));
    if (wrongParts !== undefined) this.#report(type.place, wrongParts);
    const [midType, reqType, respType, ...more] = parts;
    if (midType === undefined || reqType === undefined || respType === undefined) return;
    const clash = this.#clash(midName(name), stubName(name));
    if (clash !== undefined) this.#clashes(member, clash);
    const mid = this.#mid(name, place, midType);
    const wrong = wrongMember(name, mid);
    if (wrong !== undefined) this.#report(place, `${show(name)} ${wrong}`);
    if (member.optional) this.#report(place, `${show(name)} is there or not there; drop the question mark`);
    const limitsType = more.find((each) => each.kind === 'name' && each.name === 'Limits');
    const [donatesType, surplus] = more.filter((each) => each !== limitsType);
    if (surplus !== undefined) {
      const what = `${show(name)} says what it donates already`;
      this.#report(surplus.place, `${what}; write all of it there, and here Limits<…> or nothing`);
    }
    const donates = donatesType === undefined ? [] : this.#donates(donatesType);
    const limits = limitsType === undefined ? {} : this.#limits(limitsType);
    const req = this.#content(reqType, `${midName(name)}Req`, []);
    const resp = this.#content(respType, `${midName(name)}Resp`, donates);
    if (clash === undefined) this.#take(name, place, [`${midName(name)}Method`]);
    const names = { member: name, name: midName(name), stub: stubName(name) };
    this.#messages.push({
      ...names,
      mid: mid ?? -1,
      doc: member.doc,
      place,
      req,
      resp,
      donates,
      limits,
      implied: false,
    });
  }

  /** A message before this one whose names in the generated code are this one's as well. */
  #clash(name: string, stub: string): Message | undefined {
    const twin = this.#messages.find((other) => other.name === name || other.stub === stub);
    if (twin !== undefined) return twin;
    const [sync, async] = [`${stub}Sync`, stub.replace(/Sync$/u, '')];
    return this.#messages.find((other) => other.stub === sync || (async !== stub && other.stub === async));
  }

  #clashes({ name, place }: MemberSyntax, { member, place: { line } }: Message): void {
    if (name !== member) {
      const what = `${show(name)} clashes with '${member}' (line ${line})`;
      return this.#report(place, `${what}: their stubs would; rename one`);
    }
    const free = freeMID(this.#name, this.#written);
    const advice = `drop one, or give this a name and a MID of its own, such as ${free}`;
    this.#report(place, `${show(name)} is there already (line ${line}); ${advice}`);
  }

  #mid(name: string, place: Place, type: TypeSyntax): number | undefined {
    if (type.kind !== 'number' || !Number.isInteger(type.value) || type.value > MAX_MID) {
      const free = freeMID('', this.#written);
      const advice = this.extensions ? 'write one' : `write one from 256 on, such as ${free}`;
      const what = `a MID is an integer from 0 to ${MAX_MID}, written out, not ${show(type.text)}`;
      return this.#report(type.place, `${what}; ${advice}`);
    }
    const mid = type.value;
    const other = this.#messages.find((message) => message.mid === mid);
    if (other !== undefined) {
      // Of two messages with one name that was told already, with this.
      if (other.member === name) return mid;
      const at = `'${other.member}' (line ${other.place.line})`;
      const free = freeMID(this.#name, this.#written);
      this.#report(place, `MID ${mid} is already used by ${at}; give ${show(name)} one of its own, such as ${free}`);
    } else {
      const wrong = this.extensions
        ? wrongExtensionMID(mid)
        : wrongMID(this.#name, midName(name), mid, () => freeMID('', this.#written));
      if (wrong !== undefined) this.#report(type.place, `${show(name)} cannot have this MID: ${wrong}`);
    }
    return mid;
  }

  /** The struct that a request or a response is; undefined for Empty. */
  #content(type: TypeSyntax, name: string, donates: readonly string[]): string | undefined {
    if (type.kind === 'object') {
      if (type.members.length === 0) return this.#report(type.place, 'there is nothing in it; write Empty');
      return this.#inline(name, type.place, this.#fields(type.members), donates);
    }
    if (type.kind === 'name' && type.name === 'Empty') {
      return donates.length === 0 ? undefined : this.#inline(name, type.place, [], donates);
    }
    const resolved = this.#types.field(type);
    if (resolved === undefined) return undefined;
    if (resolved.kind !== 'struct') {
      return this.#report(
        type.place,
        `a request or a response has fields, not ${show(type.text)} alone; write { name: ${plainText(type.text)} }`,
      );
    }
    const index = this.#structs.findIndex((struct) => struct.name === resolved.name);
    const struct = this.#structs[index];
    if (struct !== undefined && donates.length > 0) this.#structs[index] = { ...struct, donates };
    return resolved.name;
  }

  #inline(name: string, place: Place, fields: readonly Field[], donates: readonly string[]): string {
    const twin = this.#interfaces.get(name);
    // One before it that has its name is of a message that has its message's, which was told.
    const isTold = twin === undefined && this.#structs.some((struct) => struct.name === name);
    if (twin === undefined && !isTold) this.#take(name, place, namesOfStruct(name));
    else if (twin !== undefined) {
      const what = `what stands here gets the name ${show(name)}, which line ${twin.place.line} declares`;
      this.#report(place, `${what}; write ${name} here, or give that another name`);
    }
    this.#structs.push({ name, doc: [], place, fields, donates });
    return name;
  }

  #donates(type: TypeSyntax): string[] {
    if (type.kind !== 'name' || type.name !== 'Donates' || type.args.length === 0) {
      const isName = type.kind === 'string' && wrongField(type.value) === undefined;
      const advice = `write Donates<'${isName ? type.value : 'name'}'>, or leave it out`;
      return this.#report(type.place, `what stands behind the response says what it donates; ${advice}`) ?? [];
    }
    if (type.args.length > MAX_NAMES_COUNT) {
      const what = `Donates takes ${MAX_NAMES_COUNT} names, not ${type.args.length}`;
      this.#report(type.place, `${what}; write a tuple of them, Donates<['file', …]>`);
    }
    const items = type.args.flatMap((argument) => (argument.kind === 'tuple' ? argument.items : [argument]));
    if (items.length > MAX_DONATED_COUNT) {
      this.#report(
        type.place,
        `${items.length} descriptors are donated, and a response can carry ${MAX_DONATED_COUNT}; donate fewer`,
      );
    }
    if (items.length === 0) this.#report(type.place, "nothing is donated; write a name, as in Donates<'hostFD'>");
    return items.flatMap((item) => {
      if (item.kind === 'string') return [this.#donated(item)];
      this.#report(
        item.place,
        `a donated descriptor is named by a string, not ${show(item.text)}; write 'hostFD' in quotes`,
      );
      return [];
    });
  }

  /** `Limits<{ request: 4096; response: 65536 }>`: either or both. */
  #limits(type: TypeSyntax): { req?: number; resp?: number } {
    const object = type.kind === 'name' && type.args.length === 1 ? type.args[0] : undefined;
    const limits: { req?: number; resp?: number } = {};
    if (object?.kind !== 'object' || object.members.length === 0) {
      this.#report(type.place, 'limits say of what; write Limits<{ request: 4096; response: 65536 }>');
      return limits;
    }
    for (const member of object.members) {
      const { name, place } = member;
      const value = this.#limit(member);
      if (value === undefined) continue;
      const part = name === 'request' ? 'req' : 'resp';
      if (limits[part] !== undefined) this.#report(place, `${show(name)} has its limit already; drop one`);
      else limits[part] = value;
    }
    return limits;
  }

  #limit({ name, place, type, optional, wrong }: MemberSyntax): number | undefined {
    if (wrong !== undefined) return this.#report(place, name === '' ? wrong : `${show(name)} ${wrong}`);
    if (name !== 'request' && name !== 'response') {
      return this.#report(place, `${show(name)} has no limit; write request or response`);
    }
    if (optional) this.#report(place, `${show(name)} is there or not there; drop the question mark`);
    const value = type?.kind === 'number' && Number.isInteger(type.value) ? type.value : 0;
    if (value >= 1 && value <= MAX_LIMIT_BYTES) return value;
    const what = `a limit is a whole number of bytes, not ${show(type?.text ?? '')}`;
    return this.#report(place, value < 1 ? `${what}; write one` : `${what}; write at most ${MAX_LIMIT_BYTES}`);
  }

  #donated(item: TypeSyntax & { kind: 'string' }): string {
    const wrong = wrongField(item.value);
    if (wrong !== undefined) this.#report(item.place, `${show(item.value)} ${wrong}`);
    return item.value;
  }

  #addStandard(place: Place): void {
    for (let mid = 0; mid < STANDARD_MESSAGES.length; mid++) {
      if (this.#messages.some((message) => message.mid === mid)) continue;
      const { message, resp } = standardMessage(mid, place);
      // One of this name has another MID, which was reported.
      if (this.#messages.some(({ name }) => name === message.name)) continue;
      this.#messages.push(message);
      this.#structs.push(resp);
      const names = [...namesOfStruct(resp.name), ...(mid === 0 ? [] : [`${message.name}Method`])];
      this.#takeStandard(message.name, names);
    }
    const mount = this.#messages.find((message) => message.mid === 1);
    if (mount?.req === undefined) this.#takeStandard('Mount', ['MountReqInit']);
  }

  /** As #take, for a message that every protocol has: what has one of its names is told to give it up. */
  #takeStandard(message: string, names: readonly string[]): void {
    const name = names.find((candidate) => this.#taken.has(candidate));
    if (name === undefined) return;
    const { owner, place } = this.#taken.get(name)!;
    const is = owner === name ? 'is' : `makes '${name}', which is`;
    this.#report(place, `${show(owner)} ${is} a name of ${message}, which every protocol has; choose another`);
  }
}

/** Every top-level name that generated code makes of a declaration. */
function namesOf(syntax: InterfaceSyntax | AliasSyntax): string[] {
  if (syntax.kind === 'interface') return namesOfStruct(syntax.name);
  const { name } = syntax;
  if (isErrorCodes(syntax)) return [name, `is${name}`, `fail${name}`];
  return isChoice(syntax) ? [name, `is${name}`] : [name];
}

/** True where most members are messages: all of them are, but for mistakes. */
function isProtocol(syntax: InterfaceSyntax): boolean {
  return messageShare(syntax) > 0.5;
}

/** How much of an interface is messages. */
function messageShare({ members }: InterfaceSyntax): number {
  return members.length === 0 ? 0 : members.filter(isMessage).length / members.length;
}

/** True for `Message<256, Empty, Empty>`, and for what only a slip of the pen keeps from being that. */
function isMessage({ type }: MemberSyntax): boolean {
  if (type?.kind !== 'name') return false;
  return type.name === 'Message' || (type.args.length > 1 && nearest(type.name, VOCABULARY) === 'Message');
}
