/**
 * Serves a filesystem that is in memory, and mounts it: nothing on the disk, no root, no process beside this one.
 * Anything that looks like node:fs/promises is served so.
 *
 *     node dist/examples/memory.js
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'lisafs';
import { serve, serveFS } from 'lisafs/server';
import { memfs } from 'memfs';

const { fs } = memfs({ '/hello.txt': 'Hello from memory.\n', '/var/log/today': 'nothing to report\n' });

const folder = mkdtempSync(join(tmpdir(), 'lisafs-memory-'));
const listen = join(folder, 'socket');
const server = await serve({ listen, root: serveFS(fs.promises) });
const client = await connect({ path: listen });
await client.mount();
console.log('memfs, served and mounted in one process\n');

// What the client writes is in memfs, and what is in memfs the client reads.
await client.fs.writeFile('/from-the-client', 'written through the mount');
console.log(fs.readFileSync('/from-the-client', 'utf8'));
fs.writeFileSync('/from-memfs', 'written behind it');
console.log(await client.fs.readFile('/from-memfs', 'utf8'));

for (const name of (await client.fs.readdir('/', { recursive: true })).toSorted()) console.log(name);

await client.fs.readFile('/nowhere').catch((error: Error) => console.log(error.message));

await client.disconnect();
await server.close();
rmSync(folder, { recursive: true });
