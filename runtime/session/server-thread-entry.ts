/**
 * A thread of a server: it loads the module that says what is served, and serves the connections that it is given. It
 * may block, and does: see dedicated.ts.
 */

import './trace.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { dedicate } from '../transport/attention.js';
import { Dedication, Presence } from '../transport/dedicated.js';
import { copySocket } from '../transport/dial.js';
import { waitersEnded } from '../transport/waiter.js';
import { wrongType } from '../wire/invalid.js';
import type { Connection } from './connection.js';
import { holdWith } from './held-fds.js';
import { newServer, type ServeWhat } from './serve-what.js';
import type { Server, ServerSettings } from './server.js';
import type { FromThread, ThreadData, ToThread } from './server-thread-messages.js';

/**
 * How long the thread still has an event loop when all else is done, in milliseconds. What served a moment ago is hot,
 * and V8 may be compiling it on a thread of its own, which can ask for a collection here and wait for it. Node drains
 * such tasks at a thread's end without looking for what they ask: both would wait for ever (nodejs/node#54918; more
 * than one end in four, of servers that had just begun). In an idle event loop the collection happens, and nothing new
 * gets hot.
 */
const LINGER_MS = 50;

const { module, data, settings, controlAddress, isReleased, heldFDs } = workerData as ThreadData;
const port = parentPort!;
const presence = new Presence(controlAddress);

holdWith(heldFDs);

function send(message: FromThread): void {
  port.postMessage(message);
}

type Exported = ServeWhat<object> & ServerSettings;

/** What the module's default export says; called with the data, where it is a function. */
async function load(): Promise<Server<object>> {
  const { default: exported } = (await import(module)) as { default?: unknown };
  const what: unknown =
    typeof exported === 'function' ? await (exported as (data: unknown) => unknown)(data) : exported;
  if (typeof what !== 'object' || what === null) {
    throw wrongType('default', 'an object to serve, or a function that gives one', what);
  }
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  return newServer<object>({ ...(what as Exported), ...given });
}

const server = await load();

/** Descriptors are the process's: a thread that ends by a fault would leave them open. */
const abandon = (): void => server.abandon();
process.once('exit', abandon);
process.once('exit', () => presence.end());

async function close(): Promise<void> {
  dedicate(undefined);
  await server.close();
  process.off('exit', abandon);
  await waitersEnded();
  await sleep(LINGER_MS);
  port.close();
}

/** The process exits: hangs up on whoever has no call in progress, and then nothing calls this thread any more. */
function leave(): void {
  void server.close();
  // A connection ends in a microtask.
  queueMicrotask(() => presence.end());
}

const connections = new Map<number, Connection<object>>();

/** Without a descriptor to be had for a copy, the connection ends. */
function serve(connection: number, fd: number): void {
  const copy = copySocket(fd);
  if (copy < 0) return send({ type: 'closed', connection });
  const served = server.open(copy);
  connections.set(connection, served);
  void served.closed.then(() => {
    connections.delete(connection);
    send({ type: 'closed', connection });
  });
}

presence.begin();
port.on('message', (message: ToThread) => {
  if (message.type === 'close') return void close();
  if (message.type === 'exit') return leave();
  const { connection } = message;
  if (message.type === 'serve') return serve(connection, message.fd);
  // In this round of the event loop the socket itself is looked at, too. Said at once, not in an immediate: there the
  // thread's own comes first, which blocks it, and nobody would watch the socket meanwhile. But not before the socket
  // is read again: what is left in it until then, or a hang-up, would raise one alarm after the other.
  connections.get(connection)?.whenWatching(() => send({ type: 'heeded', connection }));
});
if (Dedication.isPossible) dedicate(new Dedication(controlAddress, isReleased));
send({ type: 'ready' });
