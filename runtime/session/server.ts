/** A server: any number of connections to one service (`lisafs/server.go`). */

import { availableParallelism } from 'node:os';
import { MAX_CHANNELS_COUNT, MAX_MESSAGE_BYTES, MIN_CHANNELS_COUNT, MIN_MAX_MESSAGE_BYTES } from '../wire/limits.js';
import { MAX_TRACKED_FDS_COUNT, SERVER_MAX_MESSAGE_BYTES } from '../wire/limits.js';
import { outOfRange } from '../wire/invalid.js';
import { DoorbellMethod, type ExtensionsHandlers } from '../../generated/extensions/index.js';
import { Patience, type WaitSettings } from '../transport/wait.js';
import { CallRecorder, type OnCall } from './call-record.js';
import { Connection, type OnFault } from './connection.js';
import { extensionHandlers, extensionMIDs } from './extensions.js';
import { Refusals } from './refusals.js';
import type { Service } from './service.js';

/** What every server can be told. */
export interface ServerSettings extends WaitSettings {
  /** Largest payload in bytes of a request or a response: 4096 to 67108864. 2 MiB - 4096 by default, as gVisor's. */
  readonly maxMessageSize?: number;
  /** How many channels each connection may have: 0 to 4. By default as many as there are cpus, but at least 2. */
  readonly channels?: number;
  /**
   * How many FDs of a filesystem each connection may have: 1 to 1048576; more fail with EMFILE. By default as many as
   * are left to others of the descriptors that the process may have (RLIMIT_NOFILE), which is half of them while there
   * are no others. With a number here, one connection can have nearly all: for a process with but one client.
   */
  readonly maxFDs?: number;
  /** The messages to serve, by MID; by default all that have a handler. Mount is always among them. */
  readonly messages?: Iterable<number>;
  /** Is told of faults of handlers: errors that stand for no errno, which the client sees as EREMOTEIO. */
  readonly onFault?: OnFault;
  /**
   * Is told of every call once it was answered, for an audit log. It runs on the server's thread: the quicker, the
   * better. What it throws is a fault, and changes nothing for the client.
   */
  readonly onCall?: OnCall;
}

const MID_MOUNT = 1;
const MID_CHANNEL = 2;

function integer(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw outOfRange(name, `an integer from ${least} to ${most}`, value);
}

/** One line to standard error, and the stack below it. */
function logFault(error: unknown, message: string): void {
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`lisafs: the handler of ${message} failed: ${what}\n`);
}

export class Server<Handlers extends object = object> {
  readonly #service: Service<Handlers>;
  readonly #supported: ReadonlySet<number>;
  readonly #refusals: Refusals;
  readonly #maxMessageSize: number;
  readonly #maxChannels: number;
  readonly #maxFDs: number | undefined;
  readonly #onFault: OnFault;
  readonly #wait: WaitSettings;
  readonly #extensions: ExtensionsHandlers;
  readonly #onCall: OnCall | undefined;
  #served = 0;
  readonly #connections = new Set<Connection<Handlers>>();

  constructor(service: Service<Handlers>, settings: ServerSettings) {
    const channels = Math.min(Math.max(MIN_CHANNELS_COUNT, availableParallelism()), MAX_CHANNELS_COUNT);
    this.#service = service;
    this.#maxMessageSize = integer(
      'maxMessageSize',
      settings.maxMessageSize ?? SERVER_MAX_MESSAGE_BYTES,
      MIN_MAX_MESSAGE_BYTES,
      MAX_MESSAGE_BYTES,
    );
    this.#maxChannels = integer('channels', settings.channels ?? channels, 0, MAX_CHANNELS_COUNT);
    const { maxFDs } = settings;
    this.#maxFDs = maxFDs === undefined ? undefined : integer('maxFDs', maxFDs, 1, MAX_TRACKED_FDS_COUNT);
    this.#wait = { wait: settings.wait, turnSpinUS: settings.turnSpinUS };
    // What is wrong with it is said now, and not to the first client.
    void new Patience(this.#wait);
    this.#onFault = settings.onFault ?? logFault;
    this.#onCall = settings.onCall;
    const wanted = settings.messages === undefined ? undefined : new Set(settings.messages).add(MID_MOUNT);
    this.#extensions = extensionHandlers(service.protocol, this.#maxMessageSize);
    const mids = [...service.mids, ...extensionMIDs(this.#extensions), DoorbellMethod.mid];
    const served = mids.filter((mid) => wanted?.has(mid) ?? true);
    this.#supported = new Set(served.filter((mid) => mid !== MID_CHANNEL || this.#maxChannels > 0));
    this.#refusals = new Refusals(this.#supported, service.refused);
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /**
   * Takes ownership of a connected socket and serves it. Resolves when the connection has ended and all of it is
   * freed.
   */
  serve(fd: number): Promise<void> {
    return this.open(fd).closed;
  }

  /** As serve; returns the connection. */
  open(fd: number): Connection<Handlers> {
    const facts = { maxMessageSize: this.#maxMessageSize, supportedMs: [...this.#supported] };
    const { handlers, pathsOf, end } = this.#service.open(facts, this.#maxFDs);
    const recorder = this.#onCall && new CallRecorder(++this.#served, this.#onCall);
    const connection = new Connection(fd, {
      protocol: this.#service.protocol,
      extensions: this.#extensions,
      handlers: recorder !== undefined && pathsOf !== undefined ? recorder.noting(handlers, pathsOf) : handlers,
      recorder,
      refusals: this.#refusals,
      maxMessageSize: this.#maxMessageSize,
      maxChannels: this.#maxChannels,
      wait: this.#wait,
      onFault: this.#onFault,
      onEnd: end,
    });
    this.#connections.add(connection);
    void connection.closed.then(() => this.#connections.delete(connection));
    return connection;
  }

  /** Ends all connections, after the calls in progress, and frees the service. */
  async close(): Promise<void> {
    await Promise.all([...this.#connections].map((connection) => this.#end(connection)));
    this.#service.close();
  }

  /** Frees everything at once, for a thread that is ending. */
  abandon(): void {
    for (const connection of this.#connections) connection.abandon();
    this.#service.close();
  }

  #end(connection: Connection<Handlers>): Promise<void> {
    connection.end();
    return connection.closed;
  }
}
