/** Serves Echo: `node dist/examples/echo/server.js [PATH]`. */

import { serve } from 'lisafs/server';
import { Echo } from './generated/echo/index.js';

const [listen = '/tmp/lisafs-echo.sock'] = process.argv.slice(2);

await serve({ listen, protocol: Echo, handlers: { say: ({ text }) => ({ text }) } });
console.log(`listening at ${listen}`);
