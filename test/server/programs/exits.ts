/** Serves a client of its own in a thread, hangs up, and exits before the thread can have seen it. */

import { connect } from '../../../runtime/index.js';
import { serve } from '../../../runtime/server.js';
import { connectedPair } from '../../../runtime/transport/dial.js';

const [ours, theirs] = connectedPair();
await serve({ fd: theirs, module: new URL('./dedicated.js', import.meta.url) });
const client = await connect({ fd: ours });
await client.mount();
await client.fsync({ fds: [] });
process.once('exit', () => {
  try {
    client.fsyncSync({ fds: [] });
  } catch (error) {
    console.log((error as { code?: string }).code);
  }
});
if (process.argv[2] === 'hangs up') await client.disconnect();
process.exit(0);
