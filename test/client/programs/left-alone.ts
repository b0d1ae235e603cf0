/** A reconnecting client that is left alone, connected, when its server goes. */

import { subscribe } from 'node:diagnostics_channel';
import { Echo } from '../../../examples/echo/generated/echo/index.js';
import { connect } from '../../../runtime/index.js';

const [path = ''] = process.argv.slice(2);
const busy = setInterval(() => undefined, 1000);
subscribe('lisafs:connection', () => {
  console.log('the end');
  clearInterval(busy);
});
await connect({ path, protocol: Echo, reconnect: true });
console.log('connected');
