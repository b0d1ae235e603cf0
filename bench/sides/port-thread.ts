/** Answers what comes through the port that it was started with. */

import { parentPort } from 'node:worker_threads';

parentPort!.on('message', (message: unknown) => parentPort!.postMessage(message));
