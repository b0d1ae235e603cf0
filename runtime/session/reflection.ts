/** Reads from a server of this SDK what it serves, for tools that know no schema of it. */

import { ReflectionMethod } from '../../generated/extensions/index.js';
import type { ProtocolDescription } from '../wire/description.js';
import { EPROTO, RPCError } from '../wire/errno.js';
import { MAX_DESCRIPTION_BYTES } from '../wire/limits.js';
import type { Caller } from '../wire/protocol.js';

/**
 * The server's description of its protocol. `client` is mounted, of whatever protocol. Rejects with an RPCError:
 * EOPNOTSUPP for a server that describes nothing, as gVisor's; EPROTO for a description that cannot be read.
 */
export async function describeServer(client: Pick<Caller, 'call'>): Promise<ProtocolDescription> {
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (;;) {
    const { total, json } = await client.call(ReflectionMethod, { offset });
    if (total > MAX_DESCRIPTION_BYTES) throw unreadable(`it has ${total} bytes`);
    if (json.length === 0) break;
    parts.push(json);
    offset += json.length;
    if (offset >= total) break;
  }
  return parsed(Buffer.concat(parts).toString('utf8'));
}

function parsed(text: string): ProtocolDescription {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw unreadable(error instanceof Error ? error.message : String(error));
  }
  const version = typeof value === 'object' && value !== null ? Reflect.get(value, 'version') : undefined;
  if (version !== 1) throw unreadable(`its version is ${JSON.stringify(version)}, and version 1 is known`);
  return value as ProtocolDescription;
}

function unreadable(why: string): RPCError {
  return new RPCError(EPROTO, 'Reflection', `the server's description cannot be read: ${why}`);
}
