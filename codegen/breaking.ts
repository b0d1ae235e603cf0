/** Compares two versions of a schema: which changes break running peers, and which only code. */

import { RULES, type Level, type Rule } from './breaking-rules.js';
import { compareChoice, type Tell } from './breaking-choices.js';
import { StructComparison } from './breaking-structs.js';
import type { Allowed, LaidProtocol, Message, Place } from './ir.js';

/** A change, and what it breaks. */
export interface Change {
  readonly rule: Rule;
  readonly level: Level;
  /** What changed: `Get`, `Item.size`, `Colour.Red`. */
  readonly subject: string;
  /** Where, in the later version. */
  readonly place: Place;
  /** Why it breaks what it breaks. */
  readonly reason: string;
  /** Why it is allowed, if the schema says so. */
  readonly allowed: string | undefined;
}

/** Every change from `before` to `after`, in the order of the later text, those that break nothing as well. */
export function breakingChanges(before: LaidProtocol, after: LaidProtocol): Change[] {
  const changes: Change[] = [];
  const tell: Tell = (rule, subject, place, reason) => {
    const allowed = after.allowed.find((each) => each.rule === rule && each.subject === subject)?.reason;
    changes.push({ rule, level: RULES[rule], subject, place, reason, allowed });
  };
  if (before.name !== after.name) {
    const reason = `it was ${before.name}: a client and a server of different protocols refuse each other at mount`;
    tell('PROTOCOL_RENAMED', after.name, after.place, reason);
  }
  compareMessages(before, after, tell);
  compareChoices(before, after, tell);
  compareErrors(before, after, tell);
  tellRemovedTypes(before, after, changes, tell);
  return changes.sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column);
}

/** Names that generated code no longer exports, where no other change says so. */
function tellRemovedTypes(before: LaidProtocol, after: LaidProtocol, changes: readonly Change[], tell: Tell): void {
  const known = namedTypes(after);
  for (const [name, { what }] of namedTypes(before)) {
    const renamed = new RegExp(`^it was (?:List<)?${name}\\b`, 'u');
    if (known.get(name)?.what === what || changes.some(({ reason }) => renamed.test(reason))) continue;
    const now = known.get(name);
    if (now === undefined) {
      tell('TYPE_REMOVED', name, after.place, 'nothing is called so any more; code that says so does not compile');
    } else
      tell('TYPE_CHANGED', name, now.place, `it was ${what} and is ${now.what}: code that uses it does not compile`);
  }
}

interface NamedType {
  readonly what: string;
  readonly place: Place;
}

/** The types of a schema that have names of their own, and are exported under them: what each is in TypeScript. */
function namedTypes({ structs, choices, aliases, messages }: LaidProtocol): Map<string, NamedType> {
  const unnamed = new Set(messages.flatMap(({ name }) => [`${name}Req`, `${name}Resp`]));
  const own = aliases.flatMap(({ name, type, place }) => {
    if ('alias' in type && type.alias === name) return [{ name, what: 'a number', place }];
    return type.kind === 'opaque' && type.name === name
      ? [{ name, what: `an identifier of ${type.bits} bits`, place }]
      : [];
  });
  const all = [
    ...structs.map(({ name, place }) => ({ name, what: 'a struct', place })),
    ...choices.map(({ name, kind, place }) => ({ name, what: kind === 'enum' ? 'an enum' : 'a set of flags', place })),
    ...own,
  ];
  return new Map(all.filter(({ name }) => !unnamed.has(name)).map((type) => [type.name, type]));
}

/** Allowances of a later version that allow nothing. */
export function unusedAllowances(after: LaidProtocol, changes: readonly Change[]): Allowed[] {
  return after.allowed.filter(
    ({ rule, subject }) => !changes.some((change) => change.rule === rule && change.subject === subject),
  );
}

function compareMessages(before: LaidProtocol, after: LaidProtocol, tell: Tell): void {
  const structs = new StructComparison(before, after, tell);
  for (const now of after.messages) {
    if (before.messages.some(({ name, mid }) => name === now.name || mid === now.mid)) continue;
    tell('MESSAGE_ADDED', now.name, now.place, 'running peers do not support it, and clients can ask whether one does');
  }
  for (const was of before.messages) {
    const [sameName, sameMID] = [
      after.messages.find(({ name }) => name === was.name),
      after.messages.find(({ mid }) => mid === was.mid),
    ];
    if (sameName !== undefined && sameName.mid !== was.mid) {
      const reason = `it had MID ${was.mid}, which is all that running peers know it by`;
      tell('MID_CHANGED', was.name, sameName.place, reason);
      compareContents(was, sameName, structs, tell);
    } else if (sameName !== undefined) {
      if (sameName.stub !== was.stub) {
        const reason = `its method was '${was.stub}' and is '${sameName.stub}'; code that calls it does not compile`;
        tell('MESSAGE_RENAMED', sameName.name, sameName.place, reason);
      }
      compareContents(was, sameName, structs, tell);
    } else if (sameMID === undefined) {
      const reason = `running peers still send MID ${was.mid}, and get EOPNOTSUPP`;
      tell('MESSAGE_REMOVED', was.name, after.place, reason);
    } else if (before.messages.some(({ name }) => name === sameMID.name)) {
      // It has another message now, whose own MID has changed: told there.
      tell('MESSAGE_REMOVED', was.name, after.place, `running peers still send MID ${was.mid}, and mean ${was.name}`);
    } else compareSuccessors(before, after, was, sameMID, tell, structs);
  }
  // What no message has may be in somebody's bytes, and in somebody's code.
  for (const { name } of before.structs) {
    if (after.structs.some((struct) => struct.name === name)) structs.compareUnless(name);
  }
}

/** A message and another that has its MID now: the same under a new name, or something else. */
function compareSuccessors(
  before: LaidProtocol,
  after: LaidProtocol,
  was: Message,
  now: Message,
  tell: Tell,
  structs: StructComparison,
): void {
  const changes: Parameters<Tell>[] = [];
  const silent = new StructComparison(before, after, (...change) => changes.push(change));
  compareContents(was, now, silent, (...change) => changes.push(change));
  if (changes.some(([rule]) => RULES[rule] === 'wire')) {
    const reason = `MID ${was.mid} was ${was.name}'s, and running peers still mean that by it; give it a new one`;
    tell('MID_REUSED', now.name, now.place, reason);
  } else {
    tell('MESSAGE_RENAMED', now.name, now.place, `it was ${was.name}; code that calls it does not compile`);
    compareContents(was, now, structs, tell);
  }
}

function compareContents(was: Message, now: Message, structs: StructComparison, tell: Tell): void {
  for (const [part, role] of [
    ['req', 'request'],
    ['resp', 'response'],
  ] as const) {
    const [a, b] = [was[part], now[part]];
    if (a !== undefined && b !== undefined) structs.compare(a, b);
    else if (a === undefined && b !== undefined) {
      if (structs.cameToBe(b)) {
        const who = part === 'req' ? 'calls that give none' : 'handlers that answer with none';
        tell('OPTIONAL_CONTENT_ADDED', now.name, now.place, `its ${role} was empty, and ${who} do not compile`);
      } else tell('CONTENT_ADDED', now.name, now.place, `its ${role} was empty, and running peers send nothing in it`);
    } else if (a !== undefined && b === undefined && !structs.wentAway(a, a, now.place)) {
      tell('CONTENT_REMOVED', now.name, now.place, `its ${role} is empty, and running peers count on what was in it`);
    }
    // What has no name of its own is called after the message, whose change of name is told.
    const isUnnamed = a === `${was.name}${suffix(part)}` && b === `${now.name}${suffix(part)}`;
    if (a !== undefined && b !== undefined && a !== b && !isUnnamed) {
      tell('STRUCT_RENAMED', b, now.place, `it was ${a}; code that says so does not compile`);
    }
    const [limit, nowLimit] = [was.limits[part], now.limits[part]];
    if (limit !== nowLimit) {
      const text = (value: number | undefined): string => (value === undefined ? 'unlimited' : `${value} bytes`);
      const reason = `its ${role} was ${text(limit)} and is ${text(nowLimit)}: one side refuses what the other sends`;
      tell('MESSAGE_LIMIT_CHANGED', now.name, now.place, reason);
    }
  }
  compareDonations(was, now, tell);
}

function suffix(part: 'req' | 'resp'): string {
  return part === 'req' ? 'Req' : 'Resp';
}

function compareDonations(was: Message, now: Message, tell: Tell): void {
  if (now.donates.length < was.donates.length) {
    const gone = was.donates.filter((name) => !now.donates.includes(name)).join(', ');
    tell('DONATION_REMOVED', now.name, now.place, `running clients count on a descriptor that does not come: ${gone}`);
    return;
  }
  const moved = was.donates.filter((name, i) => now.donates[i] !== name && now.donates.includes(name));
  if (moved.length > 0) {
    const names = moved.join(', ');
    const reason = `descriptors have no names on the wire, and running clients take one for another: ${names}`;
    tell('DONATIONS_REORDERED', now.name, now.place, reason);
    return;
  }
  for (const name of now.donates.slice(was.donates.length)) {
    tell(
      'DONATION_ADDED',
      now.name,
      now.place,
      `running clients close the descriptor '${name}', and others go without`,
    );
  }
  for (const [i, name] of was.donates.entries()) {
    if (now.donates[i] === name) continue;
    const reason = `the descriptor '${now.donates[i]!}' was called '${name}'; code that says so does not compile`;
    tell('DONATION_RENAMED', now.name, now.place, reason);
  }
}

function compareChoices(before: LaidProtocol, after: LaidProtocol, tell: Tell): void {
  for (const was of before.choices) {
    const now = after.choices.find(({ name }) => name === was.name);
    if (now !== undefined && now.kind === was.kind) compareChoice(was, now, tell);
  }
}

function compareErrors(before: LaidProtocol, after: LaidProtocol, tell: Tell): void {
  const now = after.errors?.members ?? [];
  const place = after.errors?.place ?? after.place;
  if (before.errors !== undefined && after.errors !== undefined && before.errors.name !== after.errors.name) {
    const reason = `they were ${before.errors.name}; code that says so, as fail${before.errors.name}, does not compile`;
    tell('ERRORS_RENAMED', after.errors.name, place, reason);
  }
  const old = before.errors?.members ?? [];
  for (const { name, value, place: at } of now) {
    if (old.some((member) => member.name === name || member.value === value)) continue;
    tell('ERROR_CODE_ADDED', name, at, `running clients see it as E${value}`);
  }
  for (const { name, value } of old) {
    const sameName = now.find((member) => member.name === name);
    const sameCode = now.find((member) => member.value === value);
    if (sameName !== undefined && sameName.value !== value) {
      const reason = `its code was ${value}, which is all that running peers know it by`;
      tell('ERROR_CODE_CHANGED', name, sameName.place, reason);
    } else if (sameName === undefined && sameCode !== undefined) {
      const reason = `${value} was called '${name}'; code that asks for that does not compile`;
      tell('ERROR_CODE_RENAMED', sameCode.name, sameCode.place, reason);
    } else if (sameName === undefined) {
      tell(
        'ERROR_CODE_REMOVED',
        name,
        place,
        `code that asks for it does not compile; servers that run may send ${value}`,
      );
    }
  }
}
