/** An object, served in this process and mounted by a client of ours over a socket pair. */

import * as assert from 'uvu/assert';
import { type FDID, type LISAFSClient, RPCError } from '../../runtime/index.js';
import { connect } from '../../runtime/index.js';
import { serve, serveFS, type Backend, type NodeFS, type ServeFSOptions } from '../../runtime/server.js';
import { newPair } from '../interop/session.js';
import { assertNothingStays, holdings } from '../peers/leaks.js';

export const NOBODY = 0xffff_ffff;
export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_TRUNC = 0o1000;

export interface Mounted {
  readonly client: LISAFSClient;
  readonly root: FDID;
  /** One more client of the same server. */
  another(): Promise<Mounted>;
}

async function mounted(add: (fd: number) => void): Promise<Mounted> {
  const [ours, theirs] = newPair();
  add(theirs);
  const client = await connect({ fd: ours });
  const { root } = await client.mount();
  return { client, root: root.controlFD, another: () => mounted(add) };
}

/** Serves and mounts a filesystem, runs `body`, and fails if anything stays behind. */
export async function withBackend(make: () => Backend, body: (mount: Mounted) => Promise<void>): Promise<void> {
  const before = holdings();
  const faults: unknown[] = [];
  const [ours, theirs] = newPair();
  const server = await serve({ fd: theirs, root: make(), onFault: (error) => faults.push(error) });
  const client = await connect({ fd: ours });
  const others: Mounted[] = [];
  try {
    const { root: inode } = await client.mount();
    const another = async (): Promise<Mounted> => {
      const other = await mounted((fd) => server.add(fd));
      others.push(other);
      return other;
    };
    await body({ client, root: inode.controlFD, another });
  } finally {
    for (const other of others) await other.client.disconnect();
    await client.disconnect();
    await server.close();
  }
  assert.equal(faults, []);
  // The handles of an object are closed in its own time.
  await assertNothingStays(before);
}

export function withFS(fs: NodeFS, body: (mount: Mounted) => Promise<void>, options?: ServeFSOptions): Promise<void> {
  return withBackend(() => serveFS(fs, options), body);
}

/** The code of the error that a call fails with. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'none';
  } catch (error) {
    if (error instanceof RPCError) return error.code;
    return String((error as { code?: unknown }).code ?? error);
  }
}

/** One file of a directory. */
export async function walkTo({ client }: Mounted, dirFD: FDID, ...path: string[]): Promise<FDID> {
  const { inodes } = await client.walk({ dirFD, path });
  assert.is(inodes.length, path.length, `${path.join('/')} is not there`);
  return inodes.at(-1)!.controlFD;
}
