/** gVisor's own client against our server: every method of its files, by 8 goroutines at once, in every setting. */

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
async function play(server: (root: string) => string[], options: readonly string[]): Promise<Report> {
  const root = newDirectory();
  const [ours, theirs] = newPair();
  const serving = spawn(process.execPath, server(root), { stdio: ['ignore', 'inherit', 'inherit', theirs] });
  const served = once(serving, 'close');
  const client = spawn(findBuilt('goclient')!, ['3', 'suite', ...options], {
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

const test = suite("gVisor's client");
const available = findBuilt('goclient') !== undefined;
if (!available) console.log('no .cache/goclient; run test/interop/build.sh');
const add = available || process.env['CI'] ? test : test.skip;

const settings: readonly [string, (root: string) => string[], string[]][] = [
  ['over the socket alone', served(), ['socket']],
  ['over as many channels as it wants', served(), []],
  ...[1, 2, 4].map((count): [string, (root: string) => string[], string[]] => [
    `where ${count} channels are granted`,
    (root) => [LIMITED, root, String(count)],
    [],
  ]),
  ['without donated descriptors', served('--no-donate'), ['no-donate']],
];

for (const [what, server, options] of settings) {
  add(`finds every method as it should be, ${what}`, async () => {
    const before = holdings();
    const report = await play(server, options);
    assert.equal(report.failures, []);
    assert.is(report.played, report.cases * 8 * 3);
    assertNothingLeft(before);
  });
}

add('finds every change refused by a read-only server', async () => {
  assert.equal(await play(served('--read-only'), ['read-only']), { cases: 15, played: 15, failures: [] });
});

add('would find what is wrong', async () => {
  const { failures } = await play(served('--no-donate'), []);
  assert.ok(failures.length > 40 && failures.every((failure) => failure.includes('donated descriptor -1')));
});

test.run();
