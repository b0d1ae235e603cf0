/** What a server tells of the calls that it answers. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, type FDID, type LISAFSClient } from '../../runtime/index.js';
import { type CallRecord, LISAFSServer, type LISAFSHandlers, localDirectory, serve } from '../../runtime/server.js';
import { newPair } from '../interop/session.js';
import { codeOf, NOBODY, O_RDWR } from '../fs/serve-fs-session.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';

const owned = { uid: NOBODY, gid: NOBODY, mode: 0o700 };

const FIRST_EXTENSION_MID = 65280;

interface Told {
  readonly client: LISAFSClient;
  readonly root: FDID;
  /** What was told since the last time, in short. */
  readonly told: () => string[];
  readonly calls: CallRecord[];
}

/** Which channels and which of the SDK's own messages a client wants is its own affair. */
function isOwn({ message, mid }: CallRecord): boolean {
  return message !== 'Channel' && mid < FIRST_EXTENSION_MID;
}

async function recorded(readOnly: boolean, body: (told: Told) => Promise<void>): Promise<void> {
  const before = holdings();
  const path = mkdtempSync(join(tmpdir(), 'lisafs-on-call-'));
  mkdirSync(join(path, 'dir'));
  writeFileSync(join(path, 'dir', 'file'), 'content');
  const calls: CallRecord[] = [];
  const [ours, theirs] = newPair();
  const root = localDirectory(path, { readOnly });
  const server = await serve({ fd: theirs, root, onCall: (call) => void calls.push(call) });
  const client = await connect({ fd: ours });
  try {
    const mounted = await client.mount();
    let seen = 0;
    const told = (): string[] => {
      const since = calls
        .slice(seen)
        .filter(isOwn)
        .map(({ message, paths, code }) => [message, ...paths, code ?? 'ok'].join(' '));
      seen = calls.length;
      return since;
    };
    await body({ client, root: mounted.root.controlFD, told, calls });
  } finally {
    await client.disconnect();
    await server.close();
    // Node's own takes paths, which can be too long for it.
    execFileSync('rm', ['-rf', path]);
  }
  assertNothingLeft(before);
}

const test = suite('onCall');

test('is told of every call, with paths as they were when it came, and how it ended', () =>
  recorded(false, async ({ client, root, told, calls }) => {
    assert.ok(calls.some(({ message }) => message === 'Channel') && calls.every(({ message }) => !/MID/.test(message)));
    assert.equal(told(), ['Mount / ok']);
    const { inodes } = await client.walk({ dirFD: root, path: ['dir', 'file', 'x'].slice(0, 2) });
    const [dir, file] = inodes.map(({ controlFD }) => controlFD) as [FDID, FDID];
    await client.walk({ dirFD: dir, path: ['nothing'] });
    await client.walkStat({ dirFD: root, path: ['', 'dir'] });
    const { openFD, hostFD } = await client.openAt({ fd: file, flags: O_RDWR });
    hostFD?.close();
    assert.equal(told(), ['Walk /dir/file ok', 'Walk /dir/nothing ok', 'WalkStat /dir ok', 'OpenAt /dir/file ok']);
    await client.renameAt({ oldDir: root, oldName: 'dir', newDir: root, newName: 'moved' });
    await client.pwrite({ fd: openFD, offset: 0, data: Buffer.from('new') });
    await client.linkAt({ dirFD: root, target: file, name: 'second' });
    await client.symlinkAt({ dirFD: root, name: 'link', target: '/etc/passwd', ...owned });
    assert.equal(told(), [
      'RenameAt /dir /moved ok',
      'PWrite /moved/file ok',
      'LinkAt /moved/file /second ok',
      'SymlinkAt /link ok',
    ]);
    assert.is(await codeOf(client.mkdirAt({ dirFD: root, name: 'moved', ...owned })), 'EEXIST');
    await client.unlinkAt({ dirFD: dir, name: 'file', flags: 0 });
    await client.fstat({ fd: openFD });
    await codeOf(client.fgetXattr({ fd: root, name: 'user.none', bufSize: 9 }));
    await client.close({ fds: [openFD, dir] });
    assert.is(await codeOf(client.fstat({ fd: dir })), 'EBADF');
    const [made, unlinked, stated, xattr, ...closed] = told();
    assert.equal(
      [made, unlinked, stated],
      ['MkdirAt /moved EEXIST', 'UnlinkAt /moved/file ok', 'FStat /moved/file (deleted) ok'],
    );
    assert.match(xattr!, /^FGetXattr \/ E/);
    assert.equal(closed, ['Close /moved/file (deleted) /moved ok', 'FStat ? EBADF']);
    for (const { connection, durationMs, errno, code, mid } of calls) {
      assert.is(connection, 1);
      assert.ok(durationMs >= 0 && durationMs < 3_600_000);
      assert.is(errno === 0, code === undefined);
      assert.ok(mid > 0);
    }
  }));

test('is told of each FD once, and of so many that a request cannot make a log grow', () =>
  recorded(false, async ({ client, root, told, calls }) => {
    const lastPaths = (): readonly string[] => calls.findLast(isOwn)!.paths;
    const { inodes } = await client.walk({ dirFD: root, path: ['dir', 'file'] });
    const [dir, file] = inodes.map(({ controlFD }) => controlFD) as [FDID, FDID];
    told();
    await codeOf(client.fsync({ fds: Array<FDID>(60_000).fill(file).fill(dir, 0, 2) }));
    assert.equal(lastPaths(), ['/dir', '/dir/file']);
    const unknown = Array.from({ length: 2000 }, (_, i) => (1e6 + i) as unknown as FDID);
    await client.close({ fds: unknown });
    assert.equal(lastPaths(), [...Array<string>(1024).fill('?'), '\u2026']);
    await client.close({ fds: unknown.slice(0, 1024) });
    assert.equal(lastPaths(), Array(1024).fill('?'));
    const name = 'n'.repeat(255);
    const below = [dir];
    for (let i = 0; i < 20; i++) {
      below.push((await client.mkdirAt({ dirFD: below.at(-1)!, name, ...owned })).childDir.controlFD);
    }
    assert.is(lastPaths()[0], `\u2026${`/${name}`.repeat(16)}`);
    const opened: FDID[] = [];
    for (let i = 0; i < 70; i++) {
      const { openFD, hostFD } = await client.openAt({ fd: below.at(-1)!, flags: 0 });
      hostFD?.close();
      opened.push(openFD);
    }
    await client.close({ fds: opened });
    assert.equal(lastPaths(), [...Array<string>(63).fill(`\u2026${`/${name}`.repeat(16)}`), '\u2026']);
    await codeOf(client.walk({ dirFD: root, path: ['x', `${'\u{1f600}'.repeat(10_000)}x`] }));
    assert.is(lastPaths()[0], `\u2026${'\u{1f600}'.repeat(2047)}x`);
  }));

test('is told of what is refused before it is read', () =>
  recorded(true, async ({ client, root, told }) => {
    told();
    assert.is(await codeOf(client.mkdirAt({ dirFD: root, name: 'x', ...owned })), 'EROFS');
    assert.equal(told(), ['MkdirAt EROFS']);
  }));

test('is told of the calls of any protocol, and what it throws is a fault that no client sees', async () => {
  const before = holdings();
  const [ours, theirs] = newPair();
  const told: string[] = [];
  const faults: string[] = [];
  const server = await serve({
    fd: theirs,
    protocol: LISAFSServer,
    handlers: { flush: async () => undefined } as Partial<LISAFSHandlers> as LISAFSHandlers,
    onCall(call) {
      const { message, paths } = call;
      if (isOwn(call)) told.push([message, ...paths].join(' '));
      if (message === 'Flush') throw new Error('the disk of the log is full');
    },
    onFault: (error, message) => faults.push(`${message}: ${(error as Error).message}`),
  });
  const client = await connect({ fd: ours, channels: 0 });
  await client.mount();
  await client.flush({ fd: 7 as unknown as FDID });
  await client.flush({ fd: 7 as unknown as FDID });
  assert.equal(told, ['Mount', 'Flush', 'Flush']);
  assert.equal(faults, Array(2).fill('Flush: the disk of the log is full'));
  await client.disconnect();
  await server.close();
  assertNothingLeft(before);
});

test.run();
