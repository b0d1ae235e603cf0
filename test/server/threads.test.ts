/** Servers that serve in threads of their own. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, FDID, LISAFSServer, Statx, type LISAFSClient, type RPCError } from '../../runtime/index.js';
import { closeFD } from '../../runtime/os/descriptor.js';
import { hasHungUp } from '../../runtime/os/poll.js';
import { ServerThread } from '../../runtime/session/server-thread.js';
import { localDirectoryModule, serve, type RunningServer, type ServeModule } from '../../runtime/server.js';
import { newPair } from '../interop/session.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { AT_ONCE, DIES, FAILS, LATER } from './programs/threaded.js';

const module = new URL('./programs/threaded.js', import.meta.url);

interface Setting {
  readonly server: RunningServer;
  /** One more client, mounted. */
  readonly join: (channels?: number) => Promise<LISAFSClient>;
}

/** Runs `body` with a server, and fails if anything of it stays behind. */
async function withThreads(what: Partial<ServeModule>, body: (setting: Setting) => Promise<void>): Promise<void> {
  const before = holdings();
  const [ours, theirs] = newPair();
  const server = await serve({ fd: theirs, module, ...what });
  server.closed.catch(() => undefined);
  const clients = [await connect({ fd: ours })];
  await clients[0]!.mount();
  const join = async (channels?: number): Promise<LISAFSClient> => {
    const [fd, peer] = newPair();
    server.add(peer);
    const client = await connect({ fd, ...(channels !== undefined && { channels }) });
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
  assertNothingLeft(before);
}

/** The errno's name that a call fails with. */
async function codeOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => 'no error',
    (error: unknown) => Reflect.get(error as object, 'code'),
  );
}

async function rejects(promise: Promise<unknown>, message: RegExp): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.match(String(error), message);
}

const threads = suite('servers with threads');

threads('answer at once, later and with failures, over channels and over the socket, at the same time', () =>
  withThreads({}, async ({ join }) => {
    for (const channels of [0, 1, 2]) {
      const client = await join(channels);
      const flush = (fd: number): Promise<void> => client.flush({ fd: FDID(fd) });
      for (let i = 0; i < 20; i++) {
        const later = flush(LATER);
        await flush(AT_ONCE);
        assert.is(await codeOf(flush(FAILS)), 'ENOENT');
        await client.fsync({ fds: [] });
        if (channels > 0) assert.is(client.fsyncSync({ fds: [] }), undefined);
        await later;
      }
      await Promise.all(Array.from({ length: 50 }, (_, i) => flush(i % 2 === 0 ? LATER : AT_ONCE)));
    }
  }),
);

threads('serve a synchronous client of the same process', () =>
  withThreads({}, async ({ join }) => {
    const client = await join();
    for (let i = 0; i < 1000; i++) client.fsyncSync({ fds: [] });
    const plain = await join(0);
    for (let i = 0; i < 20; i++) plain.fsyncSync({ fds: [] });
  }),
);

threads('share their connections, each thread with variables of its own', () =>
  withThreads({ threads: 3 }, async ({ server, join }) => {
    const clients = await Promise.all(Array.from({ length: 5 }, () => join()));
    assert.is(server.connectionCount, 6);
    const answers = await Promise.all(clients.map((client) => client.fstatFS({ fd: FDID(1) })));
    assert.is(new Set(answers.map(({ type }) => type)).size, 3);
    assert.equal(
      answers.map(({ blocks }) => Number(blocks)).sort((a, b) => a - b),
      [1, 1, 1, 2, 2],
    );
  }),
);

threads('notice clients that hang up', () =>
  withThreads({}, async ({ server, join }) => {
    for (let i = 0; i < 20; i++) {
      const client = await join(i % 3);
      await client.disconnect();
    }
    while (server.connectionCount > 1) await new Promise((resolve) => setTimeout(resolve, 1));
  }),
);

threads('finish calls in progress when they are closed', () =>
  withThreads({}, async ({ server, join }) => {
    const client = await join();
    const later = client.flush({ fd: FDID(LATER) });
    await client.fsync({ fds: [] });
    await server.close();
    await later;
    assert.is(await codeOf(client.fsync({ fds: [] })), 'EIO');
  }),
);

threads('that die hang up on their clients, and say what they died of', () =>
  withThreads({ threads: 2 }, async ({ server, join }) => {
    const clients = await Promise.all([join(), join()]);
    await codeOf(clients[0]!.flush({ fd: FDID(DIES) }));
    await rejects(server.closed, /EIO/);
    // The other threads end with it.
    await server.close();
    for (const client of clients) assert.is(await codeOf(client.fsync({ fds: [] })), 'EIO');
  }),
);

threads('take nobody any more once they are closed, and leave the descriptor to its owner', async () => {
  const before = holdings();
  for (const what of [{ module }, { protocol: LISAFSServer, handlers: {} }]) {
    const [one, two] = newPair();
    const server = await serve({ fd: two, ...what });
    const closing = server.close();
    const [ours, theirs] = newPair();
    for (let i = 0; i < 2; i++) {
      assert.throws(
        () => server.add(theirs),
        (error: RPCError) => error.code === 'ESHUTDOWN',
      );
      await closing;
    }
    for (const fd of [one, ours, theirs]) closeFD(fd);
  }
  assertNothingLeft(before);
});

threads('that are gone hang up on those who come', async () => {
  const before = holdings();
  const data = { module: module.href, data: undefined, settings: {} };
  const thread = new ServerThread(data);
  await thread.ready;
  const [early, earlyPeer] = newPair();
  const served = thread.serve(earlyPeer);
  await thread.close();
  await served;
  const [late, latePeer] = newPair();
  await thread.serve(latePeer);
  for (const fd of [early, late]) {
    assert.ok(hasHungUp(fd));
    closeFD(fd);
  }
  assertNothingLeft(before);
});

threads('end with the one client of a given descriptor', async () => {
  const before = holdings();
  const [ours, theirs] = newPair();
  const server = await serve({ fd: theirs, module });
  const client = await connect({ fd: ours });
  await client.mount();
  await client.disconnect();
  await server.closed;
  assertNothingLeft(before);
});

threads('serve a directory', async () => {
  const path = mkdtempSync(join(tmpdir(), 'lisafs-threads-'));
  writeFileSync(join(path, 'file'), 'content');
  await withThreads({ ...localDirectoryModule(path, { readOnly: true }) }, async ({ join: add }) => {
    const client = await add();
    assert.is(await client.fs.readFile('/file', 'utf8'), 'content');
    assert.is(await codeOf(client.fs.writeFile('/file', 'other')), 'EROFS');
    const { inodes } = await client.walk({ dirFD: (await client.mount()).root.controlFD, path: ['file'] });
    const stat = new Statx();
    client.fstatSync({ fd: inodes[0]!.controlFD }, stat);
    assert.is(stat.sizeNumber, 7);
  });
  rmSync(path, { recursive: true });
});

for (const [what, options, message] of [
  ['a module that throws', { module, moduleData: 'refuse' }, /this module serves nobody/],
  ['a module that is not there', { module: './there-is-none.js' }, /there-is-none/],
  ['a module that exports nothing to serve', { module: new URL('data:text/javascript,export default 7') }, /default/],
  ['no module', { module: '' }, /module/],
  ['no thread', { module, threads: 0 }, /threads/],
  ['functions', { module, onFault: () => undefined }, /onFault/],
] as const) {
  threads(`refuse ${what}, and leave the descriptor to its owner`, async () => {
    const before = holdings();
    const [ours, theirs] = newPair();
    await rejects(serve({ fd: theirs, ...options }), message);
    const server = await serve({ fd: theirs, module });
    const client = await connect({ fd: ours });
    await client.mount();
    await client.disconnect();
    await server.closed;
    assertNothingLeft(before);
  });
}

threads.run();
