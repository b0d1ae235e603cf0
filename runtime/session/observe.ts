/**
 * What is told of calls to who asks for it, by node:diagnostics_channel: tracing channels called `lisafs:call`, for
 * clients, and `lisafs:serve`, for servers. Where nobody has subscribed, a call costs one look at that.
 */

import { tracingChannel } from 'node:diagnostics_channel';
import { isPromise } from '../wire/answer.js';
import { EREMOTEIO, errnoName } from '../wire/errno.js';
import type { CallContext, Formats, ServerProtocol } from '../wire/protocol.js';
import { errnoOf, failure } from './failure.js';

/** Error's payload: an errno. */
const ERROR_BYTES = 4;

/** One call, in all events of it: what is not known yet is undefined, or 0. */
export class CallEvent {
  /** The protocol's name, and the message's: `LISAFS`, `OpenAt`. */
  readonly protocol: string;
  readonly name: string;
  readonly mid: number;
  /**
   * True for a call that blocks, and for a request that its handler answered at once: its last event is `end`, and
   * `asyncEnd` that of any other.
   */
  isSync: boolean;
  /** What carried it: `channel 0`, `socket`. */
  communicator: string | undefined = undefined;
  /** Sizes of payloads. */
  requestBytes = 0;
  responseBytes = 0;
  /** Milliseconds, of performance.now(); from its start to its end, the wait for its turn included. */
  readonly startTime = performance.now();
  duration: number | undefined = undefined;
  /** Set by node:diagnostics_channel, at the end: what it gave, or what it failed with. */
  result?: unknown;
  error?: unknown;
  /** The messages, which are the caller's: to be looked at during an event, and not changed. */
  readonly request: unknown;
  readonly #formats: Formats | undefined;
  readonly #faultErrno: number;

  /** `faultErrno` is what the other side gets for an error that has no errno, a bug; 0 where it gets nothing of it. */
  constructor(
    of: { readonly protocol: string; readonly name: string; readonly mid: number },
    isSync: boolean,
    request: unknown,
    formats: Formats | undefined,
    faultErrno = 0,
  ) {
    this.protocol = of.protocol;
    this.name = of.name;
    this.mid = of.mid;
    this.isSync = isSync;
    this.request = request;
    this.#formats = formats;
    this.#faultErrno = faultErrno;
  }

  /**
   * The positive errno, or code of the protocol, that it failed with; 0 if it did not, or if its error has none, as an
   * AbortError. A handler's error that has none is EREMOTEIO, as for its client.
   */
  get errno(): number {
    return this.error === undefined ? 0 : (errnoOf(this.error) ?? this.#faultErrno);
  }

  /** Its name: `ENOENT`, or that of an error that has no errno, as `ABORT_ERR`. */
  get code(): string | undefined {
    if (this.error === undefined) return undefined;
    if (this.#faultErrno !== 0 && errnoOf(this.error) === undefined) return errnoName(this.#faultErrno);
    const code: unknown = Reflect.get(Object(this.error), 'code');
    return typeof code === 'string' ? code : errnoName(this.errno);
  }

  /** The request as traces show it, `{fd=3}`. */
  formatRequest(): string {
    return this.#formats === undefined ? '{\u2026}' : this.#formats.req(this.request as never);
  }

  /** The response likewise, once there is one. */
  formatResponse(): string {
    return this.#formats === undefined || this.result === undefined ? '{}' : this.#formats.resp(this.result as never);
  }

  carried(communicator: string, requestBytes: number, responseBytes: number): void {
    this.communicator = communicator;
    this.requestBytes = requestBytes;
    this.responseBytes = Math.max(responseBytes, 0);
  }

  ended(): void {
    this.duration = performance.now() - this.startTime;
  }
}

/** Calls as their client sees them, and requests as their server does. */
export const CALL = tracingChannel<string, CallEvent>('lisafs:call');
export const SERVE = tracingChannel<string, CallEvent>('lisafs:serve');

const { start, end, asyncStart, asyncEnd, error } = CALL;

/** True if somebody wants to know of calls. V8 makes of this a few loads. */
export function isObserved(): boolean {
  return (
    start.hasSubscribers ||
    end.hasSubscribers ||
    asyncEnd.hasSubscribers ||
    error.hasSubscribers ||
    asyncStart.hasSubscribers
  );
}

function isServingObserved(): boolean {
  const { start, end, asyncEnd, error } = SERVE;
  return start.hasSubscribers || end.hasSubscribers || asyncEnd.hasSubscribers || error.hasSubscribers;
}

/** Makes a blocking call, and tells of it. */
export function observeSync<T>(event: CallEvent, call: () => T): T {
  const timed = (): T => {
    try {
      return call();
    } finally {
      event.ended();
    }
  };
  return CALL.traceSync(timed, event);
}

/** Makes another call, and tells of it. */
export function observePromise<T>(event: CallEvent, call: () => Promise<T>): Promise<T> {
  const timed = (): Promise<T> => call().finally(() => event.ended());
  return CALL.tracePromise(timed, event);
}

/** The same protocol, which tells of each request that it dispatches. */
export function observed<Handlers>(protocol: ServerProtocol<Handlers>): ServerProtocol<Handlers> {
  return {
    ...protocol,
    dispatch: (handlers, mid, payload, payloadLen, context) =>
      isServingObserved()
        ? dispatchObserved(protocol, handlers, mid, payload, payloadLen, context)
        : protocol.dispatch(handlers, mid, payload, payloadLen, context),
  };
}

type DispatchArguments<Handlers> = Parameters<ServerProtocol<Handlers>['dispatch']>;
type Handler = (req: unknown, context: CallContext) => unknown;

/**
 * Dispatches with handlers that tell of themselves, and tells the rest once the response stands in the payload. A
 * request that does not come to its handler, being malformed, is not told of.
 */
function dispatchObserved<Handlers>(
  protocol: ServerProtocol<Handlers>,
  ...[handlers, mid, payload, payloadLen, context]: DispatchArguments<Handlers>
): number | Promise<number> {
  (context as { isObserved?: boolean }).isObserved = true;
  const of = { protocol: protocol.name, name: protocol.names.get(mid) ?? `MID ${mid}`, mid };
  let begun: CallEvent | undefined;
  const telling = new Proxy(handlers as object, {
    get(target, property): unknown {
      const handler: unknown = Reflect.get(target, property);
      if (typeof handler !== 'function') return handler;
      return (req: unknown) => {
        const event = new CallEvent(of, true, req, protocol.formats?.get(mid), EREMOTEIO);
        event.requestBytes = payloadLen;
        begun = event;
        SERVE.start.publish(event);
        return withResult(event, (handler as Handler).call(target, req, context));
      };
    },
  });
  const dispatched = (): number | Promise<number> =>
    protocol.dispatch(telling as Handlers, mid, payload, payloadLen, context);
  return observeDispatch(() => begun, dispatched);
}

/** Notes what a handler answers, now or later. */
function withResult(event: CallEvent, answer: unknown): unknown {
  const noted = (result: unknown): unknown => {
    event.result = result;
    return result;
  };
  return isPromise(answer) ? Promise.resolve(answer).then(noted) : noted(answer);
}

/** Tells how a request went whose handler has begun: `begun` is asked once it has, or has not. */
function observeDispatch(
  begun: () => CallEvent | undefined,
  dispatch: () => number | Promise<number>,
): number | Promise<number> {
  const failed = (error: unknown): void => {
    const event = begun();
    if (event === undefined) return;
    event.ended();
    event.error = error;
    event.responseBytes = ERROR_BYTES;
    SERVE.error.publish(event);
  };
  const responded = (size: number): void => {
    const event = begun();
    if (size < 0) return failed(failure(-size));
    event?.ended();
    if (event !== undefined) event.responseBytes = size;
  };
  try {
    const size = dispatch();
    const event = begun();
    if (!isPromise(size)) responded(size);
    else if (event !== undefined) {
      event.isSync = false;
      const later = Promise.resolve(size);
      void later.then(responded, failed).finally(() => SERVE.asyncEnd.publish(event));
    }
    return size;
  } catch (error) {
    failed(error);
    throw error;
  } finally {
    const event = begun();
    if (event !== undefined) SERVE.end.publish(event);
  }
}
