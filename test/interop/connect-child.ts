/** A process that finds a connected socket as descriptor 3: what it says is checked by connect.test.ts. */

import { connect } from '../../runtime/index.js';

await using client = await connect({ fd: 3 });
const { root } = await client.mount();
const { stats } = await client.walkStat({ dirFD: root.controlFD, path: ['file'] });
process.stdout.write(`${client.channels} ${stats[0]!.size}\n`);
