/** A client for a protocol that is known by its description only, or not yet: what `inspect` and `call` talk with. */

import {
  connect,
  describeServer,
  type ClientMethod,
  type ClientProtocol,
  type HostFD,
  type ProtocolDescription,
} from '../runtime/index.js';
import { LISAFSServer } from '../runtime/server.js';
import { describeProtocol } from '../codegen/describe.js';
import { JsonCodec, type Json } from './json-codec.js';
import { protocolOf } from './schema-file.js';
import { connectTo, mounting, type TargetValues } from './target.js';

const MID_MOUNT = 1;
const MID_CHANNEL = 2;
const MID_FINGERPRINT = 65280;
export const MID_REFLECTION = 65281;

type Message = ProtocolDescription['messages'][number];

/** What every protocol answers to Mount and Channel, where no schema says more (`schema/vocabulary.ts`). */
const STANDARD: ProtocolDescription = LISAFSServer.describe();

/** A response as JSON, with what the runtime wants of Mount's and Channel's. */
interface Answer {
  json: Json;
  maxMessageSize: number;
  supportedMs: number[];
  dataOffsetNumber: number;
  dataLengthNumber: number;
}

function method(codec: JsonCodec, { mid, name, req, resp, donates }: Message): ClientMethod<Json, Answer> {
  return {
    mid,
    name,
    donates,
    sizeReq: (json) => codec.encode(req, json).length,
    marshalReq(payload, at, json) {
      const bytes = codec.encode(req, json);
      payload.bytes.set(bytes, at);
      return at + bytes.length;
    },
    newResp: () => ({ json: null, maxMessageSize: 0, supportedMs: [], dataOffsetNumber: 0, dataLengthNumber: 0 }),
    unmarshalResp(payload, at, end, answer) {
      // Copied once, since the server may still write there; what is wrong in it is EIO, as for generated code.
      const bytes = Uint8Array.prototype.slice.call(payload.bytes, at, end);
      try {
        answer.json = codec.decode(resp, bytes);
      } catch {
        return -1;
      }
      const { maxMessageSize, supportedMs, dataOffset, dataLength } = answer.json as Record<string, Json | undefined>;
      answer.maxMessageSize = Number(maxMessageSize ?? 0);
      // Schemas are not compared: there may be none on this side.
      answer.supportedMs = ((supportedMs ?? []) as number[]).filter((supported) => supported !== MID_FINGERPRINT);
      answer.dataOffsetNumber = Number(dataOffset ?? 0);
      answer.dataLengthNumber = Number(dataLength ?? 0);
      return end;
    },
    formatReq: (json) => JSON.stringify(json),
    formatResp: ({ json }) => JSON.stringify(json),
  };
}

/** Stubs are of no use where the protocol is not known when this is compiled. */
const NO_STUBS = Object as unknown as abstract new () => object;

/** What errors call messages, by MID, and codes. */
interface Names {
  readonly names: Map<number, string>;
  readonly errorNames: Map<number, string>;
}

/** Mount's request. */
type Request = { readonly [field: string]: Json };

type AnyClient = Awaited<ReturnType<typeof connectAny>>;

function connectAny(values: TargetValues, protocol: ClientProtocol<object, Request, Answer>) {
  return connectTo(values, (options) => connect({ ...options, protocol }));
}

/** The names are filled in once they are known: the server may have to be asked. */
function protocolFor(
  description: ProtocolDescription,
  { names, errorNames }: Names,
): ClientProtocol<object, Request, Answer> {
  const codec = new JsonCodec(description);
  const message = (mid: number): Message => description.messages.find((one) => one.mid === mid)!;
  return {
    name: description.name,
    Stubs: NO_STUBS,
    mount: method(codec, message(MID_MOUNT)) as ClientMethod<Request, Answer>,
    channel: method(codec, message(MID_CHANNEL)) as ClientMethod<Record<never, never>, Answer>,
    names,
    allChannelsOrNone: false,
    fingerprint: 0n,
    layouts: new Map(),
    errorNames,
  };
}

/** What Mount donated is of no use to a command. */
function closeDonated(answer: Answer): void {
  for (const value of Object.values(answer) as unknown[]) {
    if (typeof value === 'object' && value !== null && 'close' in value) (value as HostFD).close();
  }
}

/** A server that is connected and mounted, and what is known of its protocol. */
export interface Session {
  readonly client: AnyClient;
  readonly description: ProtocolDescription;
  /** Where the description is from. */
  readonly source: 'schema' | 'server' | 'LISAFS, since the server describes nothing';
  /** Mount's response. */
  readonly mounted: Json;
  /** The MIDs that the server supports. */
  readonly supported: readonly number[];
}

export interface SessionValues extends TargetValues {
  readonly schema?: string | undefined;
  /** Mount's request. */
  readonly mount?: Request | undefined;
}

/** Connects, mounts, does the work and disconnects. */
export async function withSession<T>(values: SessionValues, work: (session: Session) => Promise<T>): Promise<T> {
  const given = values.schema === undefined ? undefined : describeProtocol(protocolOf(values.schema));
  const known: Names = { names: new Map(), errorNames: new Map() };
  const client = await connectAny(values, protocolFor(given ?? STANDARD, known));
  try {
    const answer = await mounting(client.mount(values.mount ?? {}));
    closeDonated(answer);
    const { json } = answer;
    const { supportedMs: supported = [] } = json as { supportedMs?: readonly number[] };
    const described = given ?? (client.isSupported(MID_REFLECTION) ? await describeServer(client) : undefined);
    const description = described ?? STANDARD;
    for (const { name, value } of description.errors) known.errorNames.set(value, name);
    for (const { name, mid } of description.messages) known.names.set(mid, name);
    const source =
      given !== undefined
        ? 'schema'
        : described !== undefined
          ? 'server'
          : 'LISAFS, since the server describes nothing';
    return await work({ client, description, source, mounted: json, supported });
  } finally {
    await client.disconnect();
  }
}
