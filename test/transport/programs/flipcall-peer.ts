/**
 * The server's end of a window (descriptor 3), blocking. Descriptor 4 is a socket whose hang-up tells that it is gone.
 * Arguments: what it does with the turns that it gets, one after the other.
 *
 *   echo      gives it back with the bytes increased by one
 *   die       kills itself, the turn in hand
 *   answer+die  as echo, then kills itself
 *   shutdown  shuts down
 *   state=N   writes N to connState and wakes the peer
 *   wake      wakes the peer a hundred times without giving the turn back, then as echo
 */

import { ALL_WAITERS, futexWake } from '../../../runtime/os/futex.js';
import { Endpoint } from '../../../runtime/transport/endpoint.js';
import { openPacketWindow, type PacketWindow } from '../../../runtime/transport/packet-window.js';

const WINDOW_BYTES = 65536;
const window = openPacketWindow({ fd: 3, offset: 0, length: WINDOW_BYTES }) as PacketWindow;
const endpoint = new Endpoint(window, 'server');

function echo(dataLen: number): void {
  const { bytes } = window.datagram;
  for (let i = 0; i < dataLen; i++) bytes[i] = bytes[i]! + 1;
  endpoint.send(dataLen);
}

function kill(): void {
  process.kill(process.pid, 'SIGKILL');
}

console.log('ready');
for (const action of process.argv.slice(2)) {
  const dataLen = endpoint.receiveSync(() => true);
  if (dataLen < 0) break;
  if (action === 'die') kill();
  else if (action === 'shutdown') endpoint.shutdown();
  else if (action === 'wake') for (let i = 0; i < 100; i++) futexWake(window.address, ALL_WAITERS);
  if (action === 'echo' || action === 'wake' || action === 'answer+die') echo(dataLen);
  if (action === 'answer+die') kill();
  if (action.startsWith('state=')) {
    Atomics.store(window.header, 0, Number(action.slice(6)) | 0);
    futexWake(window.address, 1);
  }
}
