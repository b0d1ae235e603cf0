/** Descriptors of what is served read-only: through /proc/self/fd each can be opened anew, to write as well. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, type LISAFSClient } from '../../runtime/index.js';
import { localDirectory, type LocalDirectoryOptions } from '../../runtime/server.js';
import { closeFD } from '../../runtime/os/descriptor.js';
import { withBackend } from '../fs/serve-fs-session.js';
import { newDirectory, newPair } from '../interop/session.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { MAIN, startServed } from './serving.js';

/** Opens and reads `file` of what is mounted. True if its descriptor came with it. */
async function isDonated(client: LISAFSClient): Promise<boolean> {
  const { root } = await client.mount();
  const { inodes } = await client.walk({ dirFD: root.controlFD, path: ['file'] });
  const { openFD, hostFD } = await client.openAt({ fd: inodes[0]!.controlFD, flags: 0 });
  const { data } = await client.pread({ fd: openFD, offset: 0, count: 99 });
  assert.is(Buffer.from(data).toString(), 'content');
  hostFD?.close();
  return hostFD !== undefined;
}

const test = suite('descriptors of what is read-only');

const settings: readonly (readonly [options: LocalDirectoryOptions, args: readonly string[], isDonated: boolean])[] = [
  [{}, [], true],
  [{ donate: false }, ['--no-donate'], false],
  [{ readOnly: true }, ['--read-only'], false],
  [{ readOnly: true, donate: false }, ['--read-only', '--no-donate'], false],
  [{ readOnly: true, donate: true }, ['--read-only', '--donate'], true],
];

for (const [options, args, expected] of settings) {
  const what = `are ${expected ? '' : 'not '}donated`;

  test(`${what} by localDirectory with ${JSON.stringify(options)}`, async () => {
    const path = newDirectory();
    writeFileSync(join(path, 'file'), 'content');
    await withBackend(
      () => localDirectory(path, options),
      async ({ client }) => assert.is(await isDonated(client), expected),
    );
    rmSync(path, { recursive: true });
  });

  test(`${what} by lisafs serve ${args.join(' ')}`, async () => {
    const before = holdings();
    const session = await startServed({ args });
    writeFileSync(join(session.path, 'file'), 'content');
    assert.is(await isDonated(session.client), expected);
    await session.end();
    assertNothingLeft(before);
  });
}

test("are donated by lisafs gofer, as by gVisor's own", async () => {
  const before = holdings();
  const bundle = newDirectory();
  mkdirSync(join(bundle, 'root'));
  writeFileSync(join(bundle, 'root', 'file'), 'content');
  writeFileSync(join(bundle, 'config.json'), JSON.stringify({ root: { path: 'root', readonly: true } }));
  const spec = openSync(join(bundle, 'config.json'), 'r');
  const [ours, theirs] = newPair();
  const args = [MAIN, 'gofer', '--', 'gofer', `--bundle=${bundle}`, '--spec-fd=3', '--io-fds=4'];
  const gofer = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit', spec, theirs] });
  const ended = once(gofer, 'close');
  closeSync(spec);
  closeFD(theirs);
  const client = await connect({ fd: ours });
  assert.ok(await isDonated(client));
  await client.disconnect();
  assert.equal(await ended, [0, null]);
  rmSync(bundle, { recursive: true });
  assertNothingLeft(before);
});

test.run();
