/** Connecting: from a path, an inherited descriptor, or a server that is started for it, to a client. */

import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { connectedPair, dial, hangUp, takeSocket } from '../transport/dial.js';
import type { WaitSettings } from '../transport/wait.js';
import { ETIMEDOUT, RPCError } from '../wire/errno.js';
import { wrongType } from '../wire/invalid.js';
import { DEFAULT_TIMEOUT_MS, type ClientSettings } from './client.js';
import { Child } from './peer.js';
import { sleepSync } from './sleep.js';

/** Starts a server that finds its end of a socket pair as `socketFD` of this process: pass it on in `stdio`. */
export type Spawn = (socketFD: number) => ChildProcess;

/** What can be said of every connection, however the server is reached. */
export interface CommonOptions extends WaitSettings {
  /** How many channels to ask for at mount: 0 to 4. By default one for each cpu, but at least 2. */
  channels?: number;
  /** Milliseconds to wait for a listener whose backlog is full, and for Mount's answer. 10,000 by default. */
  timeout?: number;
  /** Ends the waiting for a listener, and for Mount where connecting includes it. */
  signal?: AbortSignal;
  /** Milliseconds until a call that has no `timeout` of its own fails with ETIMEDOUT. By default it waits for ever. */
  callTimeout?: number;
  /** How many calls may wait for a communicator, before more fail with ENOBUFS. 65,536 by default. */
  maxQueued?: number;
}

/** Where the server is: exactly one of the three. */
export type ConnectOptions = CommonOptions &
  (
    | {
        /** The path of a listening Unix socket; an abstract name begins with NUL. */
        path: string;
        fd?: undefined;
        spawn?: undefined;
      }
    | {
        /** A connected Unix stream socket, inherited or received. The client owns it from now on. */
        fd: number;
        path?: undefined;
        spawn?: undefined;
      }
    | {
        /**
         * A command and its arguments; it finds its end of a socket pair as descriptor 3. Or a function that starts the
         * server. The client owns the process: disconnecting ends it.
         */
        spawn: readonly [string, ...string[]] | Spawn;
        /** For a command: its environment and directory. */
        env?: NodeJS.ProcessEnv;
        cwd?: string;
        path?: undefined;
        fd?: undefined;
      }
  );

const RETRY_MS = 5;

/** Makes a client of a connected socket, which it takes over. */
export type MakeClient<C> = (fd: number, settings: ClientSettings) => C;

/** Connects, and makes a client. See `connect` in index.ts. */
export async function connectWith<C>(make: MakeClient<C>, options: ConnectOptions): Promise<C> {
  checkTarget(options);
  options.signal?.throwIfAborted();
  if (options.path !== undefined) return own(await connectPath(options), (fd) => make(fd, options));
  if (options.fd !== undefined) return make(takeSocket(options.fd, 'connect'), options);
  const { fd, process } = spawnServer(options);
  return own(fd, async () => make(fd, { ...options, child: await started(process) }));
}

/** As connectWith, blocking the thread while a listener's backlog is full. */
export function connectWithSync<C>(make: MakeClient<C>, options: ConnectOptions): C {
  checkTarget(options);
  if (options.path !== undefined) return ownSync(connectPathSync(options), (fd) => make(fd, options));
  if (options.fd !== undefined) return make(takeSocket(options.fd, 'connect'), options);
  const { fd, process } = spawnServer(options);
  process.on('error', () => undefined);
  return ownSync(fd, () => make(fd, { ...options, child: new Child(process) }));
}

function checkTarget(options: ConnectOptions): void {
  const targets = [options.path, options.fd, options.spawn].filter((target) => target !== undefined);
  if (targets.length !== 1) throw wrongType('options', 'an object with one of `path`, `fd` and `spawn`', options);
}

/** Makes something of a descriptor, which is closed if that fails. */
async function own<T>(fd: number, make: (fd: number) => T | Promise<T>): Promise<T> {
  try {
    return await make(fd);
  } catch (error) {
    hangUp(fd);
    throw error;
  }
}

function ownSync<T>(fd: number, make: (fd: number) => T): T {
  try {
    return make(fd);
  } catch (error) {
    hangUp(fd);
    throw error;
  }
}

async function connectPath({ path, timeout, signal }: CommonOptions & { path: string }): Promise<number> {
  const deadline = performance.now() + (timeout ?? DEFAULT_TIMEOUT_MS);
  for (;;) {
    const fd = dial(path);
    if (fd !== undefined) return fd;
    if (performance.now() >= deadline) throw backlogFull(path);
    await delay(RETRY_MS, undefined, signal === undefined ? {} : { signal });
  }
}

function connectPathSync({ path, timeout }: CommonOptions & { path: string }): number {
  const deadline = performance.now() + (timeout ?? DEFAULT_TIMEOUT_MS);
  for (;;) {
    const fd = dial(path);
    if (fd !== undefined) return fd;
    if (performance.now() >= deadline) throw backlogFull(path);
    sleepSync(RETRY_MS);
  }
}

function backlogFull(path: string): RPCError {
  return new RPCError(ETIMEDOUT, 'connect', `${path}: the server accepts no connections, its backlog is full`);
}

type SpawnOptions = Extract<ConnectOptions, { spawn: unknown }>;

/** Starts the server with one end of a new socket pair; returns the other. */
function spawnServer(options: SpawnOptions): { fd: number; process: ChildProcess } {
  const [fd, theirs] = connectedPair();
  try {
    return { fd, process: startProcess(options, theirs) };
  } catch (error) {
    hangUp(fd);
    throw error;
  } finally {
    // Our copy of the child's end would hide its hang-up.
    hangUp(theirs);
  }
}

function startProcess({ spawn: how, env, cwd }: SpawnOptions, socketFD: number): ChildProcess {
  if (typeof how === 'function') return how(socketFD);
  const [command, ...args] = how;
  const stdio: StdioOptions = ['ignore', 'inherit', 'inherit', socketFD];
  return spawn(command, args, { stdio, ...(env && { env }), ...(cwd !== undefined && { cwd }) });
}

/** Waits until the process runs. What keeps it from running (ENOENT, EACCES) is thrown as Node gives it. */
async function started(process: ChildProcess): Promise<Child> {
  if (process.pid === undefined) await once(process, 'spawn');
  process.on('error', () => undefined);
  return new Child(process);
}
