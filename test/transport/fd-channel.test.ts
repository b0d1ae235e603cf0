import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { closeFD, createEventFD } from '../../runtime/os/descriptor.js';
import { fcntl } from '../../runtime/os/libc.js';
import { sendNow, sendWithFDs, SOCK_SEQPACKET, SOCK_STREAM } from '../../runtime/os/socket.js';
import { FDChannel } from '../../runtime/transport/fd-channel.js';
import { EAGAIN, EBADF, EINVAL, EPROTO } from '../../runtime/wire/errno.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { pair } from '../peers/scripted.js';

const ENOTSOCK = 88;
const EPIPE = 32;
const F_GETFD = 1;

/** A channel, the raw socket at its other end, and descriptors to send. */
class Setting {
  readonly before = holdings();
  readonly channel: FDChannel;
  readonly peer: number;
  readonly fds: number[] = [];
  readonly sent: number[];

  constructor(count = 0) {
    const [ours, theirs] = pair(SOCK_SEQPACKET);
    this.peer = theirs;
    this.channel = FDChannel.open(ours) as FDChannel;
    this.sent = Array.from({ length: count }, createEventFD);
  }

  send(bytes: number, ...fds: number[]): void {
    assert.is(sendWithFDs(this.peer, Buffer.alloc(bytes), fds), bytes);
  }

  receive(): number {
    return this.channel.receive(this.fds);
  }

  end(): void {
    for (const fd of [...this.fds, ...this.sent, this.peer]) closeFD(fd);
    this.channel.destroy();
    this.channel.destroy();
    assertNothingLeft(this.before);
  }
}

const channels = suite('FDChannel');

channels('carries one descriptor a message, in order, owned and close-on-exec', () => {
  const setting = new Setting(5);
  for (const fd of setting.sent) setting.send(0, fd);
  for (let i = 1; i <= 5; i++) {
    assert.is(setting.receive(), 0);
    assert.is(setting.fds.length, i);
    assert.is(fcntl(setting.fds[i - 1]!, F_GETFD, 0), 1);
  }
  assert.is(setting.receive(), -EAGAIN);
  setting.end();
});

channels('never waits', () => {
  const setting = new Setting();
  assert.is(setting.receive(), -EAGAIN);
  assert.is(setting.receive(), -EAGAIN);
  setting.end();
});

channels('says of a message without a descriptor that it is one', () => {
  const setting = new Setting(1);
  setting.send(0);
  setting.send(0, setting.sent[0]!);
  assert.is(setting.receive(), -EPROTO);
  assert.is(setting.receive(), 0);
  setting.end();
});

channels('takes the first of two in one message and closes the second', () => {
  const setting = new Setting(3);
  setting.send(0, setting.sent[0]!, setting.sent[1]!);
  setting.send(0, setting.sent[2]!);
  assert.is(setting.receive(), 0);
  assert.is(setting.fds.length, 1);
  assert.is(setting.receive(), 0);
  assert.is(setting.receive(), -EAGAIN);
  setting.end();
});

channels('takes the descriptor of a message that has bytes as well, and forgets the bytes', () => {
  const setting = new Setting(1);
  setting.send(64, setting.sent[0]!);
  setting.send(64);
  assert.is(setting.receive(), 0);
  assert.is(setting.receive(), -EPROTO);
  assert.is(setting.receive(), -EAGAIN);
  setting.end();
});

channels('closes the hundreds that a message may bring', () => {
  const setting = new Setting(253);
  for (let i = 0; i < 20; i++) {
    setting.send(0, ...setting.sent);
    assert.is(setting.receive(), 0);
  }
  assert.is(setting.fds.length, 20);
  setting.end();
});

channels('survives its peer', () => {
  const setting = new Setting(2);
  setting.send(0, setting.sent[0]!);
  closeFD(setting.peer);
  assert.is(setting.receive(), 0, 'what was sent before');
  assert.is(setting.receive(), -EPROTO);
  assert.is(setting.channel.send(setting.sent[1]!), -EPIPE);
  (setting as { peer: number }).peer = -1;
  setting.end();
});

channels('drops what nobody received', () => {
  const setting = new Setting(3);
  for (const fd of setting.sent) setting.send(0, fd);
  setting.end();
});

channels('sends a descriptor, which stays the sender’s', () => {
  const setting = new Setting(1);
  const other = FDChannel.open(setting.peer) as FDChannel;
  assert.is(other.send(setting.sent[0]!), 0);
  assert.is(setting.receive(), 0);
  assert.is(other.send(1_000_000), -EBADF);
  assert.ok(fcntl(setting.sent[0]!, F_GETFD, 0) >= 0);
  setting.end();
});

channels('is refused on what is no seqpacket socket, which is closed', () => {
  const before = holdings();
  const [left, right] = pair(SOCK_STREAM);
  assert.is(FDChannel.open(left), -EINVAL);
  assert.is(FDChannel.open(createEventFD()), -ENOTSOCK);
  assert.is(FDChannel.open(1_000_000), -EBADF);
  assert.is(sendNow(right, Buffer.alloc(1), 1), -EPIPE);
  closeFD(right);
  assertNothingLeft(before);
});

channels('answers -EBADF once destroyed', () => {
  const setting = new Setting();
  setting.channel.destroy();
  assert.is(setting.receive(), -EBADF);
  setting.end();
});

channels.run();
