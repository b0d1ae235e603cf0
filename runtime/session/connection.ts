/**
 * The server's side of one connection, of any protocol: it takes requests from the socket and from the channels that it
 * made, has them dispatched to their handlers, and sends what these answer (`lisafs/connection.go`).
 *
 * A communicator carries one request at a time, so the next is not looked for until the one before is answered; how
 * many requests can be in progress is how many communicators there are.
 */

import { ExtensionsServer, type ExtensionsHandlers } from '../../generated/extensions/index.js';
import { closeAll, prepareDonation } from '../transport/donation.js';
import { ServerChannel } from '../transport/server-channel.js';
import type { ServerCommunicator } from '../transport/server-communicator.js';
import { ServerSocket } from '../transport/server-socket.js';
import { isPromise } from '../wire/answer.js';
import { EAGAIN, EIO, ENOMEM, EOPNOTSUPP, EREMOTEIO } from '../wire/errno.js';
import { LAST_ANSWER_TIMEOUT_MS } from '../wire/limits.js';
import type { CallContext, ServerProtocol } from '../wire/protocol.js';
import { errnoOf, failure } from './failure.js';

/** The MIDs with which every protocol begins. */
const MID_ERROR = 0;
const MID_CHANNEL = 2;

/** From this MID on messages are the SDK's own, whatever the protocol. */
const FIRST_EXTENSION_MID = 65280;

/** What is told of a handler's fault: an error that is no errno. */
export type OnFault = (error: unknown, message: string) => void;

/** What a connection is made with. */
export interface ConnectionSettings<Handlers> {
  readonly protocol: ServerProtocol<Handlers>;
  readonly handlers: Handlers;
  /** The SDK's own messages, of which those that are `supported` are served as well. */
  readonly extensions: ExtensionsHandlers;
  /** The messages that are served; any other is EOPNOTSUPP. */
  readonly supported: ReadonlySet<number>;
  /** The messages that are refused before they are looked at, each with its errno: EROFS for changes, say. */
  readonly refused: ReadonlyMap<number, number>;
  readonly maxMessageSize: number;
  /** How many channels the client may have. */
  readonly maxChannels: number;
  readonly onFault: OnFault;
  /** Called when nothing runs any more, to free what handlers keep for the connection. */
  readonly onEnd: () => void;
}

/** One call, as its handler sees it. Each communicator has one, since it carries one call at a time. */
class Call implements CallContext {
  readonly signal: AbortSignal;
  fds: number[] = [];

  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  donate(fd: number): void {
    this.fds.push(fd);
  }
}

export class Connection<Handlers = unknown> {
  readonly #settings: ConnectionSettings<Handlers>;
  readonly #socket: ServerSocket;
  readonly #calls = new Map<ServerCommunicator, Call>();
  /** Those whose handler has not answered yet. */
  readonly #busy = new Set<ServerCommunicator>();
  readonly #aborting = new AbortController();
  #ending = false;
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
    this.#socket = new ServerSocket(fd, settings.maxMessageSize, () => this.#aborting.abort());
    this.#add(this.#socket);
  }

  #add(communicator: ServerCommunicator): void {
    this.#calls.set(communicator, new Call(this.#aborting.signal));
    this.#await(communicator);
  }

  #await(communicator: ServerCommunicator): void {
    communicator.watch(() => this.#serveNext(communicator));
  }

  #serveNext(communicator: ServerCommunicator): void {
    if (this.#ending) return;
    const payloadLen = communicator.receive();
    if (payloadLen === -EAGAIN) this.#await(communicator);
    else if (payloadLen < 0) this.#lose(communicator);
    else this.#serve(communicator, payloadLen);
  }

  /** A channel ends alone, the socket with the whole connection. */
  #lose(communicator: ServerCommunicator): void {
    if (communicator === this.#socket) return this.end();
    this.#calls.delete(communicator);
    communicator.destroy();
  }

  #serve(communicator: ServerCommunicator, payloadLen: number): void {
    const { mid } = communicator;
    const call = this.#calls.get(communicator)!;
    const size = this.#dispatch(communicator, mid, payloadLen, call);
    if (!isPromise(size)) return this.#respond(communicator, mid, size, call);
    this.#busy.add(communicator);
    void size
      .catch((error: unknown) => this.#fault(error, mid))
      .then((settled) => {
        this.#busy.delete(communicator);
        this.#respond(communicator, mid, settled, call);
      });
  }

  /** Returns the size of the response that stands in the payload, or a negative errno. */
  #dispatch(communicator: ServerCommunicator, mid: number, payloadLen: number, call: Call): number | Promise<number> {
    const { protocol, handlers, extensions, supported, refused, maxMessageSize } = this.#settings;
    if (payloadLen > maxMessageSize) return -EIO;
    if (!supported.has(mid)) return -EOPNOTSUPP;
    const refusal = refused.get(mid);
    if (refusal !== undefined) return -refusal;
    const serving = mid === MID_CHANNEL ? this.#channelHandlers : handlers;
    try {
      if (mid >= FIRST_EXTENSION_MID) {
        return ExtensionsServer.dispatch(extensions, mid, communicator.payload, payloadLen, call);
      }
      return protocol.dispatch(serving, mid, communicator.payload, payloadLen, call);
    } catch (error) {
      return this.#fault(error, mid);
    }
  }

  /** A thrown error's negative errno. What is none is a bug of the handler's, and the client gets EREMOTEIO. */
  #fault(error: unknown, mid: number): number {
    const errno = errnoOf(error);
    if (errno !== undefined) return -errno;
    const { onFault, protocol } = this.#settings;
    onFault(error, protocol.names.get(mid) ?? `MID ${mid}`);
    return -EREMOTEIO;
  }

  #respond(communicator: ServerCommunicator, mid: number, size: number, call: Call): void {
    const { fds } = call;
    call.fds = [];
    const sent = size < 0 ? this.#sendError(communicator, -size) : this.#send(communicator, mid, size, fds);
    closeAll(fds);
    if (this.#ending) this.#finish();
    else if (sent < 0) this.#lose(communicator);
    else this.#await(communicator);
  }

  #send(communicator: ServerCommunicator, mid: number, size: number, fds: readonly number[]): number {
    if (size > this.#settings.maxMessageSize) return this.#sendError(communicator, EIO);
    prepareDonation(fds);
    return communicator.respond(mid, size, fds);
  }

  #sendError(communicator: ServerCommunicator, errno: number): number {
    communicator.payload.view.setUint32(0, errno, true);
    return communicator.respond(MID_ERROR, 4, []);
  }

  /** Channels are made here, whatever the protocol: its dispatch knows only how their message looks. */
  readonly #channelHandlers = {
    channel: (_req: unknown, context: CallContext): object => this.#openChannel(context),
  } as unknown as Handlers;

  #openChannel(context: CallContext): object {
    const { maxMessageSize, maxChannels } = this.#settings;
    if (this.#calls.size - 1 >= maxChannels) throw failure(ENOMEM);
    const made = ServerChannel.create(maxMessageSize);
    if (typeof made === 'number') throw failure(-made);
    context.donate(made.memfd);
    context.donate(made.fdSocket);
    this.#add(made.channel);
    return { dataOffset: 0, dataLength: made.length };
  }

  /**
   * Ends the connection: no further request is taken, those in progress are answered, then everything is freed. See
   * `closed`. Any number of times.
   */
  end(): void {
    this.#ending = true;
    this.#aborting.abort();
    this.#finish();
  }

  #finish(): void {
    for (const communicator of this.#calls.keys()) {
      if (communicator !== this.#socket && !this.#busy.has(communicator)) this.#lose(communicator);
    }
    if (this.#busy.size > 0 || this.#ended) return;
    if (this.#socket.sending && this.#socket.flush() === -EAGAIN && !this.#impatient) return this.#awaitRoom();
    clearTimeout(this.#patience);
    this.#ended = true;
    this.#socket.destroy();
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
