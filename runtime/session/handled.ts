/** Which messages a set of handlers serves. */

import { isPromise } from '../wire/answer.js';
import { Payload } from '../wire/payload.js';
import type { CallContext, ServerProtocol } from '../wire/protocol.js';

const NO_CONTEXT: CallContext = { donate: () => undefined, signal: new AbortController().signal };

/**
 * The MIDs for which there is a handler. Which of a protocol's handlers belongs to which MID only its dispatch knows:
 * it is asked, with handlers that are all missing and take note of what was looked for.
 */
export function handledMIDs<Handlers>(protocol: ServerProtocol<Handlers>, handlers: object): number[] {
  const mids: number[] = [];
  const payload = Payload.alloc(0);
  for (const mid of protocol.names.keys()) {
    let handled = false;
    const spy = new Proxy(
      {},
      {
        get(_, name): undefined {
          handled = typeof Reflect.get(handlers, name) === 'function';
          return undefined;
        },
      },
    );
    const result = protocol.dispatch(spy as Handlers, mid, payload, 0, NO_CONTEXT);
    if (isPromise(result)) void result.catch(() => undefined);
    if (handled) mids.push(mid);
  }
  return mids;
}
