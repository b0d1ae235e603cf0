/** A thread of a server, as the thread sees it that started it (see server-thread-entry.ts for the other side). */

import { isMainThread, Worker } from 'node:worker_threads';
import { Alarm } from '../transport/alarm.js';
import { ControlWord } from '../transport/dedicated.js';
import { hangUp } from '../transport/dial.js';
import { heldByAll } from './held-fds.js';
import type { FromThread, ThreadData, ToThread } from './server-thread-messages.js';

/** A connection that the thread serves. */
interface Served {
  readonly alarm: Alarm;
  readonly resolve: () => void;
}

export class ServerThread {
  readonly #control = new ControlWord();
  readonly #worker: Worker;
  readonly #served = new Map<number, Served>();
  #next = 0;
  #closing = false;
  #gone = false;
  /** Resolves when the module is loaded and clients can be served; rejects with what keeps it from that. */
  readonly ready: Promise<void>;
  /** Rejects with what the thread died of, if it was not told to go; never resolves. */
  readonly died: Promise<never>;
  readonly #ended: Promise<void>;

  constructor(data: Omit<ThreadData, 'controlAddress' | 'isReleased' | 'heldFDs'>) {
    // A thread that is terminated by the one that started it has no exit to tell of, but waits for its own threads.
    const workerData: ThreadData = {
      ...data,
      controlAddress: this.#control.address,
      isReleased: isMainThread,
      heldFDs: heldByAll(),
    };
    const entry = new URL('./server-thread-entry.js', import.meta.url);
    this.#worker = new Worker(entry, { name: 'lisafs server', workerData });
    this.#control.begin(() => this.#worker.postMessage({ type: 'exit' } satisfies ToThread));
    const failure = new Promise<Error>((resolve) => this.#worker.once('error', resolve));
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#gone = true;
        this.#control.end();
        this.#hangUpAll();
        resolve();
      });
    });
    const early = this.#ended.then(() => new Error('a thread of the server ended before it was told to'));
    this.died = new Promise((_resolve, reject) => {
      void Promise.race([failure, early]).then((error) => {
        if (!this.#closing) reject(error);
      });
    });
    const ready = new Promise<void>((resolve) => {
      this.#worker.on('message', (message: FromThread) => {
        if (message.type === 'ready') resolve();
        else this.#receive(message);
      });
    });
    this.ready = Promise.race([ready, this.died]);
    // Whoever is interested looks at `died`.
    this.ready.catch(() => undefined);
    this.died.catch(() => undefined);
  }

  /** How many connections it serves. */
  get connectionCount(): number {
    return this.#served.size;
  }

  /** Has a connected socket served, of which it takes ownership. Resolves when the connection has ended. */
  serve(fd: number): Promise<void> {
    if (this.#gone) {
      hangUp(fd);
      return Promise.resolve();
    }
    const connection = this.#next++;
    return new Promise((resolve) => {
      const alarm = new Alarm(fd, () => this.#send({ type: 'alarm', connection }));
      this.#served.set(connection, { alarm, resolve });
      this.#send({ type: 'serve', connection, fd });
    });
  }

  #send(message: ToThread): void {
    this.#worker.postMessage(message);
    this.#control.call();
  }

  #receive(message: Exclude<FromThread, { type: 'ready' }>): void {
    const served = this.#served.get(message.connection);
    if (message.type === 'heeded') return served?.alarm.arm();
    this.#served.delete(message.connection);
    served?.alarm.close();
    served?.resolve();
  }

  /** What a thread that died left behind: its clients must not wait for ever. */
  #hangUpAll(): void {
    for (const { alarm, resolve } of this.#served.values()) {
      alarm.hangUp();
      alarm.close();
      resolve();
    }
    this.#served.clear();
  }

  /** Ends its connections, after the calls in progress, and the thread. */
  close(): Promise<void> {
    this.#closing = true;
    this.#send({ type: 'close' });
    return this.#ended;
  }
}
