/** That a thread that blocks neglects none of its clients, and does not run for nothing. */

import { once } from 'node:events';
import { readdirSync, readFileSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, FDID, type LISAFSClient } from '../../runtime/index.js';
import { serve, type RunningServer } from '../../runtime/server.js';
import { closeFD, duplicateFD } from '../../runtime/os/descriptor.js';
import { ControlWord, Dedication, longestBlockMS, Presence } from '../../runtime/transport/dedicated.js';
import { newPair } from '../interop/session.js';
import { Program } from '../peers/program.js';
import { LARGE_BYTES, LATER_MS } from './programs/dedicated.js';

const module = new URL('./programs/dedicated.js', import.meta.url);
/** A header of a Flush whose payload is yet to come. */
const REQUEST = Uint8Array.of(8, 0, 0, 0, 20, 0, 0, 0);
const CALLER = new URL('./programs/caller.js', import.meta.url);
/** Longer than any thread stays awake for a client. */
const ASLEEP_MS = 100;
const IDLE_MS = 400;
/** Without care most of them abort. */
const EXITS_COUNT = 6;

interface Setting {
  readonly server: RunningServer;
  readonly join: (channels: number) => Promise<LISAFSClient>;
}

async function withThread(workMs: number, body: (setting: Setting) => Promise<void>): Promise<void> {
  const [ours, theirs] = newPair();
  const server = await serve({ fd: theirs, module, moduleData: workMs, channels: 4, wait: 'lowest-latency' });
  const clients = [await connect({ fd: ours })];
  const join = async (channels: number): Promise<LISAFSClient> => {
    const [fd, peer] = newPair();
    server.add(peer);
    const client = await connect({ fd, channels });
    clients.push(client);
    await client.mount();
    return client;
  };
  try {
    await body({ server, join });
  } finally {
    await Promise.all(clients.map((client) => client.disconnect()));
    await server.close();
  }
}

async function timeOf(client: LISAFSClient): Promise<number> {
  const began = performance.now();
  await client.fsync({ fds: [] });
  return performance.now() - began;
}

/** The middle one of several, each at another moment of the thread's. */
async function usualTime(client: LISAFSClient): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 7; i++) {
    await delay(i);
    times.push(await timeOf(client));
  }
  return times.sort((a, b) => a - b)[3]!;
}

const dedicated = suite('a dedicated thread');

dedicated('has no restartable sequences, which the kernel would have to look after at each switch', () =>
  withThread(0, async ({ join }) => {
    const client = await join(1);
    assert.is((await client.fgetXattr({ fd: FDID(1), name: 'user.rseq', bufSize: 8 })).value, 'false');
  }),
);

dedicated('serves who was asleep beside one who calls without a pause', () =>
  withThread(0, async ({ server, join }) => {
    const rare = await join(1);
    const [fd, peer] = newPair();
    server.add(peer);
    const busy = new Worker(CALLER, { workerData: { fd, ms: 3000 } });
    const ended = once(busy, 'exit');
    await once(busy, 'message');
    await delay(ASLEEP_MS);
    const ms = await timeOf(rare);
    await ended;
    assert.ok(ms < 1000, `${ms} ms`);
  }),
);

dedicated('serves who was asleep beside work of its own', () =>
  withThread(2000, async ({ join }) => {
    const client = await join(1);
    await delay(ASLEEP_MS);
    const ms = await timeOf(client);
    assert.ok(ms < 1000, `${ms} ms`);
  }),
);

dedicated('serves more channels than a thread can sleep on', () =>
  withThread(0, async ({ join }) => {
    const clients: LISAFSClient[] = [];
    for (let i = 0; i < 40; i++) clients.push(await join(4));
    await delay(ASLEEP_MS);
    // Who is neglected is so each time; who was slow because others had the cpus is not.
    let slow = new Map(clients.map((client) => [client, 0]));
    for (let tries = 0; tries < 3 && slow.size > 0; tries++) {
      for (const client of slow.keys()) slow.set(client, await usualTime(client));
      slow = new Map([...slow].filter(([, ms]) => ms >= 10));
    }
    assert.equal([...slow.values()], []);
    await delay(ASLEEP_MS);
    const before = process.cpuUsage();
    await delay(IDLE_MS);
    const { user, system } = process.cpuUsage(before);
    assert.ok(user + system < IDLE_MS * 500, `${user + system} us of cpu time while nobody calls`);
  }),
);

dedicated('sends a large answer over the socket as fast as it is read', () =>
  withThread(0, async ({ join }) => {
    await join(1);
    const client = await join(0);
    const times: number[] = [];
    for (let i = 0; i < 9; i++) {
      await delay(ASLEEP_MS);
      const began = performance.now();
      await client.pread({ fd: FDID(1), count: LARGE_BYTES, offset: 0 });
      times.push(performance.now() - began);
    }
    const usual = times.sort((a, b) => a - b)[4]!;
    assert.ok(usual < 50, `${usual} ms`);
  }),
);

const THREADS = '/proc/self/task';
/** USER_HZ, in which the kernel tells all processes times, is 100 on every machine of ours. */
const MS_PER_TICK = 10;

/** The cpu time of a thread of this process, in milliseconds; 0 once it has ended. */
function cpuTimeOf(tid: string): number {
  try {
    // proc_pid_stat(5): what follows the name, which may have any character in it. The 14th and 15th fields.
    const fields = readFileSync(`${THREADS}/${tid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
  } catch {
    return 0;
  }
}

/** The cpu time of the threads that there are besides `others`, in milliseconds. */
function cpuTimeBesides(others: ReadonlySet<string>): number {
  return readdirSync(THREADS).reduce((sum, tid) => sum + (others.has(tid) ? 0 : cpuTimeOf(tid)), 0);
}

/**
 * The server's cpu time, in milliseconds, for having a client's call unanswered for a while after that client has hung
 * up or sent more. Undefined where the answer came before the end of that while, on a machine that is busy. `others`
 * are the threads that are not the server's: one collection of the garbage of all tests takes longer.
 */
async function timeAtRest(
  server: RunningServer,
  what: 'hangs up' | 'sends more',
  others: ReadonlySet<string>,
): Promise<number | undefined> {
  const [fd, peer] = newPair();
  const copy = duplicateFD(fd);
  server.add(peer);
  const client = await connect({ fd, channels: 0 });
  await client.mount();
  const later = client.flush({ fd: FDID(1) }).catch(() => undefined);
  await delay(ASLEEP_MS);
  const before = cpuTimeBesides(others);
  if (what === 'hangs up') await client.disconnect();
  else writeSync(copy, REQUEST);
  await delay(LATER_MS / 3);
  const ms = cpuTimeBesides(others) - before;
  const isAtRest = server.connectionCount > 1;
  await later;
  if (what === 'sends more') await delay(LATER_MS);
  closeFD(copy);
  return isAtRest ? ms : undefined;
}

for (const what of ['hangs up', 'sends more'] as const) {
  dedicated(`sleeps when a client ${what} before its call is answered`, () => {
    const others = new Set(readdirSync(THREADS));
    return withThread(0, async ({ server }) => {
      let ms = await timeAtRest(server, what, others);
      for (let tries = 1; ms === undefined && tries < 10; tries++) ms = await timeAtRest(server, what, others);
      assert.ok(ms !== undefined && ms < LATER_MS / 6, `${ms} ms`);
    });
  });
}

dedicated('blocks for long only where there is nothing else for it', () => {
  const alone = longestBlockMS(['MessagePort'], 0, 30_000);
  assert.ok(alone >= 1000);
  assert.is(longestBlockMS([], 0, 30_000), alone);
  assert.is(longestBlockMS(['MessagePort'], 1, 30_000), 4 * alone);
  assert.is(longestBlockMS(['MessagePort'], 2, 30_000), 30_000);
  assert.is(longestBlockMS(['MessagePort'], 1000, 30_000), 30_000);
  for (const active of [['MessagePort', 'MessagePort'], ['MessagePort', 'TCPSocketWrap'], ['FSReqCallback']]) {
    for (const quiet of [0, 10]) assert.is(longestBlockMS(active, quiet, 30_000), 500, active.join());
  }
  assert.is(longestBlockMS(['MessagePort', 'Timeout', 'TCPSocketWrap'], 10, 30_000), 50);
});

dedicated('keeps no process from exiting', async () => {
  const [ours, theirs] = newPair();
  const program = new Program(new URL('./programs/quits.js', import.meta.url), [], [theirs]);
  closeFD(theirs);
  assert.is(await program.line(), 'serving');
  const client = await connect({ fd: ours });
  await client.mount();
  await client.fsync({ fds: [] });
  // By then nothing has come for once, and the thread blocks for eight seconds.
  await delay(2500);
  const began = performance.now();
  program.say('quit');
  const { code, stderr } = await program.ended();
  const ms = performance.now() - began;
  await client.disconnect();
  assert.equal([code, stderr], [0, '']);
  assert.ok(ms < 2500, `${ms} ms`);
});

dedicated('ends with its process in peace, whatever comes for it then', async () => {
  const program = new URL('./programs/exits.js', import.meta.url);
  for (const how of ['hangs up', 'stays']) {
    for (let i = 0; i < EXITS_COUNT; i++) {
      const { code, lines, stderr } = await new Program(program, [how]).ended();
      assert.equal([code, lines, stderr], [0, ['EIO'], ''], how);
    }
  }
});

dedicated('is waited for by the exit while it is at work, and not for ever', () => {
  const control = new ControlWord();
  const presence = new Presence(control.address);
  control.waitUntilQuiet(Infinity);
  presence.begin();
  const until = performance.now() + 20;
  control.waitUntilQuiet(until);
  assert.ok(performance.now() >= until);
  presence.end();
  control.waitUntilQuiet(Infinity);
});

dedicated('never blocks again once it is released', () => {
  const control = new ControlWord();
  const thread = new Dedication(control.address, true);
  control.call();
  assert.ok(thread.isCalled && !thread.isReleased);
  thread.heed();
  assert.not.ok(thread.isCalled);
  control.release();
  control.call();
  assert.ok(thread.isCalled && thread.isReleased);
  thread.heed();
  assert.ok(thread.isReleased);
});

dedicated.run();
