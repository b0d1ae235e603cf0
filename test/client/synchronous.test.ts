/** Synchronous calls among asynchronous ones, whose communicators they must not wait for in vain. */

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, FDID, MID, Statx, type RPCError } from '../../runtime/index.js';
import { SOCK_STREAM } from '../../runtime/os/socket.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { pair } from '../peers/scripted.js';
import type { ScriptedWorkerData } from '../peers/scripted-worker.js';

const synchronous = suite('synchronous calls');

for (const channels of [0, 1, 2]) {
  synchronous(`complete the asynchronous ones that hold every communicator (${channels} channels)`, async () => {
    const before = holdings();
    const [ours, theirs] = pair(SOCK_STREAM);
    const data: ScriptedWorkerData = { fd: theirs, script: 'honest', grant: 2 };
    const worker = new Worker(new URL('../peers/scripted-worker.js', import.meta.url), { workerData: data });
    await once(worker, 'message');
    const client = await connect({ fd: ours, channels });
    await client.mount();
    assert.is(client.channels, channels);

    const settled: number[] = [];
    const order = Array.from({ length: 20 }, (_, i) => client.flush({ fd: FDID(1) }).then(() => settled.push(i)));
    const stat = new Statx();
    for (let i = 0; i < 50; i++) assert.is(client.fstatSync({ fd: FDID(1) }, stat), stat);
    assert.equal(settled, [], 'promises settle after the synchronous code');
    await Promise.all(order);
    assert.is(settled.length, 20);
    assert.is(client.sndRcvMessageSync(MID.Flush, new Uint8Array(8)).length, 0);

    const exited = once(worker, 'exit');
    await client.disconnect();
    await exited;
    assertNothingLeft(before);
  });
}

synchronous('a hang-up fails the one that waits for a communicator, and all that wait behind it', async () => {
  const before = holdings();
  const [ours, theirs] = pair(SOCK_STREAM);
  const data: ScriptedWorkerData = { fd: theirs, script: 'silentThenGone', grant: 2 };
  const worker = new Worker(new URL('../peers/scripted-worker.js', import.meta.url), { workerData: data });
  await once(worker, 'message');
  const exited = once(worker, 'exit');
  const client = await connect({ fd: ours, channels: 2 });
  await client.mount();
  const codes = Promise.all(
    Array.from({ length: 10 }, () => client.fstat({ fd: FDID(1) }).catch((error: RPCError) => error.code)),
  );
  assert.throws(
    () => client.flushSync({ fd: FDID(1) }),
    (error: RPCError) => error.code === 'EIO',
  );
  assert.equal(await codes, Array(10).fill('EIO'));
  await client.disconnect();
  await exited;
  assertNothingLeft(before);
});

synchronous.run();
