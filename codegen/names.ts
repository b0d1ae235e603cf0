/** Which names a schema may use, and what the generated code makes of them. */

import { RUNTIME_NAMES, canHaveAlias } from './runtime-names.js';

/** Words of the vocabulary, which a schema cannot declare anew. */
export const VOCABULARY: readonly string[] = (
  'u8 u16 u32 u64 i8 i16 i32 i64 f32 f64 bool Str List Bytes FixedBytes Pad Opaque Enum Flags Errors Makes Closes ' +
  'Empty Message Donates Limits'
).split(' ');

/** What the client has of its own. A message whose stub or whose synchronous twin has such a name would shadow it. */
export const RESERVED_MEMBERS: readonly string[] = (
  'call callSync sndRcvMessage sndRcvMessageSync disconnect disconnectSync fs isSupported closeFD ' +
  'closeFDSync readFD readFDSync writeFD writeFDSync hostFDs maxMessageSize channels protocol root on ' +
  'once off emit caller callFor callInto closed connected counters then toJSON error mount mountSync channel ' +
  'channelSync errorSync'
).split(' ');

/** Stubs that every protocol has, reserved for the MIDs that every protocol has. */
const STANDARD_STUBS: ReadonlyMap<number, string> = new Map([
  [0, 'error'],
  [1, 'mount'],
  [2, 'channel'],
]);

/** What a field's or a donated descriptor's name would break in the class of its message. */
const RESERVED_FIELDS: ReadonlySet<string> = new Set(['then', 'toJSON', 'fieldNames', ...RUNTIME_NAMES]);

/** Names that every object has already. */
const PROTOTYPE_NAMES: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

const RESERVED_WORDS: ReadonlySet<string> = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum eval export extends ' +
    'false finally for function if implements import in instanceof interface let new null package private protected ' +
    'public return static super switch this throw true try typeof undefined var void while with yield'
  ).split(' '),
);

/** What generated code declares of its own, beside what it makes of a schema's names. */
const OWN_DECLARATIONS: readonly string[] = 'CODECS ERROR_NAMES FINGERPRINT LAYOUTS MID NAMES'.split(' ');

/** Types that generated code means when it says these names, and what an alias could not change. */
const RESERVED_TYPES: ReadonlySet<string> = new Set([
  ...'Infinity Map NaN Number Object Promise ReadonlyMap Set Uint8Array'.split(' '),
  ...OWN_DECLARATIONS,
  ...VOCABULARY,
  ...[...RUNTIME_NAMES].filter((name) => !canHaveAlias(name)),
]);

/** `FStatFS` gives `fstatFS`, `OpenAt` gives `openAt`; a name that begins small stays as it is. */
export function stubName(member: string): string {
  return member.replace(/^[A-Z]+/u, (capitals) => capitals.toLowerCase());
}

/** The MID's name: the member's with its first letter upper-cased. */
export function midName(member: string): string {
  return member.slice(0, 1).toUpperCase() + member.slice(1);
}

/** `StatxTimestamp` gives `STATX_TIMESTAMP_BYTES`. */
export function sizeConstant(struct: string): string {
  const words = struct.replace(/([a-z0-9])([A-Z])/gu, '$1_$2').replace(/([A-Z])([A-Z][a-z])/gu, '$1_$2');
  return `${words.toUpperCase()}_BYTES`;
}

/** Shows a name so that nothing hides in it: what is not plain ASCII becomes its code point. */
export function show(name: string): string {
  const shown = plainText(name);
  return /^['"]/u.test(shown) ? shown : `'${shown}'`;
}

/** A piece of a schema on one line, in which nothing hides, cut where it is longer than `most`. */
export function plainText(code: string, most = 60): string {
  const plain = (character: string): string =>
    /[\x20-\x7e]/u.test(character) ? character : `\\u{${character.codePointAt(0)!.toString(16)}}`;
  const text = [...code.replace(/[\t\n\r ]+/gu, ' ')].map(plain).join('');
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

/** What is wrong with a name of any kind, if anything: the sentence after the name. */
function wrongName(name: string, first: string, example: string): string | undefined {
  if (!/^[A-Za-z_$][\w$]*$/u.test(name))
    return `is no name of ASCII letters, digits and _; write one, as in ${example}`;
  if (PROTOTYPE_NAMES.has(name)) return `is a name that every object has already; choose another, as in ${example}`;
  if (RESERVED_WORDS.has(name)) return `is a reserved word; choose another name, as in ${example}`;
  if (name.length > 100) return `is ${name.length} letters long; choose a name of at most 100`;
  if (!new RegExp(`^${first}\\w*$`, 'u').test(name)) return `does not look like its kind of name; write ${example}`;
  return undefined;
}

/** `block-size` gives `blockSize`: what a name in quotes can have, and no other can. */
function camel(name: string): string {
  return name.replace(/(?<=\w)[ .-]+(\w)/gu, (_, letter: string) => letter.toUpperCase());
}

/** What is wrong with a field's name. */
export function wrongField(name: string): string | undefined {
  const small = camel(name)
    .replace(/^_+/u, '')
    .replace(/^[A-Z]+(?=[A-Z][a-z]|$)|^[A-Z]/u, (capitals) => capitals.toLowerCase());
  const wrong = wrongName(name, '[a-z]', /^[a-z]\w*$/u.test(small) && small !== name ? `'${small}'` : "'blockSize'");
  if (wrong !== undefined) return wrong;
  return RESERVED_FIELDS.has(name) ? 'is a name that generated code needs for itself; choose another' : undefined;
}

/** What is wrong with the name of a struct, an alias or a protocol. */
export function wrongType(name: string): string | undefined {
  if (VOCABULARY.includes(name)) return 'is a word of the vocabulary; choose another name';
  const large = name.replace(/(?:^|_+)([a-z0-9])/gu, (_, letter: string) => letter.toUpperCase());
  const wrong = wrongName(name, '[A-Z]', /^[A-Z]\w*$/u.test(large) && large !== name ? `'${large}'` : "'BlockList'");
  if (wrong !== undefined) return wrong;
  return RESERVED_TYPES.has(name) ? 'is a name that generated code needs for itself; choose another' : undefined;
}

/** What is wrong with the name of a number: a member of an enum, a flag, an error code. */
export function wrongConstant(name: string): string | undefined {
  return wrongName(name, '[A-Za-z]', "'NotFound'");
}

/** What is wrong with a message's name under this MID. */
export function wrongMember(member: string, mid: number | undefined): string | undefined {
  const joined = camel(member);
  const isBetter = joined !== member && /^[A-Za-z]\w*$/u.test(joined);
  const wrong = wrongName(member, '[A-Za-z]', isBetter ? `'${joined}'` : "'readBlock'");
  if (wrong !== undefined) return wrong;
  const stub = stubName(member);
  if (STANDARD_STUBS.get(mid ?? -1) === stub) return undefined;
  for (const name of [stub, `${stub}Sync`]) {
    if (RESERVED_MEMBERS.includes(name)) return `would shadow the client's own '${name}'; choose another name`;
    if (PROTOTYPE_NAMES.has(name) || RESERVED_WORDS.has(name)) return `would be called '${name}'; choose another name`;
    if (RUNTIME_NAMES.has(name)) return 'is a name that generated code needs for itself; choose another';
  }
  return undefined;
}

/** Members that a field adds to its message besides its own: the twins through which it can be read otherwise. */
export function twinsOf(name: string, kind: 'wide' | 'bytes' | 'other'): string[] {
  if (kind === 'wide') return [`${name}Number`, `_${name}Low`, `_${name}High`];
  return kind === 'bytes' ? [`${name}Size`, `${name}Into`, `${name}InPlace`, `_${name}`] : [];
}

/** Every top-level name that generated code makes of a struct's. */
export function namesOfStruct(name: string): string[] {
  const functions = ['size', 'marshal', 'unmarshal', 'format', 'write', 'read', 'sample'].map((verb) => verb + name);
  return [name, `${name}Init`, sizeConstant(name), ...functions];
}

/** Every top-level name that generated code makes of a protocol's. */
export function namesOfProtocol(name: string): string[] {
  return [name, `${name}Stubs`, `${name}Handlers`, `${name}Server`, `dispatch${name}`, `describe${name}`];
}

/** The nearest of `known` to a mistyped name, if any is near. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  // With one letter changed, a name of one letter is any other.
  let least = Math.max(Math.min(1, name.length - 1), Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** How many letters must be put in, taken out or changed to make `b` of `a`. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
