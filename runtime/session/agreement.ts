/**
 * Finds out at mount whether the server was generated from the same schema, and if not, which messages the two sides
 * understand differently.
 *
 * A different fingerprint refuses nothing by itself, since schemas evolve: a message that only one side has is not
 * supported, and an optional trailing field that only one side has is absent for the other. What cannot go on is a
 * message whose layout has changed: its calls, and no others, fail with EPROTO. A server of another protocol is told
 * at once.
 */

import { FingerprintMethod, type FingerprintReqInit, type FingerprintResp } from '../../generated/extensions/index.js';
import { EPROTO, RPCError } from '../wire/errno.js';
import { areCompatible } from '../wire/layout.js';
import type { ClientProtocol, MountFacts } from '../wire/protocol.js';

type Ours = Pick<ClientProtocol<unknown, object, MountFacts>, 'name' | 'fingerprint' | 'layouts'>;

/** What a client asks, one request after the other, and then the MIDs that it must not use. */
export type Agreement = Generator<FingerprintReqInit, ReadonlySet<number>, FingerprintResp>;

export { FingerprintMethod };

/** Give it each response. Throws an RPCError, EPROTO, when the server speaks another protocol. */
export function* agreement({ name, fingerprint, layouts }: Ours): Agreement {
  const different = new Set<number>();
  let first = 0;
  do {
    const resp = yield { fingerprint, first, protocol: name };
    if (resp.protocol !== name) {
      throw new RPCError(EPROTO, 'Mount', `the server speaks ${JSON.stringify(resp.protocol)}, not ${name}`);
    }
    for (const { mid, req, resp: response } of resp.layouts) {
      const ours = layouts.get(mid);
      if (ours === undefined) continue;
      if (!areCompatible(ours[0], req) || !areCompatible(ours[1], response)) different.add(mid);
    }
    // A server that goes round in circles is not followed.
    first = resp.next > first ? resp.next : 0;
  } while (first > 0);
  return different;
}
