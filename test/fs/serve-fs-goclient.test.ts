/** gVisor's own client against served objects: every method of its files, by 8 goroutines at once. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import * as node from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memfs } from 'memfs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { serve, serveFS, type Backend } from '../../runtime/server.js';
import { closeFD } from '../../runtime/os/descriptor.js';
import { findBuilt } from '../interop/peers.js';
import { newPair } from '../interop/session.js';
import { assertNothingStays, holdings } from '../peers/leaks.js';

interface Report {
  readonly cases: number;
  readonly played: number;
  readonly failures: readonly string[];
}

/** What no object with node:fs/promises' methods has: sockets, extended attributes, space set aside, whiteouts. */
const BEYOND_NODE_FS = /Socket|BindAt|Connect|Xattr|Allocate|MknodAt of a whiteout/;

async function play(root: Backend, ...options: string[]): Promise<Report> {
  const before = holdings();
  const [ours, theirs] = newPair();
  const server = await serve({ fd: theirs, root });
  const command = ['3', 'suite', 'no-donate', ...options];
  const client = spawn(findBuilt('goclient')!, command, { stdio: ['ignore', 'pipe', 'inherit', ours] });
  closeFD(ours);
  let output = '';
  client.stdout!.setEncoding('utf8').on('data', (text: string) => (output += text));
  assert.equal(await once(client, 'close'), [0, null]);
  await server.closed;
  // The files that the client left open: node:fs closes them in its own time.
  await assertNothingStays(before);
  return JSON.parse(output) as Report;
}

function assertFine({ played, failures }: Report): void {
  assert.ok(played > 500, `${played} played`);
  assert.equal(
    failures.filter((failure) => !BEYOND_NODE_FS.test(failure)),
    [],
  );
}

const test = suite("gVisor's client and served objects");
const available = findBuilt('goclient') !== undefined;
if (!available) console.log('no .cache/goclient; run test/interop/build.sh');
const add = available || process.env['CI'] ? test : test.skip;

for (const options of [[], ['socket']]) {
  const over = options.length > 0 ? 'over the socket alone' : 'over channels';

  add(`is content with memfs, ${over}`, async () => {
    assertFine(await play(serveFS(memfs().fs.promises, { rawNames: 'strings' }), ...options));
  });

  add(`is content with memfs without handles, ${over}`, async () => {
    const { open: _, ...fs } = memfs().fs.promises;
    assertFine(await play(serveFS(fs, { rawNames: 'strings' }), ...options));
  });

  add(`is content with node:fs, ${over}`, async () => {
    const root = mkdtempSync(join(tmpdir(), 'lisafs-node-'));
    try {
      assertFine(await play(serveFS(node, { root }), ...options));
    } finally {
      rmSync(root, { recursive: true });
    }
  });
}

add('finds every change refused by an object that is read-only', async () => {
  const { failures, played } = await play(serveFS(memfs().fs.promises, { readOnly: true }), 'read-only');
  assert.equal(failures, []);
  assert.ok(played > 10);
});

add('would find what is wrong', async () => {
  const { rename: _, ...fs } = memfs().fs.promises;
  const { failures } = await play(serveFS(fs, { rawNames: 'strings' }));
  assert.ok(failures.some((failure) => failure.includes('RenameAt')));
});

test.run();
