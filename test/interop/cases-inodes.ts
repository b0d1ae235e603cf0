/**
 * Cases of the messages that tell about files, change what is recorded about them, and name them: MIDs 1-6, 9, 17, 19.
 */

import {
  chmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statfsSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import * as assert from 'uvu/assert';
import { type FDID, MID, type SetStatReqInit } from '../../runtime/index.js';
import { descriptorFlags } from './kernel.js';
import { withSession } from './session.js';
import { type Case, NOBODY, O_RDONLY, O_RDWR, sameStat, type Stage, UNKNOWN } from './stage.js';

const WALK_OK = 0;
const WALK_MISSING = 1;
const WALK_SYMLINK = 2;

const STATX_MODE = 0x2;
const STATX_NLINK = 0x4;
const STATX_UID = 0x8;
const STATX_GID = 0x10;
const STATX_ATIME = 0x20;
const STATX_MTIME = 0x40;
const STATX_SIZE = 0x200;
const STATX_BTIME = 0x800;

const UTIME_NOW = 0x3fff_ffff;
const UTIME_OMIT = 0x3fff_fffe;

const GOFER_MAX_MESSAGE_BYTES = 2 * 1024 * 1024 - 4096;
const INODE_BYTES = 152;

const mount: Case[] = [
  {
    title: 'gives the root, the limit and the messages; mounting again gives another FDID of the same root',
    async run(t) {
      const { root, maxMessageSize, supportedMs, hostFD } = await t.ask.mount();
      assert.is.not(root.controlFD, t.session.root);
      sameStat(root.stat, t.session.path, t.kind);
      assert.is(maxMessageSize, GOFER_MAX_MESSAGE_BYTES);
      assert.equal(supportedMs, t.session.mounted.supportedMs);
      assert.is(hostFD, undefined, 'no descriptor without directfs');
      assert.is((await t.ask.walkStat({ dirFD: root.controlFD, path: [''] })).stats.length, 1);
    },
  },
];

const channel: Case[] = [
  {
    title: 'donates a sealed memfd and a socket, both non-blocking; one more than the limit is ENOMEM',
    startsGofer: true,
    run: (t) =>
      withSession({ runsc: t.session.gofer.runsc.kind, channels: 0 }, async ({ client }) => {
        const limit = Math.min(Math.max(2, availableParallelism()), 4);
        for (let i = 0; i < limit; i++) {
          const resp = t.face === 'synchronous' ? client.channelSync() : await client.channel();
          using dataFD = resp.dataFD;
          using fdSocket = resp.fdSocket;
          assert.ok(dataFD && fdSocket);
          assert.ok(fstatSync(dataFD.fd).size >= resp.dataOffsetNumber + resp.dataLengthNumber);
          assert.ok(resp.dataLengthNumber >= 16 + 4 + GOFER_MAX_MESSAGE_BYTES);
          for (const { fd } of [dataFD, fdSocket]) {
            assert.equal(descriptorFlags(fd), { accessMode: O_RDWR, nonBlocking: true, closeOnExec: true });
          }
        }
        await t.fails('ENOMEM', t.face === 'synchronous' ? (async () => client.channelSync())() : client.channel());
      }),
  },
];

const fstat: Case[] = [
  {
    title: 'says what lstat(2) says of every kind of file',
    async run(t) {
      writeFileSync(t.at('file'), 'x'.repeat(5000));
      chmodSync(t.at('file'), 0o4751);
      mkdirSync(t.at('dir'));
      symlinkSync('no/such/target', t.at('symlink'));
      execFileSync('mkfifo', [t.at('fifo')]);
      execFileSync('mknod', [t.at('device'), 'c', '1', '3']);
      const server = createServer().listen(t.at('socket'));
      await once(server, 'listening');
      try {
        for (const name of ['file', 'dir', 'symlink', 'fifo', 'device', 'socket']) {
          sameStat(await t.ask.fstat({ fd: await t.walk(name) }), t.at(name), t.kind);
        }
      } finally {
        server.close();
      }
    },
  },
  {
    title: 'takes an open FD as well, and sees what has changed',
    async run(t) {
      writeFileSync(t.at('file'), 'one');
      const fd = await t.open('file', O_RDONLY);
      assert.is((await t.ask.fstat({ fd })).size, 3n);
      writeFileSync(t.at('file'), 'longer');
      utimesSync(t.at('file'), 1, 2_000_000_000.5);
      sameStat(await t.ask.fstat({ fd }), t.at('file'), t.kind);
    },
  },
  {
    title: 'fails for an FDID that was never given, or is closed',
    async run(t) {
      writeFileSync(t.at('file'), '');
      const fd = await t.walk('file');
      await t.ask.close({ fds: [fd] });
      for (const wrong of [fd, UNKNOWN, 0 as FDID]) await t.fails('EBADF', t.ask.fstat({ fd: wrong }));
    },
  },
  {
    title: 'of a bound socket FD is a panic in gVisor, and EREMOTEIO here',
    async run(t) {
      const { boundSocketFD } = await t.ask.bindAt({ ...t.create('s'), sockType: 1 });
      await t.fails('EREMOTEIO', t.ask.fstat({ fd: boundSocketFD }));
    },
  },
];

const nothing = { mode: 0, uid: NOBODY, gid: NOBODY, size: 0, atime: { sec: 0, nsec: 0 }, mtime: { sec: 0, nsec: 0 } };

/** Sets what `what` says; all of it must succeed. */
async function set(t: Stage, fd: FDID, mask: number, what: Partial<SetStatReqInit>): Promise<void> {
  const { failureMask, failureErrNo } = await t.ask.setStat({ ...nothing, ...what, fd, mask });
  assert.equal([failureMask, failureErrNo], [0, 0]);
}

async function setFails(t: Stage, fd: FDID, mask: number, what: Partial<SetStatReqInit>): Promise<[number, number]> {
  const { failureMask, failureErrNo } = await t.ask.setStat({ ...nothing, ...what, fd, mask });
  return [failureMask, failureErrNo];
}

const setStat: Case[] = [
  {
    title: 'sets what each bit of the mask says, and nothing else',
    async run(t) {
      writeFileSync(t.at('file'), '0123456789');
      const fd = await t.walk('file');
      const all = {
        mode: 0o100604,
        uid: 1234,
        gid: 4321,
        size: 4,
        atime: { sec: 7, nsec: 8 },
        mtime: { sec: -5, nsec: 9 },
      };
      const stat = () => lstatSync(t.at('file'), { bigint: true });
      await set(t, fd, STATX_SIZE, all);
      assert.is(readFileSync(t.at('file'), 'latin1'), '0123');
      const early = stat();
      await set(t, fd, STATX_MODE, all);
      assert.is(stat().mode, 0o100604n);
      await set(t, fd, STATX_ATIME, all);
      assert.is(stat().atimeNs, 7_000_000_008n);
      assert.is(stat().mtimeNs, early.mtimeNs);
      await set(t, fd, STATX_MTIME, all);
      assert.is(stat().mtimeNs, -4_999_999_991n);
      assert.equal([stat().uid, stat().gid], [early.uid, early.gid]);
      await set(t, fd, STATX_UID, all);
      assert.equal([stat().uid, stat().gid], [1234n, early.gid]);
      await set(t, fd, STATX_GID, { ...all, uid: 99 });
      assert.equal([stat().uid, stat().gid], [1234n, 4321n]);
      await set(t, fd, 0, { ...all, mode: 0o777, size: 1 });
      assert.equal([stat().mode, stat().size], [0o100604n, 4n]);
    },
  },
  {
    title: 'sets everything in one call; takes UTIME_NOW and UTIME_OMIT; grows a file',
    async run(t) {
      writeFileSync(t.at('file'), 'abc');
      const fd = await t.walk('file');
      const now = { sec: 0, nsec: UTIME_NOW };
      utimesSync(t.at('file'), 11, 12);
      await set(t, fd, STATX_MODE | STATX_UID | STATX_GID | STATX_SIZE | STATX_ATIME | STATX_MTIME, {
        mode: 0o600,
        uid: 5,
        gid: 6,
        size: 2n ** 33n,
        atime: now,
        mtime: { sec: 40, nsec: 0 },
      });
      const { mode, uid, gid, size, atimeMs, mtimeMs } = lstatSync(t.at('file'));
      assert.equal([mode, uid, gid, size, mtimeMs], [0o100600, 5, 6, 2 ** 33, 40_000]);
      assert.ok(Math.abs(atimeMs - Date.now()) < 60_000);
      await set(t, fd, STATX_ATIME | STATX_MTIME, { atime: { sec: 0, nsec: UTIME_OMIT }, mtime: { sec: 50, nsec: 0 } });
      assert.equal([lstatSync(t.at('file')).atimeMs, lstatSync(t.at('file')).mtimeMs], [atimeMs, 50_000]);
    },
  },
  {
    title: "changes a directory, and a symlink's owner and times, not its target's",
    async run(t) {
      mkdirSync(t.at('dir'));
      symlinkSync('dir', t.at('symlink'));
      await set(t, await t.walk('dir'), STATX_MODE, { mode: 0o1711 });
      assert.is(lstatSync(t.at('dir')).mode, 0o041711);
      const what = { uid: 7, atime: { sec: 1, nsec: 0 }, mtime: { sec: 2, nsec: 0 } };
      await set(t, await t.walk('symlink'), STATX_UID | STATX_ATIME | STATX_MTIME, what);
      assert.equal([lstatSync(t.at('symlink')).uid, lstatSync(t.at('symlink')).mtimeMs], [7, 2000]);
      assert.is.not(lstatSync(t.at('dir')).uid, 7);
    },
  },
  {
    title: 'says in its response which change failed and why; the others are made',
    async run(t) {
      const EBADF = 9;
      const EISDIR = 21;
      const EOPNOTSUPP = 95;
      symlinkSync('x', t.at('symlink'));
      mkdirSync(t.at('dir'));
      const failed = await setFails(t, await t.walk('symlink'), STATX_MODE | STATX_UID, { mode: 0o600, uid: 3 });
      // The gofer of 2022 calls fchmod(2) with an O_PATH descriptor.
      assert.equal(failed, [STATX_MODE, t.kind === 'debian' ? EBADF : EOPNOTSUPP]);
      assert.is(lstatSync(t.at('symlink')).uid, 3);
      assert.equal(await setFails(t, await t.walk('dir'), STATX_SIZE | STATX_GID, { gid: 4 }), [STATX_SIZE, EISDIR]);
      assert.is(lstatSync(t.at('dir')).gid, 4);
    },
  },
  {
    title: 'refuses other bits of the mask with EPERM',
    async run(t) {
      for (const bit of [STATX_MODE | STATX_NLINK, STATX_BTIME, 0x8000_0000]) {
        await t.fails('EPERM', t.ask.setStat({ ...nothing, fd: t.dir, mask: bit }));
      }
    },
  },
  {
    title: 'works on a file that was deleted; wants a control FD',
    async run(t) {
      writeFileSync(t.at('file'), 'abc');
      const fd = await t.walk('file');
      await t.ask.unlinkAt({ dirFD: t.dir, flags: 0, name: 'file' });
      await set(t, fd, STATX_SIZE, { size: 1 });
      assert.is((await t.ask.fstat({ fd })).size, 1n);
      await t.wantsControlFD((wrong) => t.ask.setStat({ ...nothing, fd: wrong, mask: STATX_MODE }));
    },
  },
];

/** A tree to walk in: a/b/c is a file; `link` points to a. */
function grow(t: Stage): void {
  mkdirSync(t.at('a/b'), { recursive: true });
  writeFileSync(t.at('a/b/c'), 'leaf');
  symlinkSync('a', t.at('link'));
  symlinkSync('nowhere', t.at('a/dangling'));
}

const walk: Case[] = [
  {
    title: 'gives an inode for each component, status 0; none for an empty path',
    async run(t) {
      grow(t);
      const { status, inodes } = await t.ask.walk({ dirFD: t.dir, path: ['a', 'b', 'c'] });
      assert.is(status, WALK_OK);
      ['a', 'a/b', 'a/b/c'].forEach((path, i) => sameStat(inodes[i]!.stat, t.at(path), t.kind));
      assert.is(new Set(inodes.map((inode) => inode.controlFD)).size, 3);
      sameStat(await t.ask.fstat({ fd: inodes[1]!.controlFD }), t.at('a/b'), t.kind);
      const empty = await t.ask.walk({ dirFD: t.dir, path: [] });
      assert.equal([empty.status, empty.inodes], [WALK_OK, []]);
    },
  },
  {
    title: 'ends with status 1 at what does not exist, and gives what came before',
    async run(t) {
      grow(t);
      const { status, inodes } = await t.ask.walk({ dirFD: t.dir, path: ['a', 'gone', 'c'] });
      assert.is(status, WALK_MISSING);
      assert.is(inodes.length, 1);
      sameStat(inodes[0]!.stat, t.at('a'), t.kind);
      const first = await t.ask.walk({ dirFD: t.dir, path: ['gone'] });
      assert.equal([first.status, first.inodes], [WALK_MISSING, []]);
    },
  },
  {
    title: 'ends with status 2 at a symlink with components after it; in last place a symlink is status 0',
    async run(t) {
      grow(t);
      const through = await t.ask.walk({ dirFD: t.dir, path: ['link', 'b'] });
      assert.equal([through.status, through.inodes.length], [WALK_SYMLINK, 1]);
      sameStat(through.inodes[0]!.stat, t.at('link'), t.kind);
      for (const path of [['link'], ['a', 'dangling']]) {
        const last = await t.ask.walk({ dirFD: t.dir, path });
        assert.equal([last.status, last.inodes.length], [WALK_OK, path.length]);
        sameStat(last.inodes.at(-1)!.stat, t.at(...path), t.kind);
      }
    },
  },
  {
    title: 'is ENOTDIR from a file, and through one',
    async run(t) {
      grow(t);
      const file = await t.walk('c', await t.walk('b', await t.walk('a')));
      await t.fails('ENOTDIR', t.ask.walk({ dirFD: file, path: ['x'] }));
      await t.fails('ENOTDIR', t.ask.walk({ dirFD: file, path: [] }));
      await t.fails('ENOTDIR', t.ask.walk({ dirFD: await t.walk('link'), path: ['b'] }));
      await t.fails('ENOTDIR', t.ask.walk({ dirFD: t.dir, path: ['a', 'b', 'c', 'd'] }));
    },
  },
  {
    title: 'refuses bad names wherever they stand, and wrong FDIDs',
    async run(t) {
      grow(t);
      await t.refusesNames((name) => t.ask.walk({ dirFD: t.dir, path: [name] }));
      await t.refusesNames((name) => t.ask.walk({ dirFD: t.dir, path: ['a', name, 'b'] }));
      await t.wantsControlFD((dirFD) => t.ask.walk({ dirFD, path: ['a'] }));
    },
  },
  {
    title: 'takes as many components as inodes fit into a response',
    async run(t) {
      const count = Math.floor((GOFER_MAX_MESSAGE_BYTES - 3) / INODE_BYTES);
      const { status } = await t.ask.walk({ dirFD: t.dir, path: Array.from({ length: count }, () => 'gone') });
      assert.is(status, WALK_MISSING);
      if (t.kind === 'current') {
        await t.fails('EIO', t.ask.walk({ dirFD: t.dir, path: Array.from({ length: count + 1 }, () => 'gone') }));
      }
    },
  },
];

const walkStat: Case[] = [
  {
    title: 'tells about each component, and makes no FD; an empty first one is the start itself',
    async run(t) {
      grow(t);
      const { stats } = await t.ask.walkStat({ dirFD: t.dir, path: ['', 'a', 'b', 'c'] });
      ['', 'a', 'a/b', 'a/b/c'].forEach((path, i) => sameStat(stats[i]!, t.at(path), t.kind));
      assert.is(stats.length, 4);
      assert.equal((await t.ask.walkStat({ dirFD: t.dir, path: [] })).stats, []);
    },
  },
  {
    title: 'of a file or a symlink itself works with nothing but an empty component',
    async run(t) {
      grow(t);
      const file = await t.walk('c', await t.walk('b', await t.walk('a')));
      const link = await t.walk('link');
      sameStat((await t.ask.walkStat({ dirFD: file, path: [''] })).stats[0]!, t.at('a/b/c'), t.kind);
      sameStat((await t.ask.walkStat({ dirFD: link, path: [''] })).stats[0]!, t.at('link'), t.kind);
      await t.fails('ENOTDIR', t.ask.walkStat({ dirFD: file, path: ['x'] }));
      await t.fails('ENOTDIR', t.ask.walkStat({ dirFD: file, path: ['', 'x'] }));
      await t.fails('ENOTDIR', t.ask.walkStat({ dirFD: t.dir, path: ['a', 'b', 'c', 'd'] }));
    },
  },
  {
    title: 'is short where a component is missing, and ends with a symlink',
    async run(t) {
      grow(t);
      const lengthOf = async (...path: string[]): Promise<number> =>
        (await t.ask.walkStat({ dirFD: t.dir, path })).stats.length;
      assert.is(await lengthOf('gone'), 0);
      assert.is(await lengthOf('', 'a', 'gone', 'c'), 2);
      const { stats } = await t.ask.walkStat({ dirFD: t.dir, path: ['link', 'b', 'c'] });
      assert.is(stats.length, 1);
      sameStat(stats[0]!, t.at('link'), t.kind);
    },
  },
  {
    title: 'refuses bad names before it looks at anything, an empty one but in the first place; and wrong FDIDs',
    async run(t) {
      for (const name of ['.', '..', 'a/b']) await t.fails('EINVAL', t.ask.walkStat({ dirFD: t.dir, path: [name] }));
      await t.fails('EINVAL', t.ask.walkStat({ dirFD: t.dir, path: ['gone', ''] }));
      await t.fails('ENAMETOOLONG', t.ask.walkStat({ dirFD: t.dir, path: ['n'.repeat(256)] }));
      await t.wantsControlFD((dirFD) => t.ask.walkStat({ dirFD, path: [''] }));
    },
  },
];

const close: Case[] = [
  {
    title: 'closes FDs of every kind, many at once; unknown ones are passed over',
    async run(t) {
      writeFileSync(t.at('file'), 'abc');
      const control = await t.walk('file');
      const { openFD } = await t.ask.openAt({ fd: control, flags: O_RDONLY });
      const { boundSocketFD } = await t.ask.bindAt({ ...t.create('s'), sockType: 1 });
      const many: FDID[] = [];
      for (let i = 0; i < 300; i++) many.push(await t.walk('file'));
      await t.ask.close({ fds: [UNKNOWN, ...many, boundSocketFD, 0 as FDID, control, control] });
      for (const fd of [control, many[0]!, many[299]!]) await t.fails('EBADF', t.ask.fstat({ fd }), 'FStat');
      await t.fails('EBADF', t.ask.listen({ fd: boundSocketFD, backlog: 1 }), 'Listen');
      // An open FD outlives the control FD that it came from.
      assert.is((await t.ask.pread({ fd: openFD, offset: 0, count: 9 })).dataSize, 3);
      await t.ask.close({ fds: [openFD] });
      await t.fails('EBADF', t.ask.pread({ fd: openFD, offset: 0, count: 9 }), 'PRead');
      await t.ask.close({ fds: [] });
    },
  },
  {
    title: 'closeFD gathers a hundred, and flushes when asked to',
    async run(t) {
      writeFileSync(t.at('file'), 'abc');
      const closeFD = async (fd: FDID, flush = false): Promise<void> =>
        t.face === 'synchronous' ? t.client.closeFDSync(fd, flush) : t.client.closeFD(fd, flush);
      const fds: FDID[] = [];
      for (let i = 0; i < 102; i++) fds.push(await t.walk('file'));
      for (const fd of fds.slice(0, 99)) await closeFD(fd);
      assert.is((await t.ask.fstat({ fd: fds[0]! })).size, 3n, 'not closed yet');
      await closeFD(fds[99]!);
      await t.fails('EBADF', t.ask.fstat({ fd: fds[0]! }), 'FStat');
      await t.fails('EBADF', t.ask.fstat({ fd: fds[99]! }), 'FStat');
      await closeFD(fds[100]!);
      assert.is((await t.ask.fstat({ fd: fds[100]! })).size, 3n);
      await closeFD(fds[101]!, true);
      await t.fails('EBADF', t.ask.fstat({ fd: fds[100]! }), 'FStat');
      await t.fails('EBADF', t.ask.fstat({ fd: fds[101]! }), 'FStat');
    },
  },
];

const fstatFS: Case[] = [
  {
    title: 'says what statfs(2) says',
    async run(t) {
      const stat = await t.ask.fstatFS({ fd: t.dir });
      const truth = statfsSync(t.path, { bigint: true });
      assert.equal(
        [stat.type, stat.blockSize, stat.blocks, stat.files, stat.nameLength],
        [truth.type, truth.bsize, truth.blocks, truth.files, 255n],
      );
      // Others write there, too.
      const near = (a: bigint, b: bigint): boolean => (a > b ? a - b : b - a) <= truth.blocks / 10n;
      assert.ok(near(stat.blocksFree, truth.bfree) && near(stat.blocksAvailable, truth.bavail));
      assert.ok(stat.filesFree <= stat.files && stat.filesFree > 0n === truth.ffree > 0n);
    },
  },
  {
    title: 'wants a control FD',
    run: (t) => t.wantsControlFD((fd) => t.ask.fstatFS({ fd })),
  },
];

const readLinkAt: Case[] = [
  {
    title: 'says what a symlink says, whatever that is',
    async run(t) {
      const targets = ['a', '/x/../y', 'ünï🙂', 'l'.repeat(127), 'l'.repeat(128), 'l'.repeat(4095)];
      for (const [i, target] of targets.entries()) {
        symlinkSync(target, t.at(`link${i}`));
        assert.is((await t.ask.readLinkAt({ fd: await t.walk(`link${i}`) })).target, target);
      }
    },
  },
  {
    title: 'is EINVAL for what is no symlink; wants a control FD; of a deleted one gVisor says nothing',
    async run(t) {
      symlinkSync('x', t.at('link'));
      writeFileSync(t.at('file'), '');
      const link = await t.walk('link');
      await t.fails('EINVAL', t.ask.readLinkAt({ fd: await t.walk('file') }));
      await t.fails('EINVAL', t.ask.readLinkAt({ fd: t.dir }));
      unlinkSync(t.at('link'));
      // Behind the server's back the symlink lives on with the descriptor that the server has of it.
      assert.is((await t.ask.readLinkAt({ fd: link })).target, 'x');
      symlinkSync('y', t.at('other'));
      const other = await t.walk('other');
      await t.ask.unlinkAt({ dirFD: t.dir, flags: 0, name: 'other' });
      // EINVAL is meant, but the handler drops it.
      assert.is((await t.ask.readLinkAt({ fd: other })).target, '');
      await t.wantsControlFD((fd) => t.ask.readLinkAt({ fd }));
    },
  },
];

export const inodeCases = new Map<number, Case[]>([
  [MID.Mount, mount],
  [MID.Channel, channel],
  [MID.FStat, fstat],
  [MID.SetStat, setStat],
  [MID.Walk, walk],
  [MID.WalkStat, walkStat],
  [MID.Close, close],
  [MID.FStatFS, fstatFS],
  [MID.ReadLinkAt, readLinkAt],
]);
