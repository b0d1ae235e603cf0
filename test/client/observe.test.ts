/** What is told of calls: events of node:diagnostics_channel, counters, and the lines of LISAFS_TRACE. */

import { tracingChannel } from 'node:diagnostics_channel';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, FDID, MID, Statx, type CallEvent, type LISAFSClient, type RPCError } from '../../runtime/index.js';
import { serve, serveFS } from '../../runtime/server.js';
import { isObserved } from '../../runtime/session/observe.js';
import { traceTo } from '../../runtime/session/trace.js';
import { setNonBlocking } from '../../runtime/os/descriptor.js';
import { connectedPair } from '../../runtime/transport/dial.js';
import { waitersEnded } from '../../runtime/transport/waiter.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { Program } from '../peers/program.js';
import { ScriptedPeer, u32 } from '../peers/scripted.js';
import type { ScriptedWorkerData } from '../peers/scripted-worker.js';
import { memfs } from 'memfs';
import { Echo, type EchoHandlers, type SayResp } from '../../examples/echo/generated/echo/index.js';

const observing = suite('observing calls');
const fd = FDID(1);

/** Notes the events of a tracing channel; returns them and what ends that. */
function note(name: string): { events: [string, CallEvent][]; end: () => void } {
  const events: [string, CallEvent][] = [];
  const on = (what: string) => (event: CallEvent) => void events.push([what, event]);
  const subscribers = {
    start: on('start'),
    end: on('end'),
    asyncStart: on('asyncStart'),
    asyncEnd: on('asyncEnd'),
    error: on('error'),
  };
  const channel = tracingChannel<string, CallEvent>(name);
  channel.subscribe(subscribers);
  return { events, end: () => channel.unsubscribe(subscribers) };
}

/** A client of a peer in another thread that answers as an honest server does. */
async function withHonestServer(channels: number, body: (client: LISAFSClient) => void | Promise<void>): Promise<void> {
  const before = holdings();
  const [ours, theirs] = connectedPair();
  const data: ScriptedWorkerData = { fd: theirs, script: 'honest', grant: 2 };
  const worker = new Worker(new URL('../peers/scripted-worker.js', import.meta.url), { workerData: data });
  await once(worker, 'message');
  const exited = once(worker, 'exit');
  const client = await connect({ fd: ours, channels });
  await client.mount();
  try {
    await body(client);
  } finally {
    await client.disconnect();
    await exited;
  }
  assertNothingLeft(before);
}

observing('a call that blocks has a start and an end, with all that is known of it', async () => {
  await withHonestServer(1, (client) => {
    const { events, end } = note('lisafs:call');
    client.fstatSync({ fd });
    end();
    assert.equal(
      events.map(([what]) => what),
      ['start', 'end'],
    );
    const event = events[1]![1];
    assert.is(event, events[0]![1]);
    assert.is(event.protocol, 'LISAFS');
    assert.is(event.name, 'FStat');
    assert.is(event.mid, MID.FStat);
    assert.is(event.communicator, 'channel 0');
    assert.equal([event.requestBytes, event.responseBytes], [8, 144]);
    assert.ok(event.duration! >= 0);
    assert.is(event.errno, 0);
    assert.is(event.formatRequest(), '{fd=1}');
    client.fstatSync({ fd });
    assert.is(events.length, 2, 'nothing is told once nobody asks');
    assert.not(isObserved());
  });
});

observing('another call ends later, with its errno', async () => {
  const peer = new ScriptedPeer();
  const client = await connect({ fd: peer.clientFD, channels: 0 });
  await client.mount();
  peer.script = (request) => {
    if (request.mid === MID.FStat) request.reply(0, u32(2));
    return request.mid === MID.FStat || request.mid === MID.Connect;
  };
  const { events, end } = note('lisafs:call');
  await client.fstat({ fd }).catch(() => undefined);
  await client.connect({ fd, sockType: 1 }, { timeout: 2 }).catch(() => undefined);
  await client.flush({ fd }, { signal: AbortSignal.abort() }).catch(() => undefined);
  end();
  const told = events.filter(([what]) => what === 'asyncEnd').map(([, event]) => event);
  assert.equal(
    told.map(({ name, code, errno, communicator, requestBytes }) => [name, code, errno, communicator, requestBytes]),
    [
      ['FStat', 'ENOENT', 2, 'socket', 8],
      ['Connect', 'ETIMEDOUT', 110, 'socket', 16],
      ['Flush', 'ABORT_ERR', 0, undefined, 0],
    ],
  );
  assert.equal(
    events.slice(0, 5).map(([what]) => what),
    ['start', 'end', 'error', 'asyncStart', 'asyncEnd'],
  );
  await client.disconnect();
  peer.close();
});

/** Bytes of this thread's heap that a body takes, if no collection comes between. */
function heapOf(body: () => void): number {
  const before = process.memoryUsage().heapUsed;
  body();
  return process.memoryUsage().heapUsed - before;
}

observing('is free when nobody asks: the same call allocates nothing', async () => {
  await withHonestServer(1, (client) => {
    const CALLS = 2000;
    const [stat, req] = [new Statx(), { fd }];
    const call = (): void => {
      for (let i = 0; i < CALLS; i++) client.fstatSync(req, stat);
    };
    // Until V8 has compiled it all for speed, it allocates where it does not have to.
    const free = [heapOf(call)];
    while (free.length < 100 && !free.some((bytes) => bytes >= 0 && bytes < 8 * CALLS)) free.push(heapOf(call));
    const { end } = note('lisafs:call');
    const asked = Array.from({ length: 5 }, () => heapOf(call));
    end();
    const least = (bytes: number[]): number => Math.min(...bytes.filter((one) => one >= 0)) / CALLS;
    console.log(`    ${least(free).toFixed(1)} bytes a call unobserved, ${least(asked).toFixed(0)} observed`);
    assert.ok(least(free) < 16);
    assert.ok(least(asked) > 64, 'the measure is none');
  });
});

observing('a server tells of the requests that its handlers answer, at once or later', async () => {
  const { fs } = memfs({ '/a': 'text' });
  const [ours, theirs] = connectedPair();
  const { events, end } = note('lisafs:serve');
  await using server = await serve({ fd: theirs, root: serveFS(fs.promises) });
  await using client = await connect({ fd: ours, channels: 0 });
  const { root } = await client.mount();
  const missing = client.openAt({ fd: FDID(99), flags: 0 });
  await missing.catch(() => undefined);
  await client.walk({ dirFD: root.controlFD, path: ['a'] });
  end();
  const ended = events.filter(([what, { isSync }]) => what === (isSync ? 'end' : 'asyncEnd')).map(([, event]) => event);
  assert.equal(
    ended.map(({ name }) => name),
    ['Mount', 'OpenAt', 'Walk'],
  );
  assert.match(ended[2]!.formatRequest(), /path=\["a"\]/);
  assert.equal(
    ended.map(({ code }) => code),
    [undefined, 'EBADF', undefined],
  );
  await client.disconnect();
  await server.close();
});

observing('a server tells of failures as its client learns them, and the size of each answer', async () => {
  const [ours, theirs] = connectedPair();
  const bug = Object.assign(new Error('a bug'), { code: 'ERR_OF_NOBODY' });
  let answers: (() => unknown)[] = [];
  const { events, end } = note('lisafs:serve');
  const handlers: EchoHandlers = { say: () => answers.shift()!() as SayResp };
  await using server = await serve({ fd: theirs, protocol: Echo, handlers, onFault: () => undefined });
  await using client = await connect({ fd: ours, channels: 0, protocol: Echo });
  const sized = { text: 'four' };
  const fails = (error: unknown) => (): never => {
    throw error;
  };
  answers = [
    () => sized,
    () => Promise.resolve(sized),
    fails(bug),
    () => Promise.reject(bug),
    () => ({ text: 5 }),
    () => Promise.resolve({ text: 5 }),
    fails(Object.assign(new Error(), { errno: 2 })),
  ];
  while (answers.length > 0) await client.say({ text: '' }).catch(() => undefined);
  end();
  const ended = events.filter(([what, { isSync }]) => what === (isSync ? 'end' : 'asyncEnd')).map(([, event]) => event);
  assert.equal(
    ended.slice(1).map(({ isSync, errno, code, responseBytes }) => [isSync, errno, code, responseBytes]),
    [
      [true, 0, undefined, 6],
      [false, 0, undefined, 6],
      [true, 121, 'EREMOTEIO', 4],
      [false, 121, 'EREMOTEIO', 4],
      [true, 121, 'EREMOTEIO', 4],
      [false, 121, 'EREMOTEIO', 4],
      [true, 2, 'ENOENT', 4],
    ],
  );
  assert.is(events.filter(([what]) => what === 'error').length, 5);
  assert.ok(ended.every(({ duration }) => duration! >= 0));
  await client.disconnect();
  await server.close();
});

observing('a trace has a line for each call, as strace prints them', async () => {
  const peer = new ScriptedPeer();
  const client = await connect({ fd: peer.clientFD, channels: 0 });
  const lines: string[] = [];
  const end = traceTo((line) => void lines.push(line));
  await client.mount();
  peer.script = (request) => {
    if (request.mid === MID.FStat) request.reply(0, u32(2));
    return request.mid === MID.FStat;
  };
  await client.flush({ fd });
  await client.fstat({ fd }).catch(() => undefined);
  end();
  await client.flush({ fd });
  assert.is(lines.length, 3);
  assert.match(lines[0]!, /^\[\d+\] Mount\(\{\}\) = \{root=.*\} <\d\.\d{6} socket, 0 \+ \d+ bytes>\n$/);
  assert.match(lines[1]!, /^\[\d+\] Flush\(\{fd=1\}\) = \{\} <\d\.\d{6} socket, 8 \+ 0 bytes>\n$/);
  const failed =
    /^\[\d+\] FStat\(\{fd=1\}\) = -1 ENOENT \(no such file or directory\) <\d\.\d{6} socket, 8 \+ 4 bytes>\n$/;
  assert.match(lines[2]!, failed);
  await client.disconnect();
  peer.close();
});

for (const to of ['stderr', 'a file']) {
  observing(`LISAFS_TRACE writes the calls of clients and servers to ${to}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lisafs-trace-'));
    const file = join(folder, 'trace');
    process.env.LISAFS_TRACE = to === 'stderr' ? '1' : file;
    const program = new Program(new URL('./programs/traced.js', import.meta.url));
    delete process.env.LISAFS_TRACE;
    const { code, stderr } = await program.ended();
    assert.is(code, 0, stderr);
    const text = to === 'stderr' ? stderr : readFileSync(file, 'utf8');
    assert.match(text, /^\[\d+\] serve Mount\(/m);
    assert.match(text, /^\[\d+\] Walk\(\{dirFD=1, path=\["nothing"\]\}\) = \{status=1/m);
    if (to !== 'stderr') assert.is(stderr, '');
    rmSync(folder, { recursive: true });
  });
}

observing('LISAFS_TRACE waits for a pipe that is full, and ends where nobody reads it', async () => {
  for (const reads of [true, false]) {
    const [ours, theirs] = connectedPair();
    setNonBlocking(theirs);
    const program = spawn(process.execPath, [fileURLToPath(new URL('./programs/traced.js', import.meta.url)), '4000'], {
      env: { ...process.env, LISAFS_TRACE: '1' },
      stdio: ['ignore', 'ignore', theirs],
    });
    closeSync(theirs);
    const ended = once(program, 'exit');
    const reader = new Socket({ fd: ours, readable: true });
    if (!reads) reader.destroy();
    const heard = reads ? await text(reader) : '';
    assert.equal(await ended, [0, null], heard.slice(-500));
    if (reads) assert.is(heard.match(/ Walk\(.*>\n/gu)?.length, 2 * 4000, 'whole lines');
    if (!reader.closed) await once(reader, 'close');
  }
});

observing('counters count, by message and in all', async () => {
  const peer = new ScriptedPeer();
  const client = await connect({ fd: peer.clientFD, channels: 0 });
  await client.mount();
  peer.script = (request) => {
    if (request.mid === MID.FStat) request.reply(0, u32(2));
    return request.mid === MID.FStat || request.mid === MID.Connect;
  };
  await Promise.all(Array.from({ length: 10 }, () => client.flush({ fd })));
  await client.fstat({ fd }).catch((error: RPCError) => error);
  await client.connect({ fd, sockType: 1 }, { timeout: 2 }).catch((error: RPCError) => error);
  const { messages, ...all } = client.counters;
  assert.equal(messages.get(MID.Flush), { calls: 10, errors: 0, bytesSent: 80, bytesReceived: 0 });
  assert.equal(messages.get(MID.FStat), { calls: 1, errors: 1, bytesSent: 8, bytesReceived: 4 });
  assert.equal(messages.get(MID.Connect), { calls: 1, errors: 1, bytesSent: 16, bytesReceived: 0 });
  assert.is(messages.get(MID.Walk), undefined);
  assert.is(all.calls, 13);
  assert.is(all.errors, 2);
  assert.equal([all.queued, all.maxQueued], [0, 9]);
  await client.mount({ timeout: 1 }).catch(() => undefined);
  assert.is(client.counters.calls, 14, 'what was counted stays');
  await client.disconnect();
  await waitersEnded();
  peer.close();
});

observing.run();
