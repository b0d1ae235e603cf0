import { readFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { closeFD } from '../../runtime/os/descriptor.js';
import { hasHungUp } from '../../runtime/os/poll.js';
import { SOCK_STREAM } from '../../runtime/os/socket.js';
import { CLIENT_ACTIVE, Endpoint, SERVER_ACTIVE, SHUT_DOWN } from '../../runtime/transport/endpoint.js';
import { PACKET_HEADER_BYTES } from '../../runtime/transport/packet-window.js';
import { CONN_STATE, ON_BELL, ON_WORD, SharedTurnWords } from '../../runtime/transport/turn-words.js';
import { hasOneCPU } from '../../runtime/transport/wait.js';
import { EAGAIN, ECONNRESET, EPROTO } from '../../runtime/wire/errno.js';
import { MAX_CONNECT_BYTES } from '../../runtime/wire/limits.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { Program } from '../peers/program.js';
import { honestMemfd, openWindow, pair, WINDOW_BYTES } from '../peers/scripted.js';
import { onEveryOccasion } from './ways.js';

const SLEEPER = new URL('./programs/sleeper.js', import.meta.url);
const PEER = new URL('./programs/flipcall-peer.js', import.meta.url);
const CAP = WINDOW_BYTES - PACKET_HEADER_BYTES;
const alive = (): boolean => true;

/** Both ends of one connection, each with a mapping of its own. */
class Both {
  readonly before = holdings();
  readonly client: Endpoint;
  readonly server: Endpoint;

  constructor() {
    const fd = honestMemfd();
    this.client = new Endpoint(openWindow(fd), 'client');
    this.server = new Endpoint(openWindow(fd), 'server');
    closeFD(fd);
  }

  get state(): number {
    return this.server.window.header[0]!;
  }
  set state(value: number) {
    this.server.window.header[0] = value;
  }
  set dataLen(value: number) {
    this.server.window.header[1] = value;
  }

  /** One turn to the server. */
  toServer(dataLen = 0): void {
    assert.is(this.client.send(dataLen), 0);
    assert.is(this.server.receive(), dataLen);
  }

  end(): void {
    this.client.window.destroy();
    this.server.window.destroy();
    assertNothingLeft(this.before);
  }
}

const turns = suite('handing over');

turns('goes both ways, with every size up to the whole datagram', () => {
  const both = new Both();
  assert.is(both.state, CLIENT_ACTIVE);
  for (const size of [0, 1, 2, 3, 4, CAP - 1, CAP]) {
    assert.is(both.client.send(size), 0);
    assert.is(both.state, SERVER_ACTIVE);
    assert.is(both.client.receive(), -EAGAIN);
    assert.is(both.server.receive(), size);
    assert.is(both.server.send(CAP - size), 0);
    assert.is(both.state, CLIENT_ACTIVE);
    assert.is(both.server.receive(), -EAGAIN);
    assert.is(both.client.receive(), CAP - size);
  }
  both.end();
});

turns('carries the bytes', () => {
  const both = new Both();
  both.client.window.datagram.bytes.fill(7);
  both.toServer(CAP);
  assert.ok(both.server.window.datagram.bytes.every((byte) => byte === 7));
  both.end();
});

turns('is refused to the end that has not the turn', () => {
  const both = new Both();
  assert.is(both.server.send(0), -ECONNRESET);
  both.toServer();
  assert.is(both.client.send(0), -ECONNRESET);
  both.end();
});

turns('names the word and the value to sleep on', () => {
  const both = new Both();
  assert.is(both.client.waitAddress, both.client.window.address);
  assert.is(both.client.waitValue, SERVER_ACTIVE);
  assert.is(both.server.waitValue, CLIENT_ACTIVE);
  both.end();
});

const SETTINGS = { bell: { ring: () => undefined }, elideWakes: true };

/** Makes two that agree to leave out wakes. */
function introduce(client: Endpoint, server: Endpoint): void {
  assert.is(client.sendConnect(), 0);
  assert.is(server.answerConnect(server.receive()), 0);
  assert.is(client.acceptConnect(client.receive()), 0);
}

/** Words that count how often somebody who waits looks at them, and on which so many sleep. */
class Watched extends SharedTurnWords {
  looks = 0;
  wakes = 0;
  sleepers = 1;
  override wake(): boolean {
    this.wakes++;
    return this.sleepers > 0;
  }
  override peek(word: number): number {
    if (word === CONN_STATE) this.looks++;
    return super.peek(word);
  }
}

/** And which a sleeper finds changed. */
class Answering extends Watched {
  onWait = (): void => undefined;
  override wait(): void {
    this.onWait();
  }
}

turns('gives way at once to a peer that had to be woken, and to no other', () => {
  const both = new Both();
  const { window } = both.client;
  const words = new Watched(window.header, window.address);
  const looksBefore: number[] = [];
  const giveWay = (): number => {
    looksBefore.push(words.looks);
    assert.is(both.server.send(8), 0);
    return 0;
  };
  const givingWay = onEveryOccasion(giveWay);
  const client = new Endpoint(window, 'client', { ...SETTINGS, words, givingWay });
  const server = new Endpoint(both.server.window, 'server', SETTINGS);
  introduce(client, server);
  assert.is(client.send(4), 0);
  assert.is(server.send(8), 0);
  assert.is(client.receiveSync(alive), 8);
  assert.equal(looksBefore, []);
  words.looks = 0;
  assert.ok(server.fallAsleep(ON_WORD));
  words.sleepers = 0;
  assert.is(client.send(4), 0);
  assert.is(server.send(8), 0);
  assert.is(client.receiveSync(alive), 8);
  assert.equal(looksBefore, [], 'it said so, but was awake for others');
  words.looks = 0;
  words.sleepers = 1;
  assert.ok(server.fallAsleep(ON_WORD));
  assert.is(client.send(4), 0);
  assert.is(client.receiveSync(alive), 8);
  assert.equal(looksBefore, [1]);
  assert.ok(server.fallAsleep(ON_WORD));
  assert.is(client.send(4), 0);
  server.awaken();
  assert.is(server.send(8), 0);
  assert.is(client.receiveSync(alive), 8);
  assert.is(looksBefore.length, 1, 'its answer was there');
  both.end();
});

turns('lets a peer go on that waits awake, and none that sleeps or that wakes always', () => {
  const both = new Both();
  let yields = 0;
  const givingWay = onEveryOccasion(() => ++yields);
  const client = new Endpoint(both.client.window, 'client', SETTINGS);
  const server = new Endpoint(both.server.window, 'server', { ...SETTINGS, givingWay });
  server.letPeerGoOn();
  assert.is(yields, 0, 'nothing was agreed upon');
  introduce(client, server);
  server.letPeerGoOn();
  assert.is(yields, 1);
  for (const how of [ON_WORD, ON_BELL] as const) {
    assert.is(client.send(4), 0);
    assert.ok(client.fallAsleep(how));
    server.letPeerGoOn();
    assert.is(yields, 1);
    assert.is(server.send(8), 0);
    client.awaken(3);
    assert.is(client.receive(), 8);
  }
  server.letPeerGoOn();
  assert.is(yields, 2);
  both.end();
});

for (const how of [ON_WORD, ON_BELL] as const) {
  turns(`tells the peer its cpu while it is awake, and that it sleeps ${how} otherwise`, () => {
    const both = new Both();
    const rung: string[] = [];
    const bell = { ring: () => void rung.push('rung') };
    const words = new Watched(both.client.window.header, both.client.window.address);
    const client = new Endpoint(both.client.window, 'client', { ...SETTINGS, words, bell });
    const server = new Endpoint(both.server.window, 'server', SETTINGS);
    assert.is(server.whereIsPeer(3), 'unknown');
    introduce(client, server);
    assert.is(client.whereIsPeer(3), 'unknown', 'it has told nothing');
    for (const cpu of [0, 3, 8191]) {
      server.tellCPU(cpu);
      assert.is(client.whereIsPeer(cpu), 'here');
      assert.is(client.whereIsPeer(cpu + 1), 'elsewhere');
      assert.is(client.whereIsPeer(-1), 'unknown');
      words.wakes = 0;
      rung.length = 0;
      assert.is(client.send(4), 0);
      assert.is(words.wakes + rung.length, 0, 'it is awake');
      assert.is(server.send(8), 0);
      assert.is(client.receive(), 8);
      assert.ok(server.fallAsleep(how));
      assert.is(client.whereIsPeer(cpu), 'unknown', 'who sleeps is on no cpu');
      assert.is(client.send(4), 0);
      assert.equal([words.wakes, rung.length], how === ON_WORD ? [1, 0] : [0, 1]);
      server.awaken(cpu + 1);
      assert.is(client.whereIsPeer(cpu), 'elsewhere');
      assert.is(server.send(8), 0);
      assert.is(client.receive(), 8);
    }
    server.tellCPU(-1);
    assert.is(client.whereIsPeer(3), 'unknown');
    both.end();
  });
}

turns('tells a peer that wakes always nothing, and believes nothing that it writes', () => {
  const both = new Both();
  both.client.tellCPU(3);
  both.client.awaken();
  assert.equal([...both.client.window.header.subarray(2, 4)], [0, 0]);
  both.client.window.header[3] = 4 << 8;
  assert.is(both.client.whereIsPeer(3), 'unknown');
  both.end();
});

/** Waits for an answer that comes at the first yield; gives after how many looks that was, or the limit. */
function looksUntilYield(where: number, here: number): number {
  const both = new Both();
  const words = new Watched(both.client.window.header, both.client.window.address);
  let looked = 0;
  const giveWay = (): number => {
    if (looked === 0) assert.is(both.server.send(8), 0);
    looked ||= words.looks;
    return 0;
  };
  const givingWay = onEveryOccasion(giveWay);
  const client = new Endpoint(both.client.window, 'client', { ...SETTINGS, words, givingWay, cpu: () => here });
  const server = new Endpoint(both.server.window, 'server', SETTINGS);
  introduce(client, server);
  server.tellCPU(where);
  assert.is(client.send(4), 0);
  assert.is(client.receiveSync(alive), 8);
  both.end();
  return looked;
}

(hasOneCPU() ? turns.skip : turns)('gives way late to a peer that is on another cpu', () => {
  const soon = looksUntilYield(1, 1);
  assert.is(looksUntilYield(-1, 1), soon);
  assert.is(looksUntilYield(1, -1), soon);
  assert.ok(looksUntilYield(0, 1) > 10 * soon);
});

(hasOneCPU() ? turns.skip : turns)('falls asleep at once where the peer needs this cpu and others have it', () => {
  const both = new Both();
  const words = new Answering(both.client.window.header, both.client.window.address);
  let yields = 0;
  const givingWay = onEveryOccasion(() => yields++, false);
  const client = new Endpoint(both.client.window, 'client', { ...SETTINGS, words, givingWay, cpu: () => 1 });
  const server = new Endpoint(both.server.window, 'server', SETTINGS);
  introduce(client, server);
  server.tellCPU(1);
  for (const looks of [80, 1]) {
    words.onWait = (): void => assert.is(server.send(8), 0);
    words.looks = 0;
    assert.is(client.send(4), 0);
    assert.is(client.receiveSync(alive), 8);
    assert.ok(words.looks <= looks + 1, `${words.looks} looks`);
  }
  assert.is(yields, 0);
  both.end();
});

turns.run();

const hostile = suite('a hostile peer');

/** Every u32 that matters: small ones, borders, and any. */
const u32 = fc.oneof(
  fc.nat(5),
  fc.constantFrom(CAP - 1, CAP, CAP + 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
);

hostile('writes any state: it is our turn, its turn, the end, or an error', () => {
  const both = new Both();
  assert.is(both.client.send(0), 0);
  fc.assert(
    fc.property(u32, (state) => {
      both.state = state;
      const expected = [0, -EAGAIN, -ECONNRESET][state] ?? -EPROTO;
      assert.is(both.client.receive(), expected);
      if (state !== SERVER_ACTIVE) assert.is(both.client.receiveSync(alive), expected);
    }),
    { numRuns: 1000, examples: [[0], [1], [2], [3], [2 ** 31], [2 ** 32 - 1]] },
  );
  both.end();
});

hostile('writes any state while we have the turn: sending fails and changes nothing', () => {
  const both = new Both();
  fc.assert(
    fc.property(u32, (state) => {
      both.state = state;
      assert.is(both.client.send(0), state === CLIENT_ACTIVE ? 0 : -ECONNRESET);
      assert.is(both.state >>> 0, state === CLIENT_ACTIVE ? SERVER_ACTIVE : state);
    }),
    { numRuns: 1000, examples: [[0], [1], [2], [3], [2 ** 31], [2 ** 32 - 1]] },
  );
  both.end();
});

hostile('writes any dataLen: within the datagram, or an error', () => {
  const both = new Both();
  both.toServer();
  fc.assert(
    fc.property(u32, (dataLen) => {
      both.dataLen = dataLen;
      both.state = CLIENT_ACTIVE;
      assert.is(both.client.receive(), dataLen <= CAP ? dataLen : -EPROTO);
      assert.is(both.client.receiveSync(alive), dataLen <= CAP ? dataLen : -EPROTO);
    }),
    { numRuns: 1000, examples: [[0], [CAP], [CAP + 1], [2 ** 31], [2 ** 32 - 1]] },
  );
  both.end();
});

hostile.run();

const handshake = suite('the connect handshake');

handshake('is an empty JSON object and a newline each way', () => {
  const both = new Both();
  assert.is(both.client.sendConnect(), 0);
  assert.is(both.server.receive(), 3);
  assert.is(both.server.window.datagram.bytes.toString('latin1', 0, 3), '{}\n');
  assert.is(both.server.sendConnect(), 0);
  assert.is(both.client.receive(), 3);
  assert.is(both.client.acceptConnect(3), 0);
  both.end();
});

const answers: [string, number][] = [
  ['{}', 0],
  ['{}\n', 0],
  [' {"wakes":false,"x":{"y":[1]}} \n', 0],
  [`{"x":"${'y'.repeat(MAX_CONNECT_BYTES - 8)}"}`, 0],
  [`{"x":"${'y'.repeat(MAX_CONNECT_BYTES - 7)}"}`, -EPROTO],
  ['{"__proto__":{"polluted":1}}', 0],
  ['', -EPROTO],
  ['\n', -EPROTO],
  ['{', -EPROTO],
  ['[]', -EPROTO],
  ['[{}]', -EPROTO],
  ['null', -EPROTO],
  ['1', -EPROTO],
  ['"{}"', -EPROTO],
  ['{}{}', -EPROTO],
  ['\0{}', -EPROTO],
  ['{"a":1', -EPROTO],
  ['['.repeat(MAX_CONNECT_BYTES), -EPROTO],
  ['{"a":'.repeat(800), -EPROTO],
  ['\xff\xfe', -EPROTO],
];

for (const [text, expected] of answers) {
  const shown = JSON.stringify(text.length > 40 ? `${text.slice(0, 20)}… (${text.length} bytes)` : text);
  handshake(`${expected === 0 ? 'takes' : 'refuses'} the answer ${shown}`, () => {
    const both = new Both();
    both.client.window.datagram.bytes.write(text, 'latin1');
    assert.is(both.client.acceptConnect(text.length), expected);
    assert.is((Object.prototype as { polluted?: unknown }).polluted, undefined);
    both.end();
  });
}

handshake('survives any answer', () => {
  const both = new Both();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
      both.client.window.datagram.bytes.set(bytes);
      const result = both.client.acceptConnect(bytes.length);
      assert.ok(result === 0 || result === -EPROTO);
    }),
    { numRuns: 300 },
  );
  both.end();
});

handshake.run();

const ends = suite('shutting down');

ends('is seen by the peer that has the turn when it gives it away', () => {
  const both = new Both();
  both.toServer();
  both.client.shutdown();
  assert.is(both.state, SHUT_DOWN);
  assert.is(both.server.send(0), -ECONNRESET);
  assert.is(both.server.receive(), -ECONNRESET);
  both.end();
});

ends('is seen by the peer that waits', () => {
  const both = new Both();
  both.client.shutdown();
  assert.is(both.server.receive(), -ECONNRESET);
  assert.is(both.server.receiveSync(alive), -ECONNRESET);
  both.end();
});

for (const step of ['before connecting', 'with the turn at the server', 'with the turn back'] as const) {
  for (const side of ['client', 'server'] as const) {
    ends(`by the ${side} ${step} leaves nothing to do for either`, () => {
      const both = new Both();
      if (step !== 'before connecting') both.toServer();
      if (step === 'with the turn back') assert.is(both.server.send(0), 0);
      both[side].shutdown();
      both[side].shutdown();
      for (const endpoint of [both.client, both.server]) {
        assert.is(endpoint.send(0), -ECONNRESET);
        assert.is(endpoint.receive(), -ECONNRESET);
        assert.is(endpoint.receiveSync(alive), -ECONNRESET);
      }
      both.end();
    });
  }
}

ends('holds locally whatever the peer writes afterwards', () => {
  const both = new Both();
  both.toServer();
  both.client.shutdown();
  for (const state of [CLIENT_ACTIVE, SERVER_ACTIVE, 77]) {
    both.state = state;
    assert.is(both.client.send(0), -ECONNRESET);
    assert.is(both.client.receive(), -ECONNRESET);
    assert.is(both.client.receiveSync(alive), -ECONNRESET);
  }
  both.client.shutdown();
  assert.is(both.state, 77, 'the second time does nothing');
  both.end();
});

ends('overwrites any state that the peer left', () => {
  const both = new Both();
  both.state = 0x7fff_ffff;
  both.client.shutdown();
  assert.is(both.state, SHUT_DOWN);
  both.end();
});

ends.run();

/** The client's end of a window whose server is a process that knows what to do. */
class Remote {
  readonly before = holdings();
  readonly endpoint: Endpoint;
  readonly program: Program;
  readonly socket: number;

  constructor(actions: readonly string[]) {
    const fd = honestMemfd();
    const [ours, theirs] = pair(SOCK_STREAM);
    this.endpoint = new Endpoint(openWindow(fd), 'client');
    this.program = new Program(PEER, actions, [fd, theirs]);
    this.socket = ours;
    closeFD(fd);
    closeFD(theirs);
  }

  /** One round trip that blocks this thread. */
  call(size: number): number {
    const sent = this.endpoint.send(size);
    return sent < 0 ? sent : this.endpoint.receiveSync(() => !hasHungUp(this.socket));
  }

  async end(): Promise<void> {
    this.endpoint.shutdown();
    await this.program.ended();
    this.endpoint.window.destroy();
    closeFD(this.socket);
    assertNothingLeft(this.before);
  }
}

const remote = suite('a peer in another process');

remote('answers, asleep or awake', async () => {
  const remotePeer = new Remote(Array.from({ length: 200 }, () => 'echo'));
  // The first call waits until the process has started, asleep; the others meet it as they may.
  for (let i = 0; i < 200; i++) {
    remotePeer.endpoint.window.datagram.bytes.fill(i, 0, 100);
    assert.is(remotePeer.call(100), 100);
    assert.is(remotePeer.endpoint.window.datagram.bytes[99], (i + 1) & 0xff);
  }
  await remotePeer.end();
});

remote('may wake us for nothing', async () => {
  const remotePeer = new Remote(['wake', 'wake', 'echo']);
  for (let i = 0; i < 3; i++) assert.is(remotePeer.call(8), 8);
  await remotePeer.end();
});

remote('is noticed when it dies with the turn in hand', async () => {
  const remotePeer = new Remote(['echo', 'die']);
  assert.is(remotePeer.call(4), 4);
  assert.is(remotePeer.call(4), -ECONNRESET);
  assert.is((await remotePeer.program.ended()).signal, 'SIGKILL');
  await remotePeer.end();
});

remote('leaves us the answer that it gave before it died', async () => {
  const remotePeer = new Remote(['answer+die']);
  assert.is(remotePeer.call(4), 4);
  await remotePeer.end();
});

remote('ends our wait by shutting down', async () => {
  const remotePeer = new Remote(['echo', 'shutdown']);
  assert.is(remotePeer.call(4), 4);
  assert.is(remotePeer.call(4), -ECONNRESET);
  await remotePeer.end();
});

for (const state of [3, 0xffff_ffff, 0x8000_0000]) {
  remote(`ends our wait by writing ${state}`, async () => {
    const remotePeer = new Remote([`state=${state}`]);
    assert.is(remotePeer.call(4), -EPROTO);
    await remotePeer.end();
  });
}

/** A window on whose connState a process sleeps: resolves once it does, as the kernel tells it. */
async function asleep(endpoint: Endpoint, memfd: number): Promise<Program> {
  const program = new Program(SLEEPER, [String(endpoint.window.header[0])], [memfd]);
  const address = await program.line();
  const sleeps = (): boolean => readFileSync(`/proc/${program.pid}/syscall`, 'latin1').split(' ')[1] === address;
  while (!sleeps()) await turn();
  return program;
}

const wakings: Record<string, (endpoint: Endpoint) => void> = {
  'the turn comes to it': (endpoint) => void endpoint.send(0),
  'we shut down': (endpoint) => endpoint.shutdown(),
};

for (const [what, wake] of Object.entries(wakings)) {
  remote(`is woken when ${what}`, async () => {
    const before = holdings();
    const memfd = honestMemfd();
    const endpoint = new Endpoint(openWindow(memfd), 'client');
    const program = await asleep(endpoint, memfd);
    wake(endpoint);
    assert.is(await program.line(), '0');
    await program.ended();
    endpoint.window.destroy();
    closeFD(memfd);
    assertNothingLeft(before);
  });
}

remote.run();
