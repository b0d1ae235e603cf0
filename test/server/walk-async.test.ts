/** Walks in a filesystem that answers later, with other calls on their way meanwhile. */

import { setTimeout as delay } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { serve, type ControlFile, type Found, type Statx } from '../../runtime/server.js';
import { connect } from '../../runtime/index.js';
import { newPair } from '../interop/session.js';

const test = suite('walks that answer later');

test('a walk, a rename and a mkdir at once all end', async () => {
  const [ours, theirs] = newPair();
  const zero = { sec: 0n, nsec: 0 };
  const stat = {
    mask: 0x7ff,
    blksize: 4096,
    attributes: 0n,
    nlink: 2,
    uid: 0,
    gid: 0,
    mode: 0o40755,
    ino: 1n,
    size: 0n,
    blocks: 0n,
    attributesMask: 0n,
    atime: zero,
    btime: zero,
    ctime: zero,
    mtime: zero,
    rdevMajor: 0,
    rdevMinor: 0,
    devMajor: 0,
    devMinor: 0,
  } as unknown as Statx;
  const found = (): Found => ({ file: directory(), stat });
  const directory = (): ControlFile => ({
    stat: () => stat,
    walk: async () => {
      await delay(50);
      return found();
    },
    mkdir: found,
    rename: () => 0,
    close: () => undefined,
  });
  const server = await serve({ fd: theirs, root: { mount: found, close: () => undefined } as never });
  const client = await connect({ fd: ours, channels: 4 });
  const { root } = await client.mount();
  const dirFD = root.controlFD;
  const a = (await client.walk({ dirFD, path: ['a'] })).inodes[0]!.controlFD;
  const walk = client.walk({ dirFD, path: ['a', 'b', 'c'] });
  await delay(10);
  const rename = client.renameAt({ oldDir: dirFD, newDir: dirFD, oldName: 'x', newName: 'y' });
  await delay(10);
  const mkdir = client.mkdirAt({ dirFD: a, uid: 0xffff_ffff, gid: 0xffff_ffff, mode: 0o755, name: 'n' });
  const all = Promise.all([walk, rename, mkdir]).then(() => 'ended');
  const how = await Promise.race([all, delay(60_000, 'hangs', { ref: false })]);
  assert.is(how, 'ended');
  await client.disconnect();
  await server.close();
});

test.run();
