/**
 * Many clients, clients that vanish, and filesystems that answer later: nobody starves, nothing is left, order is
 * kept.
 */

import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, type FDID, type RPCError, Statx } from '../../runtime/index.js';
import { type Backend, type ControlFile, type Found, serve } from '../../runtime/server.js';
import { newDirectory, newPair } from '../interop/session.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { startServed, startServing } from './serving.js';

const test = suite('crowds');

function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

test('a client that vanishes with 10,000 FDs leaves nothing, and its neighbour goes on', async () => {
  const before = holdings();
  const path = newDirectory();
  const { gofer, fd } = startServing(path);
  const client = await connect({ fd });
  const { root } = await client.mount();
  const mkdir = { dirFD: root.controlFD, uid: 0, gid: 0, mode: 0o700, name: 'd' };
  await client.mkdirAt(mkdir);
  for (let i = 0; i < 10_000; i++) client.walkSync({ dirFD: root.controlFD, path: ['d'] });
  assert.ok(descriptorsOf(gofer.pid) > 10_000);
  await client.disconnect();
  assert.equal(await gofer.exited, { code: 0, signal: null });
  assertNothingLeft(before);
});

test('100 clients of one server are all served', async () => {
  const before = holdings();
  const path = `\0lisafs-crowd-${process.pid}`;
  const stat = Object.assign(new Statx(), { mode: 0o040755 });
  const server = await serve({ listen: path, root: { mount: () => ({ file: { stat: () => stat }, stat }) } });
  const clients = await Promise.all(Array.from({ length: 100 }, () => connect({ path, channels: 1 })));
  const rounds = clients.map(async (client) => {
    const { root } = await client.mount();
    for (let i = 0; i < 50; i++) await client.fstat({ fd: root.controlFD });
    return performance.now();
  });
  await Promise.all(rounds);
  assert.is(server.connectionCount, 100);
  await Promise.all(clients.map((client) => client.disconnect()));
  await server.close();
  assertNothingLeft(before);
});

/** A directory in which everything takes its time, and which notes who was in it at once. */
class SlowDirectory implements ControlFile {
  readonly stats = Object.assign(new Statx(), { mode: 0o040755 });
  inside = 0;
  readonly seen: string[] = [];

  async #enter<T>(what: string, result: T): Promise<T> {
    this.inside++;
    await sleep(5);
    this.seen.push(`${what} with ${this.inside - 1} others`);
    this.inside--;
    return result;
  }

  stat(): Promise<Statx> {
    return this.#enter('stat', this.stats);
  }

  mkdir(): Promise<Found> {
    return this.#enter('mkdir', { file: new SlowDirectory(), stat: this.stats });
  }

  rename(): Promise<void> {
    return this.#enter('rename', undefined);
  }

  async walk(): Promise<never> {
    throw Object.assign(new Error('not today'), { code: 'EACCES' });
  }

  async statFS(): Promise<never> {
    throw new Error('a bug');
  }
}

test('a filesystem that answers later has readers together, writers alone, and errors as errnos', async () => {
  const before = holdings();
  const directory = new SlowDirectory();
  const backend: Backend = { mount: async () => ({ file: directory, stat: directory.stats }) };
  const faults: string[] = [];
  const [fd, theirs] = newPair();
  const server = await serve({ fd: theirs, root: backend, channels: 4, onFault: (_error, name) => faults.push(name) });
  const client = await connect({ fd, channels: 4 });
  const { root } = await client.mount();
  const dir = root.controlFD;
  const make = { dirFD: dir, uid: 0, gid: 0, mode: 0o700 };
  await Promise.all([client.fstat({ fd: dir }), client.fstat({ fd: dir }), client.fstat({ fd: dir })]);
  assert.equal(directory.seen.splice(0), ['stat with 2 others', 'stat with 1 others', 'stat with 0 others']);
  const names = { oldDir: dir, newDir: dir, oldName: 'a', newName: 'b' };
  await Promise.all([
    client.mkdirAt({ ...make, name: 'x' }),
    client.fstat({ fd: dir }),
    client.mkdirAt({ ...make, name: 'y' }),
    client.renameAt(names),
  ]);
  assert.is(directory.seen.length, 4);
  assert.ok(
    directory.seen.every((each) => each.endsWith('with 0 others')),
    directory.seen.join(', '),
  );
  const failed = async (call: Promise<unknown>): Promise<string> =>
    ((await call.catch((error: unknown) => error)) as RPCError).code;
  assert.is(await failed(client.walk({ dirFD: dir, path: ['a'] })), 'EACCES');
  assert.is(await failed(client.fstatFS({ fd: dir })), 'EREMOTEIO');
  assert.equal(faults, ['FStatFS']);
  assert.is(await failed(client.symlinkAt({ ...make, name: 'l', target: 't' })), 'EOPNOTSUPP');
  await client.disconnect();
  await server.closed;
  assertNothingLeft(before);
});

test('a call in progress gets its answer when the server is closed, and its handler is told', async () => {
  const before = holdings();
  const [fd, theirs] = newPair();
  const stat = Object.assign(new Statx(), { mode: 0o040755 });
  const slow = async (): Promise<Statx> => {
    await sleep(50);
    return stat;
  };
  const server = await serve({ fd: theirs, root: { mount: () => ({ file: { stat: slow }, stat }) } });
  const client = await connect({ fd });
  const { root } = await client.mount();
  const answer = client.fstat({ fd: root.controlFD as FDID });
  await sleep(10);
  await server.close();
  assert.is((await answer).mode, 0o040755);
  await client.disconnect();
  assertNothingLeft(before);
});

test('a thousand rounds of opening and closing leave nothing', async () => {
  const before = holdings();
  const session = await startServed();
  const { client, root, gofer } = session;
  await client.mkdirAt({ dirFD: root, uid: 0, gid: 0, mode: 0o700, name: 'd' });
  let held = 0;
  for (let i = 0; i < 1000; i++) {
    const { inodes } = await client.walk({ dirFD: root, path: ['d'] });
    const { openFD } = await client.openAt({ fd: inodes[0]!.controlFD, flags: 0 });
    await client.close({ fds: [openFD, inodes[0]!.controlFD] });
    if (i === 0) held = descriptorsOf(gofer.pid);
  }
  assert.is(descriptorsOf(gofer.pid), held);
  await session.end();
  assertNothingLeft(before);
});

test.run();
