/** One file under several names, served by name: what is written under one is read under the others, and lives on. */

import { memfs } from 'memfs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FDID } from '../../runtime/index.js';
import type { NodeFS } from '../../runtime/server.js';
import { O_RDWR, walkTo, withFS, type Mounted } from './serve-fs-session.js';

const STATX_MODE = 0x2;
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
