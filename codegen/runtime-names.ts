/**
 * What generated code imports from the runtime, by module of runtime/wire. A field or a message must not have one of
 * these names: generated code would mistake it for the import.
 */

export const RUNTIME_VALUES: Readonly<Record<string, readonly string[]>> = {
  answer: ['isPromise'],
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
    'bytesSize',
    'checkAbsent',
    'checkChoice',
    'checkCount',
    'checkSize',
    'getBytes',
    'getString',
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
  struct: ['Empty', 'Struct', 'formatEmpty', 'marshalEmpty', 'sizeEmpty', 'unmarshalEmpty'],
  u64: [
    'highHalf',
    'joinI64',
    'joinI64Number',
    'joinOpaque',
    'joinU64',
    'joinU64Number',
    'lowHalf',
    'splitI64',
    'splitU64',
  ],
};

export const RUNTIME_TYPES: Readonly<Record<string, readonly string[]>> = {
  codec: ['Codec'],
  description: ['ProtocolDescription'],
  layout: ['Layouts'],
  opaque: ['Opaque32', 'Opaque64'],
  payload: ['Payload'],
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
