/** What the ping server's thread serves: a handler that returns. */

import { BenchServer } from '../generated/bench/index.js';

export default { protocol: BenchServer, handlers: { ping: () => undefined } };
