/** Answers pings on the inherited socket 3. */

import { BenchServer } from '../generated/bench/index.js';
import { serve } from '../../runtime/server.js';

const server = await serve({ fd: 3, protocol: BenchServer, handlers: { ping: () => undefined } });
await server.closed;
