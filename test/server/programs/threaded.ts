/** A module for servers with threads: handlers that answer at once, later, with a failure, or not at all any more. */

import { setTimeout as delay } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import { LISAFSServer, StatFS, type LISAFSHandlers } from '../../../runtime/index.js';
import { fail } from '../../../runtime/server.js';

export const AT_ONCE = 1;
export const LATER = 2;
export const FAILS = 3;
export const DIES = 4;

export default function threaded(data: unknown): { protocol: typeof LISAFSServer; handlers: LISAFSHandlers } {
  if (data === 'refuse') throw new Error('this module serves nobody');
  let calls = 0;
  const handlers: LISAFSHandlers = {
    async flush({ fd }) {
      if (fd === LATER) await delay(30);
      if (fd === FAILS) fail('ENOENT');
      if (fd === DIES) setImmediate(() => fail('EIO'));
    },
    /** Says which thread this is, and how often it was asked. */
    fstatFS() {
      return Object.assign(new StatFS(), { type: threadId, blocks: ++calls });
    },
    fsync: () => undefined,
  };
  return { protocol: LISAFSServer, handlers };
}
