/** What a server of a filesystem serves. Loaded only where there is one: other protocols need nothing of LISAFS. */

import { LISAFSServer, type LISAFSHandlers } from '../../generated/lisafs/index.js';
import type { Backend } from './backend.js';
import { lisafsHandlers, READ_ONLY_REFUSALS } from './lisafs-handlers.js';
import { pathsOfRequest } from './lisafs-paths.js';
import { LISAFSSession } from './lisafs-session.js';
import { NodeTree } from './node-tree.js';
import { withPolicy, type Policy } from './policy.js';
import { servedMIDs, type Service } from './service.js';

/** LISAFS over a filesystem, whose tree all connections share. Takes ownership of the filesystem. */
export function lisafsService(root: Backend, policy: Policy | undefined): Service<LISAFSHandlers> {
  const backend = policy === undefined ? root : withPolicy(root, policy);
  const tree = new NodeTree();
  const everything = lisafsHandlers(new LISAFSSession(tree, backend, { maxMessageSize: 0, supportedMs: [] }));
  return {
    protocol: LISAFSServer,
    mids: servedMIDs(LISAFSServer, everything),
    refused: backend.readOnly ? READ_ONLY_REFUSALS : new Map(),
    open(facts, maxFDs) {
      const session = new LISAFSSession(tree, backend, facts);
      session.fds.allow(maxFDs);
      return {
        handlers: lisafsHandlers(session),
        pathsOf: (request) => pathsOfRequest(session, request),
        end: () => session.fds.clear(),
      };
    },
    close: () => backend.close?.(),
  };
}
