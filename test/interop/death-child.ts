/**
 * A process that is a client while its server dies: what blocks, and what exits, cannot be watched from inside.
 *
 * Started with a socket as descriptor 3 and a scene as its argument. It writes a line of JSON whenever it has got
 * somewhere, waits for a line where its parent has something to do, and ends by itself or not at all.
 */

import { readSync } from 'node:fs';
import { connect, type FDID, type LISAFSClient, RPCError } from '../../runtime/index.js';
import { waitersEnded } from '../../runtime/transport/waiter.js';
import { holdings } from '../peers/leaks.js';

/** What is said about a call that failed. Times are of the clock that all processes share. */
export interface Failure {
  readonly at: string;
  readonly code: string;
  readonly cause: string;
}

const [scene = '', channels = '2'] = process.argv.slice(2);

function say(what: unknown): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

function waitForParent(): void {
  readSync(0, Buffer.alloc(16));
}

function failure(error: unknown): Failure {
  const at = process.hrtime.bigint().toString();
  if (!(error instanceof RPCError)) throw error;
  return { at, code: error.code, cause: error.cause instanceof Error ? error.cause.message : 'none' };
}

function failSync(client: LISAFSClient, fd: FDID): Failure {
  try {
    client.fstatSync({ fd });
  } catch (error) {
    return failure(error);
  }
  throw new Error('the call succeeded');
}

const fails = (call: Promise<unknown>): Promise<Failure> =>
  call.then(() => Promise.reject(new Error('the call succeeded')), failure);

const scenes: Record<string, (client: LISAFSClient, fd: FDID) => Promise<void>> = {
  /** A call that blocks, with nothing else going on. */
  async blocked(client, fd) {
    say('calling');
    say([failSync(client, fd)]);
  },
  /** A call that blocks while asynchronous ones hold every communicator, and others wait in line. */
  async amid(client, fd) {
    const calls = Array.from({ length: 10 }, () => fails(client.fstat({ fd })));
    say('calling');
    const blocked = failSync(client, fd);
    say([blocked, ...(await Promise.all(calls))]);
  },
  /** Asynchronous calls whose failure is all that keeps the process. */
  async waiting(client, fd) {
    const calls = Array.from({ length: 10 }, () => fails(client.fstat({ fd })));
    say('calling');
    say(await Promise.all(calls));
  },
  /** A client that is forgotten, connected. */
  async idle() {
    say('calling');
  },
};

const before = holdings();
const client = await connect({ fd: 3, channels: Number(channels) });
const { root } = scene === 'waiting' || scene === 'idle' ? await client.mount() : client.mountSync();
say('mounted');
waitForParent();
await scenes[scene]!(client, root.controlFD);
if (scene !== 'idle') {
  say(failSync(client, root.controlFD));
  say(await fails(client.fstat({ fd: root.controlFD })));
  await waitersEnded();
  const after = holdings();
  // The socket was there before it was a client's.
  say({
    descriptors: after.descriptors.length - (before.descriptors.length - 1),
    memfds: after.memfds,
    threads: after.threads - before.threads,
  });
}
