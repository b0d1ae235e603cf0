/** Answers pings on the inherited socket 3, waiting in the way that its argument says. */

import { BenchServer } from '../generated/bench/index.js';
import { serve } from '../../runtime/server.js';
import { strategyOf } from '../ours.js';

const [, , strategy] = process.argv;
const handlers = { ping: () => undefined };
const server = await serve({ fd: 3, protocol: BenchServer, handlers, ...strategyOf(strategy) });
await server.closed;
