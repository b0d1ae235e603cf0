/**
 * Serves a directory from a process of its own and mounts it here: prints the tree, reads a file over a channel and
 * through a donated descriptor, and measures a round trip on either communicator.
 *
 *     npm start                  makes a directory to serve
 *     npm start -- DIR           serves DIR, read-only, so without descriptors
 */

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, Statx, type FDID, type LISAFSClient } from '../runtime/index.js';

const READ_ONLY = 0;
const CALLS = 5000;
const LISAFS = join(dirname(fileURLToPath(import.meta.url)), '..', 'cli', 'main.js');

/** A little tree to look at. */
function makeDirectory(root: string): string {
  mkdirSync(join(root, 'var', 'log'), { recursive: true });
  writeFileSync(join(root, 'hello.txt'), 'Hello from the other side of a shared page.\n');
  writeFileSync(join(root, 'var', 'log', 'today'), 'nothing to report\n');
  symlinkSync('../hello.txt', join(root, 'var', 'greeting'));
  return root;
}

/** What is below a directory, as node:fs would show it; gives the path of the first regular file. */
async function printTree({ fs }: LISAFSClient): Promise<string | undefined> {
  let first: string | undefined;
  const entries = await fs.readdir('/', { withFileTypes: true, recursive: true });
  const paths = entries.map((entry) => ({ entry, path: join(entry.parentPath, entry.name) }));
  for (const { entry, path } of paths.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    const { mode, size } = await fs.lstat(path);
    const target = entry.isSymbolicLink() ? ` -> ${await fs.readlink(path)}` : '';
    console.log(`  ${path}  ${(mode & 0o7777).toString(8)}  ${size} bytes${target}`);
    if (entry.isFile()) first ??= path;
  }
  return first;
}

/** The same file both ways, by the protocol itself; gives the open FD. */
async function printFile(client: LISAFSClient, dirFD: FDID, path: string): Promise<FDID> {
  const { inodes } = await client.walk({ dirFD, path: path.split('/').filter((name) => name !== '') });
  const { openFD, hostFD } = await client.openAt({ fd: inodes.at(-1)!.controlFD, flags: READ_ONLY });
  const { data } = await client.pread({ fd: openFD, offset: 0, count: 80 });
  console.log(`\nover a channel:               ${JSON.stringify(Buffer.from(data).toString())}`);
  if (hostFD !== undefined) {
    await using file = await hostFD.toFileHandle();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(80), 0, 80, 0);
    console.log(`through a donated descriptor: ${JSON.stringify(buffer.toString('utf8', 0, bytesRead))}`);
  }
  return openFD;
}

/** The median round trip of a synchronous FStat, in microseconds. */
function roundTrip(client: LISAFSClient, fd: FDID): string {
  const stat = new Statx();
  const times = Array.from({ length: CALLS }, () => {
    const before = process.hrtime.bigint();
    client.fstatSync({ fd }, stat);
    return Number(process.hrtime.bigint() - before) / 1000;
  });
  return times.sort((a, b) => a - b)[CALLS >> 1]!.toFixed(1);
}

async function main(command: readonly [string, ...string[]], name: string): Promise<void> {
  await using client = await connect({ spawn: command });
  const { root } = await client.mount();
  console.log(`${name}, mounted over ${client.channels} channels\n`);
  const file = await printTree(client);
  if (file === undefined) return;
  const openFD = await printFile(client, root.controlFD, file);
  await using plain = await connect({ spawn: command, channels: 0 });
  const { root: again } = await plain.mount();
  console.log(
    `\na round trip (FStat, median of ${CALLS}): ${roundTrip(client, openFD)} us over a channel, ` +
      `${roundTrip(plain, again.controlFD)} us over the socket`,
  );
}

const scratch = mkdtempSync(join(tmpdir(), 'lisafs-'));
try {
  const given = process.argv[2];
  const root = given ?? makeDirectory(scratch);
  const readOnly = given === undefined ? [] : ['--read-only'];
  await main([process.execPath, LISAFS, 'serve', '--fd', '3', ...readOnly, root], root);
} finally {
  rmSync(scratch, { recursive: true });
}
