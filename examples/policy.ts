/**
 * Serves a directory to somebody who is not to see everything in it, nor to change all of it, and keeps a log of what
 * they do:
 *
 *     node dist/examples/policy.js DIR SOCKET
 */

import { localDirectory, serve, type CallRecord } from 'lisafs/server';

const [directory, listen] = process.argv.slice(2);
if (directory === undefined || listen === undefined) throw new Error('usage: policy.js DIR SOCKET');

/** What only looks, and is not worth a line if it succeeds. */
const LOOKING = new Set([
  'Mount',
  'Channel',
  'Fingerprint',
  'FStat',
  'Walk',
  'WalkStat',
  'Getdents64',
  'Close',
  'Flush',
]);

function audit({ connection, message, paths, code, durationMs }: CallRecord): void {
  if (code === undefined && LOOKING.has(message)) return;
  const what = paths.map((path) => JSON.stringify(path)).join(' -> ');
  console.log(`client ${connection}: ${message} ${what} ${code ?? 'ok'} (${durationMs.toFixed(2)} ms)`);
}

process.umask(0);
await using server = await serve({
  listen,
  root: localDirectory(directory),
  policy: {
    // Not there, whoever asks, by whatever message.
    hide: ['**/.env', '**/*.pem', '/.git'],
    // There, and EROFS for every change.
    readOnly: ['/src', '**/package-lock.json'],
  },
  onCall: audit,
});
console.log(`serving ${directory} at ${listen}`);
process.once('SIGINT', () => void server.close()).once('SIGTERM', () => void server.close());
await server.closed;
