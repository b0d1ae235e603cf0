/**
 * Serves a directory of this machine, to gVisor or to any client of this SDK, until it is told to end:
 *
 *     node dist/examples/directory.js DIR SOCKET
 *     npx lisafs tree --connect SOCKET /
 */

import { localDirectory, serve } from 'lisafs/server';

const [directory, listen] = process.argv.slice(2);
if (directory === undefined || listen === undefined) throw new Error('usage: directory.js DIR SOCKET');

// Files get the permissions that clients ask for.
process.umask(0);
await using server = await serve({ listen, root: localDirectory(directory) });
console.log(`serving ${directory} at ${listen}`);
process.once('SIGINT', () => void server.close()).once('SIGTERM', () => void server.close());
await server.closed;
