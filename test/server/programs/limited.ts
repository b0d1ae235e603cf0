/** A server that grants so many channels: `limited ROOT COUNT`, on descriptor 3. */

import { localDirectory, serve } from '../../../runtime/server.js';

const [root = '', count = ''] = process.argv.slice(2);
process.umask(0);
const server = await serve({ fd: 3, channels: Number(count), root: localDirectory(root, { hostUDS: 'all' }) });
await server.closed;
