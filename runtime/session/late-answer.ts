/** What becomes of an answer that comes when its caller has gone: all that it brings is closed. */

import type { Caller, ClientMethod, HostFD } from '../wire/protocol.js';
import type { AnyMethod } from './exchange.js';
import { RawResponse } from './raw.js';

/** Makes the call that closes FDIDs. Nobody waits for it either, and it may take as long as it likes. */
export type CloseFDIDs = (fds: readonly unknown[]) => void;

/** How a protocol's FDIDs are closed; in none, where it has no message for that. */
export function closerOf(
  caller: Caller,
  close: ClientMethod<{ readonly fds: readonly never[] }, unknown> | undefined,
): CloseFDIDs {
  if (close === undefined) return () => undefined;
  return (fds) => {
    if (fds.length === 0) return;
    const closed = caller.call(close, { fds: fds as readonly never[] }, { timeout: Infinity });
    // A connection that ends closes them, too.
    void closed.catch(() => undefined);
  };
}

/** Closes the descriptors that a response of nobody's has brought, and the FDIDs that it has made. */
export function throwAway(method: AnyMethod, resp: unknown, closeFDIDs: CloseFDIDs): void {
  if (resp instanceof RawResponse) return resp.closeFDs();
  const donated = resp as Record<string, HostFD | undefined>;
  for (const field of method.donates) donated[field]?.close();
  if (method.makes !== undefined) closeFDIDs(method.makes(resp));
}
