/**
 * A process that shares a window with us and changes every byte of it, at any moment, while we make calls: whatever
 * comes of them, nothing may crash, hang, be thrown, or be left behind. Counted in calls, not in time. How many of them
 * get through depends on when each process has a cpu: so they go on, past CALLS_COUNT, until some did and some did not.
 */

import { randomInt } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { closeFD, duplicateFD } from '../../runtime/os/descriptor.js';
import { hasHungUp } from '../../runtime/os/poll.js';
import { SOCK_SEQPACKET } from '../../runtime/os/socket.js';
import { Channel } from '../../runtime/transport/channel.js';
import { waitersEnded } from '../../runtime/transport/waiter.js';
import { EAGAIN, ECONNRESET, EPROTO } from '../../runtime/wire/errno.js';
import { CHANNEL_HEADER_BYTES } from '../../runtime/wire/header.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { Program } from '../peers/program.js';
import { honestMemfd, pair, WINDOW_BYTES } from '../peers/scripted.js';
import { Random } from './random.js';

const VANDAL = new URL('./programs/vandal.js', import.meta.url);
const CALLS_COUNT = 4000;
const MOST_CALLS_COUNT = 100 * CALLS_COUNT;
const CAPACITY = WINDOW_BYTES - 16 - CHANNEL_HEADER_BYTES;

/** Our end of what the vandal shares. A channel that it has killed is replaced by another on the same window. */
class Shared {
  readonly memfd = honestMemfd();
  readonly program: Program;
  readonly socket: number;
  readonly random: Random;
  readonly ended = new Map<number, number>();
  channel: Channel;

  constructor(seed: number, how: string) {
    const [ours, theirs] = pair(SOCK_SEQPACKET);
    this.socket = ours;
    this.random = new Random(seed);
    this.program = new Program(VANDAL, [String(seed), how], [this.memfd, theirs]);
    closeFD(theirs);
    this.channel = this.open();
  }

  open(): Channel {
    const descriptor = { fd: this.memfd, offset: 0, length: WINDOW_BYTES };
    const channel = Channel.open('channel', descriptor, duplicateFD(this.socket), () => !hasHungUp(this.socket));
    if (typeof channel === 'number') throw new Error(`the window was refused: ${channel}`);
    return channel;
  }

  /** What a call may come to: a payload within the window, or one of two errors, and then the channel is dead. */
  check(result: number, wanted: number): void {
    const { channel } = this;
    if (result < 0) assert.ok(result === -EPROTO || result === -ECONNRESET, `a call ended with ${result}`);
    else assert.ok(result <= CAPACITY, `a payload of ${result} bytes`);
    assert.is(channel.dead, result < 0);
    assert.ok(channel.fds.length <= wanted, `${channel.fds.length} descriptors for ${wanted}`);
    assert.ok(channel.mid >= 0 && channel.mid <= 0xffff);
    for (const fd of channel.fds.splice(0)) closeFD(fd);
    this.ended.set(Math.min(result, 0), (this.ended.get(Math.min(result, 0)) ?? 0) + 1);
    if (!channel.dead) return;
    // The next one first: with none left the waiting thread would end.
    this.channel = this.open();
    channel.destroy();
  }

  /** Whether there have been calls of both kinds: with one alone, nothing was tested. */
  get sawBoth(): boolean {
    return this.ended.has(0) && this.ended.has(-EPROTO);
  }

  async end(): Promise<void> {
    this.channel.destroy();
    closeFD(this.socket);
    closeFD(this.memfd);
    const { code, stderr } = await this.program.ended();
    assert.is(code, 0, stderr);
    await waitersEnded();
  }
}

/** Sends a message; how many descriptors it wants, or an error. */
function send({ channel, random }: Shared): { result: number; wanted: number } {
  const wanted = random.below(3);
  return { result: channel.send(random.below(256), random.below(CAPACITY + 1), wanted), wanted };
}

/** Whether the next call is a handshake: on this channel it may be at any time, as far as the window knows. */
function isHandshake({ random }: Shared): boolean {
  return random.below(4) === 0;
}

function callSync(shared: Shared): void {
  if (isHandshake(shared)) return shared.check(shared.channel.connectSync(), 0);
  const { result, wanted } = send(shared);
  shared.check(result < 0 ? result : shared.channel.receiveSync(), wanted);
}

async function call(shared: Shared): Promise<void> {
  const { channel } = shared;
  const connecting = isHandshake(shared);
  const { result, wanted } = connecting ? { result: channel.startConnect(), wanted: 0 } : send(shared);
  if (result < 0) return shared.check(result, wanted);
  for (;;) {
    const now = connecting ? channel.finishConnect() : channel.receive();
    if (now !== -EAGAIN) return shared.check(now, wanted);
    await new Promise<void>((resolve) => channel.watch(resolve));
  }
}

const hostile = suite('a peer that destroys what it shares');

for (const how of ['never honestly', 'now and then']) {
  for (const [face, callOnce] of [
    ['synchronous', callSync],
    ['asynchronous', call],
  ] as const) {
    hostile(`(and answers ${how}) ends ${face} calls with a payload or an error, and leaves nothing`, async () => {
      const seed = randomInt(2 ** 32);
      const before = holdings();
      const rejections: unknown[] = [];
      const note = (reason: unknown): number => rejections.push(reason);
      process.on('unhandledRejection', note);
      try {
        const shared = new Shared(seed, how);
        await shared.program.line();
        for (let i = 0; i < CALLS_COUNT || (!shared.sawBoth && i < MOST_CALLS_COUNT); i++) await callOnce(shared);
        await shared.end();
        assert.ok(shared.ended.has(0), 'no call ever succeeded: nothing was tested');
        assert.ok(shared.ended.has(-EPROTO), 'no call ever failed: nothing was tested');
      } catch (error) {
        console.log(`  seed ${seed}`);
        throw error;
      } finally {
        process.off('unhandledRejection', note);
      }
      assert.equal(rejections, []);
      assertNothingLeft(before);
    });
  }
}

hostile.run();
