/** Synchronous calls to a server of the same thread, which would wait for ever; and to others, which do not. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { memfs } from 'memfs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, connectSync, type RPCError } from '../../runtime/index.js';
import { serve, serveFS } from '../../runtime/server.js';
import { closeFD } from '../../runtime/os/descriptor.js';
import { SOCK_STREAM } from '../../runtime/os/socket.js';
import { peerInode, socketInode } from '../../runtime/os/socket-peer.js';
import { waitersEnded } from '../../runtime/transport/waiter.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { pair } from '../peers/scripted.js';
import type { ScriptedWorkerData } from '../peers/scripted-worker.js';

const deadlock = suite('synchronous calls within one thread');

function assertDeadlock(call: () => unknown): void {
  assert.throws(call, (error: RPCError) => error.code === 'EDEADLK');
}

deadlock('the kernel says which socket is at the other end', () => {
  const [one, two] = pair(SOCK_STREAM);
  assert.is(peerInode(one), socketInode(two));
  assert.is(peerInode(two), socketInode(one));
  closeFD(two);
  assert.is(peerInode(one), 0);
  closeFD(one);
});

deadlock('are EDEADLK, over a pair and by path, before mount and after it', async () => {
  const before = holdings();
  const folder = mkdtempSync(join(tmpdir(), 'lisafs-deadlock-'));
  const listen = join(folder, 'socket');
  const server = await serve({ listen, root: serveFS(memfs({ '/a': '' }).fs.promises) });
  const [ours, theirs] = pair(SOCK_STREAM);
  server.add(theirs);
  const clients = [await connect({ fd: ours }), await connect({ path: listen })];
  const early = connectSync({ path: listen });
  // It waits in the backlog: the event loop has had no turn to accept it.
  assertDeadlock(() => early.mountSync());
  await early.disconnect();
  for (const client of clients) {
    assertDeadlock(() => client.mountSync());
    const { root } = await client.mount();
    assertDeadlock(() => client.fstatSync({ fd: root.controlFD }));
    assertDeadlock(() => client.sndRcvMessageSync(3, new Uint8Array(8)));
    assert.is((await client.fstat({ fd: root.controlFD })).nlink > 0, true);
    await client.disconnect();
    assert.throws(
      () => client.fstatSync({ fd: root.controlFD }),
      (error: RPCError) => error.code === 'EIO',
    );
  }
  await server.close();
  rmSync(folder, { recursive: true });
  await waitersEnded();
  assertNothingLeft(before);
});

deadlock('are EDEADLK where the kernel does not tell of sockets, by their names', () => {
  const program = fileURLToPath(new URL('./programs/own-thread.js', import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8', timeout: 60_000 });
  assert.is(stderr, '');
  assert.equal(stdout.trim().split('\n'), ['EDEADLK', 'EDEADLK', 'EDEADLK']);
});

deadlock('are answered by a server of another thread, whatever this one serves', async () => {
  const before = holdings();
  const [mine, myServer] = pair(SOCK_STREAM);
  const server = await serve({ fd: myServer, root: serveFS(memfs({ '/a': '' }).fs.promises) });
  const [ours, theirs] = pair(SOCK_STREAM);
  const data: ScriptedWorkerData = { fd: theirs, script: 'honest', grant: 2 };
  const worker = new Worker(new URL('../peers/scripted-worker.js', import.meta.url), { workerData: data });
  await once(worker, 'message');
  const exited = once(worker, 'exit');
  const client = connectSync({ fd: ours });
  const { root } = client.mountSync();
  for (let i = 0; i < 10; i++) client.fstatSync({ fd: root.controlFD });
  await client.disconnect();
  await exited;
  closeFD(mine);
  await server.closed;
  await waitersEnded();
  assertNothingLeft(before);
});

deadlock.run();
