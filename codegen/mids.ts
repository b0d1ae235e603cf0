/** Which numbers messages may have, and which messages every protocol has. */

import type { Field, FieldType, Message, Place, Struct } from './ir.js';

export const MAX_MID = 65535;
const FIRST_LISAFS = 3;
const LAST_LISAFS = 255;
const FIRST_USER = 256;
const LAST_USER = 65279;

/** The messages with which every protocol begins, by their MID. */
export const STANDARD_MESSAGES: readonly string[] = ['Error', 'Mount', 'Channel'];

/** Protocols of the LISAFS family, which alone may use its MIDs, are those whose name begins with LISAFS. */
function isLISAFS(protocol: string): boolean {
  return protocol.startsWith('LISAFS');
}

/** What is wrong with giving `mid` to one of the SDK's own messages. */
export function wrongExtensionMID(mid: number): string | undefined {
  return mid > LAST_USER ? undefined : `the SDK's own messages have MIDs ${LAST_USER + 1} to ${MAX_MID}; write one`;
}

/** What is wrong with giving `mid` to the message called `name`; `free` gives one that it could have. */
export function wrongMID(protocol: string, name: string, mid: number, free: () => number): string | undefined {
  const give = (): string => `give it one from ${FIRST_USER} to ${LAST_USER}, such as ${free()}`;
  const standard = STANDARD_MESSAGES[mid];
  if (standard !== undefined) {
    return name === standard ? undefined : `MID ${mid} is ${standard}'s in every protocol; ${give()}`;
  }
  const own = STANDARD_MESSAGES.indexOf(name);
  if (own >= 0) return `${name} has MID ${own} in every protocol; write ${own}, or choose another name`;
  if (mid <= LAST_LISAFS && !isLISAFS(protocol)) {
    return `MIDs ${FIRST_LISAFS} to ${LAST_LISAFS} are those of LISAFS, and this is ${protocol}; ${give()}`;
  }
  if (mid > LAST_USER) return `MIDs ${LAST_USER + 1} to ${MAX_MID} are for this SDK's own extensions; ${give()}`;
  return undefined;
}

/** A MID after all that are used. */
export function freeMID(protocol: string, used: Iterable<number>): number {
  const first = isLISAFS(protocol) ? FIRST_LISAFS : FIRST_USER;
  const after = Math.max(first - 1, ...[...used].filter((mid) => mid >= first && mid <= LAST_USER)) + 1;
  if (after <= LAST_USER) return after;
  const taken = new Set(used);
  for (let mid = FIRST_USER; mid < LAST_USER; mid++) if (!taken.has(mid)) return mid;
  return LAST_USER;
}

const U16: FieldType = { kind: 'int', bits: 16, signed: false };
const U32: FieldType = { kind: 'int', bits: 32, signed: false };
const U64: FieldType = { kind: 'int', bits: 64, signed: false };
const I64: FieldType = { kind: 'int', bits: 64, signed: true };

/** The size of LISAFS's Inode: a protocol without a tree sends zeros in place of its root. */
const ROOT_BYTES = 152;

interface Standard {
  readonly doc: string;
  readonly fields: readonly { readonly name: string; readonly type: FieldType; readonly doc: string }[];
  readonly donates: readonly string[];
}

const STANDARD: readonly Standard[] = [
  {
    doc: 'Answers a request that failed. Never a request.',
    fields: [{ name: 'errno', type: U32, doc: 'An error number of Linux, or a code above 4095 of this protocol.' }],
    donates: [],
  },
  {
    doc: 'Begins a connection: names the limits, and the messages that the server supports.',
    fields: [
      { name: 'root', type: { kind: 'pad', size: ROOT_BYTES }, doc: '' },
      {
        name: 'maxMessageSize',
        type: U32,
        doc: 'The largest payload, in bytes, that either side may send from now on.',
      },
      {
        name: 'supportedMs',
        type: { kind: 'list', countBits: 16, max: 65535, element: U16 },
        doc: 'The MIDs that the server supports.',
      },
    ],
    donates: [],
  },
  {
    doc: "Asks for one more channel. Donates the memory that holds its packet window, and its FD channel's socket.",
    fields: [
      { name: 'dataOffset', type: I64, doc: 'Where in the memory the packet window begins.' },
      { name: 'dataLength', type: U64, doc: "The packet window's length in bytes." },
    ],
    donates: ['dataFD', 'fdSocket'],
  },
];

/** The message that a schema leaves out and every protocol has, and its response. */
export function standardMessage(mid: number, place: Place): { message: Message; resp: Struct } {
  const { doc, fields, donates } = STANDARD[mid]!;
  const name = STANDARD_MESSAGES[mid]!;
  const resp: Struct = {
    name: `${name}Resp`,
    doc: [],
    place,
    fields: fields.map((field) => ({
      ...field,
      doc: field.doc === '' ? [] : [field.doc],
      place,
      makes: false,
      closes: false,
      optional: false,
    })),
    donates,
  };
  const stub = name.toLowerCase();
  const common = { mid, member: name, name, stub, place, doc: [doc], donates, limits: {} };
  return { message: { ...common, req: undefined, resp: resp.name, implied: true }, resp };
}

/** What the runtime needs of a standard message that the schema declares: the sentence, or undefined. */
export function wrongStandard(
  { mid, req, donates }: Pick<Message, 'mid' | 'req' | 'donates'>,
  resp: readonly Field[],
): string | undefined {
  const needed = STANDARD[mid]!.fields.filter((field) => field.type.kind !== 'pad');
  const missing = needed.find(
    (field) => !resp.some((own) => own.name === field.name && !own.optional && sameType(own.type, field.type)),
  );
  if (missing !== undefined) {
    return `${STANDARD_MESSAGES[mid]}'s response must have '${missing.name}: ${typeText(missing.type)}'; add it`;
  }
  if (mid !== 1 && req !== undefined) return `${STANDARD_MESSAGES[mid]}'s request carries nothing; write Empty`;
  if (mid === 0 && resp.length > 1) return "Error's response is 'errno: u32' and nothing else; drop the rest";
  const wanted = STANDARD[mid]!.donates;
  if (mid !== 1 && donates.length !== wanted.length) {
    const names = wanted.map((name) => `'${name}'`).join(', ');
    const advice = wanted.length === 0 ? 'drop Donates' : `write Donates<${names}>`;
    return `${STANDARD_MESSAGES[mid]} donates ${wanted.length} descriptors, not ${donates.length}; ${advice}`;
  }
  return undefined;
}

function sameType(a: FieldType, b: FieldType): boolean {
  if (a.kind === 'list' && b.kind === 'list') return a.max >= b.max && sameType(a.element, b.element);
  return a.kind === 'int' && b.kind === 'int' && a.bits === b.bits && a.signed === b.signed;
}

/** A type of this file's, as a schema has it. */
function typeText(type: FieldType): string {
  if (type.kind === 'list') return `List<${typeText(type.element)}>`;
  return type.kind === 'int' ? `${type.signed ? 'i' : 'u'}${type.bits}` : type.kind;
}
