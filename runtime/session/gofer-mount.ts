/** What a sandbox's gofer serves: the words between `lisafs gofer` and a module of the user's. */

import type { Backend } from './backend.js';
import type { Policy } from './policy.js';
import type { ServerSettings } from './server.js';

/** A mount of a sandbox whose files come from its gofer. */
export interface GoferMount {
  /** Where the sandbox has it: `/` is its root. */
  readonly destination: string;
  /** The path on this machine that the container's config.json names. Nothing need be there if it is not served. */
  readonly source: string;
  /** Changes are refused with EROFS, whatever is served: config.json says so, or the sandbox keeps them to itself. */
  readonly readOnly: boolean;
  /** The folder with config.json. */
  readonly bundle: string;
  /** The annotations in config.json. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** What to serve at a mount: the same as for `serve`. Its filesystem belongs to that mount alone, which closes it. */
export type GoferServes = ServerSettings & { readonly root: Backend; readonly policy?: Policy };

/**
 * The default export of a module for `lisafs gofer`. It is called once for each mount, the root first, in the gofer's
 * own process, which serves one sandbox and ends with it. Where it says nothing, the directory or file is served that
 * the mount names.
 */
export type GoferModule = (mount: GoferMount) => GoferServes | undefined | Promise<GoferServes | undefined>;
