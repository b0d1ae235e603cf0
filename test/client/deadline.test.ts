/** Calls that are ended before they are answered: by time, by a signal. And what then becomes of the answers. */

import { getEventListeners, once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CloseReq, FDID, unmarshalCloseReq } from '../../runtime/index.js';
import { connect, MID, type LISAFSClient, type RPCError } from '../peers/clients.js';
import { SOCK_STREAM } from '../../runtime/os/socket.js';
import { waitersEnded } from '../../runtime/transport/waiter.js';
import { Payload } from '../../runtime/wire/payload.js';
import { assertNothingLeft, holdings, type Holdings } from '../peers/leaks.js';
import { Program } from '../peers/program.js';
import { pair, ScriptedPeer, someFD, u32, type Request } from '../peers/scripted.js';
import type { ScriptName } from '../peers/scripts.js';
import type { ScriptedWorkerData } from '../peers/scripted-worker.js';

const STATX = Buffer.alloc(144);
const FD = new Uint8Array(8);
const fd = FDID(1);
const HOLDING: readonly number[] = [MID.FStat, MID.Connect, MID.OpenAt, MID.PRead];

interface Context {
  before: Holdings;
  peer: ScriptedPeer;
  client: LISAFSClient;
  /** Requests that the peer holds back, by the test's leave to be answered. */
  held: Request[];
}

const deadlines = suite<Context>('deadlines');

deadlines.before.each(async (context) => {
  context.before = holdings();
  context.peer = new ScriptedPeer();
  context.peer.supported = [1, 2, 3, 7, 9, 12, 20, 21];
  context.client = await connect({ fd: context.peer.clientFD, channels: 1 });
  await context.client.mount();
  context.held = [];
  context.peer.script = (request) => HOLDING.includes(request.mid) && context.held.push(request) > 0;
});

deadlines.after.each(async ({ before, peer, client }) => {
  await client.disconnect();
  peer.close();
  await waitersEnded();
  assertNothingLeft(before);
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => void setTimeout(resolve, 1));
}

/** The next request that the peer holds back, which may come after its call has been given up. */
async function next(held: Request[]): Promise<Request> {
  await until(() => held.length > 0);
  return held.shift()!;
}

/** Resolves once a call goes over the channel. */
async function untilChannel(client: LISAFSClient, peer: ScriptedPeer): Promise<void> {
  do await client.flush({ fd });
  while (peer.seen.at(-1)!.over !== 'channel');
}

function failed(call: Promise<unknown>): Promise<RPCError> {
  return call.then(
    () => assert.unreachable('the call succeeded') as never,
    (error: RPCError) => error,
  );
}

deadlines('time frees the caller, and the channel only when its answer has come', async ({ client, peer, held }) => {
  const error = await failed(client.fstat({ fd }, { timeout: 5 }));
  assert.is(error.code, 'ETIMEDOUT');
  assert.is(error.syscall, 'FStat');
  assert.match(error.message, 'no answer within 5 ms');
  const late = await next(held);
  assert.is(late.over, 'channel');
  for (let i = 0; i < 5; i++) await client.flush({ fd });
  assert.equal(
    peer.seen.slice(-5).map(({ over }) => over),
    Array(5).fill('socket'),
  );
  late.reply(MID.FStat, STATX);
  await untilChannel(client, peer);
  assert.is(client.channels, 1);
});

deadlines('so does a signal, with an AbortError as of node:fs', async ({ client, held }) => {
  const controller = new AbortController();
  const call = failed(client.fstat({ fd }, { signal: controller.signal }));
  await until(() => held.length === 1);
  const reason = new Error('enough');
  controller.abort(reason);
  const error = await call;
  assert.is(error.name, 'AbortError');
  assert.is(error.code, 'ABORT_ERR');
  assert.is(error.cause, reason);
  assert.is(getEventListeners(controller.signal, 'abort').length, 0);
});

deadlines('a signal that has fired keeps a call from being sent', async ({ client, peer }) => {
  const count = peer.seen.length;
  const error = await failed(client.flush({ fd }, { signal: AbortSignal.abort('no') }));
  assert.is(error.code, 'ABORT_ERR');
  assert.is(error.cause, 'no');
  assert.is(peer.seen.length, count);
});

deadlines('a call that is answered in time leaves no timer and no listener', async ({ client }) => {
  const { signal } = new AbortController();
  const warnings: Error[] = [];
  const note = (warning: Error): number => warnings.push(warning);
  process.on('warning', note);
  await Promise.all(Array.from({ length: 100 }, () => client.flush({ fd }, { signal, timeout: 60_000 })));
  await new Promise(setImmediate);
  process.off('warning', note);
  assert.equal(warnings, []);
  assert.is(getEventListeners(signal, 'abort').length, 0);
});

deadlines('one signal ends all the calls that it was given to, sent or waiting', async ({ client, held }) => {
  const controller = new AbortController();
  const calls = Array.from({ length: 40 }, () => failed(client.fstat({ fd }, { signal: controller.signal })));
  await until(() => held.length === 2);
  controller.abort();
  assert.equal(new Set((await Promise.all(calls)).map(({ code }) => code)), new Set(['ABORT_ERR']));
  assert.is(getEventListeners(controller.signal, 'abort').length, 0);
  for (const request of held.splice(0)) request.reply(MID.FStat, STATX);
});

deadlines('a call that waits leaves the line, and is never sent', async ({ client, peer, held }) => {
  const controller = new AbortController();
  const busy = [client.fstat({ fd }), client.fstat({ fd })];
  const aborted = failed(client.flush({ fd }, { signal: controller.signal }));
  const timed = failed(client.flush({ fd }, { timeout: 1 }));
  const patient = client.flush({ fd });
  assert.is((await timed).code, 'ETIMEDOUT');
  controller.abort();
  assert.is((await aborted).code, 'ABORT_ERR');
  await until(() => held.length === 2);
  for (const request of held.splice(0)) request.reply(MID.FStat, STATX);
  await Promise.all([...busy, patient]);
  assert.is(peer.seen.filter(({ mid }) => mid === MID.Flush).length, 1);
});

deadlines('descriptors that a late answer brings are closed', async ({ client, held }) => {
  const stub = failed(client.connect({ fd, sockType: 1 }, { timeout: 5 }));
  const fds = Int32Array.of(7);
  const raw = failed(client.sndRcvMessage(MID.Connect, FD, fds, { timeout: 5 }));
  assert.is((await stub).code, 'ETIMEDOUT');
  assert.is((await raw).code, 'ETIMEDOUT');
  await until(() => held.length === 2);
  for (const request of held.splice(0)) request.reply(MID.Connect, undefined, [someFD()]);
  // Once both communicators are free again, two calls can be in flight.
  const both = [client.fstat({ fd }), client.fstat({ fd })];
  await until(() => held.length === 2);
  for (const request of held.splice(0)) request.reply(MID.FStat, STATX);
  await Promise.all(both);
  assert.equal([...fds], [-1]);
});

deadlines('a late answer touches no object of the caller who has gone', async ({ client, peer, held }) => {
  const fds = Int32Array.of(5, 5);
  await failed(client.sndRcvMessage(MID.Connect, FD, fds, { timeout: 5 }));
  fds.fill(9);
  (await next(held)).reply(MID.Connect, undefined, [someFD(), someFD()]);
  await untilChannel(client, peer);
  assert.equal([...fds], [9, 9]);
});

deadlines('an FDID that a late answer has made is closed, by the protocol’s Close', async () => {
  const peer = new ScriptedPeer();
  peer.supported = [1, 2, 7, 9];
  const client = await connect({ fd: peer.clientFD, channels: 1 });
  await client.mount();
  const held: Request[] = [];
  peer.script = (request) => request.mid === MID.OpenAt && held.push(request) > 0;
  const error = await failed(client.openAt({ fd, flags: 0 }, { timeout: 5 }));
  assert.is(error.code, 'ETIMEDOUT');
  const openFD = Buffer.alloc(8);
  openFD.writeUInt32LE(4711, 0);
  (await next(held)).reply(MID.OpenAt, openFD, [someFD()]);
  await until(() => peer.seen.some(({ mid }) => mid === MID.Close));
  const { payload } = peer.seen.find(({ mid }) => mid === MID.Close)!;
  const req = new CloseReq();
  const copy = Payload.alloc(payload.length);
  copy.bytes.set(payload);
  assert.is(unmarshalCloseReq(copy, 0, payload.length, req), payload.length);
  assert.equal(req.fds, [4711]);
  await client.disconnect();
  peer.close();
});

deadlines(
  'a late error, a late wrong answer and a channel that dies late harm nobody',
  async ({ client, held, peer }) => {
    const lateAnswers: ((request: Request) => void)[] = [
      (request) => request.reply(0, u32(2)),
      (request) => request.reply(MID.Flush, undefined, [someFD()]),
      (request) => request.reply(MID.FStat, STATX.subarray(1)),
    ];
    for (const answer of lateAnswers) {
      await failed(client.fstat({ fd }, { timeout: 2 }));
      answer(await next(held));
      await client.flush({ fd });
    }
    assert.is(client.channels, 1);
    await untilChannel(client, peer);
    await failed(client.fstat({ fd }, { timeout: 2 }));
    (await next(held)).channel!.destroy();
    await until(() => client.channels === 0);
    await client.flush({ fd });
  },
);

deadlines('a server that dies while answers are outstanding ends the calls behind them', async ({ client, peer }) => {
  await failed(client.fstat({ fd }, { timeout: 2 }));
  await failed(client.fstat({ fd }, { timeout: 2 }));
  const waiting = [failed(client.flush({ fd })), failed(client.flush({ fd }, { timeout: 60_000 }))];
  peer.hangUp();
  assert.equal(
    (await Promise.all(waiting)).map(({ code }) => code),
    ['EIO', 'EIO'],
  );
});

deadlines('a call gets the communicator of one whose answer came late', async ({ client, held }) => {
  await failed(client.fstat({ fd }, { timeout: 2 }));
  await failed(client.fstat({ fd }, { timeout: 2 }));
  const waiting = [client.flush({ fd }), client.flush({ fd })];
  await until(() => held.length === 2);
  for (const request of held.splice(0)) request.reply(MID.FStat, STATX);
  await Promise.all(waiting);
});

deadlines('what is no timeout and no signal is refused, and nothing is sent', async ({ client, peer }) => {
  const count = peer.seen.length;
  for (const timeout of [-1, NaN, -Infinity]) {
    assert.is((await failed(client.flush({ fd }, { timeout }))).code, 'ERR_OUT_OF_RANGE');
    assert.throws(
      () => client.flushSync({ fd }, { timeout }),
      (error: RPCError) => error.code === 'ERR_OUT_OF_RANGE',
    );
  }
  const wrong = await failed(client.flush({ fd }, { timeout: '5' as unknown as number }));
  assert.is(wrong.code, 'ERR_INVALID_ARG_TYPE');
  const noSignal = await failed(client.flush({ fd }, { signal: {} as AbortSignal }));
  assert.is(noSignal.code, 'ERR_INVALID_ARG_TYPE');
  assert.is(peer.seen.length, count);
  await client.flush({ fd }, { timeout: Infinity });
  await client.flush({ fd }, { timeout: 1e12 });
});

deadlines.run();

const defaults = suite<Context>('default deadlines');

defaults('callTimeout is for calls that have none of their own', async () => {
  const before = holdings();
  const peer = new ScriptedPeer();
  const client = await connect({ fd: peer.clientFD, channels: 0, callTimeout: 5 });
  await client.mount();
  const held: Request[] = [];
  peer.script = (request) => request.mid === MID.FStat && held.push(request) > 0;
  assert.is((await failed(client.fstat({ fd }))).code, 'ETIMEDOUT');
  (await next(held)).reply(MID.FStat, STATX);
  const patient = client.fstat({ fd }, { timeout: Infinity });
  await new Promise((resolve) => void setTimeout(resolve, 15));
  (await next(held)).reply(MID.FStat, STATX);
  assert.is((await patient).size, 0n);
  await client.disconnect();
  peer.close();
  await waitersEnded();
  assertNothingLeft(before);
});

defaults('a server that never answers Mount is not waited for longer than the timeout', async () => {
  const before = holdings();
  const peer = new ScriptedPeer();
  peer.script = () => true;
  const client = await connect({ fd: peer.clientFD, timeout: 5 });
  const error = await failed(client.mount());
  assert.is(error.code, 'ETIMEDOUT');
  assert.is(error.syscall, 'Mount');
  assert.is((await failed(client.mount({ timeout: 1 }))).code, 'ETIMEDOUT');
  assert.throws(
    () => client.mountSync({ timeout: 1 }),
    (caught: RPCError) => caught.code === 'ETIMEDOUT',
  );
  await client.disconnect();
  peer.close();
  await waitersEnded();
  assertNothingLeft(before);
});

defaults.run();

const synchronous = suite('synchronous deadlines');

/** A mounted client whose server, in another thread, follows a script. */
async function withServer(
  script: ScriptName,
  channels: number,
  body: (client: LISAFSClient) => Promise<void>,
): Promise<void> {
  const before = holdings();
  const [ours, theirs] = pair(SOCK_STREAM);
  const data: ScriptedWorkerData = { fd: theirs, script, grant: 2 };
  const worker = new Worker(new URL('../peers/scripted-worker.js', import.meta.url), { workerData: data });
  await once(worker, 'message');
  const exited = once(worker, 'exit');
  const client = await connect({ fd: ours, channels });
  client.mountSync();
  try {
    await body(client);
  } finally {
    await client.disconnect();
    await exited;
  }
  assertNothingLeft(before);
}

/** Long after a deadline of a millisecond, and for the server time to answer. */
const BUSY_MS = 50;

for (const channels of [0, 1]) {
  synchronous(`an answer that came in time is one, however late it is looked at, ${channels} channels`, () =>
    withServer('honest', channels, async (client) => {
      const call = client.flush({ fd }, { timeout: 1 });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_MS);
      await call;
    }),
  );
}

function codeSync(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return (error as RPCError).code;
  }
  return 'ok';
}

for (const channels of [0, 1, 2]) {
  synchronous(`time ends one; its communicator is free once the answer is in (${channels} channels)`, async () => {
    await withServer('slow', channels, async (client) => {
      const began = performance.now();
      assert.is(
        codeSync(() => client.fstatSync({ fd }, undefined, { timeout: 10 })),
        'ETIMEDOUT',
      );
      assert.ok(performance.now() - began >= 10);
      // Every communicator in turn, then none is left but those whose answers come.
      for (let i = 0; i < channels; i++) client.flushSync({ fd });
      for (let i = 0; i <= channels + 1; i++) {
        codeSync(() => client.fstatSync({ fd }, undefined, { timeout: 5 }));
      }
      assert.is(
        codeSync(() => client.flushSync({ fd }, { timeout: 5000 })),
        'ok',
      );
      assert.is(client.fstatSync({ fd }).mask, 0x0707_0707, 'the answer is that to this call');
    });
  });

  synchronous(`descriptors that come late are closed (${channels} channels)`, async () => {
    await withServer('slowFD', channels, async (client) => {
      assert.is(
        codeSync(() => client.connectSync({ fd, sockType: 1 }, undefined, { timeout: 5 })),
        'ETIMEDOUT',
      );
      const fds = Int32Array.of(7);
      assert.is(
        codeSync(() => client.sndRcvMessageSync(MID.Connect, FD, fds, { timeout: 5 })),
        'ETIMEDOUT',
      );
      await new Promise((resolve) => void setTimeout(resolve, 100));
      for (let i = 0; i < 10; i++) client.flushSync({ fd });
      assert.equal([...fds], [-1]);
    });
  });
}

synchronous('time also ends the wait for a communicator', async () => {
  await withServer('silent', 1, async (client) => {
    const calls = [failed(client.fstat({ fd })), failed(client.fstat({ fd }))];
    assert.is(
      codeSync(() => client.flushSync({ fd }, { timeout: 5 })),
      'ETIMEDOUT',
    );
    await client.disconnect();
    assert.equal(
      (await Promise.all(calls)).map(({ code }) => code),
      ['EIO', 'EIO'],
    );
  });
});

synchronous('an answer in time is taken, whatever the deadline', async () => {
  await withServer('honest', 1, async (client) => {
    for (let i = 0; i < 200; i++) client.flushSync({ fd }, { timeout: 60_000 });
  });
});

synchronous('a process whose calls have all been given up ends by itself', async () => {
  const program = new Program(new URL('./programs/giving-up.js', import.meta.url));
  const { code, lines, stderr } = await program.ended();
  assert.is(code, 0, stderr);
  assert.equal(lines, ['ETIMEDOUT', 'ETIMEDOUT', 'the end']);
});

synchronous.run();
