/** Listing directories in messages that are as small as they can be. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect } from '../../runtime/index.js';
import { localDirectory, serve } from '../../runtime/server.js';
import { newPair } from '../interop/session.js';

const test = suite('entries');

test('a list of names of four bytes fits the smallest message', async () => {
  const [ours, theirs] = newPair();
  const root = mkdtempSync(join(tmpdir(), 'lisafs-entries-'));
  for (let i = 0; i < 300; i++) writeFileSync(join(root, String(1000 + i)), '');
  const faults: unknown[] = [];
  const onFault = (error: unknown): number => faults.push(error);
  const server = await serve({ fd: theirs, root: localDirectory(root), maxMessageSize: 4096, onFault });
  const client = await connect({ fd: ours });
  const mounted = await client.mount();
  const { openFD } = await client.openAt({ fd: mounted.root.controlFD, flags: 0 });
  const names = new Set<string>();
  for (let count = -4096; ; count = 4096) {
    const { dirents } = await client.getdents64({ dirFD: openFD, count });
    if (dirents.length === 0) break;
    for (const { name } of dirents) names.add(name);
  }
  assert.is(names.size, 300);
  assert.equal(faults, []);
  await client.disconnect();
  await server.close();
  rmSync(root, { recursive: true });
});

test.run();
