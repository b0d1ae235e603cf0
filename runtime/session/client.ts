/**
 * The client of any protocol: it owns the connection's socket, mounts, opens channels, and makes calls, asynchronous
 * and synchronous (`lisafs/client.go`). How calls share the communicators is in calls.ts, how one goes over a
 * communicator in exchange.ts.
 */

import { availableParallelism } from 'node:os';
import { inspect } from 'node:util';
import { isMainThread, threadId } from 'node:worker_threads';
import { SocketCommunicator } from '../transport/socket-communicator.js';
import { Doorbell } from '../transport/doorbell.js';
import { Patience, type WaitSettings } from '../transport/wait.js';
import { waitersEnded } from '../transport/waiter.js';
import { EIO, ENOMEM, RPCError } from '../wire/errno.js';
import {
  INITIAL_MAX_MESSAGE_BYTES,
  MAX_CHANNELS_COUNT,
  MAX_QUEUED_CALLS_COUNT,
  MIN_CHANNELS_COUNT,
} from '../wire/limits.js';
import { outOfRange } from '../wire/invalid.js';
import type {
  Caller,
  CallOptions,
  ClientMethod,
  ClientProtocol,
  MountFacts,
  SyncCallOptions,
} from '../wire/protocol.js';
import { NOTHING, sizeEmpty } from '../wire/struct.js';
import { DoorbellMethod, type DoorbellResp } from '../../generated/extensions/index.js';
import { FingerprintMethod, agreement } from './agreement.js';
import { callerOf } from './caller.js';
import { Calls, type CallSettings } from './calls.js';
import { openChannel, openChannelSync, type ChannelSource } from './channels.js';
import type { Counters } from './counters.js';
import { checkSignal, checkTimeout } from './deadline.js';
import type { Exchange } from './exchange.js';
import { giveBackBy, type GiveBack } from './late-answer.js';
import { Lifeline } from './lifeline.js';
import type { Child } from './peer.js';
import { Pool } from './pool.js';
import { rawMethod } from './raw.js';

/** The MID of the message that opens a channel, in every protocol. */
const MID_CHANNEL = 2;

/** How long connecting and mounting may take, in milliseconds. */
export const DEFAULT_TIMEOUT_MS = 10_000;

/** A protocol of which nothing but the three first messages is known. */
export type AnyProtocol = ClientProtocol<unknown, object, MountFacts>;

/** What a client is made with. */
export interface ClientSettings extends WaitSettings {
  /** How many channels to ask for: 0 to 4. By default as many as there are cpus, but at least 2. */
  readonly channels?: number | undefined;
  /** How long mount may take that does not say so itself, in milliseconds. */
  readonly timeout?: number | undefined;
  /** How long any other call may take that does not say so itself, in milliseconds. For ever by default. */
  readonly callTimeout?: number | undefined;
  /** How many calls may wait for a communicator: 0 or more. */
  readonly maxQueued?: number | undefined;
  /** The server, where this process started it. */
  readonly child?: Child | undefined;
}

function wantedChannels(channels: number | undefined): number {
  if (channels === undefined) return Math.min(Math.max(MIN_CHANNELS_COUNT, availableParallelism()), MAX_CHANNELS_COUNT);
  if (Number.isInteger(channels) && channels >= 0 && channels <= MAX_CHANNELS_COUNT) return channels;
  throw outOfRange('channels', `an integer from 0 to ${MAX_CHANNELS_COUNT}`, channels);
}

function callSettings(protocol: string, { callTimeout, maxQueued }: ClientSettings, giveBack: GiveBack): CallSettings {
  if (maxQueued !== undefined && !(Number.isInteger(maxQueued) && maxQueued >= 0)) {
    throw outOfRange('maxQueued', 'an integer from 0 on', maxQueued);
  }
  return {
    protocol,
    timeout: callTimeout === undefined ? Infinity : checkTimeout('callTimeout', callTimeout),
    maxQueued: maxQueued ?? MAX_QUEUED_CALLS_COUNT,
    giveBack,
  };
}

export class ClientCore implements Caller {
  readonly #closed: Promise<void>;
  readonly #protocol: AnyProtocol;
  readonly #socket: SocketCommunicator;
  readonly #pool: Pool;
  readonly #lifeline: Lifeline;
  readonly #calls: Calls;
  readonly #exchange: Exchange;
  readonly #mountTimeout: number;
  /** How many channels are to be, and how many are being opened. */
  readonly #channels: number;
  readonly #maxQueued: number;
  #opening = 0;
  readonly #wait: WaitSettings;
  #bell: Doorbell | undefined;
  readonly #channelSource: ChannelSource;
  #cleanUp: Promise<void> | undefined;

  /** Takes ownership of `fd`, a connected stream socket. Use `connect`. */
  constructor(fd: number, protocol: AnyProtocol, settings: ClientSettings) {
    this.#channels = wantedChannels(settings.channels);
    this.#mountTimeout = checkTimeout('timeout', settings.timeout ?? DEFAULT_TIMEOUT_MS);
    const ofCalls = callSettings(protocol.name, settings, giveBackBy(this));
    this.#maxQueued = ofCalls.maxQueued;
    this.#wait = { wait: settings.wait, turnSpinUS: settings.turnSpinUS };
    // What is wrong with it is said now, and not at mount.
    void new Patience(this.#wait);
    this.#protocol = protocol;
    this.#socket = new SocketCommunicator(fd, INITIAL_MAX_MESSAGE_BYTES, () => void this.#calls.peerHungUp());
    this.#pool = new Pool(this.#socket);
    this.#lifeline = new Lifeline(this.#socket, settings.child);
    this.#calls = new Calls(this.#pool, this.#socket, this.#lifeline, ofCalls);
    this.#exchange = this.#calls.exchange;
    this.#exchange.errorNames = protocol.errorNames;
    this.#channelSource = {
      caller: this,
      method: protocol.channel,
      maxMessageSize: () => this.maxMessageSize,
      isPeerAlive: () => this.#lifeline.isPeerAlive(),
      settings: () => ({ patience: new Patience(this.#wait), bell: this.#bell }),
      onEnd: this.#lifeline.onEnd,
    };
    this.#closed = new Promise((resolve) => void this.#lifeline.onEnd.add(resolve));
    forbidCloning(this);
  }

  /** The name of the protocol that is spoken. */
  get protocol(): string {
    return this.#protocol.name;
  }

  /** Largest payload in bytes of a request or a response: the server's word, once mounted. */
  get maxMessageSize(): number {
    return this.#exchange.maxMessageSize;
  }

  /** How many channels are open. */
  get channels(): number {
    return this.#pool.channelCount;
  }

  /** What this client has counted of its calls until now. */
  get counters(): Counters {
    return this.#calls.counters;
  }

  /** Resolves when the connection has ended, whoever ended it. Never rejects. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  /** False once this side has disconnected or the server has hung up. */
  get connected(): boolean {
    return this.#lifeline.hangUp === undefined;
  }

  /** True if the server said at mount that it supports this message. */
  isSupported(mid: number): boolean {
    return this.#exchange.isSupported(mid);
  }

  /** Mounts: learns what the server supports and opens the channels, as many as the server grants. */
  async mount(...args: unknown[]): Promise<MountFacts> {
    const [req, options] = this.#mountArguments(args);
    const resp = await this.call(this.#protocol.mount, req, options);
    this.#learn(resp);
    await this.#agree(options);
    if (this.#wantsBell) this.#hangBell(await this.call(DoorbellMethod, NOTHING, options).catch(() => undefined));
    await this.#openChannels(options);
    // What came to an end meanwhile is no connection that is mounted.
    if (options.signal !== undefined) checkSignal(options.signal);
    if (!this.connected) throw this.#exchange.error(EIO, this.#protocol.mount);
    return resp;
  }

  mountSync(...args: unknown[]): MountFacts {
    const [req, options] = this.#mountArguments(args);
    const resp = this.callSync(this.#protocol.mount, req, undefined, options);
    this.#learn(resp);
    this.#agreeSync(options);
    if (this.#wantsBell) this.#hangBellSync(options);
    this.#openChannelsSync(options.timeout);
    if (!this.connected) throw this.#exchange.error(EIO, this.#protocol.mount);
    return resp;
  }

  /**
   * The request, where the protocol's Mount has one, and the options, which bound the time in any case: of Mount, and
   * of each call that comes with it.
   */
  #mountArguments(args: unknown[]): [req: object, options: CallOptions] {
    const hasRequest = this.#protocol.mount.sizeReq !== sizeEmpty;
    const options = args[hasRequest ? 1 : 0] as CallOptions | undefined;
    return [hasRequest ? mountRequest(args[0]) : {}, { ...options, timeout: options?.timeout ?? this.#mountTimeout }];
  }

  #learn(resp: MountFacts): void {
    this.#exchange.learn(resp);
    this.#socket.maxPayloadLen = this.maxMessageSize;
  }

  /** Asks a server of this SDK which schema it was generated from: see agreement.ts. */
  async #agree(options: CallOptions): Promise<void> {
    if (!this.isSupported(FingerprintMethod.mid)) return;
    const asking = agreement(this.#protocol);
    let step = asking.next();
    while (!step.done) step = asking.next(await this.call(FingerprintMethod, step.value, options));
    this.#exchange.refuseMessages(step.value);
  }

  #agreeSync(options: SyncCallOptions): void {
    if (!this.isSupported(FingerprintMethod.mid)) return;
    const asking = agreement(this.#protocol);
    let step = asking.next();
    while (!step.done) step = asking.next(this.callSync(FingerprintMethod, step.value, undefined, options));
    this.#exchange.refuseMessages(step.value);
  }

  /** A server of this SDK wakes our event loop itself: see doorbell.ts. */
  get #wantsBell(): boolean {
    return this.#bell === undefined && this.#missingChannels > 0 && this.isSupported(DoorbellMethod.mid);
  }

  /** Without a bell there is the waiting thread, as with any other server. */
  #hangBell(resp: DoorbellResp | undefined): void {
    const fd = resp?.doorbell?.release();
    if (fd === undefined) return;
    const bell = Doorbell.open(fd);
    if (typeof bell === 'number') return;
    if (this.connected && this.#bell === undefined) {
      this.#bell = bell;
      this.#calls.preferChannels();
      this.#lifeline.onEnd.add(() => bell.close());
    } else {
      bell.close();
    }
  }

  #hangBellSync(options: SyncCallOptions): void {
    try {
      this.#hangBell(this.callSync(DoorbellMethod, NOTHING, undefined, options));
    } catch (error) {
      if (!(error instanceof RPCError)) throw error;
    }
  }

  /** How many channels to ask for now: mounting again, even at once, opens no more than were to be. */
  get #missingChannels(): number {
    return this.isSupported(MID_CHANNEL) ? this.#channels - this.#pool.channelCount - this.#opening : 0;
  }

  /** In parallel, so that the first channels carry the requests for the next; unless calls may not wait for that. */
  async #openChannels(options: CallOptions): Promise<void> {
    const count = this.#missingChannels;
    const opening: Promise<Error | undefined>[] = [];
    for (let i = 0; i < count; i++) {
      opening.push(this.#openOne(i, options));
      if (this.#maxQueued < count) await opening[i];
    }
    const errors = (await Promise.all(opening)).filter((error) => error !== undefined);
    if (this.#protocol.allChannelsOrNone && errors.length > 0) {
      await this.disconnect();
      throw errors[0]!;
    }
  }

  async #openOne(index: number, options: CallOptions): Promise<Error | undefined> {
    this.#opening++;
    try {
      this.#pool.add(await openChannel(this.#channelSource, `channel ${index}`, options));
      this.#calls.startQueued();
      return undefined;
    } catch (error) {
      if (options.signal?.aborted !== true) this.#warnOfChannel(error as Error);
      return error as Error;
    } finally {
      this.#opening--;
    }
  }

  /** A client works without its channels, slowly: somebody should know why. That there are no more is no news. */
  #warnOfChannel(error: Error): void {
    if (!this.connected || this.#protocol.allChannelsOrNone) return;
    if (error instanceof RPCError && error.errno === -ENOMEM) return;
    process.emitWarning(`A channel could not be opened: ${error.message}`, {
      type: 'LISAFSWarning',
      code: 'LISAFS_CHANNEL',
      detail: 'Calls go over the other channels and the socket.',
    });
  }

  #openChannelsSync(timeout: number | undefined): void {
    for (let i = this.#missingChannels; i > 0; i--) {
      try {
        this.#pool.add(openChannelSync(this.#channelSource, `channel ${this.#pool.channelCount}`, timeout));
      } catch (error) {
        this.#warnOfChannel(error as Error);
        if (!this.#protocol.allChannelsOrNone) break;
        this.disconnectSync();
        throw error;
      }
    }
  }

  call<ReqInit, Resp>(method: ClientMethod<ReqInit, Resp>, req: ReqInit, options?: CallOptions): Promise<Resp> {
    return this.#calls.start(this, method, method.donates.length, req, method.newResp(), options);
  }

  /** As call, in the turn of this caller. */
  callFor<ReqInit, Resp>(
    caller: object,
    method: ClientMethod<ReqInit, Resp>,
    req: ReqInit,
    options?: CallOptions,
  ): Promise<Resp> {
    return this.#calls.start(caller, method, method.donates.length, req, method.newResp(), options);
  }

  /** As call, into a response of the caller's. */
  protected callInto<ReqInit, Resp>(method: ClientMethod<ReqInit, Resp>, req: ReqInit, resp: Resp): Promise<Resp> {
    return this.#calls.start(this, method, method.donates.length, req, resp);
  }

  callSync<ReqInit, Resp>(
    method: ClientMethod<ReqInit, Resp>,
    req: ReqInit,
    resp: Resp = method.newResp(),
    options?: SyncCallOptions,
  ): Resp {
    return this.#exchange.callSync(method, method.donates.length, req, resp, timeoutOf(options));
  }

  /**
   * A caller of its own: the same stubs, whose calls take turns with those of this client's other callers, however many
   * each has made. `defaults` hold for all its calls: a `timeout`, a `signal` beside each call's own.
   */
  caller(defaults: CallOptions = {}): Caller {
    return callerOf(this.#protocol.Stubs, defaults, {
      call: (caller, method, req, options) => this.callFor(caller, method, req, options),
      callSync: (method, req, resp, options) => this.callSync(method, req, resp, options),
    });
  }

  /**
   * Sends a message of any MID as bytes and returns its response's. `respFDs` is filled with the descriptors that came,
   * which are the caller's to close, and with -1 for those that did not.
   */
  async sndRcvMessage(
    mid: number,
    payload: Uint8Array,
    respFDs: Int32Array = new Int32Array(0),
    options?: CallOptions,
  ): Promise<Uint8Array> {
    const method = rawMethod(mid, this.#nameOf(mid), respFDs);
    return (await this.#calls.start(this, method, respFDs.length, payload, method.newResp(), options)).bytes;
  }

  sndRcvMessageSync(
    mid: number,
    payload: Uint8Array,
    respFDs: Int32Array = new Int32Array(0),
    options?: SyncCallOptions,
  ): Uint8Array {
    const method = rawMethod(mid, this.#nameOf(mid), respFDs);
    return this.#exchange.callSync(method, respFDs.length, payload, method.newResp(), timeoutOf(options)).bytes;
  }

  #nameOf(mid: number): string {
    return this.#protocol.names.get(mid) ?? `MID ${mid}`;
  }

  /**
   * Disconnects: calls in progress fail with EIO, and everything is freed when this resolves: channels, descriptors,
   * the waiting thread, a server that was spawned. Any number of times.
   */
  disconnect(): Promise<void> {
    this.disconnectSync();
    this.#cleanUp ??= Promise.all([waitersEnded(), this.#lifeline.serverEnded()]).then(() => undefined);
    return this.#cleanUp;
  }

  /** As disconnect, without waiting for the waiting thread and for a spawned server to be gone. */
  disconnectSync(): void {
    this.#calls.end('this side disconnected');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disconnect();
  }

  [Symbol.dispose](): void {
    this.disconnectSync();
  }

  [inspect.custom](): string {
    const state = this.connected ? `${this.channels} channels` : 'disconnected';
    return `${this.#protocol.name}Client { ${state}, maxMessageSize: ${this.maxMessageSize} }`;
  }
}

function timeoutOf(options: SyncCallOptions | undefined): number | undefined {
  return options?.timeout === undefined ? undefined : checkTimeout('timeout', options.timeout);
}

function mountRequest(arg: unknown): object {
  if (typeof arg === 'string') return { mountPath: arg };
  return typeof arg === 'object' && arg !== null ? arg : {};
}

/**
 * A client belongs to the thread that made it: its mappings, polls and queues mean nothing in another. Whoever posts
 * one to another thread is told so: structured cloning reads every own property, and this one throws.
 */
function forbidCloning(client: ClientCore): void {
  const owner = isMainThread ? 'the main thread' : `worker thread ${threadId}`;
  Object.defineProperty(client, 'clone', {
    enumerable: true,
    get() {
      throw new Error(`This client belongs to ${owner} and cannot be sent to another; connect again there`);
    },
  });
}
