/** One of several callers: connects to the path that it was started with and calls whenever it is told to. */

import { parentPort, workerData } from 'node:worker_threads';
import { connect, Statx } from '../../runtime/index.js';
import { FILE, openFile } from '../ours.js';

/** Calls between two looks at the clock. */
const BLOCK_CALLS = 64;

const client = await connect({ path: workerData as string });
await client.mount();
const [req, stat] = [{ fd: await openFile(client, FILE) }, new Statx()];

parentPort!.on('message', (ms: number) => {
  if (ms === 0) {
    void client.disconnect().then(() => parentPort!.close());
    return;
  }
  const began = performance.now();
  let [calls, took] = [0, 0];
  while (took < ms) {
    for (let i = 0; i < BLOCK_CALLS; i++) client.fstatSync(req, stat);
    calls += BLOCK_CALLS;
    took = performance.now() - began;
  }
  parentPort!.postMessage((calls / took) * 1000);
});
parentPort!.postMessage('ready');
