/**
 * How the bench starts this SDK: the one place where its servers' and clients' options stand. A server is always a
 * process of its own, a client the process that calls this.
 */

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Bench, type BenchStubs } from './generated/bench/index.js';
import { connect, type FDID, type LISAFSClient } from '../runtime/index.js';
import { moduleOf } from './side.js';
import { strategyOf } from './wait-strategy.js';

const LISAFS = fileURLToPath(new URL('../cli/main.js', import.meta.url));

/** A server of schema/bench.ts that finds its socket as descriptor 3. */
function pingServer(strategy: string | undefined): [string, ...string[]] {
  return [process.execPath, moduleOf('ours-ping-server'), ...(strategy === undefined ? [] : [strategy])];
}

/** A server of a directory that finds its socket as descriptor 3. Donation is off: every call is to be served. */
export function directoryServer(directory: string): [string, ...string[]] {
  return [process.execPath, LISAFS, 'serve', '--fd', '3', '--no-donate', directory];
}

/** A listening one, for many clients. */
export function listeningDirectoryServer(path: string, directory: string): [string, ...string[]] {
  return [process.execPath, LISAFS, 'serve', '--listen', path, '--no-donate', directory];
}

export type PingClient = Pick<BenchStubs, 'ping' | 'pingSync'> & AsyncDisposable;

export async function connectPing(strategy?: string): Promise<PingClient> {
  const client = await connect({ spawn: pingServer(strategy), protocol: Bench, ...strategyOf(strategy) });
  await client.mount();
  return client;
}

/** A client of an inherited, connected socket, or of a new server of this SDK's. */
export async function connectDirectory(target: { fd: number } | { directory: string }): Promise<LISAFSClient> {
  const client =
    'fd' in target ? await connect({ fd: target.fd }) : await connect({ spawn: directoryServer(target.directory) });
  await client.mount();
  return client;
}

/** Mounting again gives another control FD of the root. */
export async function openFile(client: LISAFSClient, name: string): Promise<FDID> {
  const { root } = await client.mount();
  const { inodes } = await client.walk({ dirFD: root.controlFD, path: [name] });
  const { openFD, hostFD } = await client.openAt({ fd: inodes.at(-1)!.controlFD, flags: 0 });
  hostFD?.close();
  return openFD;
}

/** The file that is stat'ed and read. */
export const FILE = 'file';
const FILE_BYTES = 1 << 20;

/** A directory with one file of 1 MiB, in the page cache. */
export function makeDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'lisafs-bench-'));
  writeFileSync(join(directory, FILE), Buffer.alloc(FILE_BYTES, 'lisafs '));
  return directory;
}
