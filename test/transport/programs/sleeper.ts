/**
 * Sleeps on connState of a window (descriptor 3) as a peer does that never looks by itself, gVisor's for one. Argument:
 * the value at which it sleeps. Prints the address of the word, then how the sleep ended: 0 for a wake-up.
 */

import { futexWait } from '../../../runtime/os/futex.js';
import { openPacketWindow, type PacketWindow } from '../../../runtime/transport/packet-window.js';

/** So that a test without a wake-up ends. */
const TOO_LONG_MS = 20_000;

const { address } = openPacketWindow({ fd: 3, offset: 0, length: 65536 }) as PacketWindow;
console.log(`0x${address.toString(16)}`);
console.log(`${futexWait(address, Number(process.argv[2]), TOO_LONG_MS)}`);
