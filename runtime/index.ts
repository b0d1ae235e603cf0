/**
 * The SDK's client side: connecting to a server, LISAFS by default, and what its calls take and give.
 *
 * @module
 */

import './os/platform.js';
import './session/trace.js';
import type { FDID, MountResp } from '../generated/lisafs/index.js';
import { clientFS, type ClientFS } from './fs/client-fs.js';
import { wrongValue } from './wire/invalid.js';
import { EINVAL, RPCError } from './wire/errno.js';
import type { ClientProtocol, MountFacts } from './wire/protocol.js';
import { sizeEmpty } from './wire/struct.js';
import { clientClass, type Client } from './session/client-class.js';
import type { ClientCore } from './session/client.js';
import { reconnecting, type ReconnectingClient } from './session/reconnect.js';
import { connectWith, connectWithSync, type ConnectOptions } from './session/connect.js';
import { LISAFS, LISAFSCore, type LISAFSClient as LISAFSCalls } from './session/lisafs.js';

export * from '../generated/lisafs/index.js';
export type { Client, ClientCaller, MountArguments } from './session/client-class.js';
export type { ConnectionEvent, ReconnectingClient } from './session/reconnect.js';
export type { CommonOptions, ConnectOptions, Spawn } from './session/connect.js';
export type { Counters, MessageCounters } from './session/counters.js';
export type { CallEvent } from './session/observe.js';
export { AbortError } from './session/deadline.js';
export { describeServer } from './session/reflection.js';
export { HangUp } from './session/peer.js';
export type { LISAFSClient as LISAFSCalls } from './session/lisafs.js';
export type { ClientFS, ClientFSMethod } from './fs/client-fs.js';
export type { WaitSettings, WaitStrategy } from './transport/wait.js';
export type * from './wire/description.js';
export { RPCError } from './wire/errno.js';
export type {
  CallOptions,
  ClientMethod,
  ClientProtocol,
  HostFD,
  MountFacts,
  SyncCallOptions,
} from './wire/protocol.js';

/** A client that speaks LISAFS. */
export type LISAFSClient = LISAFSCalls & {
  /**
   * The mount as node:fs/promises, with its streams: `await client.fs.readFile('/etc/hostname', 'utf8')`. Paths begin
   * at the mount's root. Throws before `mount`.
   */
  readonly fs: ClientFS;
};

/** A LISAFS client remembers the root that it mounted, for `fs`. */
class MountedCore extends LISAFSCore {
  #root: FDID | undefined;
  #fs: ClientFS | undefined;

  override async mount(...args: unknown[]): Promise<MountResp> {
    return this.#remember((await super.mount(...args)) as MountResp);
  }

  override mountSync(...args: unknown[]): MountResp {
    return this.#remember(super.mountSync(...args) as MountResp);
  }

  #remember(resp: MountResp): MountResp {
    this.#root ??= resp.root.controlFD;
    return resp;
  }

  get fs(): ClientFS {
    if (this.#root === undefined) throw new RPCError(EINVAL, 'fs', 'mount first');
    return (this.#fs ??= clientFS(this as unknown as LISAFSCalls, this.#root));
  }
}

/** Connect with another protocol than LISAFS: what was generated from its schema. */
export interface ProtocolOption<Stubs, MountReqInit, MountResp extends MountFacts> {
  readonly protocol: ClientProtocol<Stubs, MountReqInit, MountResp>;
}

/** Connect for good: by path, with a protocol of one's own. */
export type ReconnectOptions = Extract<ConnectOptions, { path: string }> & { readonly reconnect: true };

type Chosen = ConnectOptions & Partial<ProtocolOption<unknown, object, MountFacts>>;
type AnyProtocol = NonNullable<Chosen['protocol']>;

/** Whether to speak LISAFS: the default, or one of the objects that stand for it. */
function isLISAFS(protocol: Chosen['protocol']): boolean {
  return protocol === undefined || (protocol.Stubs as object) === LISAFS.Stubs;
}

/** The class of the client for what `options` ask for. */
function chosenClass({ protocol }: Chosen): ReturnType<typeof clientClass> {
  const Core = isLISAFS(protocol) ? MountedCore : undefined;
  return clientClass(protocol ?? (LISAFS as unknown as AnyProtocol), Core);
}

/** A protocol without a tree has nothing to say at mount, so that a client of it is mounted by connecting. */
function isMountedAtOnce({ protocol }: Chosen): boolean {
  return !isLISAFS(protocol) && protocol?.mount.sizeReq === sizeEmpty;
}

/**
 * Connects to a server and gives a client, which owns the socket. Call `mount()` on it next, unless it speaks a
 * protocol of one's own whose Mount asks for nothing: then it is mounted. Call `disconnect()` at the end, or declare it
 * with `await using`. A client belongs to the thread that made it.
 *
 * With `reconnect` the client connects again and mounts, for as long as it takes, when the connection has ended. No
 * call is made twice: those in flight at the end fail with EIO; those that come meanwhile wait, up to their own
 * deadlines.
 *
 * Rejects with an RPCError: ENOENT, ECONNREFUSED or EACCES for a path, ETIMEDOUT while a listener's backlog stays full;
 * ENOTSOCK, EBADF or EINVAL for a descriptor that is no connected Unix stream socket, EBUSY for one that is in use
 * already (it stays the caller's). What keeps a command from being started is thrown as child_process gives it.
 */
export function connect<Stubs, MountReqInit, MountResp extends MountFacts>(
  options: ReconnectOptions & ProtocolOption<Stubs, MountReqInit, MountResp>,
): Promise<ReconnectingClient<Stubs>>;
export function connect(options: ConnectOptions): Promise<LISAFSClient>;
export function connect<Stubs, MountReqInit, MountResp extends MountFacts>(
  options: ConnectOptions & ProtocolOption<Stubs, MountReqInit, MountResp>,
): Promise<Client<Stubs, MountReqInit, MountResp>>;
export async function connect(options: Chosen & { reconnect?: boolean }): Promise<unknown> {
  if (options.reconnect === true) return connectReconnecting(options);
  return connectOnce(options);
}

async function connectOnce(options: Chosen): Promise<ClientCore> {
  const Class = chosenClass(options);
  const made = await connectWith((fd, settings) => new Class(fd, settings), options);
  const client = made as unknown as ClientCore;
  if (!isMountedAtOnce(options)) return client;
  try {
    await client.mount({ signal: options.signal });
    return client;
  } catch (error) {
    await client.disconnect();
    throw error;
  }
}

/** The first connection has to be had; it is the next ones that are waited for. */
async function connectReconnecting(options: Chosen): Promise<unknown> {
  if (options.path === undefined || options.protocol === undefined || !isMountedAtOnce(options)) {
    throw wrongValue(
      'reconnect',
      "given with `path` and a `protocol` whose Mount asks for nothing (FDIDs are a connection's own)",
      true,
    );
  }
  const { protocol, path, callTimeout, maxQueued } = options;
  const open = (signal: AbortSignal): Promise<ClientCore> => connectOnce({ ...options, signal });
  return reconnecting(await connectOnce(options), protocol.Stubs, { path, open, callTimeout, maxQueued });
}

/**
 * As connect, blocking the thread while a listener's backlog is full. That a command cannot be started shows only when
 * the first call fails with EIO.
 */
export function connectSync(options: ConnectOptions): LISAFSClient;
export function connectSync<Stubs, MountReqInit, MountResp extends MountFacts>(
  options: ConnectOptions & ProtocolOption<Stubs, MountReqInit, MountResp>,
): Client<Stubs, MountReqInit, MountResp>;
export function connectSync(options: Chosen): unknown {
  const Class = chosenClass(options);
  const client = connectWithSync((fd, settings) => new Class(fd, settings), options);
  if (!isMountedAtOnce(options)) return client;
  try {
    client.mountSync();
    return client;
  } catch (error) {
    client.disconnectSync();
    throw error;
  }
}
