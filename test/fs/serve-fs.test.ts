/** What `serveFS` makes of objects: memfs, ZenFS and node:fs/promises as they are, and some that can do less. */

import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import * as node from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configure, fs as zenfs, InMemory } from '@zenfs/core';
import { memfs } from 'memfs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { serveFS, type NodeFS, type NodeStats } from '../../runtime/server.js';
import { codeOf, NOBODY, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY, walkTo, withFS } from './serve-fs-session.js';
import type { Mounted } from './serve-fs-session.js';

const AT_REMOVEDIR = 0x200;
const STATX_MODE = 0x2;
const STATX_UID = 0x8;
const STATX_MTIME = 0x40;
const STATX_SIZE = 0x200;
const EOPNOTSUPP = 95;

await configure({ mounts: { '/zen': InMemory } });

const ofFile = { uid: NOBODY, gid: NOBODY, mode: 0o600 };
const noTime = { sec: 0, nsec: 0 };
const unchanged = { mode: 0, uid: 0, gid: 0, size: 0, atime: noTime, mtime: noTime };

async function withDirectory(body: (path: string) => Promise<void>): Promise<void> {
  const path = mkdtempSync(join(tmpdir(), 'lisafs-object-'));
  try {
    await body(path);
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

function text(data: Uint8Array): string {
  return Buffer.from(data).toString('latin1');
}

const test = suite('serveFS');

test('gives the inode numbers of the object, and times to the nanosecond', () =>
  withDirectory(async (root) => {
    writeFileSync(join(root, 'file'), 'content');
    await withFS(
      node,
      async ({ client }) => {
        const [ours, theirs] = [
          await client.fs.lstat('/file', { bigint: true }),
          await node.lstat(join(root, 'file'), { bigint: true }),
        ];
        for (const field of ['ino', 'dev', 'mode', 'nlink', 'size', 'blocks', 'blksize'] as const) {
          assert.is(ours[field], theirs[field], field);
        }
        for (const field of ['atimeNs', 'mtimeNs', 'ctimeNs', 'birthtimeNs'] as const) {
          assert.is(ours[field], theirs[field], field);
        }
      },
      { root },
    );
  }));

/** An object that gives no inode numbers, or the same for all files. */
function withoutNumbers(ino: number | undefined): NodeFS & { fs: ReturnType<typeof memfs>['fs'] } {
  const { fs } = memfs({ '/a/b/c': 'c', '/d': 'd' });
  const { promises } = fs;
  const lstat = async (path: string): Promise<NodeStats> => {
    const { mode, size } = await promises.lstat(path);
    return { mode, size, ...(ino !== undefined && { ino }) };
  };
  return { ...promises, lstat, stat: lstat, fs };
}

for (const ino of [undefined, 0, 7]) {
  test(`makes up numbers that stay with the file, where the object says ${ino}`, () =>
    withFS(withoutNumbers(ino), async ({ client }) => {
      const inoOf = async (path: string): Promise<bigint> => (await client.fs.lstat(path, { bigint: true })).ino;
      const [b, c, d] = [await inoOf('/a/b'), await inoOf('/a/b/c'), await inoOf('/d')];
      assert.is(new Set([b, c, d]).size, 3);
      await client.fs.rename('/a', '/x');
      assert.equal([await inoOf('/x/b'), await inoOf('/x/b/c')], [b, c]);
      await client.fs.mkdir('/a');
      await client.fs.writeFile('/a/b', '');
      assert.is.not(await inoOf('/a/b'), b);
      await client.fs.unlink('/d');
      await client.fs.writeFile('/d', '');
      assert.is.not(await inoOf('/d'), d);
    }));
}

test('tells in a directory the numbers and types that walking there tells', () =>
  withFS(memfs({ '/dir/file': 'x', '/dir/sub/x': '' }).fs.promises, async (mount) => {
    const { client, root } = mount;
    await client.fs.symlink('file', '/dir/link');
    const dir = await walkTo(mount, root, 'dir');
    const { openFD } = await client.openAt({ fd: dir, flags: O_RDONLY });
    const { dirents } = await client.getdents64({ dirFD: openFD, count: 4096 });
    assert.is(dirents.length, 3);
    for (const { name, ino, type } of dirents) {
      const { stats } = await client.walkStat({ dirFD: dir, path: [name] });
      assert.is(ino, stats[0]!.ino);
      assert.is(type, stats[0]!.mode >> 12);
    }
  }));

/** memfs, ZenFS, and memfs without handles: each with an empty directory. */
const kinds: readonly (readonly [string, () => NodeFS, string])[] = [
  ['memfs', () => memfs().fs.promises, '/'],
  ['ZenFS', () => zenfs.promises, '/zen'],
  [
    'memfs without handles',
    () => {
      const { open: _, ...fs } = memfs().fs.promises;
      return fs;
    },
    '/',
  ],
];

for (const [name, make, root] of kinds) {
  const withKind = (body: (mount: Mounted) => Promise<void>): Promise<void> => withFS(make(), body, { root });

  test(`${name}: FDs of all clients follow a rename of the file and of what is above it`, () =>
    withKind(async (mount) => {
      const other = await mount.another();
      await mount.client.fs.mkdir('/one/two', { recursive: true });
      await mount.client.fs.writeFile('/one/two/file', 'before');
      const file = await walkTo(other, other.root, 'one', 'two', 'file');
      const { openFD } = await other.client.openAt({ fd: file, flags: O_RDWR });
      await mount.client.fs.rename('/one', '/three');
      await mount.client.fs.rename('/three/two/file', '/three/moved');
      await mount.client.fs.mkdir('/one');
      assert.is(text((await other.client.pread({ fd: openFD, offset: 0, count: 9 })).data), 'before');
      await other.client.pwrite({ fd: openFD, offset: 0, data: Buffer.from('behind') });
      await other.client.fsync({ fds: [openFD] });
      assert.is((await other.client.fstat({ fd: file })).size, 6n);
      assert.is(await mount.client.fs.readFile('/three/moved', 'utf8'), 'behind');
      await mount.client.fs.rm('/three', { recursive: true });
      await mount.client.fs.rm('/one', { recursive: true });
    }));

  for (const how of ['unlinked', 'replaced']) {
    test(`${name}: a file that is ${how} while it is open lives on, and the new one is left alone`, () =>
      withKind(async ({ client, root }) => {
        const make = { dirFD: root, name: 'file', flags: O_RDWR, ...ofFile };
        const { child, newFD: fd } = await client.openCreateAt(make);
        await client.pwrite({ fd, offset: 0, data: Buffer.from('old content') });
        await client.fs.writeFile('/new', 'new');
        if (how === 'unlinked') await client.fs.unlink('/file');
        await client.fs.rename('/new', '/file');
        await client.pwrite({ fd, offset: 0, data: Buffer.from('OLD') });
        assert.is(text((await client.pread({ fd, offset: 0, count: 99 })).data), 'OLD content');
        await client.setStat({
          fd: child.controlFD,
          ...unchanged,
          mask: STATX_SIZE | STATX_MODE,
          size: 5,
          mode: 0o640,
        });
        const { size, mode } = await client.fstat({ fd });
        assert.equal([size, mode & 0o777], [5n, 0o640]);
        assert.is((await client.fstat({ fd: child.controlFD })).size, 5n);
        const { openFD } = await client.openAt({ fd: child.controlFD, flags: O_RDWR });
        assert.is(text((await client.pread({ fd: openFD, offset: 0, count: 99 })).data), 'OLD c');
        await client.close({ fds: [fd, openFD] });
        assert.is(await client.fs.readFile('/file', 'utf8'), 'new');
        await client.fs.unlink('/file');
      }));
  }

  test(`${name}: a big file comes back as it went`, () =>
    withKind(async ({ client }) => {
      const data = Buffer.alloc(9 * 1024 * 1024 + 7, 'all work and no play ');
      await client.fs.writeFile('/big', data);
      assert.ok((await client.fs.readFile('/big')).equals(data));
      assert.is((await client.fs.stat('/big')).size, data.length);
      await client.fs.unlink('/big');
    }));

  test(`${name}: what the kernel refuses is refused`, () =>
    withKind(async ({ client, root: dirFD }) => {
      await client.fs.mkdir('/dir/sub', { recursive: true });
      await client.fs.writeFile('/file', '');
      const rename = (oldName: string, newName: string): Promise<string> =>
        codeOf(client.renameAt({ oldDir: dirFD, newDir: dirFD, oldName, newName }));
      const inside = { oldDir: dirFD, newDir: await walkTo({ client } as Mounted, dirFD, 'dir', 'sub') };
      assert.is(await codeOf(client.renameAt({ ...inside, oldName: 'dir', newName: 'x' })), 'EINVAL');
      await client.fs.mkdir('/other');
      assert.is(await rename('other', 'dir'), 'ENOTEMPTY');
      assert.is(await rename('other', 'file'), 'ENOTDIR');
      assert.is(await rename('file', 'other'), 'EISDIR');
      assert.is(await rename('none', 'other'), 'ENOENT');
      const noReplace = { oldDir: dirFD, newDir: dirFD, oldName: 'file', newName: 'other', flags: 1 };
      assert.is(await codeOf(client.renameAt2(noReplace)), 'EEXIST');
      assert.is(await codeOf(client.renameAt2({ ...noReplace, flags: 2 })), 'EINVAL');
      assert.is(await codeOf(client.unlinkAt({ dirFD, name: 'dir', flags: 0 })), 'EISDIR');
      assert.is(await codeOf(client.unlinkAt({ dirFD, name: 'dir', flags: AT_REMOVEDIR })), 'ENOTEMPTY');
      assert.is(await codeOf(client.unlinkAt({ dirFD, name: 'file', flags: AT_REMOVEDIR })), 'ENOTDIR');
      assert.is(await codeOf(client.mkdirAt({ dirFD, name: 'file', ...ofFile })), 'EEXIST');
      assert.is(await codeOf(client.symlinkAt({ dirFD, name: 'file', target: 'x', ...ofFile })), 'EEXIST');
      assert.is(await codeOf(client.openCreateAt({ dirFD, name: 'file', flags: O_WRONLY, ...ofFile })), 'EEXIST');
      assert.is(
        await codeOf(client.mknodAt({ dirFD, name: 'fifo', ...ofFile, mode: 0o010600, major: 0, minor: 0 })),
        'EPERM',
      );
      await client.fs.rename('/other', '/dir/sub');
      for (const path of ['/dir', '/file']) await client.fs.rm(path, { recursive: true });
    }));
}

test('lists 10,000 files, each once, and again after a rewind', () =>
  withFS(
    memfs(Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`/many/f${i}`, '']))).fs.promises,
    async (mount) => {
      const { client, root } = mount;
      const { openFD: dirFD } = await client.openAt({ fd: await walkTo(mount, root, 'many'), flags: O_RDONLY });
      for (const rewinding of [false, true]) {
        const names = new Set<string>();
        let count = 0;
        for (let first = rewinding; ; first = false) {
          const { dirents } = await client.getdents64({ dirFD, count: first ? -20_000 : 20_000 });
          if (dirents.length === 0) break;
          count += dirents.length;
          for (const { name } of dirents) names.add(name);
        }
        assert.equal([count, names.size], [10_000, 10_000]);
      }
      assert.is(await codeOf(client.getdents64({ dirFD, count: -8 })), 'EINVAL');
    },
  ));

test('refuses changes with EROFS where the object cannot change anything', async () => {
  const { stat, readdir, readFile } = memfs({ '/file': 'read me' }).fs.promises;
  await withFS({ stat, readdir, readFile }, async ({ client, root }) => {
    assert.is(await client.fs.readFile('/file', 'utf8'), 'read me');
    assert.equal(await client.fs.readdir('/'), ['file']);
    assert.is(await codeOf(client.fs.mkdir('/x')), 'EROFS');
    assert.is(await codeOf(client.fs.writeFile('/file', 'x')), 'EROFS');
    const { type, nameLength } = await client.fstatFS({ fd: root });
    assert.equal([type, nameLength], [0x65735546n, 255n]);
  });
});

test('refuses what a method is missing for, and with EROFS opening for writing without writeFile', async () => {
  const { lstat, readdir, readFile, unlink } = memfs({ '/file': 'read me' }).fs.promises;
  await withFS({ lstat, readdir, readFile, unlink }, async (mount) => {
    const { client, root: dirFD } = mount;
    const fd = await walkTo(mount, dirFD, 'file');
    const refused = {
      mkdirAt: client.mkdirAt({ dirFD, name: 'x', ...ofFile }),
      openCreateAt: client.openCreateAt({ dirFD, name: 'x', flags: O_RDWR, ...ofFile }),
      symlinkAt: client.symlinkAt({ dirFD, name: 'x', target: 'y', ...ofFile }),
      linkAt: client.linkAt({ dirFD, target: fd, name: 'x' }),
      renameAt: client.renameAt({ oldDir: dirFD, newDir: dirFD, oldName: 'file', newName: 'x' }),
      unlinkAt: client
        .unlinkAt({ dirFD, name: 'file', flags: AT_REMOVEDIR })
        .catch(() => client.fgetXattr({ fd, name: 'user.x', bufSize: 9 })),
    };
    // All at once: one that fails while another is waited for would be an unhandled rejection.
    const codes = Object.entries(refused).map(async ([call, outcome]) => [call, await codeOf(outcome)] as const);
    for (const [call, code] of await Promise.all(codes)) assert.is(code, 'EOPNOTSUPP', call);
    for (const flags of [O_WRONLY, O_RDWR, O_TRUNC]) assert.is(await codeOf(client.openAt({ fd, flags })), 'EROFS');
    const change = { fd, ...unchanged, mask: STATX_MODE | STATX_UID | STATX_MTIME };
    const { failureMask, failureErrNo } = await client.setStat(change);
    assert.equal([failureMask, failureErrNo], [change.mask, EOPNOTSUPP]);
    await client.fs.unlink('/file');
    assert.equal(await client.fs.readdir('/'), []);
  });
});

function failing(properties: object): NodeFS {
  const { fs } = memfs({ '/file': '' });
  const open = async (): Promise<never> => {
    throw Object.assign(new Error('no'), properties);
  };
  return { ...fs.promises, open };
}

for (const [error, code] of [
  [{ code: 'EDQUOT' }, 'EDQUOT'],
  [{ code: 'ENOENT', errno: -4058 }, 'ENOENT'],
  [{ errno: 13 }, 'EACCES'],
  [{ code: 'ERR_FS_FILE_TOO_LARGE' }, 'EFBIG'],
  [{ code: 'ERR_METHOD_NOT_IMPLEMENTED', errno: 1 }, 'EOPNOTSUPP'],
] as const) {
  test(`answers ${code} for an error with ${JSON.stringify(error)}`, () =>
    withFS(failing(error), async (mount) => {
      const fd = await walkTo(mount, mount.root, 'file');
      assert.is(await codeOf(mount.client.openAt({ fd, flags: O_RDONLY })), code);
    }));
}

test('follows no symlink that takes the place of a directory or a file', () =>
  withDirectory(async (path) => {
    const root = join(path, 'root');
    mkdirSync(join(path, 'outside'));
    mkdirSync(join(root, 'dir/sub'), { recursive: true });
    writeFileSync(join(path, 'outside/file'), 'secret');
    writeFileSync(join(root, 'dir/file'), 'open');
    writeFileSync(join(root, 'dir/sub/file'), 'open');
    await withFS(
      node,
      async (mount) => {
        const { client } = mount;
        const [dir, file, sub, below] = [
          await walkTo(mount, mount.root, 'dir'),
          await walkTo(mount, mount.root, 'dir', 'file'),
          await walkTo(mount, mount.root, 'dir', 'sub'),
          await walkTo(mount, mount.root, 'dir', 'sub', 'file'),
        ];
        renameSync(join(root, 'dir/file'), join(root, 'dir/kept'));
        symlinkSync('../../outside/file', join(root, 'dir/file'));
        assert.is(await codeOf(client.openAt({ fd: file, flags: O_RDONLY })), 'ESTALE');
        const cut = await codeOf(client.setStat({ fd: file, ...unchanged, mask: STATX_SIZE }));
        assert.is(cut, 'ESTALE');
        renameSync(join(root, 'dir/sub'), join(root, 'kept'));
        symlinkSync('../../outside', join(root, 'dir/sub'));
        assert.is(await codeOf(client.openAt({ fd: below, flags: O_RDONLY })), 'ENOTDIR');
        assert.equal((await client.walk({ dirFD: dir, path: ['sub'] })).inodes.length, 1);
        assert.is(await codeOf(client.walk({ dirFD: sub, path: ['file'] })), 'ENOTDIR');
        const into = { dirFD: sub, ...ofFile };
        assert.is(await codeOf(client.openCreateAt({ ...into, name: 'made', flags: O_RDWR })), 'ENOTDIR');
        assert.is(await codeOf(client.mkdirAt({ ...into, name: 'made' })), 'ENOTDIR');
        assert.is(await codeOf(client.unlinkAt({ dirFD: sub, name: 'file', flags: 0 })), 'ENOTDIR');
        const { openFD: dirFD } = await client.openAt({ fd: sub, flags: O_RDONLY });
        assert.is(await codeOf(client.getdents64({ dirFD, count: 999 })), 'ESTALE');
      },
      { root },
    );
    assert.equal(await node.readdir(join(path, 'outside')), ['file']);
    assert.is(await node.readFile(join(path, 'outside/file'), 'utf8'), 'secret');
  }));

const LATIN = 'caf\udce9';

test('gives names that are not UTF-8 to node:fs as they are, and to others as they ask', async () => {
  await withDirectory((root) =>
    withFS(
      node,
      async ({ client }) => {
        await client.fs.mkdir(`/${LATIN}`);
        await client.fs.symlink(LATIN, `/${LATIN}/link`);
        assert.equal(await node.readdir(root, { encoding: 'buffer' }), [Buffer.from('caf\xe9', 'latin1')]);
        assert.equal(await client.fs.readdir('/'), [LATIN]);
        assert.is(await client.fs.readlink(`/${LATIN}/link`), LATIN);
        await client.fs.rename(`/${LATIN}`, '/plain');
        assert.is(await client.fs.readlink('/plain/link'), LATIN);
      },
      { root },
    ),
  );
  const { fs } = memfs();
  await withFS(fs.promises, async ({ client }) => {
    assert.is(await codeOf(client.fs.mkdir(`/${LATIN}`)), 'EILSEQ');
    assert.is(await codeOf(client.fs.symlink(LATIN, '/link')), 'EILSEQ');
    assert.is(await codeOf(client.fs.stat(`/${LATIN}`)), 'ENOENT');
    assert.equal(await client.fs.readdir('/'), []);
  });
  await withFS(
    fs.promises,
    async ({ client }) => {
      await client.fs.writeFile(`/${LATIN}`, 'x');
      assert.equal(await client.fs.readdir('/'), [LATIN]);
    },
    { rawNames: 'strings' },
  );
});

test('lists no name that is not one', async () => {
  const { fs } = memfs({ '/file': '' });
  const readdir = async (): Promise<string[]> => ['.', '..', '', 'a/b', 'nul\0', 'lone \ud800', 'gone', 'file'];
  await withFS({ ...fs.promises, readdir }, async ({ client }) => {
    assert.equal(await client.fs.readdir('/'), ['file']);
  });
});

test('changes what is asked and nothing else', () =>
  withFS(memfs({ '/file': 'content' }).fs.promises, async ({ client }) => {
    await client.fs.utimes('/file', 1000.5, 2000.25);
    await client.fs.chown('/file', 12, 34);
    const fd = (await client.walk({ dirFD: (await client.mount()).root.controlFD, path: ['file'] })).inodes[0]!
      .controlFD;
    const mtime = { sec: 3000, nsec: 0 };
    await client.setStat({ fd, ...unchanged, mask: STATX_MTIME | STATX_UID, mtime, uid: 56 });
    const { atimeMs, mtimeMs, uid, gid, size } = await client.fs.stat('/file');
    assert.equal(
      { atimeMs, mtimeMs, uid, gid, size },
      { atimeMs: 1_000_500, mtimeMs: 3_000_000, uid: 56, gid: 34, size: 7 },
    );
  }));

test('makes files with exactly the permissions and owners that are asked for', () =>
  withDirectory((root) =>
    withFS(
      node,
      async ({ client, root: dirFD }) => {
        const umask = process.umask(0o077);
        try {
          const owner = { uid: process.getuid!(), gid: process.getgid!() };
          const file = await client.openCreateAt({ dirFD, name: 'file', flags: O_RDWR, mode: 0o4666, ...owner });
          const dir = await client.mkdirAt({ dirFD, name: 'dir', mode: 0o1777, ...owner });
          assert.equal([file.child.stat.mode, dir.childDir.stat.mode], [0o104666, 0o041777]);
        } finally {
          process.umask(umask);
        }
      },
      { root },
    ),
  ));

test('lets no file grow beyond what it is told', async () => {
  for (const [name, make, root] of kinds) {
    await withFS(
      make(),
      async ({ client, root: dirFD }) => {
        const { child, newFD: fd } = await client.openCreateAt({ dirFD, name: 'small', flags: O_RDWR, ...ofFile });
        assert.is((await client.pwrite({ fd, offset: 90, data: Buffer.alloc(10) })).count, 10n, name);
        assert.is(await codeOf(client.pwrite({ fd, offset: 91, data: Buffer.alloc(10) })), 'EFBIG', name);
        assert.is(await codeOf(client.pwrite({ fd, offset: 2n ** 63n - 1n, data: Buffer.alloc(1) })), 'EFBIG', name);
        assert.is(await codeOf(client.pwrite({ fd, offset: 2n ** 63n, data: Buffer.alloc(1) })), 'EINVAL', name);
        assert.is(await codeOf(client.pread({ fd, offset: 2n ** 63n, count: 1 })), 'EINVAL', name);
        assert.is((await client.pread({ fd, offset: 2n ** 63n - 9n, count: 1 })).data.length, 0, name);
        const grow = { fd: child.controlFD, ...unchanged, mask: STATX_SIZE, size: 101 };
        assert.is((await client.setStat(grow)).failureErrNo, 27, name);
        await client.fs.unlink('/small');
      },
      { root, maxFileSize: 100 },
    );
  }
});

/** An object whose files are whole values, kept as they were given. */
function keeping(): { readonly fs: NodeFS; readonly written: Uint8Array[] } {
  const written: Uint8Array[] = [];
  const files = new Map<string, Uint8Array>([['/file', new Uint8Array(0)]]);
  const fs: NodeFS = {
    async stat(path: string) {
      const data = files.get(path);
      if (path !== '/' && data === undefined) throw Object.assign(new Error(path), { code: 'ENOENT' });
      return { isDirectory: () => path === '/', ...(data && { size: data.length }) };
    },
    readFile: async (path: string) => files.get(path)!,
    async writeFile(path: string, data: Uint8Array) {
      written.push(data);
      files.set(path, data);
    },
  };
  return { fs, written };
}

test('gives the object bytes that stay as they are', async () => {
  const { fs, written } = keeping();
  await withFS(fs, async (mount) => {
    const { client, root } = mount;
    const fd = await walkTo(mount, root, 'file');
    assert.is((await client.fstat({ fd })).mode, 0o100644);
    const { openFD } = await client.openAt({ fd, flags: O_RDWR });
    for (const letter of ['a', 'b', 'c']) await client.pwrite({ fd: openFD, offset: 1, data: Buffer.from(letter) });
    assert.equal(written.map(text), ['\0a', '\0b', '\0c']);
    assert.is(text((await client.pread({ fd: openFD, offset: 0, count: 9 })).data), '\0c');
  });
});

/** Counts how many calls on one file are in progress. */
function counting(): { readonly fs: NodeFS; readonly most: { read: number; write: number } } {
  const { promises } = memfs({ '/file': 'content' }).fs;
  const now = { read: 0, write: 0 };
  const most = { read: 0, write: 0 };
  const during = async <T>(what: 'read' | 'write', call: Promise<T>): Promise<T> => {
    now[what]++;
    most[what] = Math.max(most[what], now[what]);
    assert.ok(now.write <= 1 && (now.write === 0 || now.read === 0), 'a write is alone');
    try {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return await call;
    } finally {
      now[what]--;
    }
  };
  const { open: _, ...rest } = promises;
  const fs: NodeFS = {
    ...rest,
    readFile: (path) => during('read', promises.readFile(path)),
    writeFile: (path, data) => during('write', promises.writeFile(path, data)),
    readlink: (path) => promises.readlink(path) as Promise<string>,
  };
  return { fs, most };
}

test('keeps writes to one file apart, whoever makes them, and lets reads run together', async () => {
  const { fs, most } = counting();
  await withFS(fs, async (mount) => {
    const mounts = [mount, await mount.another(), await mount.another()];
    await Promise.all(
      mounts.map(async (each, i) => {
        const fd = await walkTo(each, each.root, 'file');
        const { openFD } = await each.client.openAt({ fd, flags: O_RDWR });
        const data = Buffer.from(String(i));
        const writes = Array.from({ length: 20 }, (_, at) =>
          each.client.pwrite({ fd: openFD, offset: at * 3 + i, data }),
        );
        const reads = Array.from({ length: 20 }, () => each.client.pread({ fd: openFD, offset: 0, count: 99 }));
        await Promise.all([...writes, ...reads]);
      }),
    );
    assert.is(await mount.client.fs.readFile('/file', 'utf8'), '012'.repeat(20));
  });
  assert.is(most.write, 1);
});

test('serves a file as the root, and a symlinked root', async () => {
  const { fs } = memfs({ '/real/file': 'content' });
  fs.symlinkSync('/real', '/link');
  await withFS(fs.promises, async ({ client }) => assert.is(await client.fs.readFile('/file', 'utf8'), 'content'), {
    root: '/link',
  });
  await withFS(
    fs.promises,
    async ({ client, root }) => {
      const { openFD } = await client.openAt({ fd: root, flags: O_RDONLY });
      assert.is(text((await client.pread({ fd: openFD, offset: 0, count: 99 })).data), 'content');
    },
    { root: '/real/file' },
  );
});

test('tells of what it cannot serve', () => {
  assert.throws(() => serveFS({}), /`stat` or `lstat`/);
  assert.throws(() => serveFS(undefined as unknown as NodeFS), /methods of node:fs\/promises/);
  assert.throws(() => serveFS(node, { root: 'relative' }), /absolute path/);
});

test('closes what clients leave open', () =>
  withDirectory(async (root) => {
    await withFS(
      node,
      async ({ client, root: dirFD }) => {
        for (let i = 0; i < 50; i++) await client.openCreateAt({ dirFD, name: `f${i}`, flags: O_RDWR, ...ofFile });
      },
      { root },
    );
  }));

test.run();
