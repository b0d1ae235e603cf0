/** How an endpoint gives way in a test: in the same way to whomever, and whenever. */

import type { WaysToGive } from '../../runtime/transport/giving-way.js';

export function onEveryOccasion(giveWay: () => number, pays = true): WaysToGive {
  const way = { giveWay, pays: () => pays };
  return { toPeer: way, toFarPeer: way, inTurn: way, beforeSleep: way };
}
