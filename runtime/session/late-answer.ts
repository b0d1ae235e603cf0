/** What becomes of an answer that comes when its caller has gone: all that it brings is closed. */

import { ENOBUFS, ETIMEDOUT } from '../wire/errno.js';
import { CLOSE_BATCH_COUNT } from '../wire/limits.js';
import type { Caller, ClientMethod, HostFD, Made } from '../wire/protocol.js';
import type { AnyMethod } from './exchange.js';
import { errnoOf } from './failure.js';
import { RawResponse } from './raw.js';

/** How long after one that found too many calls waiting. */
const RETRY_MS = 20;

/** Whether a call failed for want of room or time, and may succeed later. */
export function isPutOff(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === ENOBUFS || errno === ETIMEDOUT;
}

/** Makes the calls that give identifiers back. Nobody waits for them either; they may take as long as they like. */
export type GiveBack = (made: readonly Made[]) => void;

/** How the client behind `caller` gives back what a late answer has made. */
export function giveBackBy(caller: Caller): GiveBack {
  return (made) => {
    for (const { by, ids } of made) {
      if (by.closes === undefined) continue;
      const count = Math.min(by.closes.most, CLOSE_BATCH_COUNT);
      for (let i = 0; i < ids.length; i += count) {
        const request = by.closes.request(ids.slice(i, i + count)) as never;
        call(caller, by, request);
      }
    }
  };
}

/** Until it is done, or the connection has ended, which closes them, too. */
function call(caller: Caller, by: ClientMethod<never, unknown>, request: never): void {
  caller.call(by, request, { timeout: Infinity }).catch((error: unknown) => {
    if (isPutOff(error)) setTimeout(() => call(caller, by, request), RETRY_MS).unref();
  });
}

/** Closes the descriptors that a response of nobody's has brought, and gives back the identifiers that it has made. */
export function throwAway(method: AnyMethod, resp: unknown, giveBack: GiveBack): void {
  if (resp instanceof RawResponse) return resp.closeFDs();
  const donated = resp as Record<string, HostFD | undefined>;
  for (const field of method.donates) donated[field]?.close();
  if (method.makes !== undefined) giveBack(method.makes(resp));
}
