/** A client and its server in one process, for what the environment makes them print. */

import { memfs } from 'memfs';
import { connect } from '../../../runtime/index.js';
import { serve, serveFS } from '../../../runtime/server.js';
import { connectedPair } from '../../../runtime/transport/dial.js';

const [ours, theirs] = connectedPair();
const server = await serve({ fd: theirs, root: serveFS(memfs({ '/a': '' }).fs.promises) });
const client = await connect({ fd: ours });
const { root } = await client.mount();
const [, , times = '1'] = process.argv;
for (let i = 0; i < Number(times); i++) await client.walk({ dirFD: root.controlFD, path: ['nothing'] });
await client.disconnect();
await server.close();
