/** A policy, message by message, and against clients that try to get round it. */

import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memfs } from 'memfs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FDID } from '../../runtime/index.js';
import { type Backend, localDirectory, type Policy, serve, serveFS, withPolicy } from '../../runtime/server.js';
import {
  codeOf,
  type Mounted,
  NOBODY,
  O_RDONLY,
  O_RDWR,
  O_TRUNC,
  O_WRONLY,
  withBackend,
} from '../fs/serve-fs-session.js';

const AT_REMOVEDIR = 0x200;
const RENAME_NOREPLACE = 1;
const RENAME_EXCHANGE = 2;
const STATX_MODE = 0x2;
const SOCK_STREAM = 1;
const S_IFREG = 0o100000;
const owned = { uid: NOBODY, gid: NOBODY, mode: 0o700 };
const noTime = { sec: 0, nsec: 0 };
const chmod = { mask: STATX_MODE, mode: 0o600, uid: 0, gid: 0, size: 0, atime: noTime, mtime: noTime };

function plant(root: string): void {
  for (const path of ['src/deep', 'app/private', 'app/src', 'out', 'deploy/keys']) {
    mkdirSync(join(root, path), { recursive: true });
  }
  for (const path of [
    '.env',
    'app/.env',
    'app/private/key',
    'src/code',
    'src/deep/code',
    'out/file',
    'deploy/keys/k',
  ]) {
    writeFileSync(join(root, path), `content of ${path}`);
  }
  symlinkSync('.env', join(root, 'way-in'));
  symlinkSync('/app/.env', join(root, 'out/way-in'));
}

/** Serves a planted directory under a policy. */
async function under(policy: Policy, body: (mount: Under) => Promise<void>): Promise<void> {
  const path = mkdtempSync(join(tmpdir(), 'lisafs-policy-'));
  plant(path);
  const umask = process.umask(0);
  try {
    const root = (): Backend => withPolicy(localDirectory(path, { hostUDS: 'all' }), policy);
    await withBackend(root, (mount) => body(new Under(mount, path)));
  } finally {
    process.umask(umask);
    rmSync(path, { recursive: true, force: true });
  }
}

class Under {
  readonly client: Mounted['client'];
  readonly root: FDID;
  readonly path: string;

  constructor({ client, root }: Mounted, path: string) {
    this.client = client;
    this.root = root;
    this.path = path;
  }

  async walk(path: string): Promise<FDID> {
    if (path === '/') return this.root;
    const names = path.split('/');
    const { inodes } = await this.client.walk({ dirFD: this.root, path: names });
    assert.is(inodes.length, names.length, `${path} is not there`);
    return inodes.at(-1)!.controlFD;
  }

  async list(path: string): Promise<string[]> {
    const { openFD } = await this.client.openAt({ fd: await this.walk(path), flags: O_RDONLY });
    const { dirents } = await this.client.getdents64({ dirFD: openFD, count: 65536 });
    await this.client.close({ fds: [openFD] });
    return dirents.map(({ name }) => name).sort();
  }

  /** Everything that makes, takes or moves a name: what each answers for `name` in `dir`, and for a name of another. */
  async changesOf(dir: string, name: string): Promise<Record<string, string>> {
    const { client } = this;
    const dirFD = await this.walk(dir);
    const out = await this.walk('out');
    const file = await this.walk('out/file');
    const make = { dirFD, name, ...owned };
    const rename = { oldDir: dirFD, oldName: name, newDir: out, newName: 'gone' };
    const onto = { oldDir: out, oldName: 'file', newDir: dirFD, newName: name };
    const calls: Record<string, Promise<unknown>> = {
      MkdirAt: client.mkdirAt(make),
      MknodAt: client.mknodAt({ ...make, mode: S_IFREG | 0o600, major: 0, minor: 0 }),
      SymlinkAt: client.symlinkAt({ ...make, target: 'x' }),
      OpenCreateAt: client.openCreateAt({ ...make, flags: O_RDWR }),
      BindAt: client.bindAt({ ...make, sockType: SOCK_STREAM }),
      LinkAt: client.linkAt({ dirFD, target: file, name }),
      UnlinkAt: client.unlinkAt({ dirFD, name, flags: 0 }),
      'UnlinkAt of a directory': client.unlinkAt({ dirFD, name, flags: AT_REMOVEDIR }),
      'RenameAt from': client.renameAt(rename),
      'RenameAt to': client.renameAt(onto),
      'RenameAt2 from': client.renameAt2({ ...rename, flags: RENAME_NOREPLACE }),
      'RenameAt2 to': client.renameAt2({ ...onto, flags: RENAME_NOREPLACE }),
      'RenameAt2 to exchange': client.renameAt2({ ...onto, flags: RENAME_EXCHANGE }),
      'RenameAt2 to be exchanged': client.renameAt2({ ...rename, newName: 'file', flags: RENAME_EXCHANGE }),
    };
    const codes = Object.entries(calls).map(async ([call, promise]) => [call, await codeOf(promise)] as const);
    return Object.fromEntries(await Promise.all(codes));
  }
}

function allAre(code: string, codes: Record<string, string>): void {
  assert.equal(codes, Object.fromEntries(Object.keys(codes).map((call) => [call, code])));
}

/** The whole tree as data. */
function treeOf(path: string): string[] {
  return (readdirSync(path, { recursive: true }) as string[]).sort();
}

const test = suite('policy');

for (const there of [true, false]) {
  test(`a hidden name that is ${there ? '' : 'not '}there is ENOENT to every message`, () =>
    under({ hide: ['**/.env'] }, async (mount) => {
      const { client, root, path } = mount;
      if (!there) rmSync(join(path, 'app/.env'));
      const before = treeOf(path);
      allAre('ENOENT', await mount.changesOf('app', '.env'));
      assert.equal(treeOf(path), before);
      const walked = await client.walk({ dirFD: root, path: ['app', '.env'] });
      assert.equal([walked.status, walked.inodes.length], [1, 1]);
      assert.is((await client.walkStat({ dirFD: root, path: ['app', '.env'] })).stats.length, 1);
      assert.is((await client.walkStat({ dirFD: root, path: ['', '.env'] })).stats.length, 1);
      assert.is((await client.walkStat({ dirFD: root, path: ['.env', 'x'] })).stats.length, 0);
      assert.is(await codeOf(client.walkStat({ dirFD: root, path: ['out', 'file', '.env'] })), 'ENOTDIR');
      assert.equal(await mount.list('app'), ['private', 'src']);
      assert.is(await codeOf(client.fs.readFile('/app/.env')), 'ENOENT');
      assert.is(await codeOf(client.fs.readFile('/out/way-in')), 'ENOENT');
      assert.is(await client.fs.readlink('/way-in'), '.env');
    }));
}

test('what is below a hidden directory is hidden, and its neighbours are not', () =>
  under({ hide: ['/app/private'] }, async (mount) => {
    assert.equal(await mount.list('app'), ['.env', 'src']);
    assert.is(await codeOf(mount.client.fs.readFile('/app/private/key')), 'ENOENT');
    assert.is(await mount.client.fs.readFile('/app/.env', 'utf8'), 'content of app/.env');
    await mount.client.fs.writeFile('/app/new', 'x');
    assert.is(readFileSync(join(mount.path, 'app/new'), 'utf8'), 'x');
  }));

test('a directory of hidden files alone looks empty, however little is asked for, and is not', () =>
  under({ hide: ['/many/*'] }, async (mount) => {
    mkdirSync(join(mount.path, 'many'));
    for (let i = 0; i < 300; i++) writeFileSync(join(mount.path, 'many', `file ${i}`), '');
    const { openFD: dirFD } = await mount.client.openAt({ fd: await mount.walk('many'), flags: O_RDONLY });
    for (const count of [64, -64, 65536, -65536]) {
      assert.equal((await mount.client.getdents64({ dirFD, count })).dirents.length, 0);
    }
    const remove = { dirFD: mount.root, name: 'many', flags: AT_REMOVEDIR };
    assert.is(await codeOf(mount.client.unlinkAt(remove)), 'ENOTEMPTY');
  }));

test('of a directory in which some are hidden the others come, each once, however little is asked for', () =>
  under({ hide: ['/many/*[02468]'] }, async (mount) => {
    mkdirSync(join(mount.path, 'many'));
    for (let i = 0; i < 300; i++) writeFileSync(join(mount.path, 'many', `file ${i}`), '');
    const { openFD: dirFD } = await mount.client.openAt({ fd: await mount.walk('many'), flags: O_RDONLY });
    const names: string[] = [];
    for (;;) {
      const { dirents } = await mount.client.getdents64({ dirFD, count: 64 });
      if (dirents.length === 0) break;
      names.push(...dirents.map(({ name }) => name));
    }
    assert.is(names.length, 150);
    assert.is(new Set(names).size, 150);
    assert.ok(names.every((name) => /[13579]$/.test(name)));
  }));

test('renames that would take something from under a rule, or put it there, are refused', () =>
  under({ hide: ['**/.env', '/app/private/key'], readOnly: ['/deploy/keys', '/app/src'] }, async (mount) => {
    const { client, root, path } = mount;
    const before = treeOf(path);
    const app = await mount.walk('app');
    const rename = (oldDir: FDID, oldName: string, newDir: FDID, newName: string, flags = 0): Promise<string> =>
      codeOf(client.renameAt2({ oldDir, oldName, newDir, newName, flags }));
    // The key would come to light as /app/open/key, /open/key.
    assert.is(await rename(app, 'private', app, 'open'), 'EPERM');
    assert.is(await rename(app, 'private', root, 'open'), 'EPERM');
    // What is read-only could be written as /moved/keys.
    for (const name of ['deploy', 'app']) assert.is(await rename(root, name, root, 'moved'), 'EROFS');
    assert.is(await rename(root, 'deploy', root, 'out', RENAME_EXCHANGE), 'EROFS');
    assert.is(await rename(root, 'out', root, 'deploy', RENAME_EXCHANGE), 'EROFS');
    await client.fs.mkdir('/new');
    assert.is(await rename(root, 'new', app, 'src'), 'EROFS');
    assert.is(await rename(root, 'new', root, '.env'), 'ENOENT');
    // A directory that is to become private could hold a key that somebody has open.
    await client.fs.rm('/new', { recursive: true });
    assert.equal(treeOf(path), before);
    // A file has nothing below it, and a directory may go where the same rules hold.
    await client.fs.rename('/out/file', '/deploy-me');
    await client.fs.rename('/out', '/elsewhere');
    await client.fs.mkdir('/a/b', { recursive: true });
    await client.fs.rename('/a/b', '/elsewhere/b');
    assert.is(await codeOf(client.fs.writeFile('/elsewhere/b/.env', '')), 'ENOENT');
    assert.is(readFileSync(join(path, '.env'), 'utf8'), 'content of .env');
  }));

test('FDs follow renames under the rules', () =>
  under({ hide: ['**/.env'], readOnly: ['**/keep'] }, async (mount) => {
    const { client } = mount;
    const out = await mount.walk('out');
    await client.fs.rename('/out', '/app/moved');
    allAre('ENOENT', { mkdir: await codeOf(client.mkdirAt({ dirFD: out, name: '.env', ...owned })) });
    assert.is(await codeOf(client.mkdirAt({ dirFD: out, name: 'keep', ...owned })), 'EROFS');
    await client.mkdirAt({ dirFD: out, name: 'fine', ...owned });
    assert.ok(existsSync(join(mount.path, 'app/moved/fine')));
  }));

for (const where of ['src', 'src/deep', '/']) {
  test(`nothing below a read-only ${where} can be changed, by any message`, () =>
    under({ readOnly: [where === '/' ? '/' : '/src'] }, async (mount) => {
      const { client, path } = mount;
      const before = treeOf(path);
      const name = where === '/' ? '.env' : 'code';
      for (const each of [name, 'not-there']) allAre('EROFS', await mount.changesOf(where, each));
      const dir = await mount.walk(where);
      const fd = (await client.walk({ dirFD: dir, path: [name] })).inodes[0]!.controlFD;
      for (const flags of [O_WRONLY, O_RDWR, O_TRUNC, O_RDWR | O_TRUNC]) {
        assert.is(await codeOf(client.openAt({ fd, flags })), 'EROFS');
      }
      for (const each of [fd, dir]) {
        assert.is(await codeOf(client.setStat({ fd: each, ...chmod })), 'EROFS');
        assert.is(await codeOf(client.fsetXattr({ fd: each, name: 'user.x', value: 'y', flags: 0 })), 'EROFS');
        assert.is(await codeOf(client.fremoveXattr({ fd: each, name: 'user.x' })), 'EROFS');
      }
      // A second name, elsewhere, would make it writable.
      const link = { dirFD: await mount.walk('out'), target: fd, name: 'way-round' };
      assert.is(await codeOf(client.linkAt(link)), 'EROFS');
      const { openFD, hostFD } = await client.openAt({ fd, flags: O_RDONLY });
      assert.is(hostFD, undefined, 'a descriptor could be opened anew for writing');
      assert.is(await codeOf(client.pwrite({ fd: openFD, offset: 0, data: Buffer.from('x') })), 'EBADF');
      assert.match(Buffer.from((await client.pread({ fd: openFD, offset: 0, count: 99 })).data).toString(), /^content/);
      assert.equal(treeOf(path), before);
    }));
}

test('the read-only directory itself stays where it is, and what is not below it can be changed', () =>
  under({ readOnly: ['/src'] }, async (mount) => {
    allAre('EROFS', await mount.changesOf('/', 'src'));
    await mount.client.fs.writeFile('/out/file', 'new');
    assert.is(readFileSync(join(mount.path, 'out/file'), 'utf8'), 'new');
    const { hostFD } = await mount.client.openAt({ fd: await mount.walk('out/file'), flags: O_RDONLY });
    assert.ok(hostFD, 'other files are still donated');
    hostFD!.close();
  }));

test('a hard link that the server has made is a name like any other', () =>
  under({ hide: ['**/.env'] }, async (mount) => {
    linkSync(join(mount.path, '.env'), join(mount.path, 'published'));
    assert.is(await mount.client.fs.readFile('/published', 'utf8'), 'content of .env');
  }));

test('every rule holds for a filesystem that answers later, too', async () => {
  const { fs } = memfs({ '/.env': 'secret', '/src/code': 'code', '/a/b/c': 'c', '/none/.env': '' });
  const root = (): Backend => withPolicy(serveFS(fs.promises), { hide: ['**/.env', '/a/b/c'], readOnly: ['/src'] });
  await withBackend(root, async ({ client }) => {
    assert.equal((await client.fs.readdir('/')).sort(), ['a', 'none', 'src']);
    assert.equal(await client.fs.readdir('/none'), []);
    assert.is(await codeOf(client.fs.readFile('/.env')), 'ENOENT');
    assert.is(await codeOf(client.fs.writeFile('/a/.env', '')), 'ENOENT');
    assert.is(await codeOf(client.fs.rename('/a/b', '/a/x')), 'EPERM');
    assert.is(await codeOf(client.fs.rename('/a', '/x')), 'EPERM');
    assert.is(await codeOf(client.fs.writeFile('/src/code', '')), 'EROFS');
    assert.is(await codeOf(client.fs.link('/src/code', '/code')), 'EROFS');
    assert.is(await client.fs.readFile('/src/code', 'utf8'), 'code');
    await client.fs.writeFile('/a/new', 'new');
    assert.is(fs.readFileSync('/a/new', 'utf8'), 'new');
  });
});

test('what is no policy is refused', async () => {
  const root: Backend = { mount: () => -1 };
  assert.throws(
    () => withPolicy(root, { hide: ['/'] }),
    /policy\.hide must be patterns that leave the root to be seen/,
  );
  assert.throws(() => withPolicy(root, { readOnly: ['a//b'] }), /policy\.readOnly\[0\] must be/);
  assert.throws(() => withPolicy(root, { hidden: [] } as Policy), /`hide` and `readOnly` alone/);
  assert.throws(() => withPolicy(root, null as unknown as Policy), /policy must be an object/);
  const misplaced = serve({ listen: '/nowhere', policy: {}, protocol: {}, handlers: {} } as never);
  assert.match(String(await misplaced.catch(String)), /if it has a `policy`/);
});

test.run();
