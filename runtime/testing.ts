/**
 * For tests of code that uses a client: a server in the same thread, with scripted answers, faults and delays, over a
 * real socket pair and real channels. Calls without Sync only: one that blocks would block its server, and is EDEADLK.
 *
 * @module
 */

import './os/platform.js';
import { TestPeer, type TestPeerOptions } from './testing/peer.js';
import type { ServerProtocol } from './wire/protocol.js';

export type { TestPeer, TestPeerOptions, TestRequest } from './testing/peer.js';
export {
  after,
  fault,
  type Delayed,
  type Fault,
  type PlainAnswer,
  type Scripted,
  type WithoutDescriptors,
} from './testing/script.js';

/**
 * A peer that speaks a protocol, and answers as it is told:
 *
 *     using peer = testPeer(KV).answer('get', { version: 1n, value }, fault.error('ENOENT'));
 *     await using kv = await connect({ fd: peer.clientFD, protocol: KV });
 */
export function testPeer<Handlers extends object>(
  protocol: ServerProtocol<Handlers>,
  options: TestPeerOptions = {},
): TestPeer<Handlers> {
  return new TestPeer(protocol, options);
}
