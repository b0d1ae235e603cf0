/**
 * What generated code imports from the runtime, by module of runtime/wire. A field or a message must not have one of
 * these names: generated code would mistake it for the import. Where a schema declares one, the import gets an alias.
 */

export const RUNTIME_VALUES: Readonly<Record<string, readonly string[]>> = {
  answer: ['isPromise', 'tooLarge'],
  bytes: ['ByteField'],
  errno: ['EMSGSIZE', 'EOPNOTSUPP', 'RPCError'],
  format: [
    'formatBytes',
    'formatEnum',
    'formatFields',
    'formatFlags',
    'formatHex',
    'formatList',
    'formatNumber',
    'formatOctal',
    'formatOther',
    'formatText',
    'isObject',
  ],
  opaque: ['opaque32', 'opaque64'],
  payload: [
    'MALFORMED',
    'badInteger',
    'bytesSize',
    'checkAbsent',
    'checkChoice',
    'checkCount',
    'checkSize',
    'getBytes',
    'getString',
    'isI16',
    'isI32',
    'isI8',
    'isU16',
    'isU32',
    'isU8',
    'listCount',
    'putBool',
    'putBytes',
    'putF32',
    'putF64',
    'putFixedBytes',
    'putI16',
    'putI32',
    'putI64',
    'putI8',
    'putString',
    'putU16',
    'putU32',
    'putU64',
    'putU8',
  ],
  string: ['stringSize'],
  struct: ['Empty', 'NOTHING', 'Struct', 'formatEmpty', 'marshalEmpty', 'sizeEmpty', 'unmarshalEmpty'],
  u64: [
    'checkI64',
    'checkU64',
    'highHalf',
    'joinI64',
    'joinNumber',
    'joinOpaque',
    'joinU64',
    'lowHalf',
    'splitI64',
    'splitU64',
    'exactNumber',
  ],
};

export const RUNTIME_TYPES: Readonly<Record<string, readonly string[]>> = {
  codec: ['Codec'],
  description: ['ProtocolDescription'],
  layout: ['Layouts'],
  opaque: ['Opaque32', 'Opaque64'],
  payload: ['Marshalled', 'Payload'],
  protocol: [
    'Answer',
    'CallContext',
    'CallOptions',
    'Caller',
    'ClientMethod',
    'ClientProtocol',
    'HostFD',
    'ServerProtocol',
    'SyncCallOptions',
  ],
  random: ['Random'],
  struct: ['EmptyInit'],
};

export const RUNTIME_NAMES: ReadonlySet<string> = new Set(
  [RUNTIME_VALUES, RUNTIME_TYPES].flatMap(Object.values).flat(),
);

/** Of these the templates make names, or make them of parts, so that they can have no alias. */
const MADE_NAMES: ReadonlySet<string> = new Set(
  'Empty EmptyInit Opaque32 Opaque64 sizeEmpty marshalEmpty unmarshalEmpty formatEmpty'.split(' '),
);

/** What server.ts declares for itself. */
const LOCAL_NAMES: readonly string[] = ['Spare'];

/** True for a name that generated code calls otherwise where a schema has it. */
export function canHaveAlias(name: string): boolean {
  return LOCAL_NAMES.includes(name) || (RUNTIME_NAMES.has(name) && !MADE_NAMES.has(name));
}

/** The other name. No name of a schema has a $. */
export function aliasOf(name: string): string {
  return `${name}$`;
}
