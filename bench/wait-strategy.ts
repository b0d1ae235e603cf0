/**
 * The wait strategies of this SDK, by name. Apart from `ours.ts`, so that a server that is measured loads no client: no
 * user's would.
 */

import type { WaitStrategy } from '../runtime/server.js';

/** The wait strategies there are, for `connect` and `serve`: the default first. One row of the idle case each. */
export const WAIT_STRATEGIES: readonly WaitStrategy[] = ['balanced', 'lowest-latency', 'lowest-cpu'];

/** The strategy of this name, or none for undefined: then the default is measured, as users have it. */
export function strategyOf(name: string | undefined): { readonly wait?: WaitStrategy } {
  if (name === undefined) return {};
  const wait = WAIT_STRATEGIES.find((known) => known === name);
  if (wait === undefined) throw new Error(`there is no wait strategy ${name}`);
  return { wait };
}
