/** How an endpoint gives way in a test: in the same way to whomever, and whenever. */

import type { WaysToGive } from '../../runtime/transport/giving-way.js';

export function onEveryOccasion(way: WaysToGive['toPeer']): WaysToGive {
  return { toPeer: way, toFarPeer: way, inTurn: way, beforeSleep: way };
}
