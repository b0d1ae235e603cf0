/** Both ends of a channel, in one thread: what the client writes is what the server reads. */

import { closeSync, openSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { closeFD } from '../../runtime/os/descriptor.js';
import { Channel } from '../../runtime/transport/channel.js';
import { FDChannel } from '../../runtime/transport/fd-channel.js';
import { ServerChannel } from '../../runtime/transport/server-channel.js';
import { waitersEnded } from '../../runtime/transport/waiter.js';
import { EAGAIN, EMFILE } from '../../runtime/wire/errno.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';

const MAX_MESSAGE_BYTES = 4000;
const SIZES = [...Array.from({ length: 300 }, (_, size) => size), MAX_MESSAGE_BYTES];
const MID = 7;

const messages = suite('messages between both ends of a channel');

messages('arrive whole, of whatever size', async () => {
  const before = holdings();
  const made = ServerChannel.create(MAX_MESSAGE_BYTES);
  if (typeof made === 'number') throw new Error(`no channel: ${made}`);
  const { channel: server, memfd, fdSocket, length } = made;
  const client = Channel.open('channel 0', { fd: memfd, offset: 0, length }, fdSocket, () => true) as Channel;
  closeFD(memfd);
  assert.is(client.startConnect(), 0);
  assert.is(server.receive(), -EAGAIN);
  assert.is(client.finishConnect(), 0);
  for (const size of SIZES) {
    const request = Buffer.alloc(size, size % 255 || 1);
    client.payload.bytes.set(request);
    assert.is(client.send(MID, size, 0), 0);
    assert.is(server.receive(), size);
    assert.is(server.mid, MID);
    assert.equal(server.payload.bytes.subarray(0, size), request, `a request of ${size} bytes`);
    const response = Buffer.alloc(size, (size + 1) % 255 || 1);
    server.payload.bytes.set(response);
    assert.is(server.respond(MID, size, []), 0);
    assert.is(client.receive(), size);
    assert.equal(client.payload.bytes.subarray(0, size), response, `a response of ${size} bytes`);
  }
  client.destroy();
  server.destroy();
  await waitersEnded();
  assertNothingLeft(before);
});

messages.run();

const making = suite('making a channel');

making('closes what it had made, and nothing else, where its socket cannot be used', () => {
  const before = holdings();
  const { open } = FDChannel;
  let others = -1;
  FDChannel.open = (fd) => {
    closeFD(fd);
    // Somebody else's descriptor, which gets the number that has just become free.
    others = openSync('/dev/null', 'r');
    return -EMFILE;
  };
  try {
    assert.is(ServerChannel.create(MAX_MESSAGE_BYTES), -EMFILE);
  } finally {
    FDChannel.open = open;
  }
  closeSync(others);
  assertNothingLeft(before);
});

making.run();
