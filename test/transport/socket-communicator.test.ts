import { setImmediate as turn } from 'node:timers/promises';
import * as fc from 'fast-check';
import koffi from 'koffi';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { closeFD, createEventFD } from '../../runtime/os/descriptor.js';
import { fcntl, shutdown } from '../../runtime/os/libc.js';
import { pollFD, POLLIN } from '../../runtime/os/poll.js';
import { receiveNow, sendNow, sendWithFDs, SOCK_STREAM } from '../../runtime/os/socket.js';
import { SocketCommunicator } from '../../runtime/transport/socket-communicator.js';
import { EAGAIN, ECONNRESET, EMSGSIZE } from '../../runtime/wire/errno.js';
import { getSockMID, getSockPayloadLen, putSockHeader, SOCK_HEADER_BYTES } from '../../runtime/wire/header.js';
import { MAX_MESSAGE_BYTES } from '../../runtime/wire/limits.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { Program } from '../peers/program.js';
import { pair } from '../peers/scripted.js';

const PEER = new URL('./programs/socket-peer.js', import.meta.url);
const EPIPE = 32;
const SHUT_WR = 1;
const F_GETFD = 1;
const F_SETFL = 4;
const MSG_OOB = 1;
const MID = 0x0102;
const MAX = 1 << 20;
const LARGE = 2 << 20;

/** A response as it stands on the wire. */
function response(payload: Uint8Array, payloadLen = payload.length): Buffer {
  const header = Buffer.alloc(SOCK_HEADER_BYTES);
  putSockHeader(new DataView(header.buffer, header.byteOffset), 0, payloadLen, MID);
  return Buffer.concat([header, payload]);
}

/** A communicator, the raw socket at its other end, and how often it said that the peer is gone. */
class Setting {
  readonly before = holdings();
  readonly communicator: SocketCommunicator;
  peer: number;
  hangUps = 0;

  constructor() {
    const [ours, theirs] = pair(SOCK_STREAM);
    this.peer = theirs;
    this.communicator = new SocketCommunicator(ours, MAX, () => this.hangUps++);
  }

  /** Sends an empty request and takes it off the wire. */
  request(wantFDs = 0): void {
    assert.is(this.communicator.send(MID, 0, wantFDs), 0);
    assert.is(receiveNow(this.peer, Buffer.alloc(SOCK_HEADER_BYTES), SOCK_HEADER_BYTES), SOCK_HEADER_BYTES);
  }

  /** Answers with these bytes as they are. */
  say(bytes: Uint8Array): void {
    assert.is(sendNow(this.peer, bytes, bytes.length), bytes.length);
  }

  sayWithFDs(bytes: Uint8Array, count: number): void {
    const fds = Array.from({ length: count }, createEventFD);
    assert.is(sendWithFDs(this.peer, bytes, fds), bytes.length);
    closeAll(fds);
  }

  hangUp(): void {
    closeFD(this.peer);
    this.peer = -1;
  }

  async end(): Promise<void> {
    this.communicator.destroy();
    this.communicator.destroy();
    closeFD(this.peer);
    await turn();
    await turn();
    assertNothingLeft(this.before);
  }
}

function closeAll(fds: readonly number[]): void {
  for (const fd of fds) closeFD(fd);
}

async function until(isSo: () => boolean, what: string): Promise<void> {
  for (let turns = 0; !isSo(); turns++) {
    assert.ok(turns < 1_000_000, `never: ${what}`);
    await turn();
  }
}

const requests = suite('requests over the socket');

requests('leave in one piece: header, then payload', async () => {
  const setting = new Setting();
  assert.is(setting.communicator.reserve(3), true);
  setting.communicator.payload.bytes.write('abc');
  assert.is(setting.communicator.send(MID, 3, 0), 0);
  const got = Buffer.alloc(64);
  assert.is(receiveNow(setting.peer, got, 64), SOCK_HEADER_BYTES + 3);
  assert.equal([...got.subarray(0, 11)], [3, 0, 0, 0, 2, 1, 0, 0, 97, 98, 99]);
  await setting.end();
});

requests('may be as large as the limit and no larger', async () => {
  const setting = new Setting();
  assert.is(setting.communicator.reserve(MAX_MESSAGE_BYTES + 1), false);
  assert.is(setting.communicator.reserve(MAX_MESSAGE_BYTES), true);
  assert.is(setting.communicator.payload.capacity, MAX_MESSAGE_BYTES);
  await setting.end();
});

requests('that do not fit into the socket go out bit by bit as the peer reads', async () => {
  const setting = new Setting();
  setting.communicator.reserve(LARGE);
  for (let i = 0; i < LARGE; i++) setting.communicator.payload.bytes[i] = i % 251;
  assert.is(setting.communicator.send(MID, LARGE, 0), 0);
  const got = Buffer.alloc(SOCK_HEADER_BYTES + LARGE);
  let at = 0;
  for (let rounds = 0; at < got.length; rounds++) {
    const count = receiveNow(setting.peer, got.subarray(at), 50_000);
    assert.ok(count > 0 && rounds < 1000, `${count} bytes in round ${rounds}`);
    at += count;
    assert.is(setting.communicator.receive(), -EAGAIN);
  }
  assert.is(getSockPayloadLen(new DataView(got.buffer, got.byteOffset), 0), LARGE);
  assert.is(getSockMID(new DataView(got.buffer, got.byteOffset), 0), MID);
  for (let i = 0; i < LARGE; i++) if (got[SOCK_HEADER_BYTES + i] !== i % 251) assert.unreachable(`byte ${i}`);
  await setting.end();
});

requests('wait in the event loop for room, then for the answer', async () => {
  const setting = new Setting();
  const { communicator } = setting;
  communicator.reserve(LARGE);
  communicator.send(MID, LARGE, 0);
  let result = -EAGAIN;
  const look = (): void => {
    result = communicator.receive();
    if (result === -EAGAIN) communicator.watch(look);
  };
  communicator.watch(look);
  let rest = SOCK_HEADER_BYTES + LARGE;
  const sink = Buffer.alloc(70_000);
  await until(() => {
    rest -= Math.max(receiveNow(setting.peer, sink, sink.length), 0);
    return rest === 0;
  }, 'all of the request');
  assert.is(result, -EAGAIN);
  setting.say(response(Buffer.from('xyz')));
  await until(() => result !== -EAGAIN, 'the answer');
  assert.is(result, 3);
  await setting.end();
});

requests('fail, dead, once the peer is gone', async () => {
  const setting = new Setting();
  setting.hangUp();
  assert.is(setting.communicator.send(MID, 0, 0), -EPIPE);
  assert.is(setting.communicator.dead, true);
  assert.is(setting.communicator.send(MID, 0, 0), -ECONNRESET);
  await setting.end();
});

requests('half sent fail when the peer goes', async () => {
  const setting = new Setting();
  setting.communicator.reserve(LARGE);
  assert.is(setting.communicator.send(MID, LARGE, 0), 0);
  setting.hangUp();
  assert.is(setting.communicator.receiveSync(), -EPIPE);
  assert.is(setting.communicator.dead, true);
  await setting.end();
});

requests.run();

const responses = suite('responses over the socket');

responses('come whole', async () => {
  const setting = new Setting();
  setting.request();
  assert.is(setting.communicator.receive(), -EAGAIN);
  setting.say(response(Buffer.from('answer')));
  assert.is(setting.communicator.receive(), 6);
  assert.is(setting.communicator.mid, MID);
  assert.is(setting.communicator.payload.bytes.toString('latin1', 0, 6), 'answer');
  await setting.end();
});

responses('come in any pieces, the header split anywhere', async () => {
  const setting = new Setting();
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 12 })),
      (bytes, sizes) => {
        setting.request();
        const message = response(bytes);
        for (let at = 0; at < message.length;) {
          assert.is(setting.communicator.receive(), -EAGAIN);
          const size = sizes.next().value as number;
          setting.say(message.subarray(at, at + size));
          at += size;
        }
        assert.is(setting.communicator.receive(), bytes.length);
        assert.equal([...setting.communicator.payload.bytes.subarray(0, bytes.length)], [...bytes]);
      },
    ),
    { numRuns: 100 },
  );
  await setting.end();
});

responses('come a byte at a time from a process, synchronously and not', async () => {
  const remote = await Remote.start('bytes');
  const text = 'one byte after the other';
  assert.is(remote.callSync(Buffer.from(text)), text.length);
  assert.is(remote.communicator.payload.bytes.toString('latin1', 0, text.length), text);
  assert.is(await remote.call(Buffer.from(text)), text.length);
  await remote.end();
});

responses('of 2 MiB cross the socket both ways', async () => {
  const remote = await Remote.start('echo');
  const payload = Buffer.alloc(LARGE, 'gVisor');
  for (const call of [() => remote.callSync(payload), () => remote.call(payload)]) {
    assert.is(await call(), LARGE);
    assert.is(payload.compare(remote.communicator.payload.bytes, 0, LARGE), 0);
  }
  await remote.end();
});

const full = response(Buffer.from('12345678'));
for (let size = 0; size < full.length; size++) {
  responses(`that end after byte ${size} fail, dead`, async () => {
    for (const how of ['receive', 'receiveSync'] as const) {
      const setting = new Setting();
      setting.request();
      if (size > 0) setting.say(full.subarray(0, size));
      setting.hangUp();
      assert.is(setting.communicator[how](), -ECONNRESET);
      assert.is(setting.communicator.dead, true);
      assert.is(setting.communicator.send(MID, 0, 0), -ECONNRESET);
      await setting.end();
    }
  });
}

responses('that were sent before a hang-up are taken', async () => {
  const setting = new Setting();
  setting.request();
  setting.say(full);
  setting.hangUp();
  assert.is(setting.communicator.receiveSync(), 8);
  assert.is(setting.communicator.dead, false);
  await setting.end();
});

responses('that are larger than the maximum are read to their end, and the next one is found', async () => {
  const setting = new Setting();
  setting.communicator.maxPayloadLen = 5000;
  const { capacity } = setting.communicator.payload;
  setting.request();
  setting.say(Buffer.concat([response(Buffer.alloc(5001, 'x')), full]));
  assert.is(setting.communicator.receiveSync(), -EMSGSIZE);
  assert.is(setting.communicator.dead, false);
  assert.is(setting.communicator.payload.capacity, capacity);
  setting.request();
  assert.is(setting.communicator.receiveSync(), 8);
  await setting.end();
});

for (const announced of [MAX + 1, 2 ** 31, 2 ** 32 - 1]) {
  responses(`that announce ${announced} bytes get no room, and are waited for`, async () => {
    const setting = new Setting();
    setting.request();
    setting.say(response(Buffer.alloc(100), announced));
    const { capacity } = setting.communicator.payload;
    assert.is(setting.communicator.receive(), -EAGAIN);
    assert.is(setting.communicator.payload.capacity, capacity);
    assert.is(pollFD(setting.communicator.fd, POLLIN, 0), 0, 'what came was read');
    setting.hangUp();
    assert.ok(setting.communicator.receive() < 0);
    assert.is(setting.communicator.dead, true);
    await setting.end();
  });
}

responses('may be as large as the server’s maximum', async () => {
  const setting = new Setting();
  setting.communicator.maxPayloadLen = 5000;
  setting.request();
  setting.say(response(Buffer.alloc(5000, 'x')));
  assert.is(setting.communicator.receiveSync(), 5000);
  setting.request();
  setting.say(response(Buffer.alloc(5001, 'x')));
  assert.is(setting.communicator.receiveSync(), -EMSGSIZE);
  await setting.end();
});

responses('are not waited for in vain on a descriptor that was made blocking again', async () => {
  const setting = new Setting();
  setting.request();
  fcntl(setting.communicator.fd, F_SETFL, 0);
  assert.is(setting.communicator.receive(), -EAGAIN);
  setting.communicator.reserve(LARGE);
  assert.is(setting.communicator.send(MID, LARGE, 0), 0);
  assert.is(setting.communicator.receive(), -EAGAIN);
  await setting.end();
});

responses('survive a byte out of band', async () => {
  const send = koffi.load(null).func('long send(int fd, void *bytes, size_t size, int flags)') as (
    fd: number,
    bytes: Uint8Array,
    size: number,
    flags: number,
  ) => number;
  const setting = new Setting();
  setting.request();
  setting.say(full.subarray(0, 5));
  // A kernel without it takes no such byte.
  send(setting.peer, Buffer.from('!'), 1, MSG_OOB);
  assert.is(setting.communicator.receive(), -EAGAIN);
  setting.say(full.subarray(5));
  let result = -EAGAIN;
  for (let i = 0; i < 10 && result === -EAGAIN; i++) result = setting.communicator.receive();
  assert.is(result, 8);
  assert.is(setting.communicator.payload.bytes.toString('latin1', 0, 8), '12345678');
  await setting.end();
});

responses.run();

const donations = suite('descriptors over the socket');

for (const [sent, wanted] of [
  [0, 2],
  [1, 1],
  [2, 1],
  [3, 3],
  [253, 255],
  [253, 0],
  [1, 255],
] as const) {
  donations(`${sent} on the first byte, ${wanted} wanted`, async () => {
    const setting = new Setting();
    setting.request(wanted);
    setting.sayWithFDs(full, sent);
    assert.is(setting.communicator.receive(), 8);
    const fds = setting.communicator.fds.splice(0);
    assert.is(fds.length, Math.min(sent, wanted));
    for (const fd of fds) assert.is(fcntl(fd, F_GETFD, 0), 1);
    closeAll(fds);
    await setting.end();
  });
}

for (let at = 1; at < full.length; at++) {
  donations(`on byte ${at} are not let in`, async () => {
    const setting = new Setting();
    setting.request(2);
    setting.say(full.subarray(0, at));
    setting.communicator.receive();
    setting.sayWithFDs(full.subarray(at), 2);
    assert.is(setting.communicator.receive(), 8);
    assert.equal(setting.communicator.fds, []);
    await setting.end();
  });
}

donations('on the first byte of a split header are kept, and those on its second are not', async () => {
  const setting = new Setting();
  setting.request(3);
  setting.sayWithFDs(full.subarray(0, 1), 2);
  assert.is(setting.communicator.receive(), -EAGAIN);
  assert.is(setting.communicator.fds.length, 2);
  setting.sayWithFDs(full.subarray(1), 3);
  assert.is(setting.communicator.receive(), 8);
  assert.is(setting.communicator.fds.splice(0).map(closeFD).length, 2);
  await setting.end();
});

donations('of a response that never ends are there to be closed', async () => {
  const setting = new Setting();
  setting.request(3);
  setting.sayWithFDs(full.subarray(0, 1), 3);
  setting.hangUp();
  assert.is(setting.communicator.receiveSync(), -ECONNRESET);
  assert.is(setting.communicator.fds.splice(0).map(closeFD).length, 3);
  await setting.end();
});

donations.run();

/** A communicator whose peer is a process. */
class Remote {
  private constructor(
    readonly communicator: SocketCommunicator,
    readonly program: Program,
    readonly before: ReturnType<typeof holdings>,
  ) {}

  static async start(how: string): Promise<Remote> {
    const before = holdings();
    const [ours, theirs] = pair(SOCK_STREAM);
    const program = new Program(PEER, [how], [theirs]);
    closeFD(theirs);
    await program.line();
    return new Remote(new SocketCommunicator(ours, 2 * LARGE, () => undefined), program, before);
  }

  #send(payload: Uint8Array): number {
    this.communicator.reserve(payload.length);
    this.communicator.payload.bytes.set(payload);
    return this.communicator.send(MID, payload.length, 0);
  }

  callSync(payload: Uint8Array): number {
    const result = this.#send(payload);
    return result < 0 ? result : this.communicator.receiveSync();
  }

  async call(payload: Uint8Array): Promise<number> {
    for (let result = this.#send(payload) || -EAGAIN; ; result = this.communicator.receive()) {
      if (result !== -EAGAIN) return result;
      await new Promise<void>((resolve) => this.communicator.watch(resolve));
    }
  }

  async end(): Promise<void> {
    this.communicator.destroy();
    await this.program.ended();
    assertNothingLeft(this.before);
  }
}

const remotes = suite('a peer in another process');

for (const how of ['die', 'half', 'deaf']) {
  for (const call of ['call', 'callSync'] as const) {
    remotes(`fails a ${call} when it has to ${how}`, async () => {
      const remote = await Remote.start(how);
      const size = how === 'deaf' ? LARGE : 1000;
      const result = await remote[call](Buffer.alloc(size));
      assert.ok(result === -ECONNRESET || result === -EPIPE, `${result}`);
      assert.is(remote.communicator.dead, true);
      await remote.end();
    });
  }
}

remotes('cannot make us read for ever', async () => {
  const remote = await Remote.start('endless');
  assert.is(remote.callSync(Buffer.alloc(8)), -EMSGSIZE);
  await remote.end();
});

remotes.run();

const hangUps = suite('the hang-up of the peer');

hangUps('is told once, to an idle communicator too', async () => {
  const setting = new Setting();
  setting.hangUp();
  await until(() => setting.hangUps > 0, 'the hang-up');
  for (let i = 0; i < 5; i++) await turn();
  assert.is(setting.hangUps, 1);
  await setting.end();
});

hangUps('is told when the peer sends no more, or leaves bytes that nobody asked for', async () => {
  for (const bytes of [0, 100]) {
    const setting = new Setting();
    if (bytes > 0) setting.say(Buffer.alloc(bytes));
    shutdown(setting.peer, SHUT_WR);
    await until(() => setting.hangUps > 0, 'the hang-up');
    await setting.end();
  }
});

hangUps('is told after the response that came before it', async () => {
  const setting = new Setting();
  const events: string[] = [];
  setting.request();
  setting.communicator.watch(() => events.push(`response ${setting.communicator.receive()}, ${setting.hangUps}`));
  setting.say(full);
  setting.hangUp();
  await until(() => setting.hangUps > 0, 'the hang-up');
  assert.equal(events, ['response 8, 0']);
  await setting.end();
});

hangUps('is not told to whoever destroys the communicator, nor is a response', async () => {
  const setting = new Setting();
  setting.request();
  setting.communicator.watch(() => assert.unreachable('called back'));
  setting.say(full);
  setting.hangUp();
  setting.communicator.destroy();
  for (let i = 0; i < 5; i++) await turn();
  assert.is(setting.hangUps, 0);
  await setting.end();
});

hangUps('leaves unasked bytes alone while there is none', async () => {
  const setting = new Setting();
  setting.say(full);
  for (let i = 0; i < 5; i++) await turn();
  assert.is(setting.hangUps, 0);
  await setting.end();
});

hangUps('and destruction end a synchronous wait', async () => {
  const setting = new Setting();
  setting.request();
  setting.communicator.destroy();
  assert.is(setting.communicator.receiveSync(), -ECONNRESET);
  assert.is(setting.communicator.fd, -1);
  await setting.end();
});

hangUps.run();
