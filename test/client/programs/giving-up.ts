/** A client of a server that never answers and does not go away: it gives its calls up, and has nothing more to do. */

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { connect, FDID, type RPCError } from '../../../runtime/index.js';
import { SOCK_STREAM } from '../../../runtime/os/socket.js';
import { pair } from '../../peers/scripted.js';
import type { ScriptedWorkerData } from '../../peers/scripted-worker.js';

const [ours, theirs] = pair(SOCK_STREAM);
const data: ScriptedWorkerData = { fd: theirs, script: 'silent', grant: 1 };
const worker = new Worker(new URL('../../peers/scripted-worker.js', import.meta.url), { workerData: data });
await once(worker, 'message');
worker.unref();
const client = await connect({ fd: ours, channels: 1 });
await client.mount();
for (let i = 0; i < 2; i++) {
  await client.fstat({ fd: FDID(1) }, { timeout: 5 }).catch((error: RPCError) => console.log(error.code));
}
console.log('the end');
