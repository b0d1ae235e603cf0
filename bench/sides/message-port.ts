/** A MessagePort to a worker thread of the same process: a number there and back. */

import { Worker } from 'node:worker_threads';
import { echoCalls } from '../echo.js';
import { serveSubject } from '../subject.js';

await serveSubject(() => {
  const worker = new Worker(new URL('./port-thread.js', import.meta.url));
  const calls = echoCalls();
  worker.on('message', () => calls.answered(1));
  return calls.subject(
    (count) => {
      for (let i = 0; i < count; i++) worker.postMessage(0);
    },
    () => worker.terminate(),
  );
});
