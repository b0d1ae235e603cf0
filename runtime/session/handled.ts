/** Which messages a set of handlers serves. */

import { isPromise } from '../wire/answer.js';
import { Payload } from '../wire/payload.js';
import type { CallContext, ServerProtocol } from '../wire/protocol.js';

const NO_CONTEXT: CallContext = {
  donate: () => undefined,
  room: () => undefined,
  signal: new AbortController().signal,
};

/**
 * The handlers that there are: each one's name by its MID. Which of a protocol's handlers belongs to which MID only its
 * dispatch knows: it is asked, with handlers that are all missing and take note of what was looked for.
 */
export function handlerNames<Handlers>(protocol: ServerProtocol<Handlers>, handlers: object): Map<number, string> {
  const names = new Map<number, string>();
  const payload = Payload.alloc(0);
  for (const mid of protocol.names.keys()) {
    const spy = new Proxy(
      {},
      {
        get(_, name): undefined {
          if (typeof name === 'string' && typeof Reflect.get(handlers, name) === 'function') names.set(mid, name);
          return undefined;
        },
      },
    );
    const result = protocol.dispatch(spy as Handlers, mid, payload, 0, NO_CONTEXT);
    if (isPromise(result)) void result.catch(() => undefined);
  }
  return names;
}

/** The MIDs for which there is a handler. */
export function handledMIDs<Handlers>(protocol: ServerProtocol<Handlers>, handlers: object): number[] {
  return [...handlerNames(protocol, handlers).keys()];
}
