/**
 * The asynchronous calls of one client: those in flight, one on each communicator, and those that wait in a queue for
 * one. And their end, with the connection's.
 *
 * All is done by one thread, so the locks of gVisor's client are no more than orders of steps here. A synchronous call
 * that finds every communicator busy completes the calls in flight itself until one is free.
 */

import type { Communicator } from '../transport/communicator.js';
import type { SocketCommunicator } from '../transport/socket-communicator.js';
import { EAGAIN, ECANCELED, ECONNRESET, EIO, ENOBUFS, ETIMEDOUT, RPCError } from '../wire/errno.js';
import type { CallOptions, ClientMethod } from '../wire/protocol.js';
import type { Counters } from './counters.js';
import { checkSignal, checkTimeout } from './deadline.js';
import { Exchange, type AnyMethod, type Turns } from './exchange.js';
import { errnoOf } from './failure.js';
import { throwAway, type GiveBack } from './late-answer.js';
import type { Lifeline } from './lifeline.js';
import { PendingCall } from './pending-call.js';
import { isObserved, observePromise, type CallEvent } from './observe.js';
import type { Pool } from './pool.js';
import { WaitingLine } from './waiting-line.js';

/** What the calls of one client keep to. */
export interface CallSettings {
  /** How long a call may take that does not say so itself, in milliseconds. */
  readonly timeout: number;
  /** The protocol's name. */
  readonly protocol: string;
  /** How many calls may wait for a communicator. */
  readonly maxQueued: number;
  /** Gives back what nobody asked for any more. */
  readonly giveBack: GiveBack;
}

/** How often answers of nobody's are looked for: more seldom as time goes by, often while calls wait for one. */
const FIRST_LATE_LOOK_MS = 2;
const LAST_LATE_LOOK_MS = 100;

/** How long a synchronous call that finds all communicators busy sleeps between two looks at those on channels. */
const BUSY_LOOK_MS = 1;

/** A communicator, and the call that is in flight on it. One for each, kept for the next call. */
interface Flight {
  readonly communicator: Communicator;
  call: PendingCall | undefined;
  /** Takes its answer, if that has come. */
  readonly onTurn: () => void;
}

const NO_OPTIONS: CallOptions = {};

/** What settles the promise that was made last: `take` spares each promise a function of its own. */
let resolveLast: (value: never) => void;
let rejectLast: (error: Error) => void;
function take(resolve: (value: never) => void, reject: (error: Error) => void): void {
  resolveLast = resolve;
  rejectLast = reject;
}

export class Calls implements Turns {
  readonly exchange: Exchange;
  readonly #pool: Pool;
  readonly #socket: SocketCommunicator;
  readonly #lifeline: Lifeline;
  readonly #settings: CallSettings;
  readonly #queue = new WaitingLine<PendingCall>();
  readonly #flights = new Map<Communicator, Flight>();
  /** True while startQueued runs. */
  #starting = false;
  #synchronousWaits = 0;
  /** How many calls in flight nobody waits for, and when to look for their answers. */
  #abandoned = 0;
  #lateTimer: NodeJS.Timeout | undefined;
  #lateLookMS = FIRST_LATE_LOOK_MS;
  /** Whether calls rather wait for a channel than take the socket. */
  #prefersChannels = false;
  /** Whether a call has been settled since waiting ones were last looked at. */
  #hasSettled = false;
  #spill: NodeJS.Immediate | undefined;

  constructor(pool: Pool, socket: SocketCommunicator, lifeline: Lifeline, settings: CallSettings) {
    this.#pool = pool;
    this.#socket = socket;
    this.#lifeline = lifeline;
    this.#settings = settings;
    this.exchange = new Exchange(pool, lifeline, this, settings.timeout, settings.protocol);
  }

  /**
   * From now on a call that finds all channels busy waits for one, for as long as others are settled in each turn of
   * the event loop: one on the socket takes twenty times as long. For a server that answers in a microsecond.
   */
  preferChannels(): void {
    this.#prefersChannels = true;
  }

  /**
   * Makes a call for `caller`, whose calls take turns with those of others. Resolves to `resp`, filled; rejects with
   * what failed, with ETIMEDOUT or an AbortError as `options` have it. `event` is for one that tells of itself.
   */
  start<ReqInit, Resp>(
    caller: object,
    method: ClientMethod<ReqInit, Resp>,
    wantFDs: number,
    req: ReqInit,
    resp: Resp,
    options: CallOptions = NO_OPTIONS,
    event?: CallEvent,
  ): Promise<Resp> {
    if (event === undefined && isObserved()) return this.#startTelling(caller, method, wantFDs, req, resp, options);
    const promise = new Promise<Resp>(take);
    const [resolve, reject] = [resolveLast, rejectLast];
    try {
      const timeout = options.timeout === undefined ? this.#settings.timeout : checkTimeout('timeout', options.timeout);
      const signal = options.signal === undefined ? undefined : checkSignal(options.signal);
      const size = method.sizeReq(req);
      const refusal = this.exchange.refusal(method.mid, size, wantFDs);
      if (refusal !== 0) throw this.exchange.refuse(refusal, method, size);
      if (this.#pool.isExhausted) throw this.exchange.error(EIO, method);
      const call = new PendingCall(caller, method, req, resp, size, wantFDs);
      call.event = event;
      const communicator = this.#communicatorAtOnce() ?? this.#enqueue(call);
      call.await(resolve as (resp: unknown) => void, reject, timeout, signal, this.#cancel);
      if (communicator !== undefined) this.#startOn(communicator, call);
    } catch (error) {
      reject(error as Error);
    }
    return promise;
  }

  /** Not a part of `start`: a function in which another is made sets up for that whether or not it comes to it. */
  #startTelling<ReqInit, Resp>(
    caller: object,
    method: ClientMethod<ReqInit, Resp>,
    wantFDs: number,
    req: ReqInit,
    resp: Resp,
    options: CallOptions,
  ): Promise<Resp> {
    const event = this.exchange.eventOf(method, false, req);
    return observePromise(event, () => this.start(caller, method, wantFDs, req, resp, options, event));
  }

  /** A free communicator, if it is nobody else's turn. */
  #communicatorAtOnce(): Communicator | undefined {
    if (this.#queue.length > 0 || this.#starting || this.#synchronousWaits > 0) return undefined;
    return this.#acquire();
  }

  #acquire(): Communicator | undefined {
    return this.#prefersChannels && this.#pool.channelCount > 0 ? this.#pool.acquireChannel() : this.#pool.acquire();
  }

  /** Has a call wait. Where no more may, one that waits for a channel takes the socket: returned if it is this one. */
  #enqueue(call: PendingCall): Communicator | undefined {
    const { maxQueued } = this.#settings;
    if (!this.#queue.hasRoom(call.caller, maxQueued)) {
      if (this.#queue.length === 0) {
        const socket = this.#synchronousWaits > 0 ? undefined : this.#pool.acquireSocket();
        if (socket !== undefined) return socket;
      }
      this.#startOnSocket();
    }
    if (!this.#queue.hasRoom(call.caller, maxQueued)) {
      const detail = `${this.#queue.length} calls wait already (maxQueued: ${maxQueued}); await some of them first`;
      throw new RPCError(ENOBUFS, call.method.name, detail);
    }
    this.#queue.push(call);
    const { counts } = this.exchange;
    counts.maxQueued = Math.max(counts.maxQueued, this.#queue.length);
    // What it waits for may be an answer that else would keep no process.
    if (this.#abandoned > 0) this.#lookForLateSoon();
    this.#watchQueue();
    return undefined;
  }

  /** Looks after those that wait while the socket is free, in the next turn of the event loop. */
  #watchQueue(): void {
    if (this.#queue.length === 0 || this.#spill !== undefined || !this.#pool.isSocketFree) return;
    this.#hasSettled = false;
    this.#spill = setImmediate(this.#spillOver);
  }

  /** Where no call was settled meanwhile the channels are taken for long: the socket is there for that. */
  readonly #spillOver = (): void => {
    this.#spill = undefined;
    if (!this.#hasSettled) this.#startOnSocket();
    this.#watchQueue();
  };

  /** Starts the call whose turn it is on the socket, if that is free. */
  #startOnSocket(): void {
    if (this.#queue.length === 0 || this.#starting || this.#synchronousWaits > 0) return;
    const socket = this.#pool.acquireSocket();
    if (socket !== undefined) this.#startOn(socket, this.#queue.shift()!);
  }

  /**
   * Starts waiting calls, one caller's after another's, while there are communicators; fails them once there never will
   * be. A call that fails at once gives its communicator back, which leads here again: the loop that is under way takes
   * it.
   */
  startQueued(): void {
    if (this.#starting) return;
    this.#starting = true;
    while (this.#queue.length > 0 && this.#synchronousWaits === 0) {
      const communicator = this.#acquire();
      if (communicator !== undefined) this.#startOn(communicator, this.#queue.shift()!);
      else if (this.#pool.isExhausted) this.#failQueued();
      else break;
    }
    this.#starting = false;
    this.#watchQueue();
  }

  #failQueued(): void {
    for (let call = this.#queue.shift(); call !== undefined; call = this.#queue.shift()) {
      this.exchange.counts.note(call.method.mid, 0, 0, EIO);
      call.reject(this.exchange.error(EIO, call.method));
    }
  }

  /** What has been counted. */
  get counters(): Counters {
    return this.exchange.counts.snapshot(this.#queue.length);
  }

  /** Frees the caller of a call. One that was sent keeps its communicator until its answer has come. */
  readonly #cancel = (call: PendingCall, error: Error): void => {
    const errno = errnoOf(error) ?? ECANCELED;
    if (this.#queue.remove(call)) {
      this.exchange.counts.note(call.method.mid, 0, 0, errno);
      return call.reject(error);
    }
    const flight = this.#flightOf(call);
    flight?.communicator.unwatch();
    // Where this thread was busy for long its answer may be here, and came in time.
    if (errno === ETIMEDOUT && flight !== undefined && this.#tryFinish(flight)) return;
    this.exchange.counts.note(call.method.mid, call.size, 0, errno);
    call.abandon();
    if (flight !== undefined) {
      call.event?.carried(flight.communicator.name, call.size, 0);
      this.#awaitLate(flight.communicator);
    }
    call.reject(error);
  };

  #flightOf(call: PendingCall): Flight | undefined {
    for (const flight of this.#flights.values()) if (flight.call === call) return flight;
    return undefined;
  }

  adopt(communicator: Communicator, method: AnyMethod, resp: unknown, wantFDs: number): void {
    const call = new PendingCall(this, method, undefined, resp, 0, wantFDs);
    call.abandon();
    this.#flightOn(communicator).call = call;
    this.#awaitLate(communicator);
  }

  /**
   * Waits for an answer of nobody's, in a way that keeps no process alive: by looking now and then. A call that waits
   * for the communicator does keep it.
   */
  #awaitLate(communicator: Communicator): void {
    communicator.unwatch();
    this.#abandoned++;
    this.#lookForLateSoon();
  }

  #lookForLateSoon(): void {
    this.#lateLookMS = FIRST_LATE_LOOK_MS;
    clearTimeout(this.#lateTimer);
    this.#lookForLateLater();
  }

  #lookForLateLater(): void {
    this.#lateTimer = setTimeout(this.#lookForLate, this.#lateLookMS);
    if (this.#queue.length === 0) this.#lateTimer.unref();
  }

  readonly #lookForLate = (): void => {
    for (const flight of this.#flights.values()) if (flight.call?.isAbandoned === true) this.#tryFinish(flight);
    this.#lateLookMS = this.#queue.length > 0 ? FIRST_LATE_LOOK_MS : Math.min(this.#lateLookMS * 2, LAST_LATE_LOOK_MS);
    if (this.#abandoned > 0) this.#lookForLateLater();
  };

  #flightOn(communicator: Communicator): Flight {
    const known = this.#flights.get(communicator);
    if (known !== undefined) return known;
    const flight: Flight = { communicator, call: undefined, onTurn: () => this.#takeAnswer(flight) };
    this.#flights.set(communicator, flight);
    return flight;
  }

  #anyInFlight(): Flight | undefined {
    for (const flight of this.#flights.values()) if (flight.call !== undefined) return flight;
    return undefined;
  }

  #startOn(communicator: Communicator, call: PendingCall): void {
    let result: number;
    try {
      result = this.exchange.send(communicator, call.method, call.req, call.size, call.wantFDs);
    } catch (error) {
      call.reject(error as Error);
      return;
    }
    const flight = this.#flightOn(communicator);
    flight.call = call;
    if (result < 0) this.#fail(flight, call, result);
    else if (!communicator.giveWayToWoken() || !this.#tryFinish(flight)) communicator.watch(flight.onTurn);
  }

  #takeAnswer(flight: Flight): void {
    if (flight.call !== undefined && !this.#tryFinish(flight)) flight.communicator.watch(flight.onTurn);
  }

  /** Settles a call whose answer has come. False if it has not, or if there is none. */
  #tryFinish(flight: Flight): boolean {
    if (flight.call === undefined) return false;
    const result = flight.communicator.receive();
    if (result === -EAGAIN) return false;
    if (result < 0) this.#fail(flight, flight.call, result);
    else this.#settle(flight, flight.call, result);
    return true;
  }

  /**
   * Settles a call that a transport error ended. While it is not known yet how a server of ours died, the call stays in
   * flight: it fails a moment later, with all others, and says it.
   */
  #fail(flight: Flight, call: PendingCall, result: number): void {
    if (this.#lifeline.isFateOpen && !this.#lifeline.isPeerAlive()) void this.peerHungUp();
    else this.#settle(flight, call, result);
  }

  #settle(flight: Flight, call: PendingCall, result: number): void {
    const { communicator } = flight;
    flight.call = undefined;
    this.#hasSettled = true;
    const errno = this.exchange.finish(communicator, call.method, call.resp, result);
    this.#endIfDead(communicator);
    if (call.isAbandoned) {
      this.#abandoned--;
      if (errno === 0) throwAway(call.method, call.resp, this.#settings.giveBack);
    } else {
      this.exchange.counts.note(call.method.mid, call.size, result, errno);
      call.event?.carried(communicator.name, call.size, result);
      if (errno === 0) call.resolve();
      else call.reject(this.exchange.error(errno, call.method));
    }
    this.release(communicator);
  }

  release(communicator: Communicator): void {
    this.#endIfDead(communicator);
    if (communicator.dead) this.#flights.delete(communicator);
    this.#pool.release(communicator);
    this.startQueued();
  }

  /** A communicator dies by its own fault, or because the server is gone: then all is over, and errors can say why. */
  #endIfDead(communicator: Communicator): void {
    if (communicator.dead && this.#lifeline.hangUp === undefined && !this.#lifeline.isPeerAlive()) this.end();
  }

  acquireBusy(deadline = Infinity): Communicator | undefined {
    this.#synchronousWaits++;
    try {
      for (;;) {
        for (const flight of this.#flights.values()) if (this.#tryFinish(flight)) flight.communicator.unwatch();
        const communicator = this.#pool.acquire();
        if (communicator !== undefined || this.#pool.isExhausted || performance.now() >= deadline) return communicator;
        this.#socket.sleep(BUSY_LOOK_MS);
        if (!this.#lifeline.isPeerAlive()) this.end();
      }
    } finally {
      this.#synchronousWaits--;
    }
  }

  /** The watchdog's bark. A child's end is waited for, so that the calls that fail can say what it was. */
  async peerHungUp(): Promise<void> {
    await this.#lifeline.learnFate();
    this.end();
  }

  /**
   * Ends everything, once: answers left behind are taken, all other calls fail, then all is freed. `why`, unless it is
   * the server's doing.
   */
  end(why?: string): void {
    if (!this.#lifeline.end(why)) return;
    // A communicator that had an answer may have been taken by a call that waited for one: until none is in flight.
    for (let flight = this.#anyInFlight(); flight !== undefined; flight = this.#anyInFlight()) {
      const { communicator } = flight;
      communicator.unwatch();
      if (!communicator.dead && this.#tryFinish(flight)) continue;
      communicator.destroy();
      this.#settle(flight, flight.call!, -ECONNRESET);
    }
    this.#pool.destroy();
    this.#failQueued();
    clearTimeout(this.#lateTimer);
    for (const told of this.#lifeline.onEnd) told();
  }
}
