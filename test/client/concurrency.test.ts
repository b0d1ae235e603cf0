/** Who gets which communicator, and what becomes of calls when the connection ends under them. */

import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, LISAFS2021, MID, type LISAFSClient, type RPCError } from '../peers/clients.js';
import { waitersEnded } from '../../runtime/transport/waiter.js';
import { assertNothingLeft, holdings, type Holdings } from '../peers/leaks.js';
import { mountResponse, ScriptedPeer, u32, WINDOW_BYTES, type Request } from '../peers/scripted.js';

const STATX = Buffer.alloc(144);
const FD = new Uint8Array(8);
const PATIENCE_MS = 5000;

interface Context {
  before: Holdings;
  peer: ScriptedPeer;
  client: LISAFSClient;
  /** FStat requests that the peer holds back, by the test's leave to be answered. */
  held: Request[];
}

const concurrency = suite<Context>('concurrency');

concurrency.before.each(async (context) => {
  context.before = holdings();
  context.peer = new ScriptedPeer();
  context.client = await connect({ fd: context.peer.clientFD, channels: 2 });
  await context.client.mount();
  context.held = [];
  context.peer.script = (request) => request.mid === MID.FStat && context.held.push(request) > 0;
});

concurrency.after.each(async ({ before, peer, client }) => {
  await client.disconnect();
  peer.close();
  await waitersEnded();
  assertNothingLeft(before);
});

/** Resolves once the peer has seen so many held requests. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => void setTimeout(resolve, 1));
}

function fstat(client: LISAFSClient): Promise<Uint8Array> {
  return client.sndRcvMessage(MID.FStat, FD);
}

/** The codes of the errors that these come to; 'ok' for those that do not. */
function outcomes(calls: Promise<unknown>[]): Promise<string[]> {
  return Promise.all(calls.map((call) => call.then(() => 'ok').catch((error: RPCError) => error.code)));
}

concurrency('with all channels busy the socket is used, and then calls wait their turn', async ({ client, held }) => {
  const started: number[] = [];
  const calls = Array.from({ length: 6 }, (_, i) => client.sndRcvMessage(MID.FStat, u32(i)));
  await until(() => held.length === 3);
  assert.equal(held.map(({ over }) => over).sort(), ['channel', 'channel', 'socket']);
  assert.equal(held.map(({ payload }) => payload.readUInt32LE()).sort(), [0, 1, 2]);
  for (let answered = 0; answered < 6; answered++) {
    await until(() => held.length > 0);
    const request = held.shift()!;
    started.push(request.payload.readUInt32LE());
    request.reply(MID.FStat, STATX);
    // The one that waits longest takes the communicator that this frees.
    if (answered < 3) await until(() => held.length === 3);
  }
  await Promise.all(calls);
  assert.equal(started.slice(3), [3, 4, 5]);
});

concurrency('the channel used last is used next', async ({ client, peer }) => {
  peer.script = () => false;
  peer.seen.length = 0;
  for (let i = 0; i < 5; i++) await fstat(client);
  assert.is(new Set(peer.seen.map(({ channel }) => channel)).size, 1);
  assert.ok(peer.seen.every(({ over }) => over === 'channel'));
});

concurrency('answers may come in any order', async ({ client, held }) => {
  const calls = [fstat(client), fstat(client), fstat(client)];
  await until(() => held.length === 3);
  for (const request of held.splice(0).toReversed()) request.reply(MID.FStat, STATX);
  assert.equal(await outcomes(calls), ['ok', 'ok', 'ok']);
});

concurrency(
  'a hang-up fails the calls on every communicator and those that wait for one',
  async ({ client, peer, held }) => {
    const calls = Array.from({ length: 20 }, () => fstat(client));
    await until(() => held.length === 3);
    peer.hangUp();
    assert.equal(await outcomes(calls), Array(20).fill('EIO'));
    assert.not(client.connected);
  },
);

concurrency('an answer that is there when the hang-up is seen is still taken', async ({ client, peer, held }) => {
  const calls = [fstat(client), fstat(client), fstat(client)];
  await until(() => held.length === 3);
  // The hang-up first, so that it is seen first; a channel still carries what is written to it.
  peer.hangUp();
  for (const request of held) if (request.over === 'channel') request.reply(MID.FStat, STATX);
  assert.equal((await outcomes(calls)).sort(), ['EIO', 'ok', 'ok']);
});

concurrency(
  'a call that takes the place of one that was answered at the end fails, too',
  async ({ client, peer, held }) => {
    const calls = Array.from({ length: 5 }, () => fstat(client));
    await until(() => held.length === 3);
    peer.hangUp();
    for (const request of held) if (request.over === 'channel') request.reply(MID.FStat, STATX);
    const late = new AbortController();
    const tooLate = delay(PATIENCE_MS, ['forgotten'], { signal: late.signal });
    const codes = await Promise.race([outcomes(calls), tooLate]);
    late.abort();
    await tooLate.catch(() => undefined);
    assert.equal(codes.sort(), ['EIO', 'EIO', 'EIO', 'ok', 'ok']);
  },
);

concurrency('disconnecting during calls fails them, and is done when it resolves', async ({ client, held }) => {
  const calls = Array.from({ length: 5 }, () => fstat(client));
  await until(() => held.length === 3);
  const codes = outcomes(calls);
  await client.disconnect();
  assert.equal(await codes, Array(5).fill('EIO'));
  assert.is(client.channels, 0);
});

concurrency('disconnecting twice, at once and again, is disconnecting', async ({ client }) => {
  await Promise.all([client.disconnect(), client.disconnect()]);
  client.disconnectSync();
  await client.disconnect();
  await client[Symbol.asyncDispose]();
  assert.not(client.connected);
  assert.equal(await outcomes([fstat(client)]), ['EIO']);
  assert.throws(
    () => client.sndRcvMessageSync(MID.FStat, FD),
    (error: RPCError) => error.code === 'EIO',
  );
});

concurrency('a channel that dies while others are busy is not used again', async ({ client, held }) => {
  const calls = [fstat(client), fstat(client), fstat(client)];
  await until(() => held.length === 3);
  const dying = held.find(({ over }) => over === 'channel')!;
  dying.channel!.destroy();
  // The peer's shutdown is seen by a thread that waits for it: gVisor wakes it by FUTEX_WAKE, as this peer's end does.
  for (const request of held.splice(0)) if (request !== dying) request.reply(MID.FStat, STATX);
  assert.equal((await outcomes(calls)).sort(), ['EIO', 'ok', 'ok']);
  assert.is(client.channels, 1);
  const more = [fstat(client), fstat(client), fstat(client)];
  await until(() => held.length === 2);
  for (let answered = 0; answered < 3; answered++) {
    await until(() => held.length > 0);
    held.shift()!.reply(MID.FStat, STATX);
  }
  assert.equal(await outcomes(more), ['ok', 'ok', 'ok']);
});

concurrency('a value that marshalling refuses fails its call alone', async ({ client, peer }) => {
  peer.script = () => false;
  const bad = Array.from({ length: 2000 }, () => client.openAt({ fd: 1 as never, flags: -1 }));
  const good = Array.from({ length: 20 }, () => fstat(client));
  for (const code of await outcomes(bad)) assert.is(code, 'EOPNOTSUPP');
  peer.supported = [1, 2, 3, 7];
  await client.mount();
  const refused = Array.from({ length: 2000 }, () => client.openAt({ fd: 1 as never, flags: -1 }));
  for (const code of await outcomes(refused)) assert.is(code, 'ERR_OUT_OF_RANGE');
  assert.equal(await outcomes(good), Array(20).fill('ok'));
});

concurrency('a channel that cannot be had leaves the client with the others', async ({ peer, client, held }) => {
  assert.is(client.channels, 2);
  peer.grant = 0;
  held.length = 0;
  const call = fstat(client);
  await until(() => held.length === 1);
  held[0]!.reply(MID.FStat, STATX);
  assert.is((await call).length, 144);
});

concurrency.run();

const granting = suite('channels granted');

/** Mounts on a peer that deals with Channel as `grant` says; returns how many channels came. */
async function channelsWith(answer: (request: Request, peer: ScriptedPeer) => void, wanted = 4): Promise<number> {
  const before = holdings();
  const peer = new ScriptedPeer();
  peer.grant = 4;
  peer.script = (request) => {
    if (request.mid !== MID.Channel) return false;
    answer(request, peer);
    return true;
  };
  const client = await connect({ fd: peer.clientFD, channels: wanted });
  await client.mount();
  const { channels } = client;
  assert.is((await fstat(client)).length, 144, 'the client works with what it got');
  await client.disconnect();
  peer.close();
  await waitersEnded();
  assertNothingLeft(before);
  return channels;
}

granting('all that were asked for', async () => {
  assert.is(await channelsWith((request, peer) => peer.openChannel(request)), 4);
  assert.is(await channelsWith((request, peer) => peer.openChannel(request), 1), 1);
});

granting('none, with ENOMEM, without descriptors, with one', async () => {
  assert.is(await channelsWith((request) => request.reply(0, u32(12))), 0);
  assert.is(await channelsWith((request) => request.reply(MID.Channel, Buffer.alloc(16))), 0);
});

granting('mounting twice at once opens no channel twice', async () => {
  const before = holdings();
  const peer = new ScriptedPeer();
  peer.grant = 4;
  const client = await connect({ fd: peer.clientFD, channels: 2 });
  await Promise.all([client.mount(), client.mount()]);
  await client.mount();
  assert.is(client.channels, 2);
  await client.disconnect();
  peer.close();
  await waitersEnded();
  assertNothingLeft(before);
});

granting('none whose window is not what is said of it, with a warning', async () => {
  const warned = once(process, 'warning');
  for (const said of [
    { offset: 1 },
    { offset: -4096 },
    { offset: 4096 },
    { length: 4095 },
    { length: 2 ** 40 },
    { length: 131072 },
  ]) {
    assert.is(await channelsWith((request, peer) => peer.openChannel(request, said)), 0, JSON.stringify(said));
  }
  const [warning] = (await warned) as [Error & { code?: string }];
  assert.is(warning.code, 'LISAFS_CHANNEL');
  assert.match(warning.message, /EINVAL.*not safe to use/);
});

granting('none whose window has no room for the largest message', async () => {
  const before = holdings();
  const peer = new ScriptedPeer();
  peer.script = (request) => {
    if (request.mid === MID.Mount) request.reply(MID.Mount, mountResponse(peer.supported, WINDOW_BYTES));
    return request.mid === MID.Mount;
  };
  const client = await connect({ fd: peer.clientFD, channels: 1 });
  await client.mount();
  assert.is(client.channels, 0);
  assert.is((await client.sndRcvMessage(MID.Flush, new Uint8Array(WINDOW_BYTES))).length, 0);
  await client.disconnect();
  peer.close();
  await waitersEnded();
  assertNothingLeft(before);
});

granting('none whose server does not answer on it, though it does on the socket', async () => {
  const silent = (request: Request, peer: ScriptedPeer): void => {
    peer.openChannel(request);
    peer.channels.at(-1)!.mute();
  };
  assert.is(await channelsWith(silent, 1), 0);
});

granting('some: the others fail one by one', async () => {
  let asked = 0;
  const grant = (request: Request, peer: ScriptedPeer): void =>
    asked++ % 2 === 0 ? peer.openChannel(request) : request.reply(0, u32(12));
  assert.is(await channelsWith(grant), 2);
});

granting('in the 2021 dialect all or none', async () => {
  const before = holdings();
  const peer = new ScriptedPeer();
  peer.supported = [1, 2];
  const client = await connect({ fd: peer.clientFD, channels: 4, protocol: LISAFS2021 });
  const error = await client.mount('/').catch((caught: RPCError) => caught);
  assert.is((error as RPCError).code, 'ENOMEM');
  assert.not(client.connected);
  peer.close();
  await waitersEnded();
  assertNothingLeft(before);
});

granting('a server that vanishes during the handshake fails the mount at once, not for ever', async () => {
  const before = holdings();
  const peer = new ScriptedPeer();
  const client = await connect({ fd: peer.clientFD, channels: 2 });
  peer.script = (request) => {
    if (request.mid !== MID.Channel) return false;
    peer.openChannel(request);
    // Nobody answers on the channel, and then nobody is there.
    peer.channels.at(-1)!.mute();
    setTimeout(() => peer.hangUp(), 5);
    return true;
  };
  const error = await client.mount().catch((caught: RPCError) => caught);
  assert.is((error as RPCError).code, 'EIO');
  assert.is(client.channels, 0);
  await client.disconnect();
  peer.close();
  await waitersEnded();
  assertNothingLeft(before);
});

granting.run();
