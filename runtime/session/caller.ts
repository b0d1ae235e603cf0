/** Callers of one client: each has the protocol's stubs, a turn of its own, and defaults for its calls' options. */

import type { Caller, CallOptions, ClientMethod, SyncCallOptions } from '../wire/protocol.js';

/** How a caller's calls are made by its client. */
export interface CallsFor {
  call<ReqInit, Resp>(
    caller: object,
    method: ClientMethod<ReqInit, Resp>,
    req: ReqInit,
    options: CallOptions,
  ): Promise<Resp>;
  callSync: Caller['callSync'];
}

/** A call's own options, and for what it leaves open the defaults. Both signals end it. */
function merge(defaults: CallOptions, options: CallOptions = {}): CallOptions {
  const signals = [defaults.signal, options.signal].filter((signal) => signal !== undefined);
  return {
    timeout: options.timeout ?? defaults.timeout,
    signal: signals.length > 1 ? AbortSignal.any(signals) : signals[0],
  };
}

/** Makes a caller with the methods of `Stubs`. */
export function callerOf(Stubs: abstract new () => unknown, defaults: CallOptions, calls: CallsFor): Caller {
  const own: Caller = {
    call: (method, req, options) => calls.call(caller, method, req, merge(defaults, options)),
    callSync: (method, req, resp, options: SyncCallOptions = {}) =>
      calls.callSync(method, req, resp, { timeout: options.timeout ?? defaults.timeout }),
  };
  const caller = Object.assign(Object.create(Stubs.prototype as object) as Caller, own);
  return caller;
}
