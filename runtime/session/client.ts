/**
 * The client of any protocol: it owns the connection's socket, opens channels, and carries calls, asynchronous and
 * synchronous, over whichever communicator is free (`lisafs/client.go`).
 *
 * All is done by one thread, so the locks of gVisor's client are no more than orders of steps here. An asynchronous
 * call that finds every communicator busy waits in a queue; a synchronous one completes the calls in flight itself
 * until a communicator is free.
 */

import { availableParallelism } from 'node:os';
import { inspect } from 'node:util';
import { isMainThread, threadId } from 'node:worker_threads';
import type { Communicator } from '../transport/communicator.js';
import { closeAll } from '../transport/donation.js';
import { DonatedFD } from '../transport/host-fd.js';
import { SocketCommunicator } from '../transport/socket-communicator.js';
import { waitersEnded } from '../transport/waiter.js';
import { EAGAIN, ECONNRESET, EINVAL, EIO, ENOMEM, EOPNOTSUPP, errnoName, RPCError } from '../wire/errno.js';
import {
  INITIAL_MAX_MESSAGE_BYTES,
  MAX_CHANNELS_COUNT,
  MAX_DONATED_FDS_COUNT,
  MAX_MESSAGE_BYTES,
  MIN_CHANNELS_COUNT,
} from '../wire/limits.js';
import { outOfRange } from '../wire/invalid.js';
import type { Caller, CallOptions, ClientMethod, ClientProtocol, MountFacts } from '../wire/protocol.js';
import { openChannel, openChannelSync, type ChannelSource } from './channels.js';
import { HangUp, type Child } from './peer.js';
import { Pool } from './pool.js';
import { rawMethod, RawResponse } from './raw.js';

/** The MIDs with which every protocol begins. */
const MID_ERROR = 0;
const MID_MOUNT = 1;
const MID_CHANNEL = 2;

/** A protocol of which nothing but the three first messages is known. */
export type AnyProtocol = ClientProtocol<unknown, object, MountFacts>;

/** What a client is made with. */
export interface ClientSettings {
  /** How many channels to ask for: 0 to 4. By default as many as there are cpus, but at least 2. */
  readonly channels?: number | undefined;
  /** The server, where this process started it. */
  readonly child?: Child | undefined;
}

/** An asynchronous call from its start to its end. */
interface PendingCall {
  readonly method: ClientMethod<unknown, unknown>;
  readonly req: unknown;
  readonly resp: unknown;
  readonly size: number;
  readonly wantFDs: number;
  readonly resolve: (resp: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** How long a synchronous call that finds all communicators busy sleeps between two looks at those on channels. */
const BUSY_LOOK_MS = 1;

function wantedChannels(channels: number | undefined): number {
  if (channels === undefined) return Math.min(Math.max(MIN_CHANNELS_COUNT, availableParallelism()), MAX_CHANNELS_COUNT);
  if (Number.isInteger(channels) && channels >= 0 && channels <= MAX_CHANNELS_COUNT) return channels;
  throw outOfRange('channels', `an integer from 0 to ${MAX_CHANNELS_COUNT}`, channels);
}

export class ClientCore implements Caller {
  readonly #protocol: AnyProtocol;
  readonly #socket: SocketCommunicator;
  readonly #pool: Pool;
  readonly #child: Child | undefined;
  readonly #channels: number;
  readonly #queue: PendingCall[] = [];
  readonly #inFlight = new Map<Communicator, PendingCall>();
  #supported = new Uint8Array(MID_MOUNT + 1);
  #maxMessageSize = INITIAL_MAX_MESSAGE_BYTES;
  #mounted = false;
  /** True while #startQueued runs. */
  #starting = false;
  #opening = 0;
  #synchronousWaits = 0;
  #hangUp: HangUp | undefined;
  /** What is to be done when the connection ends, by whoever waits for what will then not come. */
  readonly #onEnd = new Set<() => void>();
  readonly #channelSource: ChannelSource;
  #cleanUp: Promise<void> | undefined;

  /** Takes ownership of `fd`, a connected stream socket. Use `connect`. */
  constructor(fd: number, protocol: AnyProtocol, settings: ClientSettings) {
    this.#channels = wantedChannels(settings.channels);
    this.#protocol = protocol;
    this.#child = settings.child;
    this.#socket = new SocketCommunicator(fd, this.#maxMessageSize, () => void this.#peerHungUp());
    this.#pool = new Pool(this.#socket);
    this.#supported[MID_MOUNT] = 1;
    this.#channelSource = {
      caller: this,
      method: protocol.channel,
      maxMessageSize: () => this.#maxMessageSize,
      isPeerAlive: () => this.#isPeerAlive(),
      onEnd: this.#onEnd,
    };
    forbidCloning(this);
  }

  /** The name of the protocol that is spoken. */
  get protocol(): string {
    return this.#protocol.name;
  }

  /** Largest payload in bytes of a request or a response: the server's word, once mounted. */
  get maxMessageSize(): number {
    return this.#maxMessageSize;
  }

  /** How many channels are open. */
  get channels(): number {
    return this.#pool.channelCount;
  }

  /** False once this side has disconnected or the server has hung up. */
  get connected(): boolean {
    return this.#hangUp === undefined;
  }

  /** True if the server said at mount that it supports this message. */
  isSupported(mid: number): boolean {
    return this.#supported[mid] === 1;
  }

  /** Mounts: learns what the server supports and opens the channels, as many as the server grants. */
  async mount(...args: unknown[]): Promise<MountFacts> {
    const resp = await this.call(this.#protocol.mount, mountRequest(args));
    this.#learn(resp);
    await this.#openChannels();
    return resp;
  }

  mountSync(...args: unknown[]): MountFacts {
    const resp = this.callSync(this.#protocol.mount, mountRequest(args));
    this.#learn(resp);
    this.#openChannelsSync();
    return resp;
  }

  #learn(resp: MountFacts): void {
    this.#mounted = true;
    this.#maxMessageSize = Math.min(resp.maxMessageSize, MAX_MESSAGE_BYTES);
    this.#socket.maxPayloadLen = this.#maxMessageSize;
    this.#supported = new Uint8Array(resp.supportedMs.reduce((most, mid) => Math.max(most, mid), MID_MOUNT) + 1);
    for (const mid of resp.supportedMs) this.#supported[mid] = 1;
  }

  /** How many channels to ask for now: mounting again, even at once, opens no more than were to be. */
  get #missingChannels(): number {
    return this.isSupported(MID_CHANNEL) ? this.#channels - this.#pool.channelCount - this.#opening : 0;
  }

  /** In parallel, so that the first channels carry the requests for the next. */
  async #openChannels(): Promise<void> {
    const opening = Array.from({ length: this.#missingChannels }, (_, i) => this.#openOne(i));
    const errors = (await Promise.all(opening)).filter((error) => error !== undefined);
    if (this.#protocol.allChannelsOrNone && errors.length > 0) {
      await this.disconnect();
      throw errors[0]!;
    }
  }

  async #openOne(index: number): Promise<Error | undefined> {
    this.#opening++;
    try {
      this.#pool.add(await openChannel(this.#channelSource, `channel ${index}`));
      this.#startQueued();
      return undefined;
    } catch (error) {
      this.#warnOfChannel(error as Error);
      return error as Error;
    } finally {
      this.#opening--;
    }
  }

  /** A client works without its channels, slowly: somebody should know why. That there are no more is no news. */
  #warnOfChannel(error: Error): void {
    if (this.#hangUp !== undefined || this.#protocol.allChannelsOrNone) return;
    if (error instanceof RPCError && error.errno === -ENOMEM) return;
    process.emitWarning(`A channel could not be opened: ${error.message}`, {
      type: 'LISAFSWarning',
      code: 'LISAFS_CHANNEL',
      detail: 'Calls go over the other channels and the socket.',
    });
  }

  #openChannelsSync(): void {
    for (let i = this.#missingChannels; i > 0; i--) {
      try {
        this.#pool.add(openChannelSync(this.#channelSource, `channel ${this.#pool.channelCount}`));
      } catch (error) {
        this.#warnOfChannel(error as Error);
        if (!this.#protocol.allChannelsOrNone) break;
        this.disconnectSync();
        throw error;
      }
    }
  }

  call<ReqInit, Resp>(method: ClientMethod<ReqInit, Resp>, req: ReqInit, _options?: CallOptions): Promise<Resp> {
    return this.#start(method, method.donates.length, req, method.newResp());
  }

  /** As call, into a response of the caller's. */
  protected callInto<ReqInit, Resp>(method: ClientMethod<ReqInit, Resp>, req: ReqInit, resp: Resp): Promise<Resp> {
    return this.#start(method, method.donates.length, req, resp);
  }

  callSync<ReqInit, Resp>(method: ClientMethod<ReqInit, Resp>, req: ReqInit, resp: Resp = method.newResp()): Resp {
    return this.#exchange(method, method.donates.length, req, resp);
  }

  /**
   * Sends a message of any MID as bytes and returns its response's. `respFDs` is filled with the descriptors that came,
   * which are the caller's to close, and with -1 for those that did not.
   */
  async sndRcvMessage(mid: number, payload: Uint8Array, respFDs = new Int32Array(0)): Promise<Uint8Array> {
    const method = rawMethod(mid, this.#nameOf(mid), respFDs);
    return (await this.#start(method, respFDs.length, payload, method.newResp())).bytes;
  }

  sndRcvMessageSync(mid: number, payload: Uint8Array, respFDs = new Int32Array(0)): Uint8Array {
    const method = rawMethod(mid, this.#nameOf(mid), respFDs);
    return this.#exchange(method, respFDs.length, payload, method.newResp()).bytes;
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
    this.#cleanUp ??= Promise.all([waitersEnded(), this.#child?.ended()]).then(() => undefined);
    return this.#cleanUp;
  }

  /** As disconnect, without waiting for the waiting thread and for a spawned server to be gone. */
  disconnectSync(): void {
    this.#end(new HangUp(() => 'this side disconnected'));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disconnect();
  }

  [Symbol.dispose](): void {
    this.disconnectSync();
  }

  /** Why a request cannot be sent, as an errno; 0 if it can. In the order in which gVisor's client asks. */
  #refusal(mid: number, size: number, wantFDs: number): number {
    if (this.#supported[mid] !== 1) return EOPNOTSUPP;
    if (size > this.#maxMessageSize) return EIO;
    return wantFDs > MAX_DONATED_FDS_COUNT ? EINVAL : 0;
  }

  /** The error for a call that failed. A dead connection is its cause. */
  #error(errno: number, method: ClientMethod<never, unknown>, detail?: string): RPCError {
    const options = this.#hangUp !== undefined && errno === EIO ? { cause: this.#hangUp } : undefined;
    return new RPCError(errno, method.name, detail, options);
  }

  #refuse(errno: number, method: ClientMethod<never, unknown>, size: number): RPCError {
    const details: Record<string, string> = {
      EOPNOTSUPP: this.#mounted ? 'the server does not support it' : 'mount first',
      EIO: `${size} bytes are more than the server takes (${this.#maxMessageSize})`,
      EINVAL: `more than ${MAX_DONATED_FDS_COUNT} descriptors wanted`,
    };
    return new RPCError(errno, method.name, details[errnoName(errno)]);
  }

  #exchange<ReqInit, Resp>(method: ClientMethod<ReqInit, Resp>, wantFDs: number, req: ReqInit, resp: Resp): Resp {
    const size = method.sizeReq(req);
    const refusal = this.#refusal(method.mid, size, wantFDs);
    if (refusal !== 0) throw this.#refuse(refusal, method, size);
    const communicator = this.#pool.acquire() ?? this.#acquireBusy();
    if (communicator === undefined) throw this.#error(EIO, method);
    let result = -EIO;
    try {
      result = this.#send(communicator, method, req, size, wantFDs);
    } catch (error) {
      this.#startQueued();
      throw error;
    }
    if (result === 0) result = communicator.receiveSync();
    const errno = this.#finish(communicator, method, resp, result);
    this.#release(communicator);
    if (errno !== 0) throw this.#error(errno, method);
    return resp;
  }

  /**
   * Marshals and sends. 0 or -errno; what the request's values make marshalling throw passes on, nothing being sent.
   */
  #send(
    communicator: Communicator,
    method: ClientMethod<unknown, unknown>,
    req: unknown,
    size: number,
    wantFDs: number,
  ): number {
    if (!communicator.reserve(size)) {
      // The server gave a window smaller than its maximum message.
      return -EIO;
    }
    try {
      const end = method.marshalReq(communicator.payload, 0, req);
      if (end !== size) throw new Error(`lisafs: ${method.name} measured ${size} bytes and wrote ${end}`);
    } catch (error) {
      this.#pool.release(communicator);
      throw error;
    }
    return communicator.send(method.mid, size, wantFDs);
  }

  /** Takes what came: descriptors, then an error or the response. Returns 0 or a positive errno. */
  #finish(communicator: Communicator, method: ClientMethod<unknown, unknown>, resp: unknown, result: number): number {
    const { fds, payload } = communicator;
    const errno = result < 0 ? EIO : this.#readResponse(communicator, method, payload, resp, result);
    if (errno !== 0) closeAll(fds);
    else if (resp instanceof RawResponse) resp.take(fds);
    else if (method.donates.length > 0) deliverFDs(method, resp, fds);
    fds.length = 0;
    return errno;
  }

  #readResponse(
    { mid }: Communicator,
    method: ClientMethod<unknown, unknown>,
    payload: Communicator['payload'],
    resp: unknown,
    size: number,
  ): number {
    if (size > this.#maxMessageSize) return EIO;
    if (mid === MID_ERROR) {
      const errno = size >= 4 ? payload.view.getUint32(0, true) : EIO;
      return errno === 0 ? EIO : errno;
    }
    if (mid !== method.mid) return EINVAL;
    return method.unmarshalResp(payload, 0, size, resp) < 0 ? EIO : 0;
  }

  #start<ReqInit, Resp>(method: ClientMethod<ReqInit, Resp>, wantFDs: number, req: ReqInit, resp: Resp): Promise<Resp> {
    return new Promise<Resp>((resolve, reject) => {
      const size = method.sizeReq(req);
      const refusal = this.#refusal(method.mid, size, wantFDs);
      if (refusal !== 0) throw this.#refuse(refusal, method, size);
      if (this.#pool.isExhausted) throw this.#error(EIO, method);
      const settle = resolve as (resp: unknown) => void;
      this.#queue.push({ method, req, resp, size, wantFDs, resolve: settle, reject });
      this.#startQueued();
    });
  }

  /**
   * Starts waiting calls, oldest first, while there are communicators; fails them once there never will be. A call that
   * fails at once gives its communicator back, which leads here again: the loop that is under way takes it.
   */
  #startQueued(): void {
    if (this.#starting) return;
    this.#starting = true;
    while (this.#queue.length > 0 && this.#synchronousWaits === 0) {
      const communicator = this.#pool.acquire();
      if (communicator !== undefined) this.#startOn(communicator, this.#queue.shift()!);
      else if (this.#pool.isExhausted) this.#failQueued();
      else break;
    }
    this.#starting = false;
  }

  #failQueued(): void {
    for (const { method, reject } of this.#queue.splice(0)) reject(this.#error(EIO, method));
  }

  #startOn(communicator: Communicator, call: PendingCall): void {
    let result: number;
    try {
      result = this.#send(communicator, call.method, call.req, call.size, call.wantFDs);
    } catch (error) {
      call.reject(error as Error);
      return;
    }
    this.#inFlight.set(communicator, call);
    if (result < 0) this.#fail(communicator, call, result);
    else this.#await(communicator, call);
  }

  #await(communicator: Communicator, call: PendingCall): void {
    communicator.watch(() => {
      if (this.#inFlight.get(communicator) !== call) return;
      if (!this.#tryFinish(communicator, call)) this.#await(communicator, call);
    });
  }

  /** Settles a call whose answer has come. False if it has not. */
  #tryFinish(communicator: Communicator, call: PendingCall): boolean {
    const result = communicator.receive();
    if (result === -EAGAIN) return false;
    if (result < 0) this.#fail(communicator, call, result);
    else this.#settle(communicator, call, result);
    return true;
  }

  /**
   * Settles a call that a transport error ended. While it is not known yet how a server of ours died, the call stays in
   * flight: it fails a moment later, with all others, and says it.
   */
  #fail(communicator: Communicator, call: PendingCall, result: number): void {
    const isFateOpen = this.#child !== undefined && !this.#child.hasExited && this.#hangUp === undefined;
    if (isFateOpen && !this.#isPeerAlive()) void this.#peerHungUp();
    else this.#settle(communicator, call, result);
  }

  #settle(communicator: Communicator, call: PendingCall, result: number): void {
    this.#inFlight.delete(communicator);
    const errno = this.#finish(communicator, call.method, call.resp, result);
    this.#endIfDead(communicator);
    if (errno === 0) call.resolve(call.resp);
    else call.reject(this.#error(errno, call.method));
    this.#release(communicator);
  }

  #release(communicator: Communicator): void {
    this.#endIfDead(communicator);
    this.#pool.release(communicator);
    this.#startQueued();
  }

  /** A communicator dies by its own fault, or because the server is gone: then all is over, and errors can say why. */
  #endIfDead(communicator: Communicator): void {
    if (communicator.dead && this.#hangUp === undefined && !this.#isPeerAlive()) this.#end(this.#describeHangUp());
  }

  /**
   * For a synchronous call when every communicator is busy with asynchronous ones: completes those until one is free.
   */
  #acquireBusy(): Communicator | undefined {
    this.#synchronousWaits++;
    try {
      for (;;) {
        for (const [communicator, call] of this.#inFlight) {
          if (this.#tryFinish(communicator, call)) communicator.unwatch();
        }
        const communicator = this.#pool.acquire();
        if (communicator !== undefined || this.#pool.isExhausted) return communicator;
        this.#socket.sleep(BUSY_LOOK_MS);
        if (!this.#isPeerAlive()) this.#end(this.#describeHangUp());
      }
    } finally {
      this.#synchronousWaits--;
    }
  }

  /** Whether the server still holds its end of the socket: what a thread asleep on a channel asks. */
  #isPeerAlive(): boolean {
    return this.#hangUp === undefined && !this.#socket.hasHungUp;
  }

  #describeHangUp(): HangUp {
    const child = this.#child;
    return new HangUp(() => child?.fate ?? 'the server closed its end of the socket');
  }

  /** The watchdog's bark. A child's end is waited for, so that the calls that fail can say what it was. */
  async #peerHungUp(): Promise<void> {
    await this.#child?.learnFate();
    this.#end(this.#describeHangUp());
  }

  /** Ends everything, once: answers left behind are taken, all other calls fail, then all is freed. */
  #end(hangUp: HangUp): void {
    if (this.#hangUp !== undefined) return;
    this.#hangUp = hangUp;
    for (const [communicator, call] of this.#inFlight) {
      communicator.unwatch();
      if (communicator.dead || !this.#tryFinish(communicator, call)) {
        communicator.destroy();
        this.#settle(communicator, call, -ECONNRESET);
      }
    }
    this.#pool.destroy();
    this.#failQueued();
    for (const told of this.#onEnd) told();
  }

  [inspect.custom](): string {
    const state = this.connected ? `${this.channels} channels` : 'disconnected';
    return `${this.#protocol.name}Client { ${state}, maxMessageSize: ${this.#maxMessageSize} }`;
  }
}

function mountRequest(args: unknown[]): object {
  const [arg] = args;
  if (typeof arg === 'string') return { mountPath: arg };
  return typeof arg === 'object' && arg !== null ? arg : {};
}

/** Gives each field that takes a descriptor its owner; undefined where none came. */
function deliverFDs(method: ClientMethod<unknown, unknown>, resp: unknown, fds: readonly number[]): void {
  const fields = resp as Record<string, DonatedFD | undefined>;
  for (let i = 0; i < method.donates.length; i++) {
    const fd = fds[i];
    fields[method.donates[i]!] = fd === undefined ? undefined : new DonatedFD(fd, method.name);
  }
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
