/** What a server serves: a protocol with its handlers. */

import type { FDID, InodeInit } from '../../generated/lisafs/index.js';
import type { ServerProtocol } from '../wire/protocol.js';
import { handledMIDs, handlerNames } from './handled.js';
import type { PathsOf } from './call-record.js';

/** The MIDs with which every protocol begins. */
const MID_MOUNT = 1;
const MID_CHANNEL = 2;

const NEVER = { sec: 0, nsec: 0 };

/** The root of what has no files. No Inode: that is LISAFS's, which is not loaded for other protocols. */
const NO_ROOT: InodeInit = {
  controlFD: 0 as FDID,
  stat: {
    mask: 0,
    blksize: 0,
    attributes: 0,
    nlink: 0,
    uid: 0,
    gid: 0,
    mode: 0,
    ino: 0,
    size: 0,
    blocks: 0,
    attributesMask: 0,
    atime: NEVER,
    btime: NEVER,
    ctime: NEVER,
    mtime: NEVER,
    rdevMajor: 0,
    rdevMinor: 0,
    devMajor: 0,
    devMinor: 0,
  },
};

/** What a connection tells its client at Mount. */
export interface ConnectionFacts {
  readonly maxMessageSize: number;
  readonly supportedMs: readonly number[];
}

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
  /** `maxFDs`: as ServerSettings has it. */
  open(facts: ConnectionFacts, maxFDs?: number): ConnectionHandlers<Handlers>;
  close(): void;
}

/** Those that have a handler, and Mount and Channel, which have one always. */
export function servedMIDs<Handlers>(protocol: ServerProtocol<Handlers>, handlers: object): number[] {
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
      const mount = (): object => ({ root: NO_ROOT, ...facts });
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
