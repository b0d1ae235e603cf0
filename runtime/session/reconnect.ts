/**
 * A client that outlives its server: when the connection ends it connects again and mounts, for as long as it takes.
 *
 * No call is ever made twice. Those in flight when the connection ends fail with EIO, since the server may have done
 * what they asked for; those that come meanwhile wait for the next connection, up to their own deadlines.
 */

import { channel } from 'node:diagnostics_channel';
import { setTimeout as delay } from 'node:timers/promises';
import { ECONNRESET, ENOBUFS, ENOTCONN, RPCError } from '../wire/errno.js';
import { MAX_QUEUED_CALLS_COUNT } from '../wire/limits.js';
import type { Caller, CallOptions, ClientMethod, SyncCallOptions } from '../wire/protocol.js';
import { callerOf } from './caller.js';
import type { ClientCaller } from './client-class.js';
import type { ClientCore } from './client.js';
import { AbortError, checkSignal, checkTimeout, offAbort, onAbort, timedOut } from './deadline.js';

/** A client that connects again. It has the protocol's stubs, and this. */
export type ReconnectingClient<Stubs> = ClientCaller<Stubs> & {
  /** False while there is no connection. */
  readonly connected: boolean;
  /** As `caller` of a client. */
  caller(defaults?: CallOptions): ClientCaller<Stubs>;
  /** Disconnects for good; calls in progress fail with EIO, those that wait with ENOTCONN. Any number of times. */
  disconnect(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** What is published to the diagnostics channel `lisafs:connection`, whenever a connection ends or is there again. */
export interface ConnectionEvent {
  readonly path: string;
  readonly protocol: string;
  readonly connected: boolean;
}

const CONNECTION = channel('lisafs:connection');

/** Between attempts: at first, and at most. An attempt that fails looks up one file. */
const FIRST_DELAY_MS = 10;
const LAST_DELAY_MS = 500;

/** What a reconnecting client is made with. */
export interface ReconnectSettings {
  readonly path: string;
  /** Connects and mounts. */
  readonly open: (signal: AbortSignal) => Promise<ClientCore>;
  readonly callTimeout?: number | undefined;
  readonly maxQueued?: number | undefined;
}

class Reconnector {
  readonly #settings: ReconnectSettings;
  readonly #ending = new AbortController();
  #client: ClientCore;
  /** Told when there is a connection again, or never will be. */
  readonly #waiting = new Set<() => void>();
  #retry: Promise<void> | undefined;

  constructor(client: ClientCore, settings: ReconnectSettings) {
    this.#settings = settings;
    this.#client = client;
    this.#watch(client);
  }

  get connected(): boolean {
    return this.#client.connected;
  }

  #watch(client: ClientCore): void {
    void client.closed.then(() => {
      if (this.#ending.signal.aborted) return;
      this.#tell(false);
      this.#retry = this.#connect();
    });
  }

  #tell(connected: boolean): void {
    const event: ConnectionEvent = { path: this.#settings.path, protocol: this.#client.protocol, connected };
    CONNECTION.publish(event);
  }

  /** Tries until there is a connection. What keeps it from one is no error: it may be gone the next time. */
  async #connect(): Promise<void> {
    const { signal } = this.#ending;
    for (let ms = FIRST_DELAY_MS; !signal.aborted; ms = Math.min(ms * 2, LAST_DELAY_MS)) {
      // Calls that wait keep the process, an idle client does not. Random, so that clients do not come all at once.
      await delay(ms * (0.5 + Math.random() / 2), undefined, { ref: this.#waiting.size > 0 });
      const client = await this.#settings.open(signal).catch(() => undefined);
      if (client === undefined) continue;
      if (signal.aborted) return client.disconnect();
      this.#client = client;
      this.#watch(client);
      this.#tell(true);
      break;
    }
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const wake of this.#waiting) wake();
  }

  async call<ReqInit, Resp>(
    caller: object,
    method: ClientMethod<ReqInit, Resp>,
    req: ReqInit,
    options: CallOptions,
  ): Promise<Resp> {
    if (this.#client.connected) return this.#client.callFor(caller, method, req, options);
    this.#checkOpen(method.name);
    const timeout = checkTimeout('timeout', options.timeout ?? this.#settings.callTimeout ?? Infinity);
    const began = performance.now();
    await this.#untilConnected(method.name, timeout, options.signal);
    const left = Math.max(timeout - (performance.now() - began), 0);
    return this.#client.callFor(caller, method, req, { ...options, timeout: left });
  }

  async #untilConnected(method: string, timeout: number, signal: AbortSignal | undefined): Promise<void> {
    if (signal !== undefined) checkSignal(signal);
    const most = this.#settings.maxQueued ?? MAX_QUEUED_CALLS_COUNT;
    if (this.#waiting.size >= most) throw new RPCError(ENOBUFS, method, `${most} calls wait for a connection already`);
    const error = await new Promise<Error | undefined>((resolve) => {
      const wake = (): void => end(undefined);
      const abort = (): void => end(new AbortError(signal?.reason));
      const timer = setTimeout(() => end(timedOut(method, timeout)), timeout === Infinity ? MAX_WAIT_MS : timeout);
      const end = (why: Error | undefined): void => {
        clearTimeout(timer);
        if (signal !== undefined) offAbort(signal, abort);
        this.#waiting.delete(wake);
        resolve(why);
      };
      if (signal !== undefined) onAbort(signal, abort);
      this.#waiting.add(wake);
    });
    if (error !== undefined) throw error;
    this.#checkOpen(method);
    if (!this.#client.connected) throw new RPCError(ECONNRESET, method, 'the connection ended again');
  }

  #checkOpen(method: string): void {
    if (this.#ending.signal.aborted) throw new RPCError(ENOTCONN, method, 'this side disconnected');
  }

  callSync: Caller['callSync'] = (method, req, resp, options?: SyncCallOptions) => {
    if (this.#client.connected) return this.#client.callSync(method, req, resp, options);
    throw new RPCError(ENOTCONN, method.name, 'there is no connection now, and a call that blocks cannot wait for one');
  };

  async disconnect(): Promise<void> {
    this.#ending.abort();
    this.#wakeAll();
    await this.#client.disconnect();
    await this.#retry;
  }
}

/** For ever, as far as timers go: it keeps the process while a call waits. */
const MAX_WAIT_MS = 0x7fff_ffff;

/** Makes a client that connects again of one that is connected and mounted. */
export function reconnecting<Stubs>(
  client: ClientCore,
  Stubs: abstract new () => unknown,
  settings: ReconnectSettings,
): ReconnectingClient<Stubs> {
  const reconnector = new Reconnector(client, settings);
  const calls = {
    call: reconnector.call.bind(reconnector),
    callSync: reconnector.callSync,
  };
  const disconnect = (): Promise<void> => reconnector.disconnect();
  const made = Object.defineProperties(callerOf(Stubs, {}, calls), {
    connected: { get: () => reconnector.connected },
    caller: { value: (defaults: CallOptions = {}) => callerOf(Stubs, defaults, calls) },
    disconnect: { value: disconnect },
    [Symbol.asyncDispose]: { value: disconnect },
  });
  return made as unknown as ReconnectingClient<Stubs>;
}
