/** Serves the client on descriptor 3 in a thread that blocks; exits when it is told to, without closing anything. */

import { once } from 'node:events';
import { serve } from '../../../runtime/server.js';

await serve({ fd: 3, module: new URL('./dedicated.js', import.meta.url) });
console.log('serving');
await once(process.stdin, 'data');
process.exit(0);
