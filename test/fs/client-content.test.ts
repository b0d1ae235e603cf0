/**
 * Content by client.fs: big files, positions, appending, streams with backpressure, aborting, and what is left behind.
 */

import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { clientFS } from '../../runtime/fs/client-fs.js';
import { HangUp } from '../../runtime/index.js';
import { needingRunsc } from '../interop/peers.js';
import { withSession } from '../interop/session.js';
import { withFS, type Content, type Stage } from './client-stage.js';

const MIB = 1024 * 1024;

const content = suite('client.fs: content');

function test(name: string, body: (stage: Stage, how: Content) => Promise<void>): void {
  for (const kind of ['debian', 'current'] as const) {
    for (const how of ['donated', 'undonated'] as const) {
      needingRunsc(content, kind)(`${kind}, ${how}: ${name}`, () => withFS(kind, how, (stage) => body(stage, how)));
    }
  }
}

async function codeOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
    return 'no error';
  } catch (error) {
    return (error as { code: unknown }).code;
  }
}

function digest(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

test('a file of 20 MiB goes there and back', async ({ fs, path }) => {
  const data = randomBytes(20 * MIB + 17);
  await fs.writeFile('big', data);
  assert.is(digest(readFileSync(join(path, 'big'))), digest(data));
  assert.is(digest(await fs.readFile('big')), digest(data));
  await fs.copyFile('big', 'copy');
  assert.is(digest(readFileSync(join(path, 'copy'))), digest(data));
});

test('a handle tells its descriptor where one was donated', async ({ fs }, how) => {
  const handle = await fs.open('x', 'w+');
  assert.is(handle.fd >= 0, how === 'donated');
  await handle.close();
  assert.is(handle.fd, -1);
  await handle.close();
  assert.is(await codeOf(handle.read()), 'EBADF');
});

test('positions beyond 4 GiB are held exactly', async ({ fs, path }) => {
  const handle = await fs.open('sparse', 'w+');
  const far = 2 ** 33 + 5;
  await handle.write(Buffer.from('far'), 0, 3, far);
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(10), 0, 10, far - 2);
  assert.equal([bytesRead, buffer.toString('latin1', 0, 5)], [5, '\0\0far']);
  await handle.truncate(far);
  assert.is((await handle.stat({ bigint: true })).size, BigInt(far));
  await handle.close();
  assert.is(statSync(join(path, 'sparse')).size, far);
  assert.is(await codeOf(fs.readFile('sparse')), 'ERR_FS_FILE_TOO_LARGE');
});

test('appending goes to wherever the end is by now', async ({ fs, path }) => {
  await fs.writeFile('log', '1');
  const handle = await fs.open('log', 'a+');
  await handle.write('2');
  appendFileSync(join(path, 'log'), '3');
  await handle.write(Buffer.from('4'), 0, 1, 0);
  await Promise.all([handle.appendFile('5'), handle.appendFile('5')]);
  await handle.close();
  assert.is(readFileSync(join(path, 'log'), 'utf8'), '123455');
});

test('calls at the file position are done in order', async ({ fs }) => {
  await fs.writeFile('numbers', Array.from({ length: 100 }, (_, i) => String.fromCharCode(i)).join(''));
  const handle = await fs.open('numbers');
  // A thread pool of four gives node:fs no order either; each byte must come once.
  const reads = await Promise.all(Array.from({ length: 100 }, () => handle.read(Buffer.alloc(1), 0, 1)));
  assert.equal(
    reads.map(({ buffer }) => buffer[0]).sort((a, b) => a! - b!),
    Array.from({ length: 100 }, (_, i) => i),
  );
  await handle.close();
});

test('close waits for what is in progress', async ({ fs, path }) => {
  const handle = await fs.open('slow', 'w');
  const data = randomBytes(4 * MIB);
  const writing = handle.writeFile(data);
  const closing = handle.close();
  await Promise.all([writing, closing]);
  assert.is(digest(readFileSync(join(path, 'slow'))), digest(data));
});

test('a program that was written can be executed at once', async ({ fs, path }) => {
  const run = (): string => execFileSync(join(path, 'program'), { encoding: 'utf8' });
  for (let i = 0; i < 10; i++) {
    await fs.writeFile('program', `#!/bin/sh\necho ${i}\n`, { mode: 0o755 });
    assert.is(run(), `${i}\n`);
    await fs.utimes('program', 1, 1);
    assert.is(run(), `${i}\n`);
    const handle = await fs.open('program');
    await handle.utimes(2, 2);
    await handle.close();
    assert.is(run(), `${i}\n`);
  }
});

test('writeFile takes whatever node:fs takes', async ({ fs }) => {
  async function* pieces(): AsyncGenerator<string> {
    yield 'a';
    yield 'b';
  }
  for (const [data, text] of [
    [pieces(), 'ab'],
    [Readable.from(['c', 'd']), 'cd'],
    [['e', 'f'], 'ef'],
    [new Uint16Array([0x6867]), 'gh'],
    [new DataView(Buffer.from('ij').buffer, Buffer.from('ij').byteOffset, 0), ''],
  ] as const) {
    await fs.writeFile('data', data as unknown as string);
    assert.is(await fs.readFile('data', 'utf8'), text);
  }
  for (const data of [7, {}, null, undefined]) {
    assert.is(await codeOf(fs.writeFile('data', data as unknown as string)), 'ERR_INVALID_ARG_TYPE');
  }
});

test('a reader that is slow holds the stream back', async ({ fs }) => {
  await fs.writeFile('big', randomBytes(4 * MIB));
  const stream = fs.createReadStream('big', { highWaterMark: 64 * 1024 });
  await once(stream, 'readable');
  await sleep(50);
  assert.ok(stream.bytesRead <= 128 * 1024, `${stream.bytesRead} bytes were read for nobody`);
  stream.destroy();
  await once(stream, 'close');
});

test('a pipeline through both streams keeps every byte', async ({ fs, path }) => {
  const data = randomBytes(3 * MIB + 1);
  writeFileSync(join(path, 'from'), data);
  const slow = new Transform({
    transform(chunk, _, done) {
      setImmediate(done, null, chunk);
    },
  });
  const target = fs.createWriteStream('to', { highWaterMark: 1000 });
  await pipeline(fs.createReadStream('from', { start: 1 }), slow, target);
  assert.is(target.bytesWritten, data.length - 1);
  assert.is(digest(readFileSync(join(path, 'to'))), digest(data.subarray(1)));
});

test('lines, web streams and streams of a handle', async ({ fs }) => {
  await fs.writeFile('text', 'one\ntwo\r\nthree');
  const lines: string[] = [];
  for await (const line of (await fs.open('text')).readLines()) lines.push(line);
  assert.equal(lines, ['one', 'two', 'three']);
  const handle = await fs.open('text');
  const pieces: Uint8Array[] = [];
  for await (const piece of handle.readableWebStream()) pieces.push(piece as Uint8Array);
  assert.is(Buffer.concat(pieces).toString(), 'one\ntwo\r\nthree');
  await handle.close();
  const written = (await fs.open('out', 'w')).createWriteStream();
  written.end('through a handle');
  await once(written, 'close');
  assert.is(await fs.readFile('out', 'utf8'), 'through a handle');
});

test('a signal aborts reading, writing and streams', async ({ fs }) => {
  await fs.writeFile('big', Buffer.alloc(8 * MIB));
  const early = AbortSignal.abort('why');
  assert.is(await codeOf(fs.readFile('big', { signal: early })), 'ABORT_ERR');
  assert.is(await codeOf(fs.writeFile('other', 'x', { signal: early })), 'ABORT_ERR');
  assert.is(await codeOf(fs.stat('other')), 'ENOENT');
  for (const start of [
    (signal: AbortSignal) => fs.readFile('big', { signal }),
    (signal: AbortSignal) => fs.writeFile('other', Buffer.alloc(64 * MIB), { signal }),
    (signal: AbortSignal) =>
      pipeline(fs.createReadStream('big', { signal, highWaterMark: 10 }), async (pieces: AsyncIterable<unknown>) => {
        for await (const _ of pieces);
      }),
  ]) {
    const controller = new AbortController();
    const work = start(controller.signal);
    controller.abort(new Error('enough'));
    assert.is(await codeOf(work), 'ABORT_ERR');
  }
});

test('an open that fails ends the stream with its error', async ({ fs }) => {
  const [error] = (await once(fs.createReadStream('/none/here'), 'error')) as [NodeJS.ErrnoException];
  assert.equal([error.code, error.syscall, error.path], ['ENOENT', 'open', '/none/here']);
});

test('umask, modes and set-ID bits are as node:fs would make them', async ({ fs }) => {
  const before = process.umask(0o027);
  try {
    await fs.writeFile('file', '', { mode: 0o666 });
    await fs.mkdir('dir');
    await (await fs.open('ids', 'wx', 0o6755)).close();
  } finally {
    process.umask(before);
  }
  const mode = async (name: string): Promise<number> => (await fs.stat(name)).mode & 0o7777;
  assert.equal([await mode('file'), await mode('dir'), await mode('ids')], [0o640, 0o750, 0o6750]);
});

test('files of a process that is not root are its own, and its group unless the directory passes another on', async ({
  fs,
  path,
}) => {
  await fs.mkdir('shared');
  await fs.chown('shared', 0, 77);
  await fs.chmod('shared', 0o2777);
  process.setegid!(1001);
  process.seteuid!(1001);
  try {
    await fs.writeFile('mine', '');
    await fs.mkdir('mydir');
    await fs.symlink('mine', 'mylink');
    await fs.writeFile('shared/ours', '');
    await fs.mkdir('shared/below');
  } finally {
    process.seteuid!(0);
    process.setegid!(0);
  }
  for (const name of ['mine', 'mydir']) {
    const { uid, gid } = statSync(join(path, name));
    assert.equal([uid, gid], [1001, 1001], name);
  }
  assert.is((await fs.lstat('mylink')).uid, 1001);
  for (const name of ['shared/ours', 'shared/below']) {
    const { uid, gid } = statSync(join(path, name));
    assert.equal([uid, gid], [1001, 77], name);
  }
});

test('a hundred calls at once, failing and not, leave nothing behind', async ({ fs }) => {
  await fs.mkdir('d');
  const calls = Array.from({ length: 300 }, (_, i) =>
    [
      () => fs.writeFile(`d/${i % 7}`, `${i}`),
      () => fs.readFile(`d/${i % 7}`),
      () => fs.open('d', 'w'),
      () => fs.open(`d/${i % 7}/x/y`),
      () => fs.rename(`d/${i % 7}`, `d/${(i * 3) % 7}`),
      () => fs.readdir('d', { withFileTypes: true }),
      () => fs.mkdir('d/1/2/3', { recursive: true }),
      () => fs.copyFile('d', 'e'),
      () => fs.rm('d/5', { recursive: true, force: true }),
      () => fs.symlink('loop', 'd/loop'),
      () => fs.access('d/loop'),
    ][i % 11]!(),
  );
  const results = await Promise.allSettled(calls);
  assert.ok(results.some(({ status }) => status === 'fulfilled'));
  const expected = ['ENOENT', 'ENOTDIR', 'EISDIR', 'EEXIST', 'ELOOP', 'ENOTEMPTY', 'EINVAL'];
  for (const result of results) {
    if (result.status === 'rejected')
      assert.ok(expected.includes((result.reason as { code: string }).code), String(result.reason));
  }
});

test('a Dir and a handle that are dropped are closed when they are collected', async ({ fs }) => {
  await fs.writeFile('x', '');
  const warnings: string[] = [];
  const listen = (warning: Error & { code?: string }): void => void warnings.push(warning.code ?? warning.name);
  process.on('warning', listen);
  await (async () => {
    await fs.open('x');
    await fs.opendir('/');
  })();
  const collect = (globalThis as { gc?: () => void }).gc ?? (await exposedGC());
  for (let i = 0; i < 500 && warnings.length === 0; i++) {
    await sleep(10);
    collect();
  }
  await sleep(50);
  process.off('warning', listen);
  assert.ok(warnings.includes('LISAFS_DROPPED_HANDLE'), warnings.join());
});

/** The garbage collector, also where Node was not started with --expose-gc. */
async function exposedGC(): Promise<() => void> {
  const { setFlagsFromString } = await import('node:v8');
  const { runInNewContext } = await import('node:vm');
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

for (const kind of ['debian', 'current'] as const) {
  needingRunsc(content, kind)(`${kind}: a FIFO is waited for, and the event loop goes on`, () =>
    withFS(kind, 'donated', async ({ fs, path }) => {
      const fifo = join(path, 'fifo');
      execFileSync('mkfifo', [fifo]);
      const reading = fs.readFile('fifo', 'utf8');
      const writer = spawn('sh', ['-c', `exec >"$0"; sleep 0.1; echo one; sleep 0.1; echo two`, fifo]);
      assert.is(await reading, 'one\ntwo\n');
      if (writer.exitCode === null) await once(writer, 'exit');
    }),
  );

  needingRunsc(content, kind)(`${kind}: a server that died is EIO, and the cause says so`, () =>
    withSession({ runsc: kind }, async ({ client, root, gofer }) => {
      const fs = clientFS(client, root);
      await fs.writeFile('x', '');
      const handle = await fs.open('x');
      await gofer.stop();
      const works = [fs.stat('x'), handle.stat(), fs.writeFile('x', ''), fs.rm('x')];
      const errors = works.map((work: Promise<unknown>) => work.catch((reason: unknown) => reason));
      for (const error of (await Promise.all(errors)) as NodeJS.ErrnoException[]) {
        assert.is(error.code, 'EIO');
        assert.instance(error.cause, HangUp);
      }
      await handle.close();
    }),
  );
}

content.run();
