/** What a server serves, from what a user says of it. */

import { wrongType } from '../wire/invalid.js';
import type { ServerProtocol } from '../wire/protocol.js';
import type { Backend } from './backend.js';
import { observed } from './observe.js';
import type { Policy } from './policy.js';
import { Server, type ServerSettings } from './server.js';
import { protocolService, type Service } from './service.js';

/** What to serve: a filesystem, by LISAFS; or any protocol, by handlers of one's own. */
export type ServeWhat<Handlers extends object> =
  | {
      readonly root: Backend;
      /** What of it clients do not see, and what they cannot change. */
      readonly policy?: Policy;
    }
  | { readonly protocol: ServerProtocol<Handlers>; readonly handlers: NoInfer<Handlers> };

async function serviceOf<Handlers extends object>(what: ServeWhat<Handlers>): Promise<Service<Handlers>> {
  if ('root' in what) {
    const { lisafsService } = await import('./lisafs-service.js');
    return lisafsService(what.root, what.policy) as unknown as Service<Handlers>;
  }
  if ('policy' in what) throw wrongType('options', 'an object with `root`, if it has a `policy`', what);
  if ('protocol' in what) return protocolService(what.protocol, what.handlers);
  throw wrongType('options', 'an object with `root`, with `protocol` and `handlers`, or with `module`', what);
}

/** A server in this thread. Rejects for settings that are none. */
export async function newServer<Handlers extends object>(
  options: ServeWhat<Handlers> & ServerSettings,
): Promise<Server<Handlers>> {
  const service = await serviceOf<Handlers>(options);
  return new Server({ ...service, protocol: observed(service.protocol) }, options);
}
