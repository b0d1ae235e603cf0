/** Payloads that are larger than anything: they are passed over, and keep nobody waiting. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { closeFD } from '../../runtime/os/descriptor.js';
import { receiveNow, sendNow } from '../../runtime/os/socket.js';
import { ServerSocket } from '../../runtime/transport/server-socket.js';
import { EAGAIN } from '../../runtime/wire/errno.js';
import { putSockHeader, SOCK_HEADER_BYTES } from '../../runtime/wire/header.js';
import { newPair } from '../interop/session.js';

const MID_MOUNT = 1;

const test = suite('endless payloads');

function header(payloadLen: number): Buffer {
  const bytes = Buffer.alloc(SOCK_HEADER_BYTES);
  putSockHeader(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, payloadLen, MID_MOUNT);
  return bytes;
}

test('the event loop gets its turn while a payload without an end comes', () => {
  const [ours, theirs] = newPair();
  const socket = new ServerSocket(theirs, 1, () => undefined);
  const bytes = Buffer.concat([header(0xffff_ffff), Buffer.alloc(1000)]);
  assert.is(sendNow(ours, bytes, bytes.length), bytes.length);
  // One byte a read: what has come is more than one turn takes, and none of it is lost.
  assert.is(socket.receive(), -EAGAIN);
  const rest = Buffer.alloc(1000);
  assert.ok(socket.fd >= 0 && receiveNow(socket.fd, rest, rest.length) > 900);
  socket.destroy();
  closeFD(ours);
});

test.run();
