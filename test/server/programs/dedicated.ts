/** A module for a thread that has to be fair: handlers that answer at once or later, beside work of its own. */

import { setTimeout as delay } from 'node:timers/promises';
import { LISAFSServer, type LISAFSHandlers } from '../../../runtime/index.js';
import { namesCPU } from '../../peers/rseq.js';

export const LATER_MS = 1500;
/** Much more than a socket holds. */
export const LARGE_BYTES = 2_000_000;

export default function dedicated(data: unknown): { protocol: typeof LISAFSServer; handlers: LISAFSHandlers } {
  const until = performance.now() + Number(data ?? 0);
  /** Work in pieces, one in each round of the event loop. */
  const work = (): void => {
    if (performance.now() < until) setImmediate(work);
  };
  work();
  const large = { data: new Uint8Array(LARGE_BYTES) };
  const handlers: LISAFSHandlers = {
    fsync: () => undefined,
    flush: () => delay(LATER_MS),
    pread: () => large,
    fgetXattr: () => ({ value: String(namesCPU()) }),
  };
  return { protocol: LISAFSServer, handlers };
}
