/**
 * gVisor's own client, today's and the one of 2022, against our server: every method of its files, by 8 goroutines at
 * once, in every setting.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { closeFD } from '../../runtime/os/descriptor.js';
import { findBuilt } from '../interop/peers.js';
import { newDirectory, newPair } from '../interop/session.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { MAIN } from './serving.js';

const LIMITED = fileURLToPath(new URL('programs/limited.js', import.meta.url));

interface Report {
  readonly cases: number;
  readonly played: number;
  readonly failures: readonly string[];
}

/** Starts a server with one end of a socket pair and gVisor's client with the other. Both must end well. */
async function play(peer: string, server: (root: string) => string[], options: readonly string[]): Promise<Report> {
  const root = newDirectory();
  const [ours, theirs] = newPair();
  const serving = spawn(process.execPath, server(root), { stdio: ['ignore', 'inherit', 'inherit', theirs] });
  const served = once(serving, 'close');
  const client = spawn(findBuilt(peer)!, ['3', 'suite', ...options], {
    stdio: ['ignore', 'pipe', 'inherit', ours],
  });
  closeFD(ours);
  closeFD(theirs);
  let output = '';
  client.stdout!.setEncoding('utf8').on('data', (text: string) => (output += text));
  assert.equal(await once(client, 'close'), [0, null]);
  assert.equal(await served, [0, null], 'the server ends when its client hangs up');
  rmSync(root, { recursive: true, force: true });
  return JSON.parse(output) as Report;
}

function served(...args: string[]): (root: string) => string[] {
  return (root) => [MAIN, 'serve', '--fd', '3', '--host-uds=all', ...args, root];
}

type Setting = readonly [what: string, server: (root: string) => string[], options: readonly string[]];

/** gVisor's clients end if they ask for channels and get none. */
function limited(count: number): Setting {
  const options = count === 0 ? ['socket'] : [];
  return [`where ${count} channels are granted`, (root) => [LIMITED, root, String(count)], options];
}

const settings: readonly Setting[] = [
  ['over as many channels as it wants', served(), []],
  ...[1, 2, 4].map(limited),
  ['without donated descriptors', served('--no-donate'), ['no-donate']],
];

const overSocket: readonly Setting[] = [
  ['over the socket, though there are channels', served(), ['socket']],
  limited(0),
];

const peers: readonly (readonly [peer: string, name: string, own: readonly Setting[]])[] = [
  ['goclient', "gVisor's client of today", overSocket],
  // It asks for channels, always.
  ['goclient-debian', "gVisor's client of 2022", []],
];

for (const [peer, name, own] of peers) {
  const test = suite(name);
  const available = findBuilt(peer) !== undefined;
  if (!available) console.log(`no .cache/${peer}; run test/interop/build.sh ${peer}`);
  const add = available || process.env['CI'] ? test : test.skip;

  for (const [what, server, options] of [...settings, ...own]) {
    add(`finds every method as it should be, ${what}`, async () => {
      const before = holdings();
      const report = await play(peer, server, options);
      assert.equal(report.failures, []);
      assert.is(report.played, report.cases * 8 * 3);
      assertNothingLeft(before);
    });
  }

  add('finds every change refused by a read-only server', async () => {
    assert.equal(await play(peer, served('--read-only'), ['read-only']), { cases: 15, played: 15, failures: [] });
  });

  add('would find what is wrong', async () => {
    const { failures } = await play(peer, served('--no-donate'), []);
    assert.ok(failures.length > 40 && failures.every((failure) => failure.includes('donated descriptor -1')));
  });

  test.run();
}
