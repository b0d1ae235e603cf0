/** A thread that calls without a pause, blocking, for as long as it is told to. */

import { parentPort, workerData } from 'node:worker_threads';
import { connectSync } from '../../../runtime/index.js';

const { fd, ms } = workerData as { fd: number; ms: number };
const client = connectSync({ fd, channels: 1, wait: 'lowest-latency' });
client.mountSync();
client.fsyncSync({ fds: [] });
parentPort!.postMessage('calls');
for (const until = performance.now() + ms; performance.now() < until;) client.fsyncSync({ fds: [] });
client.disconnectSync();
