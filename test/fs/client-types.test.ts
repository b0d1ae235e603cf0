/** client.fs where node:fs/promises is wanted: what compiles here is the test. */

import type * as promises from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { clientFS, type ClientFS } from '../../runtime/fs/client-fs.js';
import type { ClientDir } from '../../runtime/fs/client-dir.js';
import type { ClientFileHandle } from '../../runtime/fs/client-handle.js';
import { FDID, type LISAFSClient } from '../../runtime/index.js';

/** What of node:fs/promises client.fs does not have. */
type Missing = 'constants' | 'cp' | 'watch';

/** True if A can be used where B is wanted. */
type Is<A, B> = [A] extends [B] ? true : false;

const wholeModule: Is<ClientFS, Omit<typeof promises, Missing>> = true;
const handleMethods: Is<keyof FileHandle, keyof ClientFileHandle> = true;
const dirMethods: Is<keyof import('node:fs').Dir, keyof ClientDir> = true;

/** A function as users write them. */
async function configuration(fs: Pick<typeof promises, 'readFile' | 'readdir' | 'stat'>): Promise<string> {
  const [name] = await fs.readdir('/etc');
  const { size } = await fs.stat(`/etc/${name}`, { bigint: true });
  return size > 0n ? fs.readFile(`/etc/${name}`, 'utf8') : '';
}

const types = suite('client.fs as a type');

types('it has every method of node:fs/promises but those that are known to be missing', async () => {
  assert.ok(wholeModule && handleMethods && dirMethods);
  const here = await import('node:fs/promises');
  const fs = clientFS({} as LISAFSClient, FDID(1));
  const missing = Object.keys(here).filter((name) => name !== 'default' && !Object.hasOwn(fs, name));
  assert.equal(missing.sort(), ['cp', 'watch']);
  assert.type(configuration, 'function');
  const taken: (fs: ClientFS) => Promise<string> = configuration;
  assert.is(taken, configuration);
});

types.run();
