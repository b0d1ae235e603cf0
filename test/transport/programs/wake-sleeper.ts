/**
 * Sleeps once on connState of the window in descriptor 3 while it is the client's turn, and prints what became of it.
 */

import { futexWait } from '../../../runtime/os/futex.js';
import { mapWindow } from '../../../runtime/os/memory.js';
import { CLIENT_ACTIVE } from '../../../runtime/transport/endpoint.js';

const region = mapWindow(3, 0, 4096);
if (typeof region === 'number') throw new Error(`mmap: errno ${-region}`);
console.log('begins');
console.log(String(futexWait(region.address, CLIENT_ACTIVE, 3000)));
