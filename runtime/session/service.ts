/** What a server serves: a protocol with its handlers, or LISAFS over a filesystem. */

import { Inode, LISAFSServer, type LISAFSHandlers } from '../../generated/lisafs/index.js';
import { isPromise } from '../wire/answer.js';
import { Payload } from '../wire/payload.js';
import type { CallContext, ServerProtocol } from '../wire/protocol.js';
import type { Backend } from './backend.js';
import { lisafsHandlers, READ_ONLY_REFUSALS } from './lisafs-handlers.js';
import { LISAFSSession, type ConnectionFacts } from './lisafs-session.js';
import { NodeTree } from './node-tree.js';

/** The MIDs with which every protocol begins. */
const MID_MOUNT = 1;
const MID_CHANNEL = 2;

/** Handlers for one connection, and what is to be done at its end. */
export interface ConnectionHandlers<Handlers> {
  readonly handlers: Handlers;
  end(): void;
}

export interface Service<Handlers> {
  readonly protocol: ServerProtocol<Handlers>;
  /** The messages that have a handler; Mount and Channel always have. */
  readonly mids: readonly number[];
  readonly refused: ReadonlyMap<number, number>;
  open(facts: ConnectionFacts): ConnectionHandlers<Handlers>;
  close(): void;
}

const NO_CONTEXT: CallContext = { donate: () => undefined, signal: new AbortController().signal };

/**
 * The MIDs for which there is a handler. Which of a protocol's handlers belongs to which MID only its dispatch knows:
 * it is asked, with handlers that are all missing and take note of what was looked for.
 */
function handledMIDs<Handlers>(protocol: ServerProtocol<Handlers>, handlers: object): number[] {
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
    if (handled || mid === MID_MOUNT || mid === MID_CHANNEL) mids.push(mid);
  }
  return mids;
}

/**
 * Any protocol, with handlers that all connections share. Without a handler of its own, Mount gives a root of zeros.
 */
export function protocolService<Handlers extends object>(
  protocol: ServerProtocol<Handlers>,
  handlers: Handlers,
): Service<Handlers> {
  const hasMount = typeof Reflect.get(handlers, 'mount') === 'function';
  return {
    protocol,
    mids: handledMIDs(protocol, handlers),
    refused: new Map(),
    open(facts) {
      const mount = (): object => ({ root: new Inode(), ...facts });
      return { handlers: hasMount ? handlers : withMount(handlers, mount), end: () => undefined };
    },
    close: () => undefined,
  };
}

/** The same handlers, called as methods of the very object that they came in, and Mount. */
function withMount<Handlers extends object>(handlers: Handlers, mount: () => object): Handlers {
  return new Proxy(handlers, {
    get(target, name): unknown {
      if (name === 'mount') return mount;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** LISAFS over a filesystem, whose tree all connections share. Takes ownership of the filesystem. */
export function lisafsService(backend: Backend): Service<LISAFSHandlers> {
  const tree = new NodeTree();
  const everything = lisafsHandlers(new LISAFSSession(tree, backend, { maxMessageSize: 0, supportedMs: [] }));
  return {
    protocol: LISAFSServer,
    mids: handledMIDs(LISAFSServer, everything),
    refused: backend.readOnly ? READ_ONLY_REFUSALS : new Map(),
    open(facts) {
      const session = new LISAFSSession(tree, backend, facts);
      return { handlers: lisafsHandlers(session), end: () => session.fds.clear() };
    },
    close: () => backend.close?.(),
  };
}
