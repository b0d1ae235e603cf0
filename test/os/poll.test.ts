import { setImmediate as turn } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { closeFD, createEventFD, drainEventFD, signalEventFD } from '../../runtime/os/descriptor.js';
import { shutdown } from '../../runtime/os/libc.js';
import {
  hasHungUp,
  pollEither,
  pollFD,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLRDHUP,
  Watch,
} from '../../runtime/os/poll.js';
import { receiveNow, sendNow, SOCK_STREAM } from '../../runtime/os/socket.js';
import { EAGAIN } from '../../runtime/wire/errno.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { Program } from '../peers/program.js';
import { pair } from '../peers/scripted.js';

const WATCHER = new URL('./programs/watcher.js', import.meta.url);
const SHUT_WR = 1;
const NO_SUCH_FD = 1_000_000;
const byte = Buffer.from('x');

/** Turns of the event loop until something is so; fails after too many. */
async function until(isSo: () => boolean, what: string): Promise<void> {
  for (let turns = 0; !isSo(); turns++) {
    assert.ok(turns < 1_000_000, `never: ${what}`);
    await turn();
  }
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await turn();
}

const blocking = suite('pollFD, pollEither, hasHungUp');

blocking('say what holds', () => {
  const before = holdings();
  const [ours, theirs] = pair(SOCK_STREAM);
  assert.is(pollFD(ours, POLLIN, 0), 0);
  assert.is(pollFD(ours, POLLIN | POLLOUT, -1), POLLOUT);
  sendNow(theirs, byte, 1);
  assert.is(pollFD(ours, POLLIN | POLLOUT, -1), POLLIN | POLLOUT);
  shutdown(theirs, SHUT_WR);
  assert.is(pollFD(ours, POLLIN | POLLRDHUP, -1), POLLIN | POLLRDHUP);
  closeFD(theirs);
  assert.is(pollFD(ours, POLLIN, -1), POLLIN | POLLHUP);
  closeFD(ours);
  assert.is(pollFD(NO_SUCH_FD, POLLIN, -1), POLLNVAL);
  assertNothingLeft(before);
});

blocking('see either of two descriptors, the second of which may be none', () => {
  const [first, second] = [createEventFD(), createEventFD()];
  assert.is(pollEither(first, second, 0), false);
  assert.is(pollEither(first, -1, 0), false);
  signalEventFD(second);
  assert.is(pollEither(first, second, -1), true);
  assert.is(pollEither(first, -1, 0), false);
  drainEventFD(second);
  signalEventFD(first);
  assert.is(pollEither(first, second, -1), true);
  assert.is(pollEither(first, -1, -1), true);
  closeFD(first);
  closeFD(second);
});

const hangUps: Record<string, (theirs: number) => void> = {
  'has closed': closeFD,
  'has closed with bytes unread by us'(theirs) {
    sendNow(theirs, byte, 1);
    closeFD(theirs);
  },
  'sends no more'(theirs) {
    shutdown(theirs, SHUT_WR);
  },
};

for (const [what, hangUp] of Object.entries(hangUps)) {
  blocking(`see that a peer ${what}`, () => {
    const [ours, theirs] = pair(SOCK_STREAM);
    assert.is(hasHungUp(ours), false);
    hangUp(theirs);
    assert.is(hasHungUp(ours), true);
    closeFD(ours);
    if (what === 'sends no more') closeFD(theirs);
  });
}

blocking('do not take input for a hang-up', () => {
  const [ours, theirs] = pair(SOCK_STREAM);
  sendNow(theirs, byte, 1);
  assert.is(hasHungUp(ours), false);
  closeFD(ours);
  closeFD(theirs);
});

blocking('see a hang-up behind bytes that the peer did not read', () => {
  const [ours, theirs] = pair(SOCK_STREAM);
  sendNow(ours, byte, 1);
  assert.is(hasHungUp(ours), false);
  closeFD(theirs);
  assert.is(hasHungUp(ours), true);
  closeFD(ours);
});

blocking.run();

/** A watched socket, how often it fired, and an end that leaves nothing. */
class Watched {
  readonly before = holdings();
  readonly ours: number;
  theirs: number;
  readonly watch: Watch;
  count = 0;
  onFire = (): void => undefined;

  constructor(readable: boolean) {
    [this.ours, this.theirs] = pair(SOCK_STREAM);
    this.watch = new Watch(this.ours, readable, () => {
      this.count++;
      this.onFire();
    });
  }

  hangUp(): void {
    closeFD(this.theirs);
    this.theirs = -1;
  }

  async end(): Promise<void> {
    this.watch.close();
    closeFD(this.ours);
    closeFD(this.theirs);
    await turns(2);
    assertNothingLeft(this.before);
  }
}

const watches = suite('Watch');

watches('fires again and again while input is there, and no more once it is read', async () => {
  const watched = new Watched(true);
  sendNow(watched.theirs, byte, 1);
  await until(() => watched.count >= 3, 'a third event');
  assert.is(receiveNow(watched.ours, Buffer.alloc(9), 9), 1);
  const { count } = watched;
  await turns(5);
  assert.is(watched.count, count);
  await watched.end();
});

watches('does not see input that it was not asked for, but a hang-up behind it', async () => {
  const watched = new Watched(false);
  sendNow(watched.theirs, byte, 1);
  await turns(5);
  assert.is(watched.count, 0);
  watched.hangUp();
  await until(() => watched.count > 0, 'the hang-up');
  assert.is(receiveNow(watched.ours, Buffer.alloc(9), 9), 1, 'the byte is still there');
  await watched.end();
});

watches('changes its mind', async () => {
  const watched = new Watched(false);
  sendNow(watched.theirs, byte, 1);
  watched.watch.want(true, false);
  await until(() => watched.count > 0, 'the input');
  watched.watch.want(false, false);
  const { count } = watched;
  await turns(5);
  assert.is(watched.count, count);
  await watched.end();
});

watches('sees room to write once there is some', async () => {
  const watched = new Watched(false);
  const chunk = Buffer.alloc(65536);
  while (sendNow(watched.ours, chunk, chunk.length) !== -EAGAIN);
  watched.watch.want(false, true);
  await turns(5);
  assert.is(watched.count, 0);
  while (receiveNow(watched.theirs, chunk, chunk.length) !== -EAGAIN);
  await until(() => watched.count > 0, 'the room');
  await watched.end();
});

watches('fires once a turn for input and a hang-up that came together', async () => {
  const watched = new Watched(true);
  const seen: boolean[] = [];
  watched.onFire = () => {
    seen.push(receiveNow(watched.ours, Buffer.alloc(9), 9) === 1 && hasHungUp(watched.ours));
    watched.watch.close();
  };
  sendNow(watched.theirs, byte, 1);
  watched.hangUp();
  await until(() => watched.count > 0, 'the event');
  await turns(5);
  assert.equal(seen, [true]);
  await watched.end();
});

watches('is silent once closed, by its callback or another, and can be closed again', async () => {
  const [first, second] = [new Watched(true), new Watched(true)];
  const closeBoth = (): void => {
    first.watch.close();
    second.watch.close();
  };
  first.onFire = closeBoth;
  second.onFire = closeBoth;
  sendNow(first.theirs, byte, 1);
  sendNow(second.theirs, byte, 1);
  await until(() => first.count + second.count > 0, 'an event');
  await turns(5);
  assert.is(first.count + second.count, 1, 'both were ready, and one closed the other');
  first.watch.close();
  first.watch.want(true, true);
  first.watch.hold(true);
  await second.end();
  await first.end();
});

watches('can follow another on the same descriptor, even in the same turn', async () => {
  const watched = new Watched(true);
  watched.watch.close();
  let count = 0;
  const next = new Watch(watched.ours, true, () => count++);
  sendNow(watched.theirs, byte, 1);
  await until(() => count > 0, 'an event of the second');
  assert.is(watched.count, 0);
  next.close();
  await watched.end();
});

watches('lets the descriptor be closed and its number be used again at once', async () => {
  for (let i = 0; i < 50; i++) {
    const watched = new Watched(true);
    sendNow(watched.theirs, byte, 1);
    if (i % 2 === 1) await turn();
    watched.watch.close();
    closeFD(watched.ours);
    const again = createEventFD();
    assert.is(again, watched.ours, 'the number was not free');
    await turns(2);
    closeFD(again);
    closeFD(watched.theirs);
    await turns(2);
    assertNothingLeft(watched.before);
  }
});

watches('makes what its callback throws an uncaught exception', async () => {
  const watched = new Watched(true);
  const fault = new Error('thrown by a callback');
  watched.onFire = () => {
    watched.watch.want(false, false);
    throw fault;
  };
  const caught = new Promise((resolve) => process.once('uncaughtException', resolve));
  watched.watch.hold(true);
  sendNow(watched.theirs, byte, 1);
  assert.is(await caught, fault);
  await watched.end();
});

/** Runs the watching program over a socket pair until it has said its first line. */
async function watcher(what: string): Promise<{ program: Program; ours: number }> {
  const [ours, theirs] = pair(SOCK_STREAM);
  const program = new Program(WATCHER, [what], [theirs]);
  closeFD(theirs);
  assert.is(await program.line(), 'watching');
  return { program, ours };
}

watches('keeps no process alive', async () => {
  const { program, ours } = await watcher('idle');
  const { code, lines } = await program.ended();
  assert.equal([code, lines], [0, ['watching', 'ended']]);
  closeFD(ours);
});

watches('keeps the process alive while it is held, and no longer', async () => {
  const { program, ours } = await watcher('held');
  sendNow(ours, byte, 1);
  assert.is(await program.line(), 'fired');
  const { code, lines } = await program.ended();
  assert.equal([code, lines], [0, ['watching', 'fired', 'ended']]);
  closeFD(ours);
});

watches('ends a process with what its callback throws', async () => {
  const { program, ours } = await watcher('throws');
  sendNow(ours, byte, 1);
  const { code, stderr } = await program.ended();
  assert.is(code, 1);
  assert.match(stderr, 'Error: thrown by a callback');
  closeFD(ours);
});

watches('lets the process end with an event pending', async () => {
  const eventFD = createEventFD();
  const program = new Program(WATCHER, ['late'], [eventFD]);
  const { code, signal, lines } = await program.ended();
  assert.equal([code, signal, lines], [0, null, ['watching', 'ended']]);
  assert.is(pollFD(eventFD, POLLIN, 0), POLLIN);
  closeFD(eventFD);
});

watches('goes on when nobody holds a reference to it', async () => {
  const { program, ours } = await watcher('collected');
  assert.is(await program.line(), 'collected');
  sendNow(ours, byte, 1);
  assert.is(await program.line(), 'fired');
  assert.is((await program.ended()).code, 0);
  closeFD(ours);
});

watches.run();
