/**
 * A client, with its server in the same process, that is sent a descriptor while it has as many open as it may. Says on
 * standard output what it got instead, and what it was warned of: once in a process, so that this has one of its own.
 */

import { openSync } from 'node:fs';
import { connect, FDID } from '../../../runtime/index.js';
import { LISAFSServer, serve } from '../../../runtime/server.js';
import { connectedPair } from '../../../runtime/transport/dial.js';
import { fillTable } from '../../peers/full-table.js';

const warnings: unknown[] = [];
process.on('warning', (warning) => warnings.push(Reflect.get(warning, 'code')));
let full: Disposable | undefined;
const handlers = {
  connect(_req: unknown, { donate }: { donate: (fd: number) => void }) {
    donate(openSync('/dev/null', 'r'));
    // Once the server has closed its own, and before the client looks.
    queueMicrotask(() => (full = fillTable()));
    return {};
  },
};
const [ours, theirs] = connectedPair();
await serve({ fd: theirs, protocol: LISAFSServer, handlers });
const client = await connect({ fd: ours, channels: 0 });
await client.mount();
const { socket } = await client.connect({ fd: FDID(1), sockType: 1 });
full![Symbol.dispose]();
console.log(JSON.stringify({ socket: socket ?? null, warnings }));
await client.disconnect();
