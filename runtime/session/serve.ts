/** `serve`: from what a user asks for to a running server. */

import { takeSocket } from '../transport/dial.js';
import { Listener, type ListenSettings } from '../transport/listener.js';
import { waitersEnded } from '../transport/waiter.js';
import { ESHUTDOWN, RPCError } from '../wire/errno.js';
import { wrongType } from '../wire/invalid.js';
import { newServer, type ServeWhat } from './serve-what.js';
import type { ServerSettings } from './server.js';
import { ThreadedServer, type ServeModule } from './threaded-server.js';

/** Where clients come from: a path to listen at, or one connected socket, inherited or received. */
export type ServePlace =
  (ListenSettings & { readonly fd?: undefined }) | { readonly fd: number; readonly listen?: undefined };

export type ServeOptions<Handlers extends object = object> = ServerSettings &
  ServePlace &
  (ServeWhat<Handlers> | ServeModule);

/** What serves connections: a server in this thread, or one in several. */
interface Serving {
  readonly connectionCount: number;
  /** Takes ownership of a connected socket. Resolves when the connection has ended. */
  serve(fd: number): Promise<void>;
  close(): Promise<void>;
}

/** A server that runs. */
export interface RunningServer extends AsyncDisposable {
  /** Resolves when it serves nobody any more: after `close`, or when the one client of a given `fd` has hung up. */
  readonly closed: Promise<void>;
  /** How many clients are connected. */
  readonly connectionCount: number;
  /**
   * Serves one more client, on a connected stream socket that the server owns from now on. Throws for anything else,
   * and once the server was closed; then the descriptor stays the caller's.
   */
  add(fd: number): void;
  /**
   * Takes no more clients and calls, answers the calls in progress, hangs up and frees everything. Any number of
   * times.
   */
  close(): Promise<void>;
}

class Running implements RunningServer {
  readonly closed: Promise<void>;
  readonly #serving: Serving;
  readonly #listener: Listener | undefined;
  #resolveClosed!: () => void;
  #rejectClosed!: (error: Error) => void;
  #closing: Promise<void> | undefined;

  constructor(serving: Serving, place: ServePlace) {
    this.#serving = serving;
    this.closed = new Promise((resolve, reject) => {
      this.#resolveClosed = resolve;
      this.#rejectClosed = reject;
    });
    if (place.fd !== undefined) void serving.serve(place.fd).then(() => this.close());
    else this.#listener = new Listener(place, (fd) => serving.serve(fd));
  }

  /** Ends it for an error, which `closed` rejects with. */
  async fail(error: Error): Promise<void> {
    this.#listener?.close();
    this.#rejectClosed(error);
    await this.close();
  }

  get connectionCount(): number {
    return this.#serving.connectionCount;
  }

  add(fd: number): void {
    if (this.#closing !== undefined) throw new RPCError(ESHUTDOWN, 'serve', 'the server was closed');
    takeSocket(fd, 'serve');
    void this.#serving.serve(fd);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#listener?.close();
    await this.#serving.close();
    await waitersEnded();
    this.#resolveClosed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Checks where clients come from, before anything is started. */
function checkPlace(options: ServePlace): void {
  if ((options.fd === undefined) === (options.listen === undefined)) {
    throw wrongType('options', 'an object with one of `listen` and `fd`', options);
  }
  if (options.fd !== undefined) takeSocket(options.fd, 'serve');
}

/** See `serve` in server.ts. */
export async function start<Handlers extends object>(options: ServeOptions<Handlers>): Promise<RunningServer> {
  checkPlace(options);
  if (!('module' in options)) return new Running(await newServer(options), options);
  const threads = await ThreadedServer.start(options);
  try {
    const running = new Running(threads, options);
    threads.died.catch((error: Error) => void running.fail(error));
    return running;
  } catch (error) {
    await threads.close();
    throw error;
  }
}
