/**
 * One request and its response over one communicator: what may be sent, marshalling, sending, and taking what comes.
 * A synchronous call is no more than this, and is the lowest latency there is (`lisafs/client.go`, SndRcvMessage).
 */

import type { Communicator } from '../transport/communicator.js';
import { closeAll } from '../transport/donation.js';
import { DonatedFD } from '../transport/host-fd.js';
import { EAGAIN, EDEADLK, EINVAL, EIO, EOPNOTSUPP, EPROTO, ETIMEDOUT, errnoName, RPCError } from '../wire/errno.js';
import { INITIAL_MAX_MESSAGE_BYTES, MAX_DONATED_FDS_COUNT, MAX_MESSAGE_BYTES } from '../wire/limits.js';
import type { ClientMethod, MountFacts } from '../wire/protocol.js';
import { CallCounts } from './counters.js';
import { timedOut } from './deadline.js';
import type { Lifeline } from './lifeline.js';
import type { Pool } from './pool.js';
import { CallEvent, isObserved, observeSync } from './observe.js';
import { RawResponse } from './raw.js';

/** The MIDs with which every protocol begins. */
const MID_ERROR = 0;
const MID_MOUNT = 1;

/** What #supported says of a message. */
const SUPPORTED = 1;
const LAID_OUT_OTHERWISE = 2;

/** A method of any message, as code that looks at none of them sees it. */
export type AnyMethod = ClientMethod<unknown, unknown>;

/** What a synchronous exchange asks of the asynchronous calls that share its communicators. */
export interface Turns {
  /**
   * A communicator, when every one is busy: completes calls in flight until one is free. Undefined if none is left, or
   * after `deadline`.
   */
  acquireBusy(deadline: number | undefined): Communicator | undefined;
  /** Takes over a call whose caller has gone; its answer is thrown away when it comes, and the communicator is free. */
  adopt(communicator: Communicator, method: AnyMethod, resp: unknown, wantFDs: number): void;
  /** Takes a communicator back after an exchange, and lets others have it. */
  release(communicator: Communicator): void;
  /** Lets waiting calls have what was given back to the pool. */
  startQueued(): void;
}

export class Exchange {
  readonly #pool: Pool;
  readonly #lifeline: Lifeline;
  readonly #turns: Turns;
  /** By MID: whether the server supports a message, and if it does, whether it means the same by it. */
  #supported = new Uint8Array(MID_MOUNT + 1);
  #maxMessageSize = INITIAL_MAX_MESSAGE_BYTES;
  #mounted = false;
  readonly counts = new CallCounts();
  /** The protocol's name. */
  readonly #protocol: string;
  /**
   * How long a call may take that does not say so itself, in milliseconds; undefined for ever. Not Infinity: a number
   * that is no small integer costs an object of 16 bytes wherever it is passed on.
   */
  readonly timeout: number | undefined;
  /** The names of the protocol's own error codes. */
  errorNames: ReadonlyMap<number, string> = new Map();

  constructor(pool: Pool, lifeline: Lifeline, turns: Turns, timeout: number, protocol: string) {
    this.#protocol = protocol;
    this.timeout = timeout === Infinity ? undefined : timeout;
    this.#pool = pool;
    this.#lifeline = lifeline;
    this.#turns = turns;
    this.#supported[MID_MOUNT] = SUPPORTED;
  }

  get maxMessageSize(): number {
    return this.#maxMessageSize;
  }

  isSupported(mid: number): boolean {
    return this.#supported[mid] === SUPPORTED;
  }

  /** Takes from a Mount's response what the server supports and takes. */
  learn(resp: MountFacts): void {
    this.#mounted = true;
    this.counts.learn(resp.supportedMs);
    this.#maxMessageSize = Math.min(resp.maxMessageSize, MAX_MESSAGE_BYTES);
    this.#supported = new Uint8Array(resp.supportedMs.reduce((most, mid) => Math.max(most, mid), MID_MOUNT) + 1);
    for (const mid of resp.supportedMs) this.#supported[mid] = SUPPORTED;
  }

  /** From now on these are refused with EPROTO: the server was generated from another layout of them. */
  refuseMessages(mids: Iterable<number>): void {
    for (const mid of mids) if (this.isSupported(mid)) this.#supported[mid] = LAID_OUT_OTHERWISE;
  }

  /** Why a request cannot be sent, as an errno; 0 if it can. In the order in which gVisor's client asks. */
  refusal(mid: number, size: number, wantFDs: number): number {
    const supported = this.#supported[mid];
    if (supported !== SUPPORTED) return supported === LAID_OUT_OTHERWISE ? EPROTO : EOPNOTSUPP;
    if (size > this.#maxMessageSize) return EIO;
    return wantFDs > MAX_DONATED_FDS_COUNT ? EINVAL : 0;
  }

  /** The error for a request that was not sent, by `refusal`'s errno. */
  refuse(errno: number, method: ClientMethod<never, unknown>, size: number): RPCError {
    const details: Record<string, string> = {
      EOPNOTSUPP: this.#mounted ? 'the server does not support it' : 'mount first',
      EPROTO: 'the server has another layout of it; generate both sides from one schema',
      EIO: `${size} bytes are more than the server takes (${this.#maxMessageSize})`,
      EINVAL: `more than ${MAX_DONATED_FDS_COUNT} descriptors wanted`,
    };
    return new RPCError(errno, method.name, details[errnoName(errno)]);
  }

  /** The error for a call that failed. A dead connection is its cause. */
  error(errno: number, method: ClientMethod<never, unknown>): RPCError {
    const { hangUp } = this.#lifeline;
    const cause = hangUp !== undefined && errno === EIO ? { cause: hangUp } : {};
    const code = this.errorNames.get(errno);
    return new RPCError(errno, method.name, undefined, code === undefined ? cause : { code });
  }

  /**
   * A whole call, blocking the thread, for at most `timeout`. Returns `resp`, or throws what failed. `event` is for one
   * that tells of itself.
   */
  callSync<ReqInit, Resp>(
    method: ClientMethod<ReqInit, Resp>,
    wantFDs: number,
    req: ReqInit,
    resp: Resp,
    timeout = this.timeout,
    event?: CallEvent,
  ): Resp {
    if (event === undefined && isObserved()) return this.#callTelling(method, wantFDs, req, resp, timeout);
    const deadline = timeout === undefined ? undefined : performance.now() + timeout;
    const size = method.sizeReq(req);
    const refusal = this.refusal(method.mid, size, wantFDs);
    if (refusal !== 0) throw this.refuse(refusal, method, size);
    if (this.#lifeline.isInThisThread) throw deadlock(method.name);
    const communicator = this.#pool.acquire() ?? this.#turns.acquireBusy(deadline);
    if (communicator === undefined)
      throw this.#pool.isExhausted ? this.error(EIO, method) : timedOut(method.name, timeout!);
    let result = -EIO;
    try {
      result = this.send(communicator, method, req, size, wantFDs);
    } catch (error) {
      this.#turns.startQueued();
      throw error;
    }
    if (result === 0) result = communicator.receiveSync(deadline);
    if (result === -EAGAIN) {
      this.#turns.adopt(communicator, method, resp, wantFDs);
      // Others that were answered while this one waited for its turn have left room behind.
      this.#turns.startQueued();
      this.counts.note(method.mid, size, 0, ETIMEDOUT);
      event?.carried(communicator.name, size, 0);
      throw timedOut(method.name, timeout!);
    }
    const errno = this.finish(communicator, method, resp, result);
    this.counts.note(method.mid, size, result, errno);
    event?.carried(communicator.name, size, result);
    this.#turns.release(communicator);
    if (errno !== 0) throw this.error(errno, method);
    return resp;
  }

  /** Not a part of `callSync`, which would set up for the function that is made here in every call. */
  #callTelling<ReqInit, Resp>(
    method: ClientMethod<ReqInit, Resp>,
    wantFDs: number,
    req: ReqInit,
    resp: Resp,
    timeout: number | undefined,
  ): Resp {
    const event = this.eventOf(method, true, req);
    return observeSync(event, () => this.callSync(method, wantFDs, req, resp, timeout, event));
  }

  /** The event of a call that is observed. */
  eventOf<ReqInit, Resp>(method: ClientMethod<ReqInit, Resp>, isSync: boolean, req: ReqInit): CallEvent {
    const formats = { req: method.formatReq, resp: method.formatResp };
    return new CallEvent({ protocol: this.#protocol, name: method.name, mid: method.mid }, isSync, req, formats);
  }

  /**
   * Marshals and sends. 0 or -errno; what the request's values make marshalling throw passes on, nothing being sent and
   * the communicator back in the pool.
   */
  send(communicator: Communicator, method: AnyMethod, req: unknown, size: number, wantFDs: number): number {
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
  finish(communicator: Communicator, method: AnyMethod, resp: unknown, result: number): number {
    const { fds, payload } = communicator;
    const errno = result < 0 ? EIO : this.#readResponse(communicator, method, payload, resp, result);
    if (errno !== 0) closeAll(fds);
    else if (resp instanceof RawResponse) resp.take(fds);
    else if (method.donates.length > 0) deliverFDs(method, resp, fds);
    if (fds.length > 0) fds.length = 0;
    return errno;
  }

  #readResponse(
    { mid }: Communicator,
    method: AnyMethod,
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
}

/** A synchronous call to a server of the same thread would wait for ever: it is not begun. */
function deadlock(method: string): RPCError {
  const detail = 'this thread serves it itself; call without Sync, or serve from another thread';
  return new RPCError(EDEADLK, method, detail);
}

/** Gives each field that takes a descriptor its owner; undefined where none came. */
function deliverFDs(method: AnyMethod, resp: unknown, fds: readonly number[]): void {
  const fields = resp as Record<string, DonatedFD | undefined>;
  for (let i = 0; i < method.donates.length; i++) {
    const fd = fds[i];
    fields[method.donates[i]!] = fd === undefined ? undefined : new DonatedFD(fd, method.name);
  }
}
