/**
 * Every message that a real gofer says it supports, against that gofer: over channels and over the socket alone, by the
 * asynchronous stubs and by the synchronous ones. What is tested is derived from the list that Mount returned.
 */

import { fstatSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type LISAFSClient, MID, NAMES, RPCError } from '../../runtime/index.js';
import { assertNothingLeft, type Holdings, holdings } from '../peers/leaks.js';
import { contentCases } from './cases-content.js';
import { inodeCases } from './cases-inodes.js';
import { socketCases } from './cases-sockets.js';
import { treeCases } from './cases-tree.js';
import { xattrCases } from './cases-xattrs.js';
import { descriptorFlags } from './kernel.js';
import { findRunsc, needingRunsc, type PeerKind } from './peers.js';
import { type Session, startSession, withSession } from './session.js';
import { type Case, type Face, NOBODY, O_RDONLY, O_RDWR, type Over, Stage } from './stage.js';

const cases = new Map<number, Case[]>([...inodeCases, ...contentCases, ...treeCases, ...socketCases, ...xattrCases]);

const OVER: readonly Over[] = ['channels', 'the socket'];
const FACES: readonly Face[] = ['asynchronous', 'synchronous'];

function nameOf(mid: number): string {
  return NAMES.get(mid) ?? `MID ${mid}`;
}

/** The messages of a list that have no case. */
function withoutCase(mids: readonly number[]): string[] {
  return mids.filter((mid) => !cases.get(mid)?.length).map(nameOf);
}

/** What a gofer of this kind lists at mount. */
async function listedBy(kind: PeerKind): Promise<number[]> {
  if (findRunsc(kind) === undefined) return [];
  const session = await startSession({ runsc: kind });
  await session.end();
  return session.mounted.supportedMs;
}

/** What stays the same for so many looks, 20 ms apart, is taken to be at rest. */
const QUIET_LOOKS_COUNT = 25;

/**
 * Makes the client leave a wait to its waiting thread, which is started by the first wait that lasts, so that the
 * thread and what it opens are there before a test counts what there is.
 */
async function startWaitingThread({ client, gofer, root }: Session): Promise<void> {
  process.kill(gofer.pid, 'SIGSTOP');
  while (!/\) T /.test(readFileSync(`/proc/${gofer.pid}/stat`, 'latin1'))) await sleep(1);
  await sleep(20);
  const waiting = client.fstat({ fd: root });
  await sleep(50);
  process.kill(gofer.pid, 'SIGCONT');
  await waiting;
  const count = (): number => holdings().descriptors.length;
  for (let before = -1, quiet = 0; quiet < QUIET_LOOKS_COUNT; quiet++, await sleep(20)) {
    if (count() !== before) quiet = 0;
    before = count();
  }
}

/** One session for all tests of a suite; each has a directory of its own in it. */
class Ground {
  readonly #kind: PeerKind;
  readonly over: Over;
  readonly face: Face;
  #session: Session | undefined;
  #before: Holdings | undefined;

  constructor(kind: PeerKind, over: Over, face: Face) {
    this.#kind = kind;
    this.over = over;
    this.face = face;
  }

  async session(): Promise<Session> {
    if (this.#session !== undefined) return this.#session;
    this.#before = holdings();
    const channels = this.over === 'channels' ? 2 : 0;
    const session = await startSession({ runsc: this.#kind, channels, sync: this.face === 'synchronous' });
    this.#session = session;
    assert.is(session.client.channels, channels);
    await startWaitingThread(session);
    return session;
  }

  async play(mid: number, { run }: Case): Promise<void> {
    const session = await this.session();
    const before = holdings();
    await new Stage(session, this.over, this.face, nameOf(mid)).play(run);
    assertNothingLeft(before);
    assert.is(session.client.channels, this.over === 'channels' ? 2 : 0, 'a channel died');
  }

  async end(): Promise<void> {
    await this.#session?.end();
    if (this.#before !== undefined) assertNothingLeft(this.#before);
  }
}

/** Requests of the wrong size, which no stub sends: too short for any message, and longer than the message is. */
async function malformed(client: LISAFSClient, face: Face, mids: readonly number[]): Promise<void> {
  const send = async (mid: number, payload: Uint8Array): Promise<Uint8Array> =>
    face === 'synchronous' ? client.sndRcvMessageSync(mid, payload) : client.sndRcvMessage(mid, payload);
  const empty: number[] = [MID.Mount, MID.Channel];
  for (const mid of mids.filter((each) => !empty.includes(each))) {
    for (const size of [0, 1]) {
      const outcome = await send(mid, new Uint8Array(size)).catch((error: unknown) => error);
      assert.ok(outcome instanceof RPCError && outcome.code === 'EIO', `${nameOf(mid)}: ${String(outcome)}`);
    }
  }
  const mount = await send(MID.Mount, Buffer.from('what comes after a request is ignored'));
  assert.ok(mount.length > 160);
}

for (const kind of ['debian', 'current'] as const) {
  const listed = await listedBy(kind);
  for (const over of OVER) {
    for (const face of FACES) {
      const ground = new Ground(kind, over, face);
      const messages = suite(`messages, ${kind}, over ${over}, ${face}`);
      const test = needingRunsc(messages, kind);

      test('each that Mount lists has a case', () => {
        assert.ok(listed.length >= 28);
        assert.equal(withoutCase(listed), []);
        assert.equal(withoutCase([...listed, 20, 34]), ['Flush', 'MID 34'], 'one without a case is found');
      });

      for (const mid of listed) {
        for (const each of cases.get(mid) ?? []) {
          test(`${nameOf(mid)} ${each.title}`, () => ground.play(mid, each));
        }
      }

      test('others are refused by the client', async () => {
        const { client } = await ground.session();
        const others = [0, ...NAMES.keys(), 34, 255, 65535].filter((mid) => !listed.includes(mid));
        for (const mid of others) {
          const outcome = await client.sndRcvMessage(mid, new Uint8Array(8)).catch((error: unknown) => error);
          assert.is((outcome as RPCError).code, 'EOPNOTSUPP');
          assert.not(client.isSupported(mid));
        }
      });

      test('requests that are cut off are EIO, each message; what follows a request is ignored', async () => {
        const { client, root } = await ground.session();
        await malformed(client, face, listed);
        assert.is((await client.fstat({ fd: root })).nlink > 0, true);
      });

      test('nothing is left behind', () => ground.end());

      messages.run();
    }
  }

  const readOnly = suite(`read-only, ${kind}`);

  for (const face of FACES) {
    for (const over of OVER) {
      needingRunsc(readOnly, kind)(`changes are EROFS, reading works (over ${over}, ${face})`, () =>
        withSession({ runsc: kind, readonly: true, channels: over === 'channels' ? 2 : 0 }, (session) =>
          readOnlyCase(session, over, face),
        ),
      );
    }
  }

  readOnly.run();
}

const directFS = suite('directfs, current');

for (const face of FACES) {
  needingRunsc(directFS, 'current')(`Mount donates a descriptor of the root, ${face}`, () =>
    withSession(
      { runsc: 'current', directFS: true, sync: face === 'synchronous' },
      async ({ mounted, path, client }) => {
        using hostFD = mounted.hostFD;
        assert.ok(hostFD);
        assert.is(fstatSync(hostFD.fd, { bigint: true }).ino, statSync(path, { bigint: true }).ino);
        assert.equal(descriptorFlags(hostFD.fd), { accessMode: O_RDONLY, nonBlocking: true, closeOnExec: true });
        assert.is(client.channels, 2);
      },
    ),
  );
}

directFS.run();

async function readOnlyCase(session: Session, over: Over, face: Face): Promise<void> {
  const { path, root: dirFD, client } = session;
  writeFileSync(`${path}/file`, 'content');
  mkdirSync(`${path}/dir`);
  symlinkSync('file', `${path}/symlink`);
  const before = statSync(`${path}/file`, { bigint: true });
  const { ask, fails } = bound(new Stage(session, over, face, ''));
  const { inodes } = await ask.walk({ dirFD, path: ['file'] });
  const fd = inodes[0]!.controlFD;
  const { openFD, hostFD } = await ask.openAt({ fd, flags: O_RDONLY });
  hostFD?.close();
  assert.is((await ask.pread({ fd: openFD, offset: 0, count: 99 })).dataSize, 7);
  const time = { sec: 0, nsec: 0 };
  const create = { dirFD, uid: NOBODY, gid: NOBODY, mode: 0o600, name: 'new' };
  const rename = { oldDir: dirFD, newDir: dirFD, oldName: 'file', newName: 'new' };
  const changes: Record<string, (() => Promise<unknown>)[]> = {
    SetStat: [() => ask.setStat({ fd, mask: 2, mode: 0o777, uid: 0, gid: 0, size: 0, atime: time, mtime: time })],
    OpenAt: [() => ask.openAt({ fd, flags: O_RDWR }), () => ask.openAt({ fd, flags: 0o1000 })],
    OpenCreateAt: [() => ask.openCreateAt({ ...create, flags: O_RDWR })],
    PWrite: [() => ask.pwrite({ fd: openFD, offset: 0, data: Buffer.from('x') })],
    MkdirAt: [() => ask.mkdirAt(create)],
    MknodAt: [() => ask.mknodAt({ ...create, mode: 0o100600, minor: 0, major: 0 })],
    SymlinkAt: [() => ask.symlinkAt({ dirFD, uid: 0, gid: 0, name: 'new', target: 'x' })],
    LinkAt: [() => ask.linkAt({ dirFD, target: fd, name: 'new' })],
    FAllocate: [() => ask.fallocate({ fd: openFD, mode: 0, offset: 0, length: 100 })],
    UnlinkAt: [() => ask.unlinkAt({ dirFD, flags: 0, name: 'file' })],
    RenameAt: [() => ask.renameAt(rename)],
    FSetXattr: [() => ask.fsetXattr({ fd, flags: 0, name: 'user.a', value: 'x' })],
    BindAt: [() => ask.bindAt({ ...create, sockType: 1 })],
    FRemoveXattr: [() => ask.fremoveXattr({ fd, name: 'user.a' })],
    RenameAt2: [() => ask.renameAt2({ ...rename, flags: 1 })],
  };
  for (const [message, calls] of Object.entries(changes)) {
    if (!client.isSupported(MID[message as keyof typeof MID])) continue;
    for (const call of calls) await fails('EROFS', call(), message);
  }
  assert.is(readFileSync(`${path}/file`, 'latin1'), 'content');
  assert.equal(readdirSync(path).sort(), ['dir', 'file', 'symlink']);
  assert.is(statSync(`${path}/file`, { bigint: true }).ctimeNs, before.ctimeNs);
  await ask.close({ fds: [fd, openFD] });
}

/** The members of a stage that stand on their own. */
function bound(stage: Stage): Pick<Stage, 'ask' | 'fails'> {
  return { ask: stage.ask, fails: (...args) => stage.fails(...args) };
}
