/** The channel of child_process.fork, with its default serialization, which is the faster one for a number. */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { echoCalls } from '../echo.js';
import { moduleOf } from '../side.js';
import { serveSubject } from '../subject.js';

await serveSubject(() => {
  const child = fork(moduleOf('child'), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const calls = echoCalls();
  child.on('message', () => calls.answered(1));
  return calls.subject(
    () => void child.send(0),
    () => {
      child.kill();
      return once(child, 'close');
    },
  );
});
