/** Calls Echo: `node dist/examples/echo/client.js [PATH]`. */

import { connect } from 'lisafs';
import { Echo } from './generated/echo/index.js';

const [path = '/tmp/lisafs-echo.sock'] = process.argv.slice(2);

await using client = await connect({ path, protocol: Echo });
const { text } = await client.say({ text: 'Hello from the other side of a shared page.' });
console.log(text);
