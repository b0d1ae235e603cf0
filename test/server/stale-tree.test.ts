/** Names that somebody else moves: what the server remembers of them is wrong, and must harm nobody. */

import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, type FDID, type LISAFSClient } from '../../runtime/index.js';
import { localDirectory, serve } from '../../runtime/server.js';
import { codeOf } from '../fs/serve-fs-session.js';
import { newPair } from '../interop/session.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';

const RENAME_EXCHANGE = 2;
const owned = { uid: 0xffff_ffff, gid: 0xffff_ffff, mode: 0o755 };

interface Served {
  readonly client: LISAFSClient;
  readonly root: FDID;
  /** The control FDs of `a`, and of `a/b`, which somebody has moved to `b` since then. */
  readonly a: FDID;
  readonly b: FDID;
  readonly list: () => string[];
}

/** A child that has become its parent's neighbour. */
async function withMoved(body: (served: Served) => Promise<void>): Promise<void> {
  const before = holdings();
  const path = mkdtempSync(join(tmpdir(), 'lisafs-stale-'));
  mkdirSync(join(path, 'a/b/c'), { recursive: true });
  const [ours, theirs] = newPair();
  const server = await serve({ fd: theirs, root: localDirectory(path) });
  const client = await connect({ fd: ours });
  const { root } = await client.mount();
  const { inodes } = await client.walk({ dirFD: root.controlFD, path: ['a', 'b'] });
  const [a, b] = inodes.map(({ controlFD }) => controlFD) as [FDID, FDID];
  renameSync(join(path, 'a/b'), join(path, 'b'));
  await body({
    client,
    root: root.controlFD,
    a,
    b,
    list: () => (readdirSync(path, { recursive: true }) as string[]).sort(),
  });
  await client.close({ fds: [a, b] });
  await client.disconnect();
  await server.closed;
  rmSync(path, { recursive: true });
  assertNothingLeft(before);
}

const stale = suite('a stale tree');

for (const [how, rename] of [
  [
    'a directory moved',
    ({ client, root, b }) => client.renameAt({ oldDir: root, newDir: b, oldName: 'a', newName: 'x' }),
  ],
  [
    'a directory exchanged',
    ({ client, root, b }) =>
      client.renameAt2({ oldDir: b, newDir: root, oldName: 'c', newName: 'a', flags: RENAME_EXCHANGE }),
  ],
] satisfies [string, (served: Served) => Promise<void>][]) {
  stale(`knows no cycles: ${how} to what was below it`, () =>
    withMoved(async (served) => {
      const { client, root, a, b, list } = served;
      await rename(served);
      assert.ok(list().some((name) => name === 'b/x' || name === 'b/c'));
      // Where these are by now is not known, so nothing is done by their names.
      for (const dirFD of [a, b]) assert.is(await codeOf(client.mkdirAt({ ...owned, dirFD, name: 'new' })), 'EINVAL');
      assert.is((await client.fstat({ fd: a })).mode & 0o777, 0o755);
      // Who walks there anew finds them.
      const { inodes } = await client.walk({ dirFD: root, path: ['b'] });
      const fresh = inodes[0]!.controlFD;
      const { childDir } = await client.mkdirAt({ ...owned, dirFD: fresh, name: 'new' });
      await client.renameAt({ oldDir: root, newDir: root, oldName: 'b', newName: 'd' });
      assert.ok(list().includes('d/new'));
      await client.close({ fds: [fresh, childDir.controlFD] });
    }),
  );
}

stale.run();
