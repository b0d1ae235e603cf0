/** One file under several names, served by name: what is written under one is read under the others, and lives on. */

import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import * as nodeFS from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { memfs } from 'memfs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FDID } from '../../runtime/index.js';
import type { NodeFS } from '../../runtime/server.js';
import { newDirectory } from '../interop/session.js';
import { O_RDWR, walkTo, withFS, type Mounted } from './serve-fs-session.js';

const STATX_MODE = 0x2;
const STATX_UID = 0x8;
const noTime = { sec: 0, nsec: 0 };
const unchanged = { mode: 0, uid: 0, gid: 0, size: 0, atime: noTime, mtime: noTime };

/** memfs as it is, and without handles, so that files are read and written whole. */
const kinds: readonly (readonly [string, () => NodeFS])[] = [
  ['memfs', () => memfs().fs.promises],
  [
    'memfs without handles',
    () => {
      const { open: _, ...fs } = memfs().fs.promises;
      return fs;
    },
  ],
];

async function openAt(mount: Mounted, ...path: string[]): Promise<{ control: FDID; open: FDID }> {
  const control = await walkTo(mount, mount.root, ...path);
  const { openFD } = await mount.client.openAt({ fd: control, flags: O_RDWR });
  return { control, open: openFD };
}

async function read({ client }: Mounted, fd: FDID): Promise<string> {
  return Buffer.from((await client.pread({ fd, offset: 0, count: 99 })).data).toString();
}

const test = suite('serveFS and links');

for (const [name, make] of kinds) {
  test(`${name}: what is written by one name is read by the other at once`, () =>
    withFS(make(), async (mount) => {
      const { client } = mount;
      await client.fs.writeFile('/one', 'before');
      await client.fs.link('/one', '/two');
      const [one, two] = [await openAt(mount, 'one'), await openAt(mount, 'two')];
      for (const text of ['red', 'blu', 'tan', 'sky', 'ash']) {
        await client.pwrite({ fd: one.open, offset: 0, data: Buffer.from(text) });
        assert.is(await read(mount, two.open), `${text}ore`);
      }
    }));

  test(`${name}: a name that is removed, or replaced, takes nothing from those who have the file open`, () =>
    withFS(make(), async (mount) => {
      const { client } = mount;
      await client.fs.mkdir('/dir');
      await client.fs.writeFile('/one', 'before');
      await client.fs.link('/one', '/dir/two');
      await client.fs.writeFile('/new', 'new');
      const { open } = await openAt(mount, 'one');
      await client.fs.rename('/new', '/one');
      await client.fs.rename('/dir', '/moved');
      await client.pwrite({ fd: open, offset: 0, data: Buffer.from('AFT') });
      assert.is(await client.fs.readFile('/moved/two', 'utf8'), 'AFTore');
      await client.fs.unlink('/moved/two');
      await client.pwrite({ fd: open, offset: 3, data: Buffer.from('ERR') });
      assert.is(await read(mount, open), 'AFTERR');
      assert.is(await client.fs.readFile('/one', 'utf8'), 'new');
    }));

  test(`${name}: a control FD keeps its file by another name`, () =>
    withFS(make(), async (mount) => {
      const { client } = mount;
      await client.fs.writeFile('/one', 'before');
      await client.fs.link('/one', '/two');
      const fd = await walkTo(mount, mount.root, 'one');
      await client.fs.unlink('/one');
      await client.setStat({ fd, ...unchanged, mask: STATX_MODE, mode: 0o640 });
      assert.is((await client.fstat({ fd })).mode & 0o777, 0o640);
      assert.is((await client.fs.stat('/two')).mode & 0o777, 0o640);
      const { openFD } = await client.openAt({ fd, flags: O_RDWR });
      assert.is(await read(mount, openFD), 'before');
    }));
}

test('a name under which a file is worked on for another stays until that is done', async () => {
  const { open: _, ...object } = memfs().fs.promises as NodeFS;
  const order: string[] = [];
  let proceed = (): void => undefined;
  let begun = (): void => undefined;
  const working = new Promise<void>((resolve) => (begun = resolve));
  const allowed = new Promise<void>((resolve) => (proceed = resolve));
  const lchown: NodeFS['lchown'] = async () => {
    begun();
    await allowed;
    order.push('changed');
  };
  const unlink: NodeFS['unlink'] = async (path) => {
    order.push(`removed ${String(path)}`);
    await object.unlink!(path);
  };
  await withFS({ ...object, lchown, unlink }, async (mount) => {
    const { client } = mount;
    await client.fs.mkdir('/dir');
    await client.fs.writeFile('/one', 'before');
    await client.fs.link('/one', '/dir/two');
    const fd = await walkTo(mount, mount.root, 'one');
    await client.fs.unlink('/one');
    const other = await mount.another();
    const changed = client.setStat({ fd, ...unchanged, mask: STATX_UID, uid: 7 });
    await working;
    const removed = other.client.fs.unlink('/dir/two');
    // What comes after it is answered, and would be after it.
    await other.client.fs.stat('/dir');
    proceed();
    await Promise.all([changed, removed]);
    assert.equal(order, ['removed /one', 'changed', 'removed /dir/two']);
    await client.fs.rmdir('/dir');
  });
});

test('what is written by two names at once is all written', async () => {
  const { open: _, ...object } = memfs().fs.promises as NodeFS;
  const readFile: NodeFS['readFile'] = async (path) => {
    const content = await object.readFile!(path);
    await delay(10);
    return content;
  };
  await withFS({ ...object, readFile }, async (mount) => {
    const { client } = mount;
    await client.fs.writeFile('/one', '......');
    await client.fs.link('/one', '/two');
    const [one, two] = [await openAt(mount, 'one'), await openAt(mount, 'two')];
    await Promise.all([
      client.pwrite({ fd: one.open, offset: 0, data: Buffer.from('red') }),
      client.pwrite({ fd: two.open, offset: 3, data: Buffer.from('blu') }),
    ]);
    assert.is(await read(mount, one.open), 'redblu');
  });
});

test("a file of the kernel's is not read because its name goes while it is open", async () => {
  const directory = newDirectory();
  const SIZE = 2 ** 28;
  const body = async (mount: Mounted): Promise<void> => {
    writeFileSync(join(directory, 'file'), '');
    truncateSync(join(directory, 'file'), SIZE);
    const { open } = await openAt(mount, 'file');
    const before = process.memoryUsage().arrayBuffers;
    await mount.client.fs.unlink('/file');
    assert.ok(process.memoryUsage().arrayBuffers - before < 1 << 20);
    assert.is((await mount.client.fstat({ fd: open })).size, BigInt(SIZE));
  };
  await withFS(nodeFS, body, { root: directory });
  rmSync(directory, { recursive: true });
});

test('a name that somebody else gave to another file is no name of the first any more', async () => {
  const { fs } = memfs({ '/one': 'before' });
  const { open: _, ...object } = fs.promises;
  await withFS(object, async (mount) => {
    const { client } = mount;
    await client.fs.link('/one', '/two');
    const { open } = await openAt(mount, 'one');
    fs.unlinkSync('/two');
    fs.writeFileSync('/two', 'another');
    await client.fs.unlink('/one');
    await client.pwrite({ fd: open, offset: 0, data: Buffer.from('AFT') });
    assert.is(await read(mount, open), 'AFTore');
    assert.is(await client.fs.readFile('/two', 'utf8'), 'another');
  });
});

test('a file whose other names nobody made here lives on by itself', async () => {
  const { fs } = memfs({ '/one': 'before' });
  fs.linkSync('/one', '/two');
  const { open: _, ...object } = fs.promises;
  await withFS(object, async (mount) => {
    const { open } = await openAt(mount, 'one');
    await mount.client.fs.unlink('/one');
    assert.is(await read(mount, open), 'before');
    await mount.client.pwrite({ fd: open, offset: 0, data: Buffer.from('AFT') });
    assert.is(await read(mount, open), 'AFTore');
  });
});

test('what somebody else changes in the same instant is seen', async () => {
  const { fs } = memfs({ '/file': 'first' });
  const { open: _, ...object } = fs.promises;
  await withFS(object, async (mount) => {
    const { open } = await openAt(mount, 'file');
    for (const text of ['alpha', 'bravo', 'caper', 'delta']) {
      fs.writeFileSync('/file', text);
      assert.is(await read(mount, open), text);
    }
  });
});

test.run();
