/** A server whose connections are served in threads of their own, by a module that each of them loads. */

import { pathToFileURL } from 'node:url';
import { MAX_SERVER_THREADS_COUNT } from '../wire/limits.js';
import { outOfRange, wrongType } from '../wire/invalid.js';
import type { ServerSettings } from './server.js';
import { ServerThread } from './server-thread.js';

/** What to serve, where handlers run in threads of the server's: functions cannot be sent there, a module can. */
export interface ServeModule {
  /**
   * The module's URL or path. Its default export is an object with `root`, or with `protocol` and `handlers`, and
   * whatever `serve` takes besides (`policy`, `onCall`, `onFault`); or a function that gives one, now or later.
   *
   * Its threads are for serving: they block while nothing is to be done, so a timer or an input that no handler waits
   * for is attended to late: by up to 50 ms where there are timers, by half a second otherwise, and by as much as half
   * a minute where it does not keep the thread alive (`unref`) and nobody has called for that long.
   */
  readonly module: URL | string;
  /** What the module's function is called with: anything that structured cloning can copy. */
  readonly moduleData?: unknown;
  /**
   * How many threads. Each connection belongs to one of them, and what the module keeps in variables is each thread's
   * own; so is a filesystem's tree, in which renames are followed. 1 by default.
   */
  readonly threads?: number;
}

function urlOf(module: unknown): string {
  if (module instanceof URL) return module.href;
  if (typeof module !== 'string' || module === '') throw wrongType('module', 'a URL or a path', module);
  return /^(?:file|data|node):/u.test(module) ? module : pathToFileURL(module).href;
}

function threadCount(threads: unknown): number {
  if (typeof threads === 'number' && Number.isInteger(threads) && threads >= 1 && threads <= MAX_SERVER_THREADS_COUNT) {
    return threads;
  }
  throw outOfRange('threads', `an integer from 1 to ${MAX_SERVER_THREADS_COUNT}`, threads);
}

export class ThreadedServer {
  readonly #threads: readonly ServerThread[];

  private constructor(threads: readonly ServerThread[]) {
    this.#threads = threads;
  }

  /** Starts the threads. Rejects with what keeps the module from being loaded, or from serving. */
  static async start(options: ServeModule & ServerSettings): Promise<ThreadedServer> {
    for (const name of ['onFault', 'onCall', 'root', 'protocol', 'handlers', 'policy']) {
      if (name in options) throw wrongType(name, 'left to the module, since a function cannot be sent there', name);
    }
    const { maxMessageSize, channels, maxFDs, messages, wait, turnSpinUS } = options;
    const settings = { maxMessageSize, channels, maxFDs, messages: messages && [...messages], wait, turnSpinUS };
    const data = { module: urlOf(options.module), data: options.moduleData, settings };
    const threads = Array.from({ length: threadCount(options.threads ?? 1) }, () => new ServerThread(data));
    const results = await Promise.allSettled(threads.map((thread) => thread.ready));
    const failed = results.find((result) => result.status === 'rejected');
    const server = new ThreadedServer(threads);
    if (failed === undefined) return server;
    await server.close().catch(() => undefined);
    throw failed.reason;
  }

  /** Rejects when a thread has died; never resolves. */
  get died(): Promise<never> {
    return Promise.race(this.#threads.map((thread) => thread.died));
  }

  get connectionCount(): number {
    return this.#threads.reduce((sum, thread) => sum + thread.connectionCount, 0);
  }

  /** As Server.serve, in the thread that has the fewest connections. */
  serve(fd: number): Promise<void> {
    const [first, ...others] = this.#threads;
    const idlest = others.reduce((best, next) => (next.connectionCount < best.connectionCount ? next : best), first!);
    return idlest.serve(fd);
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }
}
