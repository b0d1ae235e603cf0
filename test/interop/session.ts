/** A real gofer on a directory of its own, and a client of ours connected to it. */

import { mkdtempSync, rmSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type FDID, type LISAFSClient, type MountResp } from '../../runtime/index.js';
import { closeFD } from '../../runtime/os/descriptor.js';
import { SOCK_STREAM, socketPair } from '../../runtime/os/socket.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { startGofer, type Gofer, type GoferOptions } from './gofer.js';

// Node starts all threads of its pool on first use; they are not ours, so they are not to be counted as left behind.
await stat('/');

export type SessionOptions = Omit<GoferOptions, 'root' | 'socketFD'> & {
  /** As connect takes it; 0 makes every call go over the socket. */
  readonly channels?: number;
  /** Mount by the blocking stub. */
  readonly sync?: boolean;
};

export interface Session {
  readonly gofer: Gofer;
  readonly client: LISAFSClient;
  readonly mounted: MountResp;
  /** The root's control FD. */
  readonly root: FDID;
  /** The served directory. */
  readonly path: string;
  /** Disconnects, ends the gofer and removes the directory. */
  end(): Promise<void>;
}

/** The two ends of a new socket pair: ours, and the one for a server. */
export function newPair(): [number, number] {
  const pair = socketPair(SOCK_STREAM);
  if (typeof pair === 'number') throw new Error(`socketpair: errno ${-pair}`);
  return pair;
}

export function newDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'lisafs-root-'));
}

/** A gofer that serves `root` and has one end of a socket pair, the other end of which is returned with it. */
export function goferOn(root: string, options: Omit<GoferOptions, 'root' | 'socketFD'>): { gofer: Gofer; fd: number } {
  const [fd, theirs] = newPair();
  try {
    return { fd, gofer: startGofer({ ...options, root, socketFD: theirs }) };
  } catch (error) {
    closeFD(fd);
    throw error;
  } finally {
    closeFD(theirs);
  }
}

export async function startSession({ channels, sync, ...options }: SessionOptions): Promise<Session> {
  const path = newDirectory();
  const { gofer, fd } = goferOn(path, options);
  const client = await connect({ fd, ...(channels !== undefined && { channels }) });
  const mounted = sync ? client.mountSync() : await client.mount();
  return {
    gofer,
    client,
    mounted,
    root: mounted.root.controlFD,
    path,
    async end() {
      await client.disconnect();
      await gofer.stop();
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** Runs `body` with a session that ends with it, and fails if anything of it stays behind in this process. */
export async function withSession(options: SessionOptions, body: (session: Session) => Promise<void>): Promise<void> {
  const before = holdings();
  const session = await startSession(options);
  try {
    await body(session);
  } finally {
    await session.end();
  }
  assertNothingLeft(before);
}
