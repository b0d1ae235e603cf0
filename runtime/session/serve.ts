/** `serve`: from what a user asks for to a running server. */

import { takeSocket } from '../transport/dial.js';
import { Listener, type ListenSettings } from '../transport/listener.js';
import { waitersEnded } from '../transport/waiter.js';
import { wrongType } from '../wire/invalid.js';
import type { ServerProtocol } from '../wire/protocol.js';
import type { Backend } from './backend.js';
import { withPolicy, type Policy } from './policy.js';
import { Server, type ServerSettings } from './server.js';
import { observed } from './observe.js';
import { lisafsService, protocolService, type Service } from './service.js';

/** Where clients come from: a path to listen at, or one connected socket, inherited or received. */
export type ServePlace = ListenSettings | { readonly fd: number };

/** What to serve: a filesystem, by LISAFS; or any protocol, by handlers of one's own. */
export type ServeWhat<Handlers extends object> =
  | {
      readonly root: Backend;
      /** What of it clients do not see, and what they cannot change. */
      readonly policy?: Policy;
    }
  | { readonly protocol: ServerProtocol<Handlers>; readonly handlers: NoInfer<Handlers> };

export type ServeOptions<Handlers extends object = object> = ServerSettings & ServePlace & ServeWhat<Handlers>;

/** A server that runs. */
export interface RunningServer extends AsyncDisposable {
  /** Resolves when it serves nobody any more: after `close`, or when the one client of a given `fd` has hung up. */
  readonly closed: Promise<void>;
  /** How many clients are connected. */
  readonly connectionCount: number;
  /**
   * Serves one more client, on a connected stream socket that the server owns from now on. Throws for anything else.
   */
  add(fd: number): void;
  /**
   * Takes no more clients and calls, answers the calls in progress, hangs up and frees everything. Any number of
   * times.
   */
  close(): Promise<void>;
}

class Running<Handlers extends object> implements RunningServer {
  readonly closed: Promise<void>;
  readonly #server: Server<Handlers>;
  readonly #listener: Listener | undefined;
  #resolveClosed!: () => void;
  #closing: Promise<void> | undefined;

  constructor(server: Server<Handlers>, place: ServePlace) {
    this.#server = server;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    if ('fd' in place) void server.serve(place.fd).then(() => this.close());
    else this.#listener = new Listener(place, (fd) => server.serve(fd));
  }

  get connectionCount(): number {
    return this.#server.connectionCount;
  }

  add(fd: number): void {
    takeSocket(fd, 'serve');
    void this.#server.serve(fd);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#listener?.close();
    await this.#server.close();
    await waitersEnded();
    this.#resolveClosed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function serviceOf<Handlers extends object>(what: ServeWhat<Handlers>): Service<Handlers> {
  if ('root' in what) {
    const { root, policy } = what;
    return lisafsService(policy === undefined ? root : withPolicy(root, policy)) as unknown as Service<Handlers>;
  }
  if ('policy' in what) throw wrongType('options', 'an object with `root`, if it has a `policy`', what);
  if ('protocol' in what) return protocolService(what.protocol, what.handlers);
  throw wrongType('options', 'an object with `root`, or with `protocol` and `handlers`', what);
}

/** See `serve` in server.ts. */
export function start<Handlers extends object>(options: ServeOptions<Handlers>): RunningServer {
  if ('fd' in options) takeSocket(options.fd, 'serve');
  else if (!('listen' in options)) throw wrongType('options', 'an object with one of `listen` and `fd`', options);
  const service = serviceOf<Handlers>(options);
  const told = { ...service, protocol: observed(service.protocol) };
  return new Running(new Server(told, options), options);
}
