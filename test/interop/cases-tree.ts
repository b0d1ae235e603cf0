/** Cases of the messages that make, link, move and remove names: MIDs 13-16, 22, 23, 33. */

import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import * as assert from 'uvu/assert';
import { MID, type RenameAtReqInit } from '../../runtime/index.js';
import { type Case, NOBODY, O_RDONLY, sameStat, type Stage } from './stage.js';

const AT_REMOVEDIR = 0x200;
const S_IFREG = 0o100000;
const S_IFIFO = 0o010000;
const S_IFCHR = 0o020000;
const S_IFSOCK = 0o140000;
const RENAME_NOREPLACE = 1;
const RENAME_EXCHANGE = 2;
const RENAME_WHITEOUT = 4;

/** A directory that the server knows to be deleted. */
async function deletedDir(t: Stage): ReturnType<Stage['walk']> {
  mkdirSync(t.at('deleted'));
  const fd = await t.walk('deleted');
  await t.ask.unlinkAt({ dirFD: t.dir, flags: AT_REMOVEDIR, name: 'deleted' });
  return fd;
}

const mkdirAt: Case[] = [
  {
    title: 'makes a directory with exactly this mode and owner',
    async run(t) {
      const { childDir } = await t.ask.mkdirAt({ ...t.create('new', 0o1727), uid: 12, gid: 34 });
      const { mode, uid, gid } = lstatSync(t.at('new'));
      assert.equal([mode, uid, gid], [0o041727, 12, 34]);
      sameStat(childDir.stat, t.at('new'), t.kind);
      await t.ask.mkdirAt({ ...t.create('inner', 0o700), dirFD: childDir.controlFD });
      assert.is(lstatSync(t.at('new/inner')).mode, 0o040700);
      assert.is(lstatSync(t.at('new/inner')).uid, 0);
    },
  },
  {
    title: 'is EEXIST for whatever exists, ENOTDIR in a file, EINVAL in a deleted directory; refuses names and FDIDs',
    async run(t) {
      writeFileSync(t.at('file'), '');
      const file = await t.walk('file');
      await t.fails('EEXIST', t.ask.mkdirAt(t.create('file')));
      await t.fails('ENOTDIR', t.ask.mkdirAt({ ...t.create('x'), dirFD: file }));
      const dirFD = await deletedDir(t);
      await t.fails('EINVAL', t.ask.mkdirAt({ ...t.create('x'), dirFD }));
      await t.refusesNames((name) => t.ask.mkdirAt(t.create(name)));
      await t.wantsControlFD((fd) => t.ask.mkdirAt({ ...t.create('x'), dirFD: fd }));
      assert.equal(readdirSync(t.path), ['file']);
    },
  },
];

const mknodAt: Case[] = [
  {
    title: 'makes a regular file with exactly this mode and owner',
    async run(t) {
      const req = { ...t.create('new', S_IFREG | 0o626), uid: 12, gid: 34, minor: 0, major: 0 };
      const { child } = await t.ask.mknodAt(req);
      const { mode, uid, gid, size } = lstatSync(t.at('new'));
      assert.equal([mode, uid, gid, size], [0o100626, 12, 34, 0]);
      sameStat(child.stat, t.at('new'), t.kind);
      await t.ask.openAt({ fd: child.controlFD, flags: O_RDONLY });
    },
  },
  {
    title: "is EPERM for every other kind; but today makes the overlay's whiteout, a device 0:0",
    async run(t) {
      const node = { minor: 3, major: 1 };
      for (const type of [S_IFIFO, S_IFCHR, S_IFSOCK]) {
        await t.fails('EPERM', t.ask.mknodAt({ ...t.create('x', type | 0o600), ...node }));
      }
      const whiteout = t.ask.mknodAt({ ...t.create('whiteout', S_IFCHR | 0o600), minor: 0, major: 0 });
      if (t.kind === 'debian') return t.fails('EPERM', whiteout);
      sameStat((await whiteout).child.stat, t.at('whiteout'), t.kind);
      const { mode, rdev } = lstatSync(t.at('whiteout'));
      assert.equal([mode, rdev], [S_IFCHR | 0o600, 0]);
      return undefined;
    },
  },
  {
    title: 'is EEXIST for whatever exists, ENOTDIR in a file, EINVAL in a deleted directory; refuses names and FDIDs',
    async run(t) {
      const req = { ...t.create('x', S_IFREG), minor: 0, major: 0 };
      symlinkSync('gone', t.at('symlink'));
      writeFileSync(t.at('file'), '');
      const file = await t.walk('file');
      await t.fails('EEXIST', t.ask.mknodAt({ ...req, name: 'symlink' }));
      await t.fails('ENOTDIR', t.ask.mknodAt({ ...req, dirFD: file }));
      const deleted = await deletedDir(t);
      await t.fails('EINVAL', t.ask.mknodAt({ ...req, dirFD: deleted }));
      await t.refusesNames((name) => t.ask.mknodAt({ ...req, name }));
      await t.wantsControlFD((dirFD) => t.ask.mknodAt({ ...req, dirFD }));
    },
  },
];

const symlinkAt: Case[] = [
  {
    title: 'makes a symlink that says anything, owned by whom it is told',
    async run(t) {
      for (const [i, target] of ['a', '../..', '/', 'ünï🙂', 'l'.repeat(4095)].entries()) {
        const name = `link${i}`;
        const { symlink } = await t.ask.symlinkAt({ dirFD: t.dir, uid: i, gid: 10 + i, name, target });
        assert.equal([lstatSync(t.at(name)).uid, lstatSync(t.at(name)).gid], [i, 10 + i]);
        sameStat(symlink.stat, t.at(name), t.kind);
        assert.is(readlinkSync(t.at(name)), target);
      }
    },
  },
  {
    title: 'is ENOENT for an empty target, ENAMETOOLONG for a long one, EINVAL for a NUL',
    async run(t) {
      const req = { dirFD: t.dir, uid: NOBODY, gid: NOBODY, name: 'x' };
      await t.fails('ENOENT', t.ask.symlinkAt({ ...req, target: '' }));
      await t.fails('ENAMETOOLONG', t.ask.symlinkAt({ ...req, target: 'l'.repeat(4096) }));
      await t.fails('ENAMETOOLONG', t.ask.symlinkAt({ ...req, target: 'l'.repeat(65535) }));
      await t.fails('EINVAL', t.ask.symlinkAt({ ...req, target: 'a\0b' }));
      assert.equal(readdirSync(t.path), []);
    },
  },
  {
    title: 'is EEXIST for whatever exists, ENOTDIR in a file, EINVAL in a deleted directory; refuses names and FDIDs',
    async run(t) {
      const req = { dirFD: t.dir, uid: NOBODY, gid: NOBODY, name: 'x', target: 'y' };
      writeFileSync(t.at('file'), '');
      const file = await t.walk('file');
      await t.fails('EEXIST', t.ask.symlinkAt({ ...req, name: 'file' }));
      await t.fails('ENOTDIR', t.ask.symlinkAt({ ...req, dirFD: file }));
      const deleted = await deletedDir(t);
      await t.fails('EINVAL', t.ask.symlinkAt({ ...req, dirFD: deleted }));
      await t.refusesNames((name) => t.ask.symlinkAt({ ...req, name }));
      await t.wantsControlFD((dirFD) => t.ask.symlinkAt({ ...req, dirFD }));
    },
  },
];

const linkAt: Case[] = [
  {
    title: 'gives files and symlinks one more name',
    async run(t) {
      writeFileSync(t.at('file'), 'shared');
      symlinkSync('x', t.at('symlink'));
      mkdirSync(t.at('dir'));
      for (const name of ['file', 'symlink']) {
        const target = await t.walk(name);
        const { link } = await t.ask.linkAt({ dirFD: await t.walk('dir'), target, name: `${name}2` });
        sameStat(link.stat, t.at('dir', `${name}2`), t.kind);
        sameStat(link.stat, t.at(name), t.kind);
        assert.is(link.stat.nlink, 2);
        assert.is.not(link.controlFD, target);
      }
      assert.is(readFileSync(t.at('dir/file2'), 'latin1'), 'shared');
    },
  },
  {
    title: 'is EEXIST for whatever exists, EPERM of a directory, ENOTDIR in a file, EINVAL once deleted',
    async run(t) {
      writeFileSync(t.at('file'), '');
      mkdirSync(t.at('dir'));
      const [file, dir] = [await t.walk('file'), await t.walk('dir')];
      await t.fails('EEXIST', t.ask.linkAt({ dirFD: t.dir, target: file, name: 'dir' }));
      await t.fails('EPERM', t.ask.linkAt({ dirFD: t.dir, target: dir, name: 'x' }));
      await t.fails('ENOTDIR', t.ask.linkAt({ dirFD: file, target: file, name: 'x' }));
      const deleted = await deletedDir(t);
      await t.fails('EINVAL', t.ask.linkAt({ dirFD: deleted, target: file, name: 'x' }));
      rmSync(t.at('file'));
      await t.fails('ENOENT', t.ask.linkAt({ dirFD: t.dir, target: file, name: 'x' }));
      writeFileSync(t.at('other'), '');
      const other = await t.walk('other');
      await t.ask.unlinkAt({ dirFD: t.dir, flags: 0, name: 'other' });
      await t.fails('EINVAL', t.ask.linkAt({ dirFD: t.dir, target: other, name: 'x' }));
    },
  },
  {
    title: 'refuses bad names and wrong FDIDs',
    async run(t) {
      writeFileSync(t.at('file'), '');
      const target = await t.walk('file');
      await t.refusesNames((name) => t.ask.linkAt({ dirFD: t.dir, target, name }));
      await t.wantsControlFD((dirFD) => t.ask.linkAt({ dirFD, target, name: 'x' }));
      await t.wantsControlFD((fd) => t.ask.linkAt({ dirFD: t.dir, target: fd, name: 'x' }));
    },
  },
];

const unlinkAt: Case[] = [
  {
    title: 'removes files and symlinks, and directories with AT_REMOVEDIR',
    async run(t) {
      writeFileSync(t.at('file'), '');
      symlinkSync('file', t.at('symlink'));
      mkdirSync(t.at('dir'));
      await t.ask.unlinkAt({ dirFD: t.dir, flags: 0, name: 'symlink' });
      assert.equal(readdirSync(t.path).sort(), ['dir', 'file']);
      await t.ask.unlinkAt({ dirFD: t.dir, flags: 0, name: 'file' });
      await t.ask.unlinkAt({ dirFD: t.dir, flags: AT_REMOVEDIR, name: 'dir' });
      assert.equal(readdirSync(t.path), []);
    },
  },
  {
    title: 'is EISDIR, ENOTDIR, ENOTEMPTY, ENOENT and EINVAL as unlinkat(2) is',
    async run(t) {
      writeFileSync(t.at('file'), '');
      mkdirSync(t.at('dir/inner'), { recursive: true });
      const remove = (name: string, flags: number): Promise<void> => t.ask.unlinkAt({ dirFD: t.dir, flags, name });
      await t.fails('EISDIR', remove('dir', 0));
      await t.fails('ENOTDIR', remove('file', AT_REMOVEDIR));
      await t.fails('ENOTEMPTY', remove('dir', AT_REMOVEDIR));
      await t.fails('ENOENT', remove('gone', 0));
      await t.fails('ENOENT', remove('gone', AT_REMOVEDIR));
      await t.fails('EINVAL', remove('file', 0x4000));
      assert.equal(readdirSync(t.path).sort(), ['dir', 'file']);
    },
  },
  {
    title: 'is ENOTDIR in a file, EINVAL in a deleted directory; refuses names and FDIDs',
    async run(t) {
      writeFileSync(t.at('file'), '');
      const file = await t.walk('file');
      await t.fails('ENOTDIR', t.ask.unlinkAt({ dirFD: file, flags: 0, name: 'x' }));
      const deleted = await deletedDir(t);
      await t.fails('EINVAL', t.ask.unlinkAt({ dirFD: deleted, flags: 0, name: 'x' }));
      await t.refusesNames((name) => t.ask.unlinkAt({ dirFD: t.dir, flags: 0, name }));
      await t.wantsControlFD((dirFD) => t.ask.unlinkAt({ dirFD, flags: 0, name: 'x' }));
    },
  },
];

type Rename = (t: Stage, req: RenameAtReqInit) => Promise<void>;

const within = (t: Stage, oldName: string, newName: string): RenameAtReqInit => ({
  oldDir: t.dir,
  newDir: t.dir,
  oldName,
  newName,
});

/** What RenameAt does, and RenameAt2 without flags. */
const renaming = (rename: Rename): Case[] => [
  {
    title: 'renames, replaces, moves to another directory; the same name again is nothing to do',
    async run(t) {
      writeFileSync(t.at('a'), 'a');
      writeFileSync(t.at('b'), 'b');
      mkdirSync(t.at('dir'));
      await rename(t, within(t, 'a', 'c'));
      assert.is(readFileSync(t.at('c'), 'latin1'), 'a');
      await rename(t, within(t, 'b', 'c'));
      assert.is(readFileSync(t.at('c'), 'latin1'), 'b');
      await rename(t, { ...within(t, 'c', 'd'), newDir: await t.walk('dir') });
      assert.equal([readdirSync(t.path), readdirSync(t.at('dir'))], [['dir'], ['d']]);
      await rename(t, within(t, 'dir', 'dir'));
      await rename(t, within(t, 'gone', 'gone'));
    },
  },
  {
    title: 'leaves the FDs of what it moves as they were, below it too',
    async run(t) {
      mkdirSync(t.at('dir/inner'), { recursive: true });
      writeFileSync(t.at('dir/inner/file'), 'abc');
      const inner = await t.walk('inner', await t.walk('dir'));
      const file = await t.walk('file', inner);
      const { openFD } = await t.ask.openAt({ fd: file, flags: O_RDONLY });
      await rename(t, within(t, 'dir', 'moved'));
      assert.is((await t.ask.pread({ fd: openFD, offset: 0, count: 9 })).dataSize, 3);
      sameStat(await t.ask.fstat({ fd: file }), t.at('moved/inner/file'), t.kind);
      // This asks for the file's path.
      await t.ask.linkAt({ dirFD: t.dir, target: file, name: 'link' });
      await t.ask.mkdirAt({ ...t.create('new'), dirFD: inner });
      assert.ok(existsSync(t.at('moved/inner/new')) && existsSync(t.at('link')));
    },
  },
  {
    title: 'what it replaces is deleted to the server',
    async run(t) {
      mkdirSync(t.at('a'));
      mkdirSync(t.at('b'));
      const [a, b] = [await t.walk('a'), await t.walk('b')];
      await rename(t, within(t, 'a', 'b'));
      await t.fails('EINVAL', t.ask.mkdirAt({ ...t.create('x'), dirFD: b }), 'MkdirAt');
      await t.ask.mkdirAt({ ...t.create('y'), dirFD: a });
      assert.equal(readdirSync(t.at('b')), ['y']);
    },
  },
  {
    title: 'is ENOENT, EISDIR, ENOTDIR, ENOTEMPTY and EINVAL as rename(2) is',
    async run(t) {
      writeFileSync(t.at('file'), '');
      mkdirSync(t.at('dir/inner'), { recursive: true });
      mkdirSync(t.at('empty'));
      await t.fails('ENOENT', rename(t, within(t, 'gone', 'x')));
      await t.fails('EISDIR', rename(t, within(t, 'file', 'dir')));
      await t.fails('ENOTDIR', rename(t, within(t, 'dir', 'file')));
      await t.fails('ENOTEMPTY', rename(t, within(t, 'empty', 'dir')));
      const inner = await t.walk('inner', await t.walk('dir'));
      await t.fails('EINVAL', rename(t, { ...within(t, 'dir', 'x'), newDir: inner }));
    },
  },
  {
    title: 'is ENOTDIR for files as directories, EINVAL for deleted ones; refuses names and FDIDs on both sides',
    async run(t) {
      writeFileSync(t.at('file'), '');
      const file = await t.walk('file');
      await t.fails('ENOTDIR', rename(t, { ...within(t, 'file', 'x'), newDir: file }));
      await t.fails('ENOTDIR', rename(t, { ...within(t, 'file', 'x'), oldDir: file }));
      const deleted = await deletedDir(t);
      await t.fails('EINVAL', rename(t, { ...within(t, 'file', 'x'), newDir: deleted }));
      await t.fails('EINVAL', rename(t, { ...within(t, 'file', 'x'), oldDir: deleted }));
      await t.refusesNames((name) => rename(t, within(t, name, 'x')));
      await t.refusesNames((name) => rename(t, within(t, 'file', name)));
      await t.wantsControlFD((fd) => rename(t, { ...within(t, 'file', 'x'), newDir: fd }));
      await t.wantsControlFD((fd) => rename(t, { ...within(t, 'file', 'x'), oldDir: fd }));
      assert.equal(readdirSync(t.path), ['file']);
    },
  },
];

const renameAt = renaming((t, req) => t.ask.renameAt(req));

const renameAt2: Case[] = [
  ...renaming((t, req) => t.ask.renameAt2({ ...req, flags: 0 })),
  {
    title: 'RENAME_NOREPLACE is EEXIST where the new name exists',
    async run(t) {
      writeFileSync(t.at('a'), 'a');
      writeFileSync(t.at('b'), 'b');
      await t.fails('EEXIST', t.ask.renameAt2({ ...within(t, 'a', 'b'), flags: RENAME_NOREPLACE }));
      await t.ask.renameAt2({ ...within(t, 'a', 'c'), flags: RENAME_NOREPLACE });
      assert.equal(readdirSync(t.path).sort(), ['b', 'c']);
    },
  },
  {
    title: 'RENAME_EXCHANGE swaps two files, and the server goes on knowing both',
    async run(t) {
      writeFileSync(t.at('file'), 'file');
      mkdirSync(t.at('dir'));
      symlinkSync('x', t.at('dir/symlink'));
      const [file, dir] = [await t.walk('file'), await t.walk('dir')];
      await t.ask.renameAt2({ ...within(t, 'file', 'dir'), flags: RENAME_EXCHANGE });
      assert.is(readFileSync(t.at('dir'), 'latin1'), 'file');
      assert.equal(readdirSync(t.at('file')), ['symlink']);
      sameStat(await t.ask.fstat({ fd: file }), t.at('dir'), t.kind);
      assert.is((await t.ask.readLinkAt({ fd: await t.walk('symlink', dir) })).target, 'x');
      await t.fails('ENOENT', t.ask.renameAt2({ ...within(t, 'file', 'gone'), flags: RENAME_EXCHANGE }));
    },
  },
  {
    title: 'RENAME_WHITEOUT leaves a device 0:0; flags that exclude each other, or mean nothing, are EINVAL',
    async run(t) {
      writeFileSync(t.at('a'), 'a');
      await t.ask.renameAt2({ ...within(t, 'a', 'b'), flags: RENAME_WHITEOUT });
      assert.is(readFileSync(t.at('b'), 'latin1'), 'a');
      const { mode, rdev } = lstatSync(t.at('a'));
      assert.equal([mode & S_IFCHR, rdev], [S_IFCHR, 0]);
      for (const flags of [RENAME_NOREPLACE | RENAME_EXCHANGE, 0x10, 0x8000_0000]) {
        await t.fails('EINVAL', t.ask.renameAt2({ ...within(t, 'b', 'c'), flags }));
      }
    },
  },
];

export const treeCases = new Map<number, Case[]>([
  [MID.MkdirAt, mkdirAt],
  [MID.MknodAt, mknodAt],
  [MID.SymlinkAt, symlinkAt],
  [MID.LinkAt, linkAt],
  [MID.UnlinkAt, unlinkAt],
  [MID.RenameAt, renameAt],
  [MID.RenameAt2, renameAt2],
]);
