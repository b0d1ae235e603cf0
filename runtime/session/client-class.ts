/** A client class for a protocol: the core's few members, and the protocol's stubs beside them. */

import type { Caller, CallOptions, ClientProtocol, MountFacts } from '../wire/protocol.js';
import { ClientCore, type AnyProtocol, type ClientSettings } from './client.js';

/**
 * What mount takes: nothing where the request is empty, the path in the 2021 dialect, else the request; and options,
 * the client's `timeout` being the default.
 */
export type MountArguments<MountReqInit> = MountReqInit extends { readonly mountPath: string }
  ? [mountPath: string, options?: CallOptions]
  : keyof MountReqInit extends never
    ? [options?: CallOptions]
    : [request: MountReqInit, options?: CallOptions];

/** One of a client's callers: its stubs, and nothing else. See `caller`. */
export type ClientCaller<Stubs> = Omit<Stubs, 'mount' | 'mountSync' | 'channel' | 'channelSync'> & Caller;

/** The client of a protocol: one method for each message, and one that blocks, with the suffix Sync. */
export type Client<Stubs, MountReqInit, MountResp extends MountFacts> = Omit<
  ClientCore,
  'mount' | 'mountSync' | 'caller' | 'callFor'
> &
  Omit<Stubs, 'mount' | 'mountSync' | keyof Caller> & {
    /** Mounts: learns what the server supports and opens the channels, as many as the server grants. */
    mount(...args: MountArguments<MountReqInit>): Promise<MountResp>;
    /** As mount, blocking the thread. */
    mountSync(...args: MountArguments<MountReqInit>): MountResp;
    /**
     * A caller of its own, for one of many users of this client: the same stubs, whose calls take turns with those of
     * other callers, however many each has made. `defaults` hold for all its calls: a `timeout`, a `signal` that ends
     * them beside each call's own.
     */
    caller(defaults?: CallOptions): ClientCaller<Stubs>;
  };

type ClientClass<C> = new (fd: number, settings: ClientSettings) => C;

const classes = new WeakMap<object, unknown>();

/** Gives `target` every method of `stubs`, except those that the core has itself. */
function addStubs(target: ClientCore, stubs: object): void {
  for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(stubs))) {
    if (!(name in target)) Object.defineProperty(target, name, property);
  }
}

/** The class for a protocol, made once, on `Core` or on what extends it for this protocol. */
export function clientClass<Stubs, MountReqInit, MountResp extends MountFacts>(
  protocol: ClientProtocol<Stubs, MountReqInit, MountResp>,
  Core: typeof ClientCore = ClientCore,
): ClientClass<Client<Stubs, MountReqInit, MountResp>> {
  const known = classes.get(protocol);
  if (known !== undefined) return known as ClientClass<Client<Stubs, MountReqInit, MountResp>>;
  const any = protocol as unknown as AnyProtocol;
  const Class = class extends Core {
    constructor(fd: number, settings: ClientSettings) {
      super(fd, any, settings);
    }
  };
  addStubs(Class.prototype, protocol.Stubs.prototype as object);
  classes.set(protocol, Class);
  return Class as unknown as ClientClass<Client<Stubs, MountReqInit, MountResp>>;
}
