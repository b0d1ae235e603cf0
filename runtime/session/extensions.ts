/** What our servers answer beside their protocol: which schema they were generated from, and what it says. */

import {
  ExtensionsServer,
  type ExtensionsHandlers,
  type FingerprintReq,
  type FingerprintRespInit,
  type LayoutOfInit,
  type ReflectionReq,
  type ReflectionRespInit,
} from '../../generated/extensions/index.js';
import type { Layout } from '../wire/layout.js';
import type { ServerProtocol } from '../wire/protocol.js';
import { handledMIDs } from './handled.js';

type Described = Pick<ServerProtocol<never>, 'name' | 'fingerprint' | 'layouts' | 'describe'>;

/** Room for what the responses have besides their lists, the longest protocol's name included. */
const HEAD_BYTES = 512;

/** The SDK's own messages for a server of `protocol` whose responses may have `maxMessageSize` bytes. */
export function extensionHandlers(protocol: Described, maxMessageSize: number): ExtensionsHandlers {
  let description: Buffer | undefined;
  const room = maxMessageSize - HEAD_BYTES;
  return {
    fingerprint: (req) => fingerprint(protocol, req, room),
    reflection: (req) => {
      description ??= Buffer.from(JSON.stringify(protocol.describe()));
      return reflection(description, req, room);
    },
  };
}

/** The MIDs of those that have a handler. */
export function extensionMIDs(handlers: ExtensionsHandlers): number[] {
  return handledMIDs(ExtensionsServer, handlers);
}

function fingerprint(protocol: Described, req: FingerprintReq, room: number): FingerprintRespInit {
  const { fingerprint, name } = protocol;
  if (req.fingerprint === fingerprint && req.protocol === name) {
    return { fingerprint, next: 0, protocol: name, layouts: [] };
  }
  const layouts: LayoutOfInit[] = [];
  let size = 0;
  for (const [mid, [request, response]] of protocol.layouts) {
    if (mid < req.first) continue;
    size += layoutSize(request) + layoutSize(response) + 2;
    if (size > room) return { fingerprint, next: mid, protocol: name, layouts };
    layouts.push({ mid, req: request, resp: response });
  }
  return { fingerprint, next: 0, protocol: name, layouts };
}

function layoutSize(layout: Layout): number {
  return 1 + 4 * layout.length;
}

function reflection(description: Buffer, { offset }: ReflectionReq, room: number): ReflectionRespInit {
  return { total: description.length, json: description.subarray(offset, offset + room) };
}
