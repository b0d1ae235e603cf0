/** Encodes and decodes: `codec NAME MESSAGE`, or `codec NAME MESSAGE huge`, after a value above 2^53 has come by. */

import type { Codec, MessageName } from '../codecs/codec.js';
import { codecSubject } from '../codecs/codec.js';
import { HUGE_SIZE } from '../codecs/values.js';
import { serveSubject } from '../subject.js';

/** Each is loaded alone: one codec's objects must not change how another's are compiled. */
const LOADERS: Readonly<Record<string, () => Promise<Codec>>> = {
  ours: async () => (await import('../codecs/ours.js')).ours,
  json: async () => (await import('../codecs/json.js')).json,
  msgpackr: async () => (await import('../codecs/msgpackr.js')).msgpackr,
  avsc: async () => (await import('../codecs/avsc.js')).avsc,
  protobufjs: async () => (await import('../codecs/protobufjs.js')).protobufjs,
  'protobuf-es': async () => (await import('../codecs/protobuf-es.js')).protobufES,
  flatbuffers: async () => (await import('../codecs/flatbuffers.js')).flatbuffers,
  capnp: async () => (await import('../codecs/capnp.js')).capnp,
};

const [, , name = '', message = '', huge] = process.argv;

await serveSubject(async () =>
  codecSubject(await LOADERS[name]!(), message as MessageName, huge === undefined ? undefined : HUGE_SIZE),
);
