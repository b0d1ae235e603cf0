/**
 * A server on a socket (descriptor 3) that answers requests in ways of its own, blocking. Argument: how.
 *
 *   echo     with the same payload, once it has all
 *   bytes    with the same payload, a byte at a time
 *   die      takes the request and kills itself
 *   half     sends half of the answer and kills itself
 *   deaf     kills itself before it has read the request
 *   endless  announces more than can ever come and sends for ever
 */

import { pollFD, POLLIN, POLLOUT } from '../../../runtime/os/poll.js';
import { receiveNow, sendNow } from '../../../runtime/os/socket.js';
import { EAGAIN } from '../../../runtime/wire/errno.js';
import { getSockPayloadLen, SOCK_HEADER_BYTES } from '../../../runtime/wire/header.js';

const FD = 3;
const [how] = process.argv.slice(2);

/** Receives exactly this much, or ends the process with its peer. */
function receive(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let got = 0; got < size;) {
    pollFD(FD, POLLIN, -1);
    const count = receiveNow(FD, bytes.subarray(got), size - got);
    if (count === -EAGAIN) continue;
    if (count <= 0) process.exit(0);
    got += count;
  }
  return bytes;
}

function send(bytes: Buffer): void {
  for (let sent = 0; sent < bytes.length;) {
    pollFD(FD, POLLOUT, -1);
    const count = sendNow(FD, bytes.subarray(sent), bytes.length - sent);
    if (count === -EAGAIN) continue;
    if (count < 0) process.exit(0);
    sent += count;
  }
}

function kill(): void {
  process.kill(process.pid, 'SIGKILL');
}

console.log('ready');
if (how === 'deaf') {
  pollFD(FD, POLLIN, -1);
  kill();
}
for (;;) {
  const header = receive(SOCK_HEADER_BYTES);
  const size = getSockPayloadLen(new DataView(header.buffer, header.byteOffset), 0);
  const message = Buffer.concat([header, receive(size)]);
  if (how === 'die') kill();
  if (how === 'echo') send(message);
  if (how === 'bytes') for (const byte of message) send(Buffer.of(byte));
  if (how === 'half') {
    send(message.subarray(0, message.length / 2));
    kill();
  }
  if (how === 'endless') {
    header.writeUInt32LE(0xffff_ffff, 0);
    for (send(header); ;) send(Buffer.alloc(4096));
  }
}
