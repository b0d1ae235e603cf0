/** Serves Echo at a path, says when it is called, and never answers: to be killed. */

import { Echo } from '../../../examples/echo/generated/echo/index.js';
import { serve } from '../../../runtime/server.js';

const [listen = ''] = process.argv.slice(2);
const say = (): Promise<never> => {
  console.log('called');
  return new Promise<never>(() => undefined);
};
await serve({ listen, protocol: Echo, handlers: { say } });
console.log('listening');
