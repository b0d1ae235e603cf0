/** Answers pings on the inherited socket 3, in a thread of the server's, waiting in the way that its argument says. */

import { serve } from '../../runtime/server.js';
import { strategyOf } from '../wait-strategy.js';

const [, , strategy] = process.argv;
const module = new URL('./ours-ping-module.js', import.meta.url);
const server = await serve({ fd: 3, module, ...strategyOf(strategy) });
await server.closed;
