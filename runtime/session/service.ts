/** What a server serves: a protocol with its handlers, or LISAFS over a filesystem. */

import { Inode, LISAFSServer, type LISAFSHandlers } from '../../generated/lisafs/index.js';
import type { ServerProtocol } from '../wire/protocol.js';
import type { Backend } from './backend.js';
import { handledMIDs, handlerNames } from './handled.js';
import type { PathsOf } from './call-record.js';
import { lisafsHandlers, READ_ONLY_REFUSALS } from './lisafs-handlers.js';
import { pathsOfRequest } from './lisafs-paths.js';
import { LISAFSSession, type ConnectionFacts } from './lisafs-session.js';
import { NodeTree } from './node-tree.js';

/** The MIDs with which every protocol begins. */
const MID_MOUNT = 1;
const MID_CHANNEL = 2;

/** Handlers for one connection, and what is to be done at its end. */
export interface ConnectionHandlers<Handlers> {
  readonly handlers: Handlers;
  /** What requests are about, where that is known. */
  readonly pathsOf?: PathsOf;
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

/** Those that have a handler, and Mount and Channel, which have one always. */
function servedMIDs<Handlers>(protocol: ServerProtocol<Handlers>, handlers: object): number[] {
  return [...new Set([MID_MOUNT, MID_CHANNEL, ...handledMIDs(protocol, handlers)])].sort((x, y) => x - y);
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
    mids: servedMIDs(protocol, handlers),
    refused: new Map(),
    open(facts) {
      const mount = (): object => ({ root: new Inode(), ...facts });
      return { handlers: hasMount ? handlers : withMount(protocol, handlers, mount), end: () => undefined };
    },
    close: () => undefined,
  };
}

/**
 * The same handlers, called as methods of the very object that they came in, and Mount. A plain object: every request
 * looks up one of its members.
 */
function withMount<Handlers extends object>(
  protocol: ServerProtocol<Handlers>,
  handlers: Handlers,
  mount: () => object,
): Handlers {
  const bound: Record<string, unknown> = { mount };
  for (const name of handlerNames(protocol, handlers).values()) {
    bound[name] = (Reflect.get(handlers, name) as (...args: unknown[]) => unknown).bind(handlers);
  }
  return bound as Handlers;
}

/** LISAFS over a filesystem, whose tree all connections share. Takes ownership of the filesystem. */
export function lisafsService(backend: Backend): Service<LISAFSHandlers> {
  const tree = new NodeTree();
  const everything = lisafsHandlers(new LISAFSSession(tree, backend, { maxMessageSize: 0, supportedMs: [] }));
  return {
    protocol: LISAFSServer,
    mids: servedMIDs(LISAFSServer, everything),
    refused: backend.readOnly ? READ_ONLY_REFUSALS : new Map(),
    open(facts) {
      const session = new LISAFSSession(tree, backend, facts);
      return {
        handlers: lisafsHandlers(session),
        pathsOf: (request) => pathsOfRequest(session, request),
        end: () => session.fds.clear(),
      };
    },
    close: () => backend.close?.(),
  };
}
