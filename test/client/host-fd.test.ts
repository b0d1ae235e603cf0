/** The owner of a donated descriptor: every way out of it closes the descriptor once. */

import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  fstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { once } from 'node:events';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DonatedFD } from '../../runtime/transport/host-fd.js';
import { SOCK_STREAM } from '../../runtime/os/socket.js';
import type { RPCError } from '../../runtime/index.js';
import { fillTable } from '../peers/full-table.js';
import { assertNothingLeft, holdings, type Holdings } from '../peers/leaks.js';
import { pair } from '../peers/scripted.js';

interface Context {
  before: Holdings;
  directory: string;
  path: string;
}

const hostFD = suite<Context>('host FD');

hostFD.before.each((context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'lisafs-host-fd-'));
  context.path = join(context.directory, 'file');
  writeFileSync(context.path, 'some text');
  context.before = holdings();
});

hostFD.after.each(({ before, directory }) => {
  assertNothingLeft(before);
  rmSync(directory, { recursive: true });
});

function isOpen(fd: number): boolean {
  try {
    fstatSync(fd);
    return true;
  } catch {
    return false;
  }
}

hostFD('close closes, once', ({ path }) => {
  const donated = new DonatedFD(openSync(path, 'r'), 'OpenAt');
  const { fd } = donated;
  assert.ok(isOpen(fd));
  donated.close();
  assert.not(isOpen(fd));
  assert.is(donated.fd, -1);
  // The number is somebody else's now, and stays so.
  const other = openSync(path, 'r');
  assert.is(other, fd);
  donated.close();
  donated[Symbol.dispose]();
  assert.ok(isOpen(other));
  closeSync(other);
});

hostFD('release gives the descriptor away', ({ path }) => {
  const donated = new DonatedFD(openSync(path, 'r'), 'OpenAt');
  const fd = donated.release();
  donated.close();
  assert.ok(isOpen(fd));
  closeSync(fd);
  assert.throws(
    () => donated.release(),
    (error: RPCError) => error.code === 'EBADF',
  );
});

hostFD('a FileHandle is of the same open file, and owns it', async ({ path }) => {
  const fd = openSync(path, 'r+');
  readSync(fd, Buffer.alloc(5), 0, 5, null);
  const donated = new DonatedFD(fd, 'OpenAt');
  const handle = await donated.toFileHandle();
  assert.is(donated.fd, -1);
  assert.is(await handle.readFile('utf8'), 'text', 'the offset came along');
  await handle.write('more', 0);
  await handle.close();
  assert.is(readFileSync(path, 'utf8'), 'more text');
});

hostFD('streams own it', async ({ path }) => {
  assert.is(await text(new DonatedFD(openSync(path, 'r'), 'OpenAt').createReadStream({ start: 5 })), 'text');
  const written = new DonatedFD(openSync(path, 'r+'), 'OpenAt').createWriteStream({ start: 5 });
  written.end('word');
  await finished(written);
  if (!written.closed) await once(written, 'close');
  assert.is(readFileSync(path, 'utf8'), 'some word');
});

hostFD('a socket becomes a net.Socket', async () => {
  const [a, b] = pair(SOCK_STREAM);
  const left = new DonatedFD(a, 'Connect').toSocket();
  const right = new DonatedFD(b, 'Connect').toSocket();
  left.end('over and out');
  assert.is(await text(right), 'over and out');
  for (const socket of [left, right]) {
    socket.destroy();
    if (!socket.closed) await once(socket, 'close');
  }
});

hostFD('what cannot be made of it leaves it where it is', async ({ path }) => {
  const donated = new DonatedFD(openSync(path, 'r'), 'OpenAt');
  const { fd } = donated;
  assert.throws(() => donated.createReadStream({ start: -1 }), /ERR_OUT_OF_RANGE|"start"/);
  assert.throws(() => donated.createWriteStream({ start: 'x' as never }), /"start"/);
  assert.throws(() => donated.toSocket(), /ERR_INVALID_FD_TYPE|fd type/i);
  assert.is(donated.fd, fd);
  assert.ok(isOpen(fd));
  const full = fillTable();
  const error = await donated.toFileHandle().catch((thrown: RPCError) => thrown);
  full[Symbol.dispose]();
  assert.is((error as RPCError).code, 'EMFILE');
  assert.is(donated.fd, fd);
  donated.close();
  for (const use of ['createReadStream', 'createWriteStream', 'toSocket', 'release'] as const) {
    assert.throws(
      () => donated[use](),
      (thrown: RPCError) => thrown.code === 'EBADF',
    );
  }
});

hostFD('a pipe that does not block is read by a socket, and by no file', async ({ directory }) => {
  const fifo = join(directory, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const open = (): DonatedFD => new DonatedFD(openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK), 'OpenAt');
  const donated = open();
  for (const use of ['createReadStream', 'createWriteStream'] as const) {
    assert.throws(() => donated[use](), /EAGAIN.*use toSocket/);
  }
  const error = await donated.toFileHandle().catch((thrown: RPCError) => thrown);
  assert.is((error as RPCError).code, 'EAGAIN');
  const socket = donated.toSocket();
  const writer = open();
  const heard = once(socket, 'data') as Promise<[Buffer]>;
  writeSync(writer.fd, 'a word');
  assert.is(String((await heard)[0]), 'a word');
  writer.close();
  socket.destroy();
  if (!socket.closed) await once(socket, 'close');
});

hostFD('one that is dropped is closed, with a warning', async ({ path }) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const warned = once(process, 'warning') as Promise<[Error & { code?: string }]>;
  const fd = (() => new DonatedFD(openSync(path, 'r'), 'OpenAt').fd)();
  const timer = setInterval(collect, 5);
  const [warning] = await warned;
  clearInterval(timer);
  assert.is(warning.code, 'LISAFS_DROPPED_FD');
  assert.match(warning.message, /OpenAt/);
  assert.not(isOpen(fd));
});

hostFD.run();
