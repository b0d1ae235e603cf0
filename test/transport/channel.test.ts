import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { closeFD, createEventFD } from '../../runtime/os/descriptor.js';
import { fcntl } from '../../runtime/os/libc.js';
import { sendWithFDs, SOCK_SEQPACKET, SOCK_STREAM } from '../../runtime/os/socket.js';
import { Channel } from '../../runtime/transport/channel.js';
import { Endpoint } from '../../runtime/transport/endpoint.js';
import { openPacketWindow, PACKET_HEADER_BYTES, type PacketWindow } from '../../runtime/transport/packet-window.js';
import { waitersEnded } from '../../runtime/transport/waiter.js';
import { EAGAIN, ECONNRESET, EINVAL, EPROTO } from '../../runtime/wire/errno.js';
import { CHANNEL_HEADER_BYTES, getChannelMID, putChannelHeader } from '../../runtime/wire/header.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { honestMemfd, pair, WINDOW_BYTES } from '../peers/scripted.js';

const CAP = WINDOW_BYTES - PACKET_HEADER_BYTES;
const NOTHING = new Uint8Array(0);
const MID = 7;
const F_GETFD = 1;
const alive = (): boolean => true;

/** A connected channel and the server's end of it, in one thread: neither ever has to wait for the other. */
class Setting {
  readonly before = holdings();
  readonly channel: Channel;
  readonly server: Endpoint;
  readonly fdSocket: number;

  constructor(connect = true) {
    const memfd = honestMemfd();
    const [ours, theirs] = pair(SOCK_SEQPACKET);
    const descriptor = { fd: memfd, offset: 0, length: WINDOW_BYTES };
    this.channel = Channel.open('channel 0', descriptor, ours, alive) as Channel;
    this.server = new Endpoint(openPacketWindow(descriptor) as PacketWindow, 'server');
    this.fdSocket = theirs;
    closeFD(memfd);
    if (connect) this.connect();
  }

  connect(): void {
    assert.is(this.channel.startConnect(), 0);
    assert.is(this.server.receive(), 3);
    assert.is(this.server.sendConnect(), 0);
    assert.is(this.channel.finishConnect(), 0);
  }

  /** One datagram on the FD channel with this many descriptors. */
  donate(count: number): void {
    const fds = Array.from({ length: count }, createEventFD);
    assert.is(sendWithFDs(this.fdSocket, NOTHING, fds), 0);
    for (const fd of fds) closeFD(fd);
  }

  /** Sends a request and has it answered with a header that says what it is told to. */
  answer({ wanted = 0, numFDs = 0, payloadLen = 0, mid = MID }): void {
    assert.is(this.channel.send(MID, 0, wanted), 0);
    assert.is(this.server.receive(), CHANNEL_HEADER_BYTES);
    putChannelHeader(this.server.window.datagram.view, 0, mid, numFDs);
    assert.is(this.server.send(CHANNEL_HEADER_BYTES + payloadLen), 0);
  }

  /** Takes the descriptors that the channel got. */
  takeFDs(): number[] {
    return this.channel.fds.splice(0);
  }

  async end(): Promise<void> {
    this.channel.destroy();
    this.server.window.destroy();
    closeFD(this.fdSocket);
    await waitersEnded();
    assertNothingLeft(this.before);
  }
}

function closeAll(fds: readonly number[]): void {
  for (const fd of fds) closeFD(fd);
}

const opening = suite('Channel.open');

opening('refuses a bad window or a bad socket, and closes the socket', () => {
  const before = holdings();
  const memfd = honestMemfd();
  const good = { fd: memfd, offset: 0, length: WINDOW_BYTES };
  const [first, second] = pair(SOCK_SEQPACKET);
  const [stream, other] = pair(SOCK_STREAM);
  assert.is(Channel.open('x', { ...good, length: 17 }, first, alive), -EINVAL);
  assert.is(Channel.open('x', { ...good, offset: 4096 }, second, alive), -EINVAL);
  assert.is(Channel.open('x', good, stream, alive), -EINVAL);
  assert.ok((Channel.open('x', { ...good, fd: 1_000_000 }, 1_000_000, alive) as number) < 0);
  closeAll([memfd, other]);
  assertNothingLeft(before);
});

opening('leaves the memfd to its owner', async () => {
  const setting = new Setting();
  await setting.end();
});

opening.run();

const connecting = suite('connecting a channel');

connecting('waits for the server without blocking', async () => {
  const setting = new Setting(false);
  assert.is(setting.channel.connected, false);
  assert.is(setting.channel.startConnect(), 0);
  assert.is(setting.channel.finishConnect(), -EAGAIN);
  assert.is(setting.channel.dead, false);
  assert.is(setting.server.receive(), 3);
  setting.server.sendConnect();
  assert.is(setting.channel.finishConnect(), 0);
  assert.is(setting.channel.connected, true);
  await setting.end();
});

connecting('calls back when the answer is there', async () => {
  const setting = new Setting(false);
  setting.channel.startConnect();
  const ready = new Promise<void>((resolve) => setting.channel.watch(resolve));
  setting.server.receive();
  setting.server.sendConnect();
  await ready;
  assert.is(setting.channel.finishConnect(), 0);
  await setting.end();
});

connecting('fails, dead, on an answer that is none', async () => {
  const setting = new Setting(false);
  setting.channel.startConnect();
  setting.server.receive();
  setting.server.window.datagram.bytes.write('no');
  setting.server.send(2);
  assert.is(setting.channel.finishConnect(), -EPROTO);
  assert.equal([setting.channel.connected, setting.channel.dead], [false, true]);
  await setting.end();
});

connecting('fails, dead, if the server shuts down, before or after the request', async () => {
  const late = new Setting(false);
  late.channel.startConnect();
  late.server.shutdown();
  assert.is(late.channel.finishConnect(), -ECONNRESET);
  assert.is(late.channel.dead, true);
  await late.end();
  const early = new Setting(false);
  early.server.shutdown();
  assert.is(early.channel.startConnect(), -ECONNRESET);
  assert.is(early.channel.dead, true);
  assert.is(early.channel.connectSync(), -EPROTO);
  await early.end();
});

connecting.run();

const messages = suite('messages of a channel');

messages('carry a request and its response', async () => {
  const setting = new Setting();
  assert.is(setting.channel.reserve(4), true);
  setting.channel.payload.view.setUint32(0, 0x01020304, true);
  assert.is(setting.channel.send(MID, 4, 0), 0);
  assert.is(setting.channel.receive(), -EAGAIN);
  assert.is(setting.server.receive(), CHANNEL_HEADER_BYTES + 4);
  const { datagram } = setting.server.window;
  assert.is(getChannelMID(datagram.view, 0), MID);
  assert.equal([...datagram.bytes.subarray(2, 8)], [0, 0, 4, 3, 2, 1]);
  putChannelHeader(datagram.view, 0, 9, 0);
  datagram.bytes.write('answer', CHANNEL_HEADER_BYTES);
  setting.server.send(CHANNEL_HEADER_BYTES + 6);
  assert.is(setting.channel.receive(), 6);
  assert.is(setting.channel.mid, 9);
  assert.is(setting.channel.payload.bytes.toString('latin1', 0, 6), 'answer');
  await setting.end();
});

messages('fit up to the whole window', async () => {
  const setting = new Setting();
  const most = CAP - CHANNEL_HEADER_BYTES;
  assert.is(setting.channel.reserve(most), true);
  assert.is(setting.channel.reserve(most + 1), false);
  assert.is(setting.channel.payload.capacity, most);
  setting.answer({ payloadLen: most });
  assert.is(setting.channel.receiveSync(), most);
  await setting.end();
});

for (const dataLen of [0, 1, 2, 3, CAP + 1, 2 ** 31, 2 ** 32 - 1]) {
  messages(`of ${dataLen} bytes kill the channel`, async () => {
    const setting = new Setting();
    setting.channel.send(MID, 0, 1);
    setting.donate(1);
    putChannelHeader(setting.server.window.datagram.view, 0, MID, 1);
    setting.server.send(dataLen | 0);
    assert.is(setting.channel.receive(), -EPROTO);
    assert.is(setting.channel.dead, true);
    assert.equal(setting.channel.fds, []);
    await setting.end();
  });
}

messages('are no longer sent by a dead channel, nor received by a destroyed one', async () => {
  const setting = new Setting();
  setting.channel.send(MID, 0, 0);
  setting.server.send(0);
  assert.is(setting.channel.receiveSync(), -EPROTO);
  assert.is(setting.channel.send(MID, 0, 0), -ECONNRESET);
  assert.is(setting.server.receive(), -EAGAIN, 'the request went out');
  setting.channel.destroy();
  assert.is(setting.channel.dead, true);
  assert.is(setting.channel.send(MID, 0, 0), -ECONNRESET);
  assert.is(setting.channel.receive(), -ECONNRESET);
  assert.is(setting.channel.receiveSync(), -ECONNRESET);
  await setting.end();
});

messages('end with the server’s shutdown', async () => {
  const setting = new Setting();
  setting.channel.send(MID, 0, 0);
  setting.server.receive();
  setting.server.shutdown();
  assert.is(setting.channel.receiveSync(), -ECONNRESET);
  assert.is(setting.channel.dead, true);
  await setting.end();
});

messages.run();

const donations = suite('descriptors of a channel');

/** Sent in messages of their own, said to have been sent, wanted; and how many then are there. */
const cases: [sent: number, said: number, wanted: number, got: number][] = [
  [0, 0, 0, 0],
  [1, 1, 1, 1],
  [3, 3, 3, 3],
  [255, 255, 255, 255],
  [3, 3, 1, 1],
  [3, 3, 0, 0],
  [2, 2, 255, 2],
  [1, 255, 255, 1],
  [0, 255, 3, 0],
  [0, 1, 0, 0],
];

for (const [sent, said, wanted, got] of cases) {
  donations(`${sent} sent, ${said} said, ${wanted} wanted: ${got}`, async () => {
    const setting = new Setting();
    for (let i = 0; i < sent; i++) setting.donate(1);
    setting.answer({ wanted, numFDs: said });
    assert.is(setting.channel.receive(), 0);
    assert.is(setting.channel.dead, false);
    const fds = setting.takeFDs();
    assert.is(fds.length, got);
    for (const fd of fds) assert.is(fcntl(fd, F_GETFD, 0), 1);
    closeAll(fds);
    await setting.end();
  });
}

donations('more than were said wait for the next response, or are gone with the channel', async () => {
  const setting = new Setting();
  for (let i = 0; i < 3; i++) setting.donate(1);
  setting.answer({ wanted: 3, numFDs: 1 });
  setting.channel.receive();
  assert.is(setting.takeFDs().map(closeFD).length, 1);
  setting.answer({ wanted: 3, numFDs: 1 });
  setting.channel.receive();
  assert.is(setting.takeFDs().map(closeFD).length, 1);
  await setting.end();
});

donations('two in one message are one', async () => {
  const setting = new Setting();
  setting.donate(2);
  setting.donate(1);
  setting.answer({ wanted: 3, numFDs: 2 });
  setting.channel.receive();
  assert.is(setting.takeFDs().map(closeFD).length, 2);
  await setting.end();
});

donations('one that is lost takes those after it along, and leaves none for the next response', async () => {
  const setting = new Setting();
  setting.donate(1);
  // As the kernel passes it on when the table is full: the message without its descriptor.
  setting.donate(0);
  setting.donate(1);
  setting.answer({ wanted: 3, numFDs: 3 });
  assert.is(setting.channel.receive(), 0);
  assert.is(setting.takeFDs().map(closeFD).length, 1);
  setting.donate(1);
  setting.answer({ wanted: 1, numFDs: 1 });
  setting.channel.receive();
  assert.is(setting.takeFDs().map(closeFD).length, 1);
  setting.answer({ wanted: 1, numFDs: 1 });
  setting.channel.receive();
  assert.equal(setting.takeFDs(), [], 'one was left');
  await setting.end();
});

donations('are not let in before the response', async () => {
  const setting = new Setting();
  setting.donate(1);
  setting.channel.send(MID, 0, 1);
  assert.is(setting.channel.receive(), -EAGAIN);
  assert.equal(setting.channel.fds, []);
  await setting.end();
});

donations('survive a server that closes its FD channel', async () => {
  const setting = new Setting();
  closeFD(setting.fdSocket);
  setting.answer({ wanted: 2, numFDs: 255 });
  assert.is(setting.channel.receive(), 0);
  assert.equal(setting.channel.fds, []);
  (setting as { fdSocket: number }).fdSocket = -1;
  await setting.end();
});

donations.run();

const watching = suite('watching a channel');

watching('calls back once, when the response is there', async () => {
  const setting = new Setting();
  setting.channel.send(MID, 0, 0);
  setting.server.receive();
  let count = 0;
  const ready = new Promise<void>((resolve) => {
    setting.channel.watch(() => {
      count++;
      resolve();
    });
  });
  putChannelHeader(setting.server.window.datagram.view, 0, MID, 0);
  setting.server.send(CHANNEL_HEADER_BYTES);
  await ready;
  assert.is(setting.channel.receive(), 0);
  await new Promise((resolve) => setImmediate(resolve));
  assert.is(count, 1);
  await setting.end();
});

watching('can be taken back, any number of times', async () => {
  const setting = new Setting();
  setting.channel.send(MID, 0, 0);
  for (let i = 0; i < 20; i++) {
    setting.channel.watch(() => assert.unreachable('called back'));
    setting.channel.unwatch();
    setting.channel.unwatch();
  }
  setting.server.receive();
  setting.server.send(CHANNEL_HEADER_BYTES);
  assert.is(setting.channel.receive(), 0);
  await setting.end();
});

watching('ends with the channel', async () => {
  const setting = new Setting();
  setting.channel.send(MID, 0, 0);
  setting.channel.watch(() => assert.unreachable('called back'));
  setting.channel.destroy();
  setting.channel.destroy();
  await setting.end();
});

watching.run();
