/** An asynchronous call, from its start until nobody waits for it any more, and until its response has come in. */

import { AbortError, offAbort, onAbort, timedOut } from './deadline.js';
import type { AnyMethod } from './exchange.js';
import type { CallEvent } from './observe.js';
import { RawResponse } from './raw.js';
import type { CallerList, Waiter } from './waiting-line.js';

/** Told that a call is to end before its answer has come. */
export type OnCancel = (call: PendingCall, error: Error) => void;

export class PendingCall implements Waiter {
  readonly caller: object;
  before: Waiter | undefined;
  after: Waiter | undefined;
  list: CallerList | undefined;
  readonly method: AnyMethod;
  readonly req: unknown;
  readonly size: number;
  readonly wantFDs: number;
  /** What is told of it, where somebody asks. */
  event: CallEvent | undefined;
  #resp: unknown;
  #abandoned = false;
  #resolve: ((resp: unknown) => void) | undefined;
  #reject: ((error: Error) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #signal: AbortSignal | undefined;
  #onAbort: (() => void) | undefined;

  constructor(caller: object, method: AnyMethod, req: unknown, resp: unknown, size: number, wantFDs: number) {
    this.caller = caller;
    this.method = method;
    this.req = req;
    this.#resp = resp;
    this.size = size;
    this.wantFDs = wantFDs;
  }

  /** The response to fill: the caller's, unless it has gone, whose objects are not touched any more. */
  get resp(): unknown {
    return this.#resp;
  }

  /** True when nobody waits for it: its answer is thrown away. */
  get isAbandoned(): boolean {
    return this.#abandoned;
  }

  /** Gives it somebody who waits, until `onCancel` is told that time is up or that the signal has fired. */
  await(
    resolve: (resp: unknown) => void,
    reject: (error: Error) => void,
    timeout: number,
    signal: AbortSignal | undefined,
    onCancel: OnCancel,
  ): void {
    this.#resolve = resolve;
    this.#reject = reject;
    if (timeout < Infinity) this.#cancelAfter(timeout, onCancel);
    if (signal !== undefined) this.#cancelOn(signal, onCancel);
  }

  #cancelAfter(timeout: number, onCancel: OnCancel): void {
    this.#timer = setTimeout(() => onCancel(this, timedOut(this.method.name, timeout)), timeout);
  }

  #cancelOn(signal: AbortSignal, onCancel: OnCancel): void {
    this.#signal = signal;
    this.#onAbort = () => onCancel(this, new AbortError(signal.reason));
    onAbort(signal, this.#onAbort);
  }

  resolve(): void {
    const resolve = this.#resolve;
    this.#forget();
    resolve?.(this.#resp);
  }

  reject(error: Error): void {
    const reject = this.#reject;
    this.#forget();
    reject?.(error);
  }

  /** The response, which is still to come, goes into an object of nobody's from now on. */
  abandon(): void {
    this.#abandoned = true;
    this.#resp =
      this.#resp instanceof RawResponse ? new RawResponse(new Int32Array(this.wantFDs)) : this.method.newResp();
  }

  #forget(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    if (this.#signal !== undefined && this.#onAbort !== undefined) offAbort(this.#signal, this.#onAbort);
    this.#resolve = this.#reject = this.#timer = this.#signal = this.#onAbort = undefined;
  }
}
