/**
 * Connecting, mounting and disconnecting again and again leaves everything as it was: 1,000 rounds with a server of
 * gVisor's that takes one connection after the other, since a gofer takes 30 to 100 ms to start and serves one only;
 * and some with both gofers, each with a gofer of its own.
 */

import { rmSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, connectSync } from '../../runtime/index.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { type GoServer, startGoServer } from './goserver.js';
import { needingRunsc } from './peers.js';
import { newDirectory, startSession } from './session.js';

const ROUNDS_COUNT = 1000;
const THREAD_ROUNDS_COUNT = 100;
const GOFER_ROUNDS_COUNT = 20;
/** So many rounds until the heap and the retired windows have their size. */
const WARM_UP_COUNT = 100;
/**
 * How much more memory may be resident after 1,000 rounds: the allocator's noise, seen up to 7 MiB on a busy machine. A
 * window that stays mapped shows among the mappings, and what is lost in the heap shows there.
 */
const TOLERANCE_BYTES = 16 * 1024 * 1024;
const HEAP_TOLERANCE_BYTES = 1024 * 1024;
/**
 * koffi loses 45 to 65 KiB for each thread that loads it and ends, whatever that thread does (koffi 3.3.4, Node 20).
 */
const THREAD_TOLERANCE_BYTES = 100 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

async function memory(): Promise<{ rss: number; heapUsed: number }> {
  // What finalizers free is free one turn later.
  for (let i = 0; i < 5; i++) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage();
}

type Round = (server: GoServer) => Promise<void>;

const asynchronous: Round = async (server) => {
  const client = await connect(server);
  const { root } = await client.mount();
  assert.is(client.channels, 2);
  assert.ok((await client.fstat({ fd: root.controlFD })).nlink > 0);
  await client.disconnect();
};

const synchronous: Round = async (server) => {
  const client = connectSync(server);
  const { root } = client.mountSync();
  assert.is(client.channels, 2);
  assert.ok(client.fstatSync({ fd: root.controlFD }).nlink > 0);
  await client.disconnect();
};

/** Fails if `count` rounds leave a descriptor, a mapping, a thread, or more memory than the tolerance. */
async function leaveNothing(server: GoServer, round: Round, count: number, tolerance: number): Promise<void> {
  for (let i = 0; i < WARM_UP_COUNT; i++) await round(server);
  const before = holdings();
  const start = await memory();
  const began = performance.now();
  for (let i = 0; i < count; i++) await round(server);
  const ms = (performance.now() - began) / count;
  assertNothingLeft(before);
  const { rss, heapUsed } = await memory();
  const kib = (bytes: number): string => `${Math.round(bytes / 1024)} KiB`;
  const resident = kib(rss - start.rss);
  const used = kib(heapUsed - start.heapUsed);
  console.log(`    ${count} rounds of ${ms.toFixed(1)} ms: ${resident} more resident, ${used} of it in the heap`);
  assert.ok(rss - start.rss < tolerance, `${resident} more are resident`);
  assert.ok(heapUsed - start.heapUsed < HEAP_TOLERANCE_BYTES, `${used} more are in the heap`);
}

const rounds = suite('rounds');

function testRounds(title: string, body: (server: GoServer) => Promise<void>): void {
  needingRunsc(rounds, 'current')(title, async () => {
    const before = holdings();
    const root = newDirectory();
    const server = await startGoServer(root);
    try {
      await body(server);
    } finally {
      await server.stop();
      rmSync(root, { recursive: true });
    }
    assertNothingLeft(before);
  });
}

testRounds(`${ROUNDS_COUNT} of connect, mount and disconnect leave nothing, synchronous`, (server) =>
  leaveNothing(server, synchronous, ROUNDS_COUNT, TOLERANCE_BYTES),
);

testRounds(`${ROUNDS_COUNT} of connect, mount and disconnect leave nothing, asynchronous`, async (server) => {
  // As long as one client has channels the waiting thread stays: this is about all the rest.
  await using stays = await connect(server);
  await stays.mount();
  await leaveNothing(server, asynchronous, ROUNDS_COUNT, TOLERANCE_BYTES);
});

testRounds(`${THREAD_ROUNDS_COUNT} with a waiting thread each, where one is needed, leave nothing`, (server) =>
  leaveNothing(server, asynchronous, THREAD_ROUNDS_COUNT, THREAD_ROUNDS_COUNT * THREAD_TOLERANCE_BYTES),
);

for (const kind of ['debian', 'current'] as const) {
  needingRunsc(rounds, kind)(`${GOFER_ROUNDS_COUNT} with a new gofer each leave nothing, ${kind}`, async () => {
    const before = holdings();
    const began = performance.now();
    for (let i = 0; i < GOFER_ROUNDS_COUNT; i++) {
      const session = await startSession({ runsc: kind, sync: i % 2 === 1 });
      await session.client.fstat({ fd: session.root });
      await session.client.disconnect();
      assert.equal(await session.gofer.exited, { code: 0, signal: null });
      await session.end();
    }
    console.log(`    ${kind}: ${((performance.now() - began) / GOFER_ROUNDS_COUNT).toFixed(1)} ms a round`);
    assertNothingLeft(before);
  });
}

rounds.run();
