/**
 * The server's side of one connection, of any protocol: it takes requests from the socket and from the channels that it
 * made, has them dispatched to their handlers, and sends what these answer (`lisafs/connection.go`).
 *
 * A communicator carries one request at a time, so the next is not looked for until the one before is answered; how
 * many requests can be in progress is how many communicators there are.
 */

import { ExtensionsServer, type ExtensionsHandlers } from '../../generated/extensions/index.js';
import { beginLater, endLater } from '../transport/attention.js';
import { closeAll, prepareDonation } from '../transport/donation.js';
import { Doorbell } from '../transport/doorbell.js';
import { ServerChannel } from '../transport/server-channel.js';
import type { ServerCommunicator } from '../transport/server-communicator.js';
import { ServerSocket } from '../transport/server-socket.js';
import { Patience, type WaitSettings } from '../transport/wait.js';
import { isPromise, TooLarge, tooLarge } from '../wire/answer.js';
import { EAGAIN, EEXIST, EIO, ENOMEM, EREMOTEIO } from '../wire/errno.js';
import { LAST_ANSWER_TIMEOUT_MS } from '../wire/limits.js';
import type { CallContext, ServerProtocol } from '../wire/protocol.js';
import type { Payload } from '../wire/payload.js';
import type { CallRecorder } from './call-record.js';
import { errnoOf, failure } from './failure.js';
import { FIRST_EXTENSION_MID, type Refusals } from './refusals.js';
import { ServedCall, type CallPlace } from './served-call.js';

/** The MIDs with which every protocol begins. */
const MID_ERROR = 0;
const MID_CHANNEL = 2;

const NO_FDS: readonly number[] = [];

/** What is told of a handler's fault: an error that is no errno. */
export type OnFault = (error: unknown, message: string) => void;

/** What a connection is made with. */
export interface ConnectionSettings<Handlers> {
  readonly protocol: ServerProtocol<Handlers>;
  readonly handlers: Handlers;
  /** The SDK's own messages, of which those that are not refused are served as well. */
  readonly extensions: ExtensionsHandlers;
  /** The messages that are refused before they are looked at. */
  readonly refusals: Refusals;
  readonly maxMessageSize: number;
  /** How many channels the client may have. */
  readonly maxChannels: number;
  readonly wait: WaitSettings;
  readonly onFault: OnFault;
  /** Tells of each call, where somebody wants to know. */
  readonly recorder?: CallRecorder | undefined;
  /** Called when nothing runs any more, to free what handlers keep for the connection. */
  readonly onEnd: () => void;
}

/** One communicator at work: it carries one call at a time. */
class Lane implements CallPlace {
  readonly communicator: ServerCommunicator;
  readonly signal: AbortSignal;
  readonly tellUnsent: CallPlace['tellUnsent'];
  /** What calls that cannot donate take turns with. */
  #spare: ServedCall | undefined;
  /** What `watch` is given, once and for all. */
  readonly onReady: () => void;
  /** True while the handler has not answered yet. */
  busy = false;

  constructor(
    communicator: ServerCommunicator,
    signal: AbortSignal,
    tellUnsent: CallPlace['tellUnsent'],
    serveNext: (lane: Lane) => void,
  ) {
    this.communicator = communicator;
    this.signal = signal;
    this.tellUnsent = tellUnsent;
    this.onReady = () => serveNext(this);
  }

  get payload(): Payload {
    return this.communicator.payload;
  }

  /** The call whose request has just been read. */
  begin(mid: number, donates: boolean): ServedCall {
    const call = donates ? new ServedCall(this, true) : (this.#spare ??= new ServedCall(this, false));
    call.begin(mid);
    return call;
  }

  /** The call in progress is answered later: whoever has its context keeps it. */
  leaveCall(): void {
    this.#spare = undefined;
    this.busy = true;
  }
}

export class Connection<Handlers = unknown> {
  readonly #settings: ConnectionSettings<Handlers>;
  readonly #socket: ServerSocket;
  readonly #extensions: ExtensionsHandlers;
  readonly #lanes = new Set<Lane>();
  #bell: Doorbell | undefined;
  readonly #aborting = new AbortController();
  #ending = false;
  /** The messages of whose handlers something was told that is told once. */
  readonly #told = new Set<number>();
  #ended = false;
  /** Runs while the last answer waits for room; a client that does not read must not keep us for ever. */
  #patience: NodeJS.Timeout | undefined;
  #impatient = false;
  #resolveClosed!: () => void;
  /** Resolves when the connection has ended, whoever ended it, and everything is freed. Never rejects. */
  readonly closed: Promise<void> = new Promise((resolve) => {
    this.#resolveClosed = resolve;
  });

  /** Takes ownership of `fd`, a connected stream socket, and begins to serve it. */
  constructor(fd: number, settings: ConnectionSettings<Handlers>) {
    this.#settings = settings;
    this.#extensions = { ...settings.extensions, doorbell: (_req, context) => this.#openBell(context) };
    this.#socket = new ServerSocket(fd, settings.maxMessageSize, () => this.#aborting.abort());
    this.#add(this.#socket);
  }

  /** As ServerSocket's, of the connection's own socket. */
  whenWatching(onWatching: () => void): void {
    this.#socket.whenWatching(onWatching);
  }

  #add(communicator: ServerCommunicator): void {
    const lane = new Lane(communicator, this.#aborting.signal, this.#tellUnsent, this.#serveNext);
    this.#lanes.add(lane);
    communicator.watch(lane.onReady);
  }

  readonly #serveNext = (lane: Lane): void => {
    if (this.#ending) return;
    const payloadLen = lane.communicator.receive();
    if (payloadLen === -EAGAIN) lane.communicator.watch(lane.onReady);
    else if (payloadLen < 0) this.#lose(lane);
    else this.#serve(lane, payloadLen);
  };

  /** A channel ends alone, the socket with the whole connection. */
  #lose(lane: Lane): void {
    if (lane.communicator === this.#socket) return this.end();
    this.#lanes.delete(lane);
    lane.communicator.destroy();
  }

  #serve(lane: Lane, payloadLen: number): void {
    const { communicator } = lane;
    const { mid } = communicator;
    const donating = mid >= FIRST_EXTENSION_MID ? ExtensionsServer.donating : this.#settings.protocol.donating;
    const call = lane.begin(mid, donating.has(mid));
    if (this.#settings.recorder !== undefined) call.began = performance.now();
    const size = this.#dispatch(call, communicator.payload, payloadLen);
    if (isPromise(size)) this.#awaitAnswer(lane, call, size);
    else this.#respond(lane, call, size);
  }

  #awaitAnswer(lane: Lane, call: ServedCall, size: Promise<number>): void {
    lane.leaveCall();
    beginLater();
    void Promise.resolve(size)
      .catch((error: unknown) => this.#fault(error, call.mid))
      .then((settled) => {
        lane.busy = false;
        endLater();
        this.#respond(lane, call, settled);
      });
  }

  /** Returns the size of the response that stands in the payload, or a negative errno. */
  #dispatch(call: ServedCall, payload: Payload, payloadLen: number): number | Promise<number> {
    const { protocol, handlers, refusals, maxMessageSize } = this.#settings;
    const { mid } = call;
    if (payloadLen > maxMessageSize) return -EIO;
    const refusal = refusals.errnoOf(mid);
    if (refusal !== 0) return -refusal;
    try {
      if (mid >= FIRST_EXTENSION_MID) {
        return ExtensionsServer.dispatch(this.#extensions, mid, payload, payloadLen, call);
      }
      return protocol.dispatch(mid === MID_CHANNEL ? this.#channelHandlers : handlers, mid, payload, payloadLen, call);
    } catch (error) {
      return this.#fault(error, mid);
    }
  }

  /** A thrown error's negative errno. What is none is a bug of the handler's, and the client gets EREMOTEIO. */
  #fault(error: unknown, mid: number): number {
    if (error instanceof TooLarge) this.#tellOnce(mid, error);
    const errno = errnoOf(error);
    if (errno !== undefined) return -errno;
    this.#tellFault(error, this.#nameOf(mid));
    return -EREMOTEIO;
  }

  /** What the one who is told throws is thrown to the process: the client gets its answer. */
  #tellFault(error: unknown, message: string): void {
    try {
      this.#settings.onFault(error, message);
    } catch (thrown) {
      setImmediate(() => {
        throw thrown;
      });
    }
  }

  /** A descriptor that no answer takes is nobody's. */
  readonly #tellUnsent = (mid: number, why: string): void => {
    const error = new Error(`a descriptor was donated in vain, ${why}; it is closed`);
    this.#tellFault(error, this.#nameOf(mid));
  };

  #nameOf(mid: number): string {
    const { names } = mid >= FIRST_EXTENSION_MID ? ExtensionsServer : this.#settings.protocol;
    return names.get(mid) ?? `MID ${mid}`;
  }

  #respond(lane: Lane, call: ServedCall, size: number): void {
    const { communicator } = lane;
    const { mid } = call;
    const fds = call.end();
    const sent = size < 0 ? this.#sendError(communicator, -size) : this.#send(communicator, mid, size, fds);
    if (fds.length > 0) closeAll(fds);
    const { recorder } = this.#settings;
    // What the SDK says to itself is nobody's call.
    if (recorder !== undefined && mid < FIRST_EXTENSION_MID) this.#record(recorder, call, size);
    if (this.#ending) this.#finish();
    else if (sent < 0) this.#lose(lane);
    else communicator.watch(lane.onReady);
  }

  #record(recorder: CallRecorder, call: ServedCall, size: number): void {
    const { maxMessageSize } = this.#settings;
    const message = this.#nameOf(call.mid);
    try {
      recorder.tell(message, call.mid, size < 0 ? -size : size > maxMessageSize ? EIO : 0, call.began, call);
    } catch (error) {
      this.#tellFault(error, message);
    }
  }

  #send(communicator: ServerCommunicator, mid: number, size: number, fds: readonly number[]): number {
    const { maxMessageSize } = this.#settings;
    if (size > maxMessageSize) {
      this.#tellOnce(mid, tooLarge(size, maxMessageSize));
      return this.#sendError(communicator, EIO);
    }
    const bad = fds.length > 0 ? prepareDonation(fds) : -1;
    if (bad >= 0)
      this.#tellOnce(mid, new Error(`descriptor ${bad}, which it donates, is not open: the client gets none`));
    return communicator.respond(mid, size, fds);
  }

  /** A handler's mistake that many calls may bring to light: one telling for each message. */
  #tellOnce(mid: number, error: Error): void {
    if (this.#told.has(mid)) return;
    this.#told.add(mid);
    this.#tellFault(error, this.#nameOf(mid));
  }

  #sendError(communicator: ServerCommunicator, errno: number): number {
    communicator.payload.view.setUint32(0, errno, true);
    return communicator.respond(MID_ERROR, 4, NO_FDS);
  }

  /** Channels are made here, whatever the protocol: its dispatch knows only how their message looks. */
  readonly #channelHandlers = {
    channel: (_req: unknown, context: CallContext): object => this.#openChannel(context),
  } as unknown as Handlers;

  #openChannel(context: CallContext): object {
    const { maxMessageSize, maxChannels, wait } = this.#settings;
    if (this.#lanes.size - 1 >= maxChannels) throw failure(ENOMEM);
    const made = ServerChannel.create(maxMessageSize, { patience: new Patience(wait), bell: this.#bell });
    if (typeof made === 'number') throw failure(-made);
    context.donate(made.memfd);
    context.donate(made.fdSocket);
    this.#add(made.channel);
    return { dataOffset: 0, dataLength: made.length };
  }

  /** A client of this SDK has its channels, those that it asks for from now on, woken by this bell. */
  #openBell(context: CallContext): object {
    if (this.#bell !== undefined) throw failure(EEXIST);
    const made = Doorbell.create();
    if (typeof made === 'number') throw failure(-made);
    this.#bell = made.bell;
    context.donate(made.peerFD);
    return {};
  }

  /**
   * Ends the connection: no further request is taken, those in progress are answered, then everything is freed. See
   * `closed`. Any number of times.
   */
  end(): void {
    this.#ending = true;
    this.#aborting.abort();
    // Not at once: it may be a handler that ends it, whose answer has yet to be sent.
    queueMicrotask(() => this.#finish());
  }

  #finish(): void {
    let busy = 0;
    for (const lane of this.#lanes) {
      if (lane.busy) busy++;
      else if (lane.communicator !== this.#socket) this.#lose(lane);
    }
    if (busy > 0 || this.#ended) return;
    if (this.#socket.sending && this.#socket.flush() === -EAGAIN && !this.#impatient) return this.#awaitRoom();
    this.#free();
  }

  /** Frees everything at once, for a thread that is ending whatever handlers are still at: nobody is answered. */
  abandon(): void {
    this.#ending = true;
    for (const { communicator } of this.#lanes) communicator.destroy();
    if (!this.#ended) this.#free();
  }

  #free(): void {
    clearTimeout(this.#patience);
    this.#ended = true;
    this.#socket.destroy();
    this.#bell?.close();
    this.#settings.onEnd();
    this.#resolveClosed();
  }

  #awaitRoom(): void {
    this.#patience ??= setTimeout(() => {
      this.#impatient = true;
      this.#finish();
    }, LAST_ANSWER_TIMEOUT_MS);
    this.#socket.watch(() => this.#finish());
  }
}
