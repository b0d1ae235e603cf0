/** Cases of the messages that open files and directories, and read and write them: MIDs 7, 8, 10-12, 18, 24. */

import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { text } from 'node:stream/consumers';
import { once } from 'node:events';
import * as assert from 'uvu/assert';
import { type Dirent64, type FDID, MID } from '../../runtime/index.js';
import { descriptorFlags } from './kernel.js';
import { withSession } from './session.js';
import { type Case, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY, sameStat, type Stage, UNKNOWN } from './stage.js';

const O_CREAT = 0o100;
const O_APPEND = 0o2000;
const PREAD_RESP_BYTES = 8;
const PWRITE_REQ_BYTES = 20;
const FALLOC_FL_KEEP_SIZE = 1;

const openAt: Case[] = [
  {
    title: 'donates a descriptor of a regular file, non-blocking and close-on-exec, with the access that was asked for',
    async run(t) {
      writeFileSync(t.at('file'), 'content');
      const fd = await t.walk('file');
      for (const flags of [O_RDONLY, O_RDWR, O_WRONLY]) {
        using hostFD = (await t.ask.openAt({ fd, flags })).hostFD;
        assert.ok(hostFD);
        assert.equal(descriptorFlags(hostFD.fd), { accessMode: flags, nonBlocking: true, closeOnExec: true });
        if (flags !== O_WRONLY) {
          const buffer = Buffer.alloc(20);
          assert.is(readSync(hostFD.fd, buffer, 0, 20, 0), 7);
          assert.is(buffer.toString('latin1', 0, 7), 'content');
        }
        if (flags !== O_RDONLY) assert.is(writeSync(hostFD.fd, 'C', 0), 1);
      }
      assert.is(readFileSync(t.at('file'), 'latin1'), 'Content');
    },
  },
  {
    title: 'keeps O_TRUNC and the access mode of the flags, and drops the others',
    async run(t) {
      writeFileSync(t.at('file'), 'content');
      const fd = await t.open('file', O_RDWR | O_CREAT | O_APPEND);
      await t.ask.pwrite({ fd, offset: 0, data: Buffer.from('C') });
      assert.is(readFileSync(t.at('file'), 'latin1'), 'Content');
      await t.open('file', O_WRONLY | O_TRUNC);
      assert.is(statSync(t.at('file')).size, 0);
    },
  },
  {
    title: 'opens directories for reading alone, and donates nothing then',
    async run(t) {
      const { openFD, hostFD } = await t.ask.openAt({ fd: t.dir, flags: O_RDONLY });
      assert.is(hostFD, undefined);
      sameStat(await t.ask.fstat({ fd: openFD }), t.path, t.kind);
      for (const flags of [O_WRONLY, O_RDWR, O_TRUNC]) await t.fails('EISDIR', t.ask.openAt({ fd: t.dir, flags }));
    },
  },
  {
    title: "donates a pipe's descriptor; refuses symlinks and sockets",
    async run(t) {
      execFileSync('mkfifo', [t.at('fifo')]);
      symlinkSync('fifo', t.at('symlink'));
      const { openFD, hostFD } = await t.ask.openAt({ fd: await t.walk('fifo'), flags: O_RDWR });
      assert.ok(hostFD);
      writeSync(hostFD.fd, 'through the pipe');
      const buffer = Buffer.alloc(16);
      readSync(hostFD.fd, buffer, 0, 16, null);
      assert.is(buffer.toString(), 'through the pipe');
      assert.throws(() => readSync(hostFD.fd, buffer, 0, 16, null), /EAGAIN/);
      assert.ok(openFD);
      await t.fails('EINVAL', t.ask.openAt({ fd: await t.walk('symlink'), flags: O_RDONLY }));
      const socket = (await t.ask.bindAt({ ...t.create('socket'), sockType: 1 })).child.controlFD;
      await t.fails('ENXIO', t.ask.openAt({ fd: socket, flags: O_RDONLY }));
    },
  },
  {
    title: 'opens character devices in 2022, and refuses them with EPERM today',
    async run(t) {
      execFileSync('mknod', [t.at('null'), 'c', '1', '3']);
      const opening = t.ask.openAt({ fd: await t.walk('null'), flags: O_RDWR });
      if (t.kind === 'current') return t.fails('EPERM', opening);
      assert.ok((await opening).hostFD);
      return undefined;
    },
  },
  {
    title: 'opens a deleted file today, and is EINVAL in 2022; wants a control FD',
    async run(t) {
      writeFileSync(t.at('file'), 'still there');
      const fd = await t.walk('file');
      await t.ask.unlinkAt({ dirFD: t.dir, flags: 0, name: 'file' });
      const opening = t.ask.openAt({ fd, flags: O_RDONLY });
      if (t.kind === 'debian') await t.fails('EINVAL', opening);
      else assert.is((await t.ask.pread({ fd: (await opening).openFD, offset: 0, count: 99 })).dataSize, 11);
      await t.wantsControlFD((wrong) => t.ask.openAt({ fd: wrong, flags: O_RDONLY }));
    },
  },
  {
    title: 'hands its descriptor on: FileHandle, streams, release; each of them, and close, closes it once',
    async run(t) {
      writeFileSync(t.at('file'), 'to be streamed');
      const fd = await t.walk('file');
      const open = async (flags: number) => (await t.ask.openAt({ fd, flags })).hostFD!;
      const handle = await (await open(O_RDWR)).toFileHandle();
      assert.is(await handle.readFile('utf8'), 'to be streamed');
      assert.is((await handle.write('T', 0)).bytesWritten, 1);
      await handle.close();
      assert.is(await text((await open(O_RDONLY)).createReadStream({ start: 3, end: 4 })), 'be');
      const writer = (await open(O_WRONLY)).createWriteStream({ start: 6 });
      writer.end('STREAMED');
      await once(writer, 'close');
      assert.is(readFileSync(t.at('file'), 'utf8'), 'To be STREAMED');
      const hostFD = await open(O_RDONLY);
      const { fd: number } = hostFD;
      hostFD.close();
      hostFD.close();
      assert.is(hostFD.fd, -1);
      assert.throws(() => descriptorFlags(number), /ENOENT/);
      assert.throws(() => hostFD.release(), /EBADF/);
    },
  },
];

const openCreateAt: Case[] = [
  {
    title: 'makes a file with exactly this mode and owner, and opens it',
    async run(t) {
      const resp = await t.ask.openCreateAt({ ...t.create('new', 0o107666), uid: 12, gid: 34, flags: O_RDWR });
      const { mode, uid, gid, size } = lstatSync(t.at('new'));
      // chown(2) takes the set-user-ID and set-group-ID bits away.
      assert.equal([mode & 0o171777, uid, gid, size], [0o101666, 12, 34, 0]);
      sameStat(resp.child.stat, t.at('new'), t.kind);
      assert.is((await t.ask.pwrite({ fd: resp.newFD, offset: 0, data: Buffer.from('abc') })).count, 3n);
      assert.is((await t.ask.fstat({ fd: resp.child.controlFD })).size, 3n);
      assert.ok(resp.hostFD);
      assert.equal(descriptorFlags(resp.hostFD.fd), { accessMode: O_RDWR, nonBlocking: true, closeOnExec: true });
      writeSync(resp.hostFD.fd, 'd', 3);
      assert.is(readFileSync(t.at('new'), 'latin1'), 'abcd');
    },
  },
  {
    title: 'with no user and no group leaves the owner; opens as asked',
    async run(t) {
      const { newFD } = await t.ask.openCreateAt({ ...t.create('new', 0o400), flags: O_WRONLY });
      assert.equal([lstatSync(t.at('new')).uid, lstatSync(t.at('new')).gid], [0, 0]);
      await t.fails('EBADF', t.ask.pread({ fd: newFD, offset: 0, count: 1 }), 'PRead');
      await t.ask.pwrite({ fd: newFD, offset: 0, data: Buffer.from('x') });
    },
  },
  {
    title: 'is EEXIST for whatever exists, ENOTDIR in a file, EINVAL in a deleted directory',
    async run(t) {
      mkdirSync(t.at('dir'));
      writeFileSync(t.at('file'), 'kept');
      symlinkSync('gone', t.at('dangling'));
      for (const name of ['dir', 'file', 'dangling']) {
        await t.fails('EEXIST', t.ask.openCreateAt({ ...t.create(name), flags: O_RDWR }));
      }
      assert.is(readFileSync(t.at('file'), 'latin1'), 'kept');
      const file = await t.walk('file');
      await t.fails('ENOTDIR', t.ask.openCreateAt({ ...t.create('x'), dirFD: file, flags: O_RDWR }));
      const dir = await t.walk('dir');
      await t.ask.unlinkAt({ dirFD: t.dir, flags: 0x200, name: 'dir' });
      await t.fails('EINVAL', t.ask.openCreateAt({ ...t.create('x'), dirFD: dir, flags: O_RDWR }));
    },
  },
  {
    title: 'refuses bad names and wrong FDIDs',
    async run(t) {
      await t.refusesNames((name) => t.ask.openCreateAt({ ...t.create(name), flags: O_RDWR }));
      await t.wantsControlFD((dirFD) => t.ask.openCreateAt({ ...t.create('x'), dirFD, flags: O_RDWR }));
      assert.equal(readdirSync(t.path), []);
    },
  },
];

const fsync: Case[] = [
  {
    title: 'syncs files and directories, many at once, none too; one that is not known is EBADF',
    async run(t) {
      writeFileSync(t.at('a'), 'a');
      writeFileSync(t.at('b'), 'b');
      const [a, b] = [await t.open('a', O_RDWR), await t.open('b', O_RDONLY)];
      const { openFD } = await t.ask.openAt({ fd: t.dir, flags: O_RDONLY });
      await t.ask.fsync({ fds: [a, b, openFD] });
      await t.ask.fsync({ fds: [] });
      await t.fails('EBADF', t.ask.fsync({ fds: [a, UNKNOWN, b] }));
      await t.wantsOpenFD((fd) => t.ask.fsync({ fds: [a, fd] }));
    },
  },
];

const pwrite: Case[] = [
  {
    title: 'writes where it is told to, far beyond the end too; nothing is nothing',
    async run(t) {
      writeFileSync(t.at('file'), '0123456789');
      const fd = await t.open('file', O_WRONLY);
      const write = async (offset: number | bigint, data: string): Promise<bigint> =>
        (await t.ask.pwrite({ fd, offset, data: Buffer.from(data) })).count;
      assert.is(await write(0, 'ab'), 2n);
      assert.is(await write(8n, 'yz!'), 3n);
      assert.is(await write(4, ''), 0n);
      assert.is(readFileSync(t.at('file'), 'latin1'), 'ab234567yz!');
      assert.is(await write(5n * 2n ** 32n, 'far'), 3n);
      assert.is(statSync(t.at('file'), { bigint: true }).size, 5n * 2n ** 32n + 3n);
    },
  },
  {
    title: 'takes a message of the maximum size; the client itself refuses more with EIO',
    async run(t) {
      writeFileSync(t.at('file'), '');
      const fd = await t.open('file', O_RDWR);
      const data = Buffer.alloc(t.client.maxMessageSize - PWRITE_REQ_BYTES, 'most');
      assert.is((await t.ask.pwrite({ fd, offset: 1, data })).count, BigInt(data.length));
      assert.ok(readFileSync(t.at('file')).subarray(1).equals(data));
      await t.fails('EIO', t.ask.pwrite({ fd, offset: 0, data: Buffer.alloc(data.length + 1) }));
    },
  },
  {
    title: 'writes to a deleted file; is EBADF where the FD is not for writing, EINVAL and EFBIG beyond all files',
    async run(t) {
      writeFileSync(t.at('file'), 'abc');
      const data = Buffer.from('z');
      const fd = await t.open('file', O_RDWR);
      await t.fails('EBADF', t.ask.pwrite({ fd: await t.open('file', O_RDONLY), offset: 0, data }));
      await t.fails('EINVAL', t.ask.pwrite({ fd, offset: 2n ** 63n, data }));
      await t.fails('EFBIG', t.ask.pwrite({ fd, offset: 2n ** 63n - 2n, data }));
      await t.ask.unlinkAt({ dirFD: t.dir, flags: 0, name: 'file' });
      assert.is((await t.ask.pwrite({ fd, offset: 1, data })).count, 1n);
      assert.is(Buffer.from((await t.ask.pread({ fd, offset: 0, count: 9 })).data).toString(), 'azc');
      await t.wantsOpenFD((wrong) => t.ask.pwrite({ fd: wrong, offset: 0, data }));
    },
  },
];

const pread: Case[] = [
  {
    title: 'reads what is there, nothing at the end and beyond',
    async run(t) {
      writeFileSync(t.at('file'), Buffer.from([0, 1, 0xff, 0x80, 10]));
      const fd = await t.open('file', O_RDONLY);
      const read = async (offset: number | bigint, count: number): Promise<number[]> => [
        ...(await t.ask.pread({ fd, offset, count })).data,
      ];
      assert.equal(await read(0, 100), [0, 1, 0xff, 0x80, 10]);
      assert.equal(await read(1, 2), [1, 0xff]);
      assert.equal(await read(3n, 2), [0x80, 10]);
      assert.equal(await read(5, 1), []);
      assert.equal(await read(2n ** 62n, 1), []);
      assert.equal(await read(0, 0), []);
    },
  },
  {
    title: 'fills a response of the maximum size; more is ENOBUFS, and a size that overflows is a panic in gVisor',
    async run(t) {
      const most = t.client.maxMessageSize - PREAD_RESP_BYTES;
      const content = Buffer.alloc(most + 10, 'pattern');
      writeFileSync(t.at('file'), content);
      const fd = await t.open('file', O_RDONLY);
      const { data } = await t.ask.pread({ fd, offset: 1, count: most });
      assert.ok(Buffer.from(data).equals(content.subarray(1, 1 + most)));
      await t.fails('ENOBUFS', t.ask.pread({ fd, offset: 0, count: most + 1 }));
      await t.fails('ENOBUFS', t.ask.pread({ fd, offset: 0, count: 0xffff_fff7 }));
      await t.fails('EREMOTEIO', t.ask.pread({ fd, offset: 0, count: 0xffff_ffff }));
      assert.is((await t.ask.pread({ fd, offset: 0, count: 7 })).dataSize, 7);
    },
  },
  {
    title: 'is EBADF where the FD is not for reading, EISDIR of a directory, EINVAL at a negative offset',
    async run(t) {
      writeFileSync(t.at('file'), 'abc');
      const fd = await t.open('file', O_RDONLY);
      const dir = (await t.ask.openAt({ fd: t.dir, flags: O_RDONLY })).openFD;
      await t.fails('EBADF', t.ask.pread({ fd: await t.open('file', O_WRONLY), offset: 0, count: 1 }));
      await t.fails('EISDIR', t.ask.pread({ fd: dir, offset: 0, count: 1 }));
      await t.fails('EINVAL', t.ask.pread({ fd, offset: 2n ** 64n - 1n, count: 1 }));
      await t.wantsOpenFD((wrong) => t.ask.pread({ fd: wrong, offset: 0, count: 1 }));
    },
  },
];

const fallocate: Case[] = [
  {
    title: 'reserves storage and grows the file',
    async run(t) {
      writeFileSync(t.at('file'), 'abc');
      const fd = await t.open('file', O_RDWR);
      await t.ask.fallocate({ fd, mode: 0, offset: 0, length: 100_000 });
      const { size, blocks } = statSync(t.at('file'));
      assert.is(size, 100_000);
      assert.ok(blocks * 512 >= size);
      assert.is(readFileSync(t.at('file'), 'latin1').slice(0, 4), 'abc\0');
    },
  },
  {
    title: 'is EINVAL for no length, EFBIG beyond all files, EBADF where the FD is not for writing',
    async run(t) {
      writeFileSync(t.at('file'), 'abc');
      const fd = await t.open('file', O_RDWR);
      await t.fails('EINVAL', t.ask.fallocate({ fd, mode: 0, offset: 0, length: 0 }));
      await t.fails('EINVAL', t.ask.fallocate({ fd, mode: 0, offset: 2n ** 63n, length: 1 }));
      await t.fails('EFBIG', t.ask.fallocate({ fd, mode: 0, offset: 2n ** 63n - 10n, length: 5 }));
      const readOnly = await t.open('file', O_RDONLY);
      await t.fails('EBADF', t.ask.fallocate({ fd: readOnly, mode: 0, offset: 0, length: 1 }));
      await t.wantsOpenFD((wrong) => t.ask.fallocate({ fd: wrong, mode: 0, offset: 0, length: 1 }));
    },
  },
  {
    title: "with a mode is the gofer's end: its seccomp filter kills it, and the call fails with EIO",
    startsGofer: true,
    run: (t) =>
      withSession({ runsc: t.kind, channels: t.over === 'channels' ? 2 : 0 }, async ({ client, gofer, path, root }) => {
        writeFileSync(`${path}/file`, 'abc');
        const { inodes } = await client.walk({ dirFD: root, path: ['file'] });
        const { openFD: fd, hostFD } = await client.openAt({ fd: inodes[0]!.controlFD, flags: O_RDWR });
        hostFD?.close();
        const req = { fd, mode: FALLOC_FL_KEEP_SIZE, offset: 0, length: 10_000 };
        const allocate = async (): Promise<void> =>
          t.face === 'synchronous' ? client.fallocateSync(req) : client.fallocate(req);
        await t.fails('EIO', allocate());
        assert.is((await gofer.exited).signal, 'SIGSYS');
      }),
  },
];

const DT_FIFO = 1;
const DT_DIR = 4;
const DT_REG = 8;
const DT_LNK = 10;

/** Reads a directory to its end, `count` bytes at a time. */
async function list(t: Stage, dirFD: FDID, count: number): Promise<Dirent64[]> {
  const all: Dirent64[] = [];
  for (let next = count; ; next = Math.abs(count)) {
    const { dirents } = await t.ask.getdents64({ dirFD, count: next });
    if (dirents.length === 0) return all;
    all.push(...dirents);
  }
}

const getdents64: Case[] = [
  {
    title: 'lists every entry with its inode, device and type, without . and ..',
    async run(t) {
      writeFileSync(t.at('file'), '');
      mkdirSync(t.at('dir'));
      symlinkSync('x', t.at('symlink'));
      execFileSync('mkfifo', [t.at('fifo')]);
      const { openFD } = await t.ask.openAt({ fd: t.dir, flags: O_RDONLY });
      const entries = await list(t, openFD, 4096);
      assert.equal(Object.fromEntries(entries.map(({ name, type }) => [name, type])), {
        file: DT_REG,
        dir: DT_DIR,
        symlink: DT_LNK,
        fifo: DT_FIFO,
      });
      for (const { name, ino, devMajor, devMinor } of entries) {
        assert.is(ino, lstatSync(t.at(name), { bigint: true }).ino);
        const { stats } = await t.ask.walkStat({ dirFD: t.dir, path: [name] });
        assert.equal([devMajor, devMinor], [stats[0]!.devMajor, stats[0]!.devMinor]);
      }
      assert.is(new Set(entries.map(({ off }) => off)).size, 4);
    },
  },
  {
    title: 'goes on where it was, a few entries at a time; a negative count begins anew',
    async run(t) {
      const names = Array.from({ length: 100 }, (_, i) => `entry-${i}`).sort();
      for (const name of names) writeFileSync(t.at(name), '');
      const { openFD } = await t.ask.openAt({ fd: t.dir, flags: O_RDONLY });
      const sorted = (entries: Dirent64[]): string[] => entries.map(({ name }) => name).sort();
      const first = (await t.ask.getdents64({ dirFD: openFD, count: 300 })).dirents;
      assert.ok(first.length > 0 && first.length < 20);
      assert.equal(sorted([...first, ...(await list(t, openFD, 300))]), names);
      assert.equal((await t.ask.getdents64({ dirFD: openFD, count: 300 })).dirents, []);
      assert.equal(sorted(await list(t, openFD, -300)), names);
      assert.equal(sorted(await list(t, openFD, -1_000_000)), names);
      // No entry fits into a byte; that is not an error.
      assert.equal((await t.ask.getdents64({ dirFD: openFD, count: -1 })).dirents, []);
    },
  },
  {
    title: 'is ENOTDIR of a file, EINVAL of a directory that was deleted; wants an open FD, for all its name',
    async run(t) {
      writeFileSync(t.at('file'), '');
      mkdirSync(t.at('dir'));
      await t.fails('ENOTDIR', t.ask.getdents64({ dirFD: await t.open('file', O_RDONLY), count: 100 }));
      const dir = await t.open('dir', O_RDONLY);
      await t.ask.unlinkAt({ dirFD: t.dir, flags: 0x200, name: 'dir' });
      await t.fails('EINVAL', t.ask.getdents64({ dirFD: dir, count: 100 }));
      await t.wantsOpenFD((dirFD) => t.ask.getdents64({ dirFD, count: 100 }));
    },
  },
];

export const contentCases = new Map<number, Case[]>([
  [MID.OpenAt, openAt],
  [MID.OpenCreateAt, openCreateAt],
  [MID.FSync, fsync],
  [MID.PWrite, pwrite],
  [MID.PRead, pread],
  [MID.FAllocate, fallocate],
  [MID.Getdents64, getdents64],
]);
