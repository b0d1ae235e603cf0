/** A client that opens FDs and keeps them: `hoarder SOCKET COUNT`. Says so when it has them, and waits to be killed. */

import { connect } from '../../../runtime/index.js';

const [path = '', count = ''] = process.argv.slice(2);
const client = await connect({ path });
const { root } = await client.mount();
for (let i = 0; i < Number(count); i++) client.walkSync({ dirFD: root.controlFD, path: ['d'] });
console.log('full');
setInterval(() => undefined, 1000);
