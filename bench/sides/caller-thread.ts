/** One of several callers: connects to the path that it was started with and calls whenever it is told to. */

import { parentPort, workerData } from 'node:worker_threads';
import { connect, Statx } from '../../runtime/index.js';
import { monotonicMS, type CallerWindow } from '../caller-window.js';
import { FILE, openFile } from '../ours.js';

/** Calls between two looks at the clock. */
const BLOCK_CALLS = 64;

const client = await connect({ path: workerData as string });
await client.mount();
const [req, stat] = [{ fd: await openFile(client, FILE) }, new Statx()];

parentPort!.on('message', ({ from, until }: CallerWindow) => {
  if (until === 0) {
    void client.disconnect().then(() => parentPort!.close());
    return;
  }
  let calls = 0;
  for (; monotonicMS() < until; calls += BLOCK_CALLS) {
    for (let i = 0; i < BLOCK_CALLS; i++) client.fstatSync(req, stat);
  }
  parentPort!.postMessage((calls / (until - from)) * 1000);
});
parentPort!.postMessage('ready');
