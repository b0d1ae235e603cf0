/**
 * What generated code gives the runtime, and what a generated stub asks of it. One protocol is one ClientProtocol; the
 * runtime knows no message but the three with which every protocol begins (Error, Mount, Channel).
 */

import type { ReadStream, WriteStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { Socket } from 'node:net';
import type { ProtocolDescription } from './description.js';
import type { Layouts } from './layout.js';
import type { Marshalled, Payload } from './payload.js';

export type { Marshalled } from './payload.js';

/**
 * A descriptor that a response donated, and its owner. It is closed with `close`, by `using`, or by what it is turned
 * into; one that is dropped unclosed is closed when it is collected, with a warning.
 */
export interface HostFD {
  /** The descriptor's number in this process, or -1 once it was closed or given away. It stays owned by this object. */
  readonly fd: number;
  /** Closes the descriptor; a second time does nothing. */
  close(): void;
  [Symbol.dispose](): void;
  /** Gives the descriptor away: the caller closes it from now on. Throws EBADF after close. */
  release(): number;
  /**
   * Turns it into a FileHandle of node:fs/promises, which owns the descriptor from then on. Rejects with EAGAIN for a
   * pipe, socket or device that does not block, which toSocket is for; it stays this object's then.
   */
  toFileHandle(): Promise<FileHandle>;
  /**
   * Turns it into a stream that owns the descriptor, reading from the open file's offset or from `start`. Throws EAGAIN
   * as toFileHandle does.
   */
  createReadStream(options?: { start?: number; end?: number; highWaterMark?: number }): ReadStream;
  /** As createReadStream, writing. */
  createWriteStream(options?: { start?: number; highWaterMark?: number }): WriteStream;
  /** Turns a socket's or a pipe's descriptor into a connected net.Socket, which owns it from then on. */
  toSocket(): Socket;
}

/** One message, seen from the side that sends the request. */
export interface ClientMethod<ReqInit, Resp> {
  readonly mid: number;
  /** The MID's name, `OpenAt`: what errors and traces call it. */
  readonly name: string;
  /** Names of the response's fields that take donated descriptors, in the order in which they come. */
  readonly donates: readonly string[];
  /** The request's size on the wire; throws for a value that has no form there. */
  sizeReq(req: ReqInit): number;
  /** Writes the request at `at`, where sizeReq says that there is room; returns the offset after it. */
  marshalReq(payload: Payload, at: number, req: ReqInit): number;
  newResp(): Resp;
  /** Reads a response from `at` to `end`; returns the offset after it, or MALFORMED. Bytes after it are ignored. */
  unmarshalResp(payload: Payload, at: number, end: number, resp: Resp): number;
  formatReq(req: ReqInit): string;
  formatResp(resp: Resp): string;
  /**
   * The identifiers that a response makes, as the schema marks them; absent where there are none. Who does not want the
   * response after all gives them back: LISAFS's FDIDs by Close.
   */
  makes?(resp: Resp): readonly Made[];
  /** How this request gives identifiers back, at most so many at once; absent where it gives back none. */
  readonly closes?: {
    readonly most: number;
    /** A request for all of `ids`, at least one. */
    request(ids: readonly (number | bigint)[]): unknown;
  };
}

/** Identifiers that a response has made, and the message that gives them back. */
export interface Made {
  readonly by: ClientMethod<never, unknown>;
  readonly ids: readonly (number | bigint)[];
}

/** Options of one synchronous call. */
export interface SyncCallOptions {
  /**
   * Milliseconds until the call fails with ETIMEDOUT, the wait for its turn included; the client's `callTimeout` by
   * default. Infinity waits for ever.
   */
  readonly timeout?: number | undefined;
}

/**
 * Options of one asynchronous call. A call that is ended by them has been sent, perhaps, and the server may do what it
 * asks for: its answer is thrown away when it comes, and what the answer brings is closed.
 */
export interface CallOptions extends SyncCallOptions {
  /** Ends the call: it rejects with an AbortError at once, whose `cause` is the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What a stub stands on: the client implements it. */
export interface Caller {
  call<ReqInit, Resp>(method: ClientMethod<ReqInit, Resp>, req: ReqInit, options?: CallOptions): Promise<Resp>;
  callSync<ReqInit, Resp>(
    method: ClientMethod<ReqInit, Resp>,
    req: ReqInit,
    resp?: Resp,
    options?: SyncCallOptions,
  ): Resp;
}

/** What a Mount response of any protocol tells the client, by these names. */
export interface MountFacts {
  maxMessageSize: number;
  supportedMs: number[];
}

/** Where a Channel response of any protocol says that its packet window is. */
export interface ChannelFacts {
  readonly dataOffsetNumber: number;
  readonly dataLengthNumber: number;
}

/** A protocol as its client side needs it. `Stubs` is the type of the generated stubs. */
export interface ClientProtocol<Stubs, MountReqInit, MountResp extends MountFacts> {
  /** The schema's name for it: `LISAFS`. */
  readonly name: string;
  /** A class whose prototype has one stub per message, asynchronous and synchronous. */
  readonly Stubs: abstract new () => Stubs;
  readonly mount: ClientMethod<MountReqInit, MountResp>;
  readonly channel: ClientMethod<Record<never, never>, ChannelFacts>;
  /** Every message by its MID, for traces and for tools. */
  readonly names: ReadonlyMap<number, string>;
  /** What the client compares with the server's at mount. */
  readonly fingerprint: bigint;
  readonly layouts: Layouts;
  /** The names of the protocol's own error codes. */
  readonly errorNames: ReadonlyMap<number, string>;
  /** True where a client gives up as a whole when one of its channels cannot be had, as the client of 2021 does. */
  readonly allChannelsOrNone: boolean;
}

/** What a server's handler is told of the call besides its request, and where it puts descriptors to donate. */
export interface CallContext {
  /**
   * Donates `fd` with the response; the runtime closes it afterwards, whether it could be sent or not. In the order in
   * which the schema lists them. One that no response can take, because the schema lists none or because the answer was
   * sent, is closed as well, and told as a fault.
   */
  donate(fd: number): void;
  /**
   * Memory of the response itself: `size` bytes at `at`, or undefined where there is no such room. Bytes that are put
   * there, and are answered with as the field that stands there, are not copied. The request stands there, too, so read
   * it first. Only for handlers that answer at once.
   */
  room?(at: number, size: number): Uint8Array | undefined;
  /**
   * Puts a response that is in its wire form already, all of its `bytes`, where it is sent from: answer with what this
   * returns. Nothing is checked but that there is room; a client that cannot read it says so.
   */
  marshalled?(bytes: Uint8Array): Marshalled;
  /** True where somebody wants to see the response (`lisafs:serve`): better answer with an object then. */
  readonly isObserved?: boolean;
  /** Fires when the client hangs up, or the server is closed: what is still being done is for nobody. */
  readonly signal: AbortSignal;
}

/** A handler's answer: a response, now or later. An Error thrown or rejected with becomes an errno. */
export type Answer<RespInit> = RespInit | Promise<RespInit>;

/** Dispatches one request; see ServerProtocol.dispatch. */
export type Dispatch<Handlers> = (
  handlers: Handlers,
  mid: number,
  payload: Payload,
  payloadLen: number,
  context: CallContext,
) => number | Promise<number>;

/** How a message's request and response are shown in traces. */
export interface Formats {
  req(req: never): string;
  resp(resp: never): string;
}

/** A protocol as its serving side needs it. */
export interface ServerProtocol<Handlers> {
  readonly name: string;
  readonly names: ReadonlyMap<number, string>;
  /** What clients compare with theirs at mount. */
  readonly fingerprint: bigint;
  readonly layouts: Layouts;
  /** The protocol as data, for tools. */
  readonly describe: () => ProtocolDescription;
  /** The MIDs of the messages whose responses bring descriptors: nothing else may donate any. */
  readonly donating: ReadonlySet<number>;
  /** How messages are shown in traces, by MID. */
  readonly formats?: ReadonlyMap<number, Formats>;
  /**
   * Unmarshals the request, calls its handler and marshals the response over the request. Returns the response's size,
   * -EOPNOTSUPP without a handler, -EIO for a malformed request; what the handler throws passes through. Throws EIO for
   * a response that is too large.
   */
  readonly dispatch: Dispatch<Handlers>;
}
