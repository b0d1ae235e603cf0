/** What can only be said of a schema when all of it was read: names within a message, donations, standard messages. */

import { partOf, type Field, type FieldType, type Message, type Place, type Struct } from './ir.js';
import { STANDARD_MESSAGES, wrongStandard } from './mids.js';
import { show, twinsOf } from './names.js';

type Report = (place: Place, message: string) => void;

/** Reports what is wrong with these structs and messages taken together. */
export function checkProtocol(structs: readonly Struct[], messages: readonly Message[], report: Report): void {
  const byName = new Map(structs.map((struct) => [struct.name, struct]));
  for (const struct of structs) checkMembers(struct, allFields(struct.name, byName), report);
  checkClosers(structs, messages, byName, report);
  for (const message of messages) {
    checkStandard(message, allFields(message.resp, byName), report);
    checkDonation(message, structs, messages, report);
  }
}

/** A struct's fields, its base's first. */
function allFields(name: string | undefined, structs: ReadonlyMap<string, Struct>): readonly Field[] {
  const fields: Field[] = [];
  const seen = new Set<string>();
  let struct = structs.get(name ?? '');
  while (struct !== undefined && !seen.has(struct.name)) {
    seen.add(struct.name);
    fields.unshift(...struct.fields);
    struct = structs.get(struct.base?.name ?? '');
  }
  return fields;
}

/** What responses make is given back by one request for each type, which the client can send by itself. */
function checkClosers(
  structs: readonly Struct[],
  messages: readonly Message[],
  byName: ReadonlyMap<string, Struct>,
  report: Report,
): void {
  const closers = new Map<string, Message>();
  const requests = new Set(messages.map(({ req }) => req));
  for (const message of messages) {
    const fields = allFields(message.req, byName);
    const [closing, ...others] = fields.filter((field) => field.closes);
    const type = identifierOf(closing?.type);
    if (closing === undefined || type === undefined) continue;
    const rest = fields.find((field) => field !== closing && !field.optional && field.type.kind !== 'pad') ?? others[0];
    if (closing.optional || rest !== undefined) {
      const what = closing.optional ? `${show(closing.name)} may be missing` : `there is ${show(rest!.name)} as well`;
      report(closing.place, `a client gives back identifiers and nothing else, and ${what}; make it all of a request`);
    }
    const twin = closers.get(type);
    if (twin === undefined) closers.set(type, message);
    else {
      const at = `'${twin.member}' (line ${twin.place.line})`;
      report(closing.place, `${at} gives back every ${show(type)} already; mark one of them`);
    }
  }
  const answered = reachable(
    messages.map(({ resp }) => resp),
    byName,
  );
  for (const { name, fields } of structs) {
    for (const field of fields) {
      const type = identifierOf(field.type) ?? '';
      if (field.makes && !answered.has(name)) {
        report(field.place, `${show(field.name)} is in no response, and only responses make; write it there`);
        continue;
      }
      if (field.closes && !requests.has(name) && !structs.some(({ base }) => base?.name === name))
        report(field.place, `${show(field.name)} is in no request, and only requests give back; write it there`);
      if (field.makes && !closers.has(type))
        report(field.place, `nothing gives back a ${show(type)}; write Closes<${type}> in the request that does`);
    }
  }
}

/** These structs, and all that are parts of them. */
function reachable(names: readonly (string | undefined)[], structs: ReadonlyMap<string, Struct>): Set<string> {
  const found = new Set<string>();
  const enter = (name: string | undefined): void => {
    const struct = structs.get(name ?? '');
    if (struct === undefined || found.has(struct.name)) return;
    found.add(struct.name);
    enter(struct.base?.name);
    for (const { type } of struct.fields) enter(partOf(type));
  };
  for (const name of names) enter(name);
  return found;
}

/** The alias of an identifier, or of a list of them. */
function identifierOf(type: FieldType | undefined): string | undefined {
  if (type?.kind === 'list') return identifierOf(type.element);
  return type?.kind === 'opaque' ? type.name : undefined;
}

/** No two members of a message's class may have one name. */
function checkMembers(struct: Struct, fields: readonly Field[], report: Report): void {
  const members = new Map<string, Field>();
  for (const field of fields) {
    for (const member of membersOf(field)) {
      const other = members.get(member);
      if (other === undefined) members.set(member, field);
      else report(laterOf(field.place, other.place), clashOf(field, other, member));
    }
  }
  const donated = new Set<string>();
  for (const name of struct.donates) {
    const field = members.get(name);
    if (field !== undefined) {
      const what = `field '${field.name}' (line ${field.place.line})`;
      report(struct.place, `the donated '${name}' clashes with the ${what} of the same response; rename one`);
    }
    if (donated.has(name)) report(struct.place, `'${name}' is donated twice; give each descriptor its own name`);
    donated.add(name);
  }
}

/** What a field makes in its message's class. */
function membersOf({ type, name, optional }: Field): string[] {
  if (type.kind === 'pad') return [name];
  const isWide = type.kind === 'int' && type.bits === 64;
  if (optional) return isWide ? [name, `${name}Number`] : [name];
  const kind = isWide ? 'wide' : type.kind === 'bytes' ? 'bytes' : 'other';
  return [name, ...twinsOf(name, kind)];
}

function laterOf(a: Place, b: Place): Place {
  return a.line > b.line || (a.line === b.line && a.column >= b.column) ? a : b;
}

function clashOf(field: Field, other: Field, member: string): string {
  if (field.name === other.name) {
    return `'${field.name}' is there already (line ${other.place.line}); give one of them another name`;
  }
  const why = `both make '${member}'`;
  return `'${field.name}' clashes with '${other.name}' (line ${other.place.line}): ${why}; rename one`;
}

/** Error, Mount and Channel have what the runtime needs of them. */
function checkStandard(message: Message, resp: readonly Field[], report: Report): void {
  if (message.implied || STANDARD_MESSAGES[message.mid] !== message.name) return;
  const wrong = wrongStandard(message, resp);
  if (wrong !== undefined) report(message.place, wrong);
}

/** A response that brings descriptors has fields for them, which nothing else that has its type could fill. */
function checkDonation(
  message: Message,
  structs: readonly Struct[],
  messages: readonly Message[],
  report: Report,
): void {
  const { resp } = message;
  if (message.donates.length === 0 || resp === undefined) return;
  const other =
    messages.find((each) => each.req === resp || (each !== message && each.resp === resp))?.member ??
    structs.find((struct) => struct.fields.some((field) => partOf(field.type) === resp))?.name;
  if (other === undefined) return;
  const shared = `'${resp}', which '${other}' has as well, cannot be the response of one that donates`;
  report(message.place, `${shared}; give ${show(message.member)} a response type of its own`);
}
