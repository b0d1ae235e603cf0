/** A server for tests of a client's code, in the same thread: over a real socket pair and real channels. */

import { setTimeout as delay } from 'node:timers/promises';
import { Inode } from '../../generated/lisafs/messages.js';
import { closeFD } from '../os/descriptor.js';
import { connectedPair } from '../transport/dial.js';
import { closeAll, prepareDonation } from '../transport/donation.js';
import { ServerChannel } from '../transport/server-channel.js';
import type { ServerCommunicator } from '../transport/server-communicator.js';
import { ServerSocket } from '../transport/server-socket.js';
import { errnoOf, failure } from '../session/failure.js';
import { isPromise } from '../wire/answer.js';
import { EAGAIN, EIO, ENOMEM, EREMOTEIO } from '../wire/errno.js';
import type { CallContext, ServerProtocol } from '../wire/protocol.js';
import { Delayed, Fault, WithoutDescriptors, type Scripted } from './script.js';

const MID_ERROR = 0;
const MID_CHANNEL = 2;
const MAX_MESSAGE_BYTES = 1 << 20;

/** One request that came. */
export interface TestRequest {
  /** The message's name in the schema, as handlers have it: `get`. */
  readonly name: string;
  readonly mid: number;
  /** The request as traces show it: `{key="colour"}`. */
  readonly text: string;
  /** What carried it. */
  readonly over: 'socket' | 'channel';
}

/** What a test peer is made with. */
export interface TestPeerOptions {
  /** How many channels the client gets before ENOMEM: 0 to 4, 2 by default. */
  readonly channels?: number;
}

/** A fault on its way from a handler to where the response would be sent. */
class Faulty extends Error {
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(fault.kind);
    this.fault = fault;
  }
}

type Handler = (req: unknown, context: CallContext) => unknown;

export class TestPeer<Handlers extends object> {
  /** The client's end: give it to `connect({ fd })`, which owns it from then on. */
  readonly clientFD: number;
  /** The requests that came, oldest first, Mount and Channel left out. */
  readonly requests: TestRequest[] = [];
  readonly #protocol: ServerProtocol<Handlers>;
  readonly #socket: ServerSocket;
  readonly #channels = new Set<ServerCommunicator>();
  /** Those whose handler has not answered: its answer is written there, whenever it comes. */
  readonly #busy = new Set<ServerCommunicator>();
  readonly #answers = new Map<string, unknown[]>();
  readonly #aborting = new AbortController();
  #channelsLeft: number;

  constructor(protocol: ServerProtocol<Handlers>, { channels = 2 }: TestPeerOptions) {
    const [clientFD, fd] = connectedPair();
    this.clientFD = clientFD;
    this.#protocol = protocol;
    this.#channelsLeft = channels;
    this.#socket = new ServerSocket(fd, MAX_MESSAGE_BYTES, () => this.close());
    this.#await(this.#socket);
  }

  /**
   * Says what is answered to a message: a response, a handler, a fault, or one of these later. With several, one after
   * the other; the last stays. A message that nothing was said of is EOPNOTSUPP.
   */
  answer<Name extends keyof Handlers & string>(
    name: Name,
    ...answers: [Scripted<Handlers, Name>, ...Scripted<Handlers, Name>[]]
  ): this {
    this.#answers.set(name, answers);
    return this;
  }

  #await(communicator: ServerCommunicator): void {
    communicator.watch(() => this.#look(communicator));
  }

  #look(communicator: ServerCommunicator): void {
    const payloadLen = communicator.receive();
    if (payloadLen === -EAGAIN) this.#await(communicator);
    else if (payloadLen >= 0) this.#serve(communicator, payloadLen);
    else if (communicator === this.#socket) this.close();
    else this.#lose(communicator);
  }

  #lose(channel: ServerCommunicator): void {
    if (this.#busy.has(channel)) return;
    this.#channels.delete(channel);
    channel.destroy();
  }

  /** What is answered at once is sent at once, before the next request is looked at. */
  #serve(communicator: ServerCommunicator, payloadLen: number): void {
    const { mid } = communicator;
    const fds: number[] = [];
    const finish = (size: number | Fault): void => {
      this.#busy.delete(communicator);
      if (!this.#aborting.signal.aborted) this.#respond(communicator, mid, size, fds);
      else if (communicator !== this.#socket) this.#lose(communicator);
      closeAll(fds);
    };
    this.#busy.add(communicator);
    try {
      const size = this.#dispatch(communicator, payloadLen, fds);
      if (isPromise(size)) void size.catch(outcomeOf).then(finish);
      else finish(size);
    } catch (error) {
      finish(outcomeOf(error));
    }
  }

  #dispatch(communicator: ServerCommunicator, payloadLen: number, fds: number[]): number | Promise<number | Fault> {
    if (payloadLen > MAX_MESSAGE_BYTES) return -EIO;
    const context = { donate: (fd: number) => void fds.push(fd), signal: this.#aborting.signal };
    const { mid, payload } = communicator;
    return this.#protocol.dispatch(this.#handlers(communicator, mid), mid, payload, payloadLen, context);
  }

  #respond(communicator: ServerCommunicator, mid: number, size: number | Fault, fds: number[]): void {
    prepareDonation(fds);
    const sent = size instanceof Fault ? this.#misbehave(communicator, mid, size) : send(communicator, mid, size, fds);
    if (this.#aborting.signal.aborted) return;
    if (sent === 0) this.#await(communicator);
    else if (sent !== undefined) this.#lose(communicator);
  }

  /** 0 or -errno once something was sent, undefined where nothing is. */
  #misbehave(communicator: ServerCommunicator, mid: number, { kind, errno }: Fault): number | undefined {
    if (kind === 'hangUp') this.close();
    if (kind === 'hangUp' || kind === 'never') return undefined;
    if (kind === 'error') return send(communicator, mid, -errno, []);
    if (kind === 'wrongMID') return communicator.respond(mid + 1, 0, []);
    communicator.payload.view.setUint8(0, 0xff);
    return communicator.respond(mid, 1, []);
  }

  /** Handlers that answer by the script, whatever they are called. */
  #handlers(communicator: ServerCommunicator, mid: number): Handlers {
    const get = (_target: object, name: string): Handler | undefined => {
      if (mid === MID_CHANNEL) return (_req, context) => this.#openChannel(context);
      const answers = this.#answers.get(name);
      if (answers === undefined) return name === 'mount' ? () => this.#mount() : undefined;
      return (req, context) => {
        const text = this.#protocol.formats?.get(mid)?.req(req as never) ?? '';
        const over = communicator === this.#socket ? 'socket' : 'channel';
        if (name !== 'mount') this.requests.push({ name, mid, text, over });
        return give(answers.length > 1 ? answers.shift() : answers[0], req, context);
      };
    };
    return new Proxy({}, { get }) as Handlers;
  }

  #mount(): object {
    const supportedMs = [...this.#protocol.names.keys()].filter((mid) => mid !== MID_ERROR);
    return { root: new Inode(), maxMessageSize: MAX_MESSAGE_BYTES, supportedMs };
  }

  #openChannel(context: CallContext): object {
    if (this.#channelsLeft === 0) throw failure(ENOMEM);
    const made = ServerChannel.create(MAX_MESSAGE_BYTES);
    if (typeof made === 'number') throw failure(-made);
    this.#channelsLeft--;
    context.donate(made.memfd);
    context.donate(made.fdSocket);
    this.#channels.add(made.channel);
    this.#await(made.channel);
    return { dataOffset: 0, dataLength: made.length };
  }

  /** Hangs up, as a server does that dies, and frees everything but `clientFD`. Any number of times. */
  close(): void {
    if (this.#aborting.signal.aborted) return;
    this.#aborting.abort();
    this.#socket.destroy();
    for (const channel of this.#channels) this.#lose(channel);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** What comes of what a handler has thrown. */
function outcomeOf(error: unknown): number | Fault {
  return error instanceof Faulty ? error.fault : -(errnoOf(error) ?? EREMOTEIO);
}

/** What an element of a script comes to, now or later. */
function give(answer: unknown, req: unknown, context: CallContext): unknown {
  if (answer instanceof Delayed) return later(answer, req, context);
  if (answer instanceof Fault) throw new Faulty(answer);
  if (answer instanceof WithoutDescriptors) return give(answer.answer, req, { ...context, donate: closeFD });
  return typeof answer === 'function' ? (answer as Handler)(req, context) : answer;
}

async function later({ ms, answer }: Delayed<unknown>, req: unknown, context: CallContext): Promise<unknown> {
  await delay(ms, undefined, { signal: context.signal });
  return give(answer, req, context);
}

/** Sends a response of `size` bytes, or an error where that is a negative errno. */
function send(communicator: ServerCommunicator, mid: number, size: number, fds: readonly number[]): number {
  if (size >= 0) return communicator.respond(mid, size, fds);
  communicator.payload.view.setUint32(0, -size, true);
  return communicator.respond(MID_ERROR, 4, []);
}
