/**
 * The asynchronous calls of one client: those in flight, one on each communicator, and those that wait in a queue for
 * one. And their end, with the connection's.
 *
 * All is done by one thread, so the locks of gVisor's client are no more than orders of steps here. A synchronous call
 * that finds every communicator busy completes the calls in flight itself until one is free.
 */

import type { Communicator } from '../transport/communicator.js';
import type { SocketCommunicator } from '../transport/socket-communicator.js';
import { EAGAIN, ECONNRESET, EIO } from '../wire/errno.js';
import type { ClientMethod } from '../wire/protocol.js';
import { Exchange, type AnyMethod, type Turns } from './exchange.js';
import type { Lifeline } from './lifeline.js';
import type { Pool } from './pool.js';

/** An asynchronous call from its start to its end. */
interface PendingCall {
  readonly method: AnyMethod;
  readonly req: unknown;
  readonly resp: unknown;
  readonly size: number;
  readonly wantFDs: number;
  readonly resolve: (resp: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** How long a synchronous call that finds all communicators busy sleeps between two looks at those on channels. */
const BUSY_LOOK_MS = 1;

export class Calls implements Turns {
  readonly exchange: Exchange;
  readonly #pool: Pool;
  readonly #socket: SocketCommunicator;
  readonly #lifeline: Lifeline;
  readonly #queue: PendingCall[] = [];
  readonly #inFlight = new Map<Communicator, PendingCall>();
  /** True while startQueued runs. */
  #starting = false;
  #synchronousWaits = 0;

  constructor(pool: Pool, socket: SocketCommunicator, lifeline: Lifeline) {
    this.#pool = pool;
    this.#socket = socket;
    this.#lifeline = lifeline;
    this.exchange = new Exchange(pool, lifeline, this);
  }

  /** Makes a call. Resolves to `resp`, filled; rejects with what failed. */
  start<ReqInit, Resp>(method: ClientMethod<ReqInit, Resp>, wantFDs: number, req: ReqInit, resp: Resp): Promise<Resp> {
    return new Promise<Resp>((resolve, reject) => {
      const size = method.sizeReq(req);
      const refusal = this.exchange.refusal(method.mid, size, wantFDs);
      if (refusal !== 0) throw this.exchange.refuse(refusal, method, size);
      if (this.#pool.isExhausted) throw this.exchange.error(EIO, method);
      const settle = resolve as (resp: unknown) => void;
      this.#queue.push({ method, req, resp, size, wantFDs, resolve: settle, reject });
      this.startQueued();
    });
  }

  /**
   * Starts waiting calls, oldest first, while there are communicators; fails them once there never will be. A call that
   * fails at once gives its communicator back, which leads here again: the loop that is under way takes it.
   */
  startQueued(): void {
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
    for (const { method, reject } of this.#queue.splice(0)) reject(this.exchange.error(EIO, method));
  }

  #startOn(communicator: Communicator, call: PendingCall): void {
    let result: number;
    try {
      result = this.exchange.send(communicator, call.method, call.req, call.size, call.wantFDs);
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
    if (this.#lifeline.isFateOpen && !this.#lifeline.isPeerAlive()) void this.peerHungUp();
    else this.#settle(communicator, call, result);
  }

  #settle(communicator: Communicator, call: PendingCall, result: number): void {
    this.#inFlight.delete(communicator);
    const errno = this.exchange.finish(communicator, call.method, call.resp, result);
    this.#endIfDead(communicator);
    if (errno === 0) call.resolve(call.resp);
    else call.reject(this.exchange.error(errno, call.method));
    this.release(communicator);
  }

  release(communicator: Communicator): void {
    this.#endIfDead(communicator);
    this.#pool.release(communicator);
    this.startQueued();
  }

  /** A communicator dies by its own fault, or because the server is gone: then all is over, and errors can say why. */
  #endIfDead(communicator: Communicator): void {
    if (communicator.dead && this.#lifeline.hangUp === undefined && !this.#lifeline.isPeerAlive()) this.end();
  }

  acquireBusy(): Communicator | undefined {
    this.#synchronousWaits++;
    try {
      for (;;) {
        for (const [communicator, call] of this.#inFlight) {
          if (this.#tryFinish(communicator, call)) communicator.unwatch();
        }
        const communicator = this.#pool.acquire();
        if (communicator !== undefined || this.#pool.isExhausted) return communicator;
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
    for (const [communicator, call] of this.#inFlight) {
      communicator.unwatch();
      if (communicator.dead || !this.#tryFinish(communicator, call)) {
        communicator.destroy();
        this.#settle(communicator, call, -ECONNRESET);
      }
    }
    this.#pool.destroy();
    this.#failQueued();
    for (const told of this.#lifeline.onEnd) told();
  }
}
