/** LISAFS served by handlers of a test's own, in this process, and a client of ours connected to it. */

import { connect, type LISAFSClient } from '../../runtime/index.js';
import { LISAFSServer, serve, type LISAFSHandlers } from '../../runtime/server.js';
import { newPair } from '../interop/session.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';

export interface Served {
  readonly client: LISAFSClient;
  readonly faults: string[];
}

/** Runs `body` with the client and the faults of the handlers; nothing may be left of either end. */
export async function served(
  handlers: LISAFSHandlers,
  channels: number,
  body: (to: Served) => Promise<void>,
  settings: { readonly maxMessageSize?: number } = {},
): Promise<void> {
  const before = holdings();
  const faults: string[] = [];
  const [ours, theirs] = newPair();
  const onFault = (error: unknown, message: string): unknown => faults.push(`${message}: ${String(error)}`);
  const server = await serve({ fd: theirs, protocol: LISAFSServer, handlers, onFault, channels, ...settings });
  const client = await connect({ fd: ours, channels, callTimeout: 5000 });
  try {
    await client.mount();
    await body({ client, faults });
  } finally {
    await client.disconnect();
    await server.closed;
  }
  assertNothingLeft(before);
}
