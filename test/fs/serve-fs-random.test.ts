/** Thousands of random operations on served objects, unchanged from npm. With SEED=… one run is played again. */

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import * as node from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configure, fs as zenfs, InMemory } from '@zenfs/core';
import { memfs } from 'memfs';
import { suite } from 'uvu';
import type { NodeFS } from '../../runtime/server.js';
import { type Kind, type Played, playRandom } from './serve-fs-random.js';

const seed = process.env['SEED'] === undefined ? randomBytes(6).readUIntBE(0, 6) : Number(process.env['SEED']);
const OPERATIONS = 3000;

await configure({ mounts: { '/served': InMemory, '/second': InMemory, '/third': InMemory, '/direct': InMemory } });

function memory(served: NodeFS): Kind {
  const direct = memfs().fs.promises as unknown as Played;
  return { served, servedRoot: '/', direct, directRoot: '/', without: [] };
}

const random = suite(`serveFS at random, seed ${seed}`);

random('memfs does as a directory does', async () => {
  await playRandom(memory(memfs().fs.promises), BigInt(seed), OPERATIONS);
});

random('memfs does so without handles', async () => {
  const { open: _, ...rest } = memfs().fs.promises;
  await playRandom(memory(rest), BigInt(seed), OPERATIONS);
});

/**
 * ZenFS 2.7.6 counts no links, and mixes up what is written to a file while it is open: overlapping writes, and what
 * grows again after it was cut off. So with its handles files are only written whole, with ours as is.
 */
const ZENFS_LACKS = ['link'];
const ZENFS_LOSES = ['write', 'truncate', 'ftruncate', 'w+'];

random('ZenFS does as a directory does, as far as it can', async () => {
  const roots = { servedRoot: '/served', directRoot: '/direct' };
  const without = [...ZENFS_LACKS, ...ZENFS_LOSES];
  await playRandom({ served: zenfs.promises, ...roots, without }, BigInt(seed), OPERATIONS);
});

random('ZenFS does as a directory does, without its handles', async () => {
  const { open: _, ...served } = zenfs.promises;
  const roots = { servedRoot: '/third', directRoot: '/direct' };
  await playRandom({ served, ...roots, without: ZENFS_LACKS }, BigInt(seed), OPERATIONS);
});

random('ZenFS does as it does itself, without handles', async () => {
  const direct = zenfs.promises as unknown as Played;
  const roots = { servedRoot: '/second', directRoot: '/direct' };
  await playRandom(
    { served: zenfs.promises, direct, ...roots, without: [...ZENFS_LACKS, 'open'] },
    BigInt(seed),
    OPERATIONS,
  );
});

random('node:fs itself does as it does', async () => {
  const roots = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'lisafs-random-')));
  const [servedRoot, directRoot] = roots as [string, string];
  try {
    await playRandom({ served: node, servedRoot, direct: node, directRoot, without: [] }, BigInt(seed), OPERATIONS);
  } finally {
    for (const root of roots) rmSync(root, { recursive: true });
  }
});

random.run();
