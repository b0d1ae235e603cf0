/** The ways to a server: by path, by an inherited descriptor, by starting it; and what is said where there is none. */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { MessageChannel, Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, connectSync, type ConnectOptions, type LISAFSClient, RPCError } from '../../runtime/index.js';
import { closeFD } from '../../runtime/os/descriptor.js';
import * as libc from '../../runtime/os/libc.js';
import { acceptUnix, listenUnix, SOCK_SEQPACKET, SOCK_STREAM, socketPair } from '../../runtime/os/socket.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { startGofer, type Gofer } from './gofer.js';
import { startGoServer } from './goserver.js';
import { findRunsc, needingRunsc } from './peers.js';
import { goferOn, newDirectory, newPair } from './session.js';

const AF_UNIX = 1;

/** Runs `body` in a new directory; nothing may be left of it. */
async function inDirectory(body: (path: string) => Promise<void>): Promise<void> {
  const before = holdings();
  const path = newDirectory();
  try {
    await body(path);
  } finally {
    rmSync(path, { recursive: true });
  }
  assertNothingLeft(before);
}

async function mounts(client: LISAFSClient, path: string, face: Face): Promise<void> {
  writeFileSync(`${path}/file`, 'served');
  const { root } = face === 'synchronous' ? client.mountSync() : await client.mount();
  const req = { dirFD: root.controlFD, path: ['file'] };
  const { stats } = face === 'synchronous' ? client.walkStatSync(req) : await client.walkStat(req);
  assert.is(stats[0]!.size, 6n);
  assert.ok(client.connected && client.channels >= 2);
}

type Face = 'asynchronous' | 'synchronous';
const FACES: readonly Face[] = ['asynchronous', 'synchronous'];

async function connectBy(face: Face, options: ConnectOptions): Promise<LISAFSClient> {
  return face === 'synchronous' ? connectSync(options) : connect(options);
}

/** Fails unless the error has this code, or this message where it is none of the system's. */
async function fails(expected: string | RegExp, call: Promise<unknown>): Promise<Error> {
  const error = await call.then(
    () => assert.unreachable(`succeeds, instead of ${expected}`),
    (reason: Error & { code?: string }) => reason,
  );
  assert.instance(error, Error);
  if (typeof expected === 'string') assert.is((error as { code?: string }).code, expected, String(error));
  else assert.match(String(error), expected);
  return error as Error;
}

for (const kind of ['debian', 'current'] as const) {
  const ways = suite(`connect, ${kind}`);
  const test = needingRunsc(ways, kind);

  test('over an inherited descriptor', () =>
    inDirectory(async (path) => {
      writeFileSync(`${path}/file`, 'served');
      const { gofer, fd } = goferOn(path, { runsc: kind });
      const script = fileURLToPath(new URL('connect-child.js', import.meta.url));
      const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit', fd] });
      closeFD(fd);
      const closed = once(child, 'close');
      assert.match(await text(child.stdout!), /^[2-4] 6\n$/);
      assert.equal(await closed, [0, null]);
      assert.equal(await gofer.exited, { code: 0, signal: null });
    }));

  for (const face of FACES) {
    test(`over a descriptor of this process, ${face}`, () =>
      inDirectory(async (path) => {
        const { gofer, fd } = goferOn(path, { runsc: kind });
        const client = await connectBy(face, { fd });
        await mounts(client, path, face);
        await client.disconnect();
        await client.disconnect();
        assert.equal(await gofer.exited, { code: 0, signal: null });
      }));

    test(`to a server that a function starts, ${face}`, () =>
      inDirectory(async (path) => {
        let gofer: Gofer | undefined;
        const start = (socketFD: number): ChildProcess =>
          (gofer = startGofer({ runsc: kind, root: path, socketFD })).process;
        const client = await connectBy(face, { spawn: start });
        await mounts(client, path, face);
        await client.disconnect();
        assert.is(gofer!.process.exitCode, 0, 'disconnecting waits for the server to be gone');
        await gofer!.exited;
      }));

    test(`to a command's server, ${face}`, () =>
      inDirectory(async (path) => {
        const client = await connectBy(face, { spawn: command(kind, path), cwd: path });
        await mounts(client, join(path, 'root'), face);
        await client.disconnect();
      }));
  }

  test('to a listener that starts a gofer for whoever connects', () =>
    inDirectory(async (path) => {
      const socket = join(path, 'gofer.sock');
      const root = join(path, 'root');
      mkdirSync(root);
      const listener = listenUnix(socket, 5);
      assert.ok(listener >= 0);
      for (const face of FACES) {
        const client = await connectBy(face, { path: socket });
        const accepted = acceptUnix(listener);
        const gofer = startGofer({ runsc: kind, root, socketFD: accepted });
        closeFD(accepted);
        await mounts(client, root, face);
        await client.disconnect();
        await gofer.exited;
      }
      closeFD(listener);
    }));

  ways.run();
}

/** The command that starts a gofer with nothing but descriptor 3: a shell opens the other two. */
function command(kind: 'debian' | 'current', path: string): [string, ...string[]] {
  const root = join(path, 'root');
  mkdirSync(root);
  const config = {
    ociVersion: '1.0.2',
    process: { user: {}, args: ['x'], cwd: '/' },
    root: { path: root },
    mounts: [],
  };
  writeFileSync(join(path, 'config.json'), JSON.stringify(config));
  const flags = 'gofer --bundle=. --io-fds=3 --spec-fd=4 --mounts-fd=5';
  const today = '--rpc-fd=6 --gofer-mount-confs=lisafs:none connect-test 6</dev/null';
  const runsc = findRunsc(kind)!.path;
  const line = kind === 'debian' ? `"$0" ${flags}` : `"$0" --directfs=false ${flags} ${today}`;
  const script = `exec 4<config.json 5>mounts.json; exec unshare -m --propagation private ${line}`;
  return ['/bin/sh', '-c', script, runsc];
}

const paths = suite('connect to a path');
const testPath = needingRunsc(paths, 'current');

testPath('reaches a server, many clients at once', () =>
  inDirectory(async (path) => {
    const server = await startGoServer(path);
    const clients = await Promise.all(Array.from({ length: 8 }, () => connect(server)));
    for (const [i, client] of clients.entries()) await mounts(client, path, FACES[i % 2]!);
    await Promise.all(clients.map((client) => client.disconnect()));
    await server.stop();
  }),
);

testPath('reaches an abstract name', () =>
  inDirectory(async (path) => {
    const name = `\0lisafs-test-${process.pid}`;
    const listener = listenUnix(name, 5);
    assert.ok(listener >= 0);
    const client = await connect({ path: name });
    const accepted = acceptUnix(listener);
    const gofer = startGofer({ runsc: 'current', root: path, socketFD: accepted });
    closeFD(accepted);
    closeFD(listener);
    await mounts(client, path, 'asynchronous');
    await client.disconnect();
    await gofer.exited;
  }),
);

paths.run();

const refusals = suite('connect refuses');

for (const face of FACES) {
  refusals(`what is no server's path, ${face}`, () =>
    inDirectory(async (path) => {
      writeFileSync(join(path, 'file'), '');
      closeFD(listenUnix(join(path, 'silent'), 1));
      const cases = { gone: 'ENOENT', file: 'ECONNREFUSED', silent: 'ECONNREFUSED', '.': 'ECONNREFUSED' };
      for (const [name, code] of Object.entries(cases)) {
        const error = await fails(code, connectBy(face, { path: join(path, name) }));
        assert.instance(error, RPCError);
        assert.is((error as RPCError).syscall, 'connect');
        assert.ok(error.message.includes(path), error.message);
      }
      await fails('ERR_OUT_OF_RANGE', connectBy(face, { path: join(path, 'n'.repeat(200)) }));
      await fails('ENOTDIR', connectBy(face, { path: join(path, 'file/x') }));
    }),
  );

  refusals(`a listener whose backlog stays full, when the time is up, ${face}`, () =>
    inDirectory(async (path) => {
      const socket = join(path, 'full');
      const listener = listenUnix(socket, 0);
      const first = connectSync({ path: socket });
      const began = performance.now();
      const error = await fails('ETIMEDOUT', connectBy(face, { path: socket, timeout: 100 }));
      assert.ok(performance.now() - began >= 100);
      assert.match(error.message, /backlog is full/);
      await first.disconnect();
      closeFD(listener);
    }),
  );

  refusals(`a descriptor that is no connected Unix stream socket, and leaves it alone, ${face}`, () =>
    inDirectory(async (path) => {
      const file = openSync(join(path, 'file'), 'w');
      const listener = listenUnix(join(path, 'listener'), 1);
      const pair = socketPair(SOCK_SEQPACKET) as [number, number];
      await fails('ENOTSOCK', connectBy(face, { fd: file }));
      await fails('EBADF', connectBy(face, { fd: 9999 }));
      const single = libc.socket(AF_UNIX, SOCK_STREAM, 0);
      for (const fd of [listener, single, pair[0]]) await fails('EINVAL', connectBy(face, { fd }));
      for (const fd of [-1, 1.5, NaN]) await fails('ERR_INVALID_ARG_TYPE', connectBy(face, { fd }));
      closeSync(file);
      for (const fd of [listener, single, ...pair]) closeSync(fd);
    }),
  );

  refusals(`a descriptor that this thread uses already, ${face}`, () =>
    inDirectory(async (path) => {
      const [fd, theirs] = newPair();
      const client = await connectBy(face, { fd });
      await fails('EBUSY', connectBy(face, { fd }));
      await client.disconnect();
      closeSync(theirs);
      const listener = createServer().listen(join(path, 'socket'));
      await once(listener, 'listening');
      const socket = createConnection(join(path, 'socket'));
      const [accepted] = (await once(listener, 'connection')) as [Socket & { _handle: { fd: number } }];
      await fails('EBUSY', connectBy(face, { fd: accepted._handle.fd }));
      for (const one of [accepted, socket]) one.destroy();
      listener.close();
      await once(listener, 'close');
    }),
  );

  refusals(`a number of channels that cannot be, and leaves a given descriptor alone, ${face}`, () =>
    inDirectory(async (path) => {
      const socket = join(path, 'socket');
      const listener = listenUnix(socket, 5);
      for (const channels of [-1, 5, 1.5, NaN]) {
        const [fd, theirs] = newPair();
        await fails('ERR_OUT_OF_RANGE', connectBy(face, { fd, channels }));
        closeSync(fd);
        closeSync(theirs);
        await fails('ERR_OUT_OF_RANGE', connectBy(face, { path: socket, channels }));
        let child: ChildProcess | undefined;
        const start = (socketFD: number): ChildProcess =>
          (child = spawn('cat', { stdio: [socketFD, 'ignore', 'inherit'] }));
        await fails('ERR_OUT_OF_RANGE', connectBy(face, { spawn: start, channels }));
        // The hang-up ends it; a client's server keeps no process alive.
        child!.ref();
        if (child!.exitCode === null) await once(child!, 'exit');
      }
      closeSync(listener);
    }),
  );

  refusals(`no target at all, and more than one, ${face}`, () =>
    inDirectory(async () => {
      await fails('ERR_INVALID_ARG_TYPE', connectBy(face, {} as ConnectOptions));
      const two = { path: '/nowhere', fd: 9999 } as unknown as ConnectOptions;
      await fails('ERR_INVALID_ARG_TYPE', connectBy(face, two));
      await fails('ENOENT', connectBy(face, { path: '/nowhere', fd: undefined }));
    }),
  );
}

refusals('a command that does not exist', () =>
  inDirectory(async (path) => {
    await fails('ENOENT', connect({ spawn: [join(path, 'gone')] }));
    writeFileSync(join(path, 'file'), '');
    await fails('EACCES', connect({ spawn: [join(path, 'file')] }));
    const client = connectSync({ spawn: [join(path, 'gone')] });
    await fails('EIO', client.mount());
    await client.disconnect();
  }),
);

refusals('to go on when a command ends at once, and says how it ended', () =>
  inDirectory(async () => {
    const client = await connect({ spawn: ['/bin/sh', '-c', 'exit 3'] });
    const error = await fails('EIO', client.mount());
    assert.match((error.cause as Error).message, /exited with status 3/);
    await client.disconnect();
  }),
);

refusals('to wait any longer once the signal has come', () =>
  inDirectory(async (path) => {
    const socket = join(path, 'full');
    const listener = listenUnix(socket, 0);
    const first = connectSync({ path: socket });
    const abort = new AbortController();
    const waiting = connect({ path: socket, signal: abort.signal });
    setTimeout(() => abort.abort(), 20);
    await fails(/AbortError/, waiting);
    await fails(/AbortError/, connect({ path: socket, signal: AbortSignal.abort() }));
    await first.disconnect();
    closeFD(listener);
  }),
);

refusals('to be sent to another thread', () =>
  inDirectory(async () => {
    const [fd, theirs] = newPair();
    const client = await connect({ fd });
    const told = /belongs to the main thread and cannot be sent to another/;
    assert.throws(() => structuredClone(client), told);
    const { port1, port2 } = new MessageChannel();
    assert.throws(() => port1.postMessage({ client }), told);
    assert.throws(() => new Worker('', { eval: true, workerData: client }), told);
    port1.close();
    port2.close();
    await sleep(20);
    assert.ok(client.connected, 'it goes on where it belongs');
    await client.disconnect();
    closeFD(theirs);
  }),
);

refusals.run();
