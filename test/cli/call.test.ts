/** `lisafs inspect` and `lisafs call`: any server, by its own description, by a schema, or as LISAFS. */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fail, localDirectory, serve, type RunningServer } from '../../runtime/server.js';
import { KINDSServer } from '../generated/kinds/index.js';
import { newDirectory } from '../interop/session.js';
import { assertNothingLeft, holdings, type Holdings } from '../peers/leaks.js';
import { ROOT } from '../package/pack.js';
import { lisafs, type Ended } from './command.js';

interface Context {
  before: Holdings;
  base: string;
  socket: string;
  server: RunningServer;
}

const test = suite<Context>('inspect and call');

test.before.each(async (context) => {
  context.before = holdings();
  context.base = newDirectory();
  context.socket = join(context.base, 'socket');
  mkdirSync(join(context.base, 'root'));
  writeFileSync(join(context.base, 'root', 'file'), 'content');
  context.server = await serve({ listen: context.socket, root: localDirectory(join(context.base, 'root')) });
});

test.after.each(async (context) => {
  await context.server.close();
  rmSync(context.base, { recursive: true });
  assertNothingLeft(context.before);
});

function lines({ stdout }: Ended): unknown[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

const WALK = ['Walk', '{"dirFD": "$0.root.controlFD", "path": ["file"]}'];
const OPEN = ['openAt', '{"fd": "$1.inodes.0.controlFD", "flags": 0}'];

test('inspect tells what a server speaks, by itself', async ({ socket }) => {
  const { code, stdout, stderr } = await lisafs('inspect', '--connect', socket, '--calls', '20');
  assert.equal([code, stderr], [0, '']);
  assert.match(stdout, /protocol {2}LISAFS, schema [0-9a-f]{16}\n/);
  assert.match(stdout, /known from {2}the server itself\n/);
  assert.match(stdout, /largest message {2}2093056 bytes \(2\.0 MiB\)\n/);
  assert.match(stdout, / {2}7 {2}OpenAt +Opens a file\.\n/);
  assert.match(stdout, /Reflection, blocking +[\d.]+ us/);
});

test('inspect --json is for scripts', async ({ socket }) => {
  const { stdout } = await lisafs('inspect', '--connect', socket, '--calls', '0', '--channels', '1', '--json');
  const facts = JSON.parse(stdout) as {
    protocol: string;
    channels: number;
    messages: { name: string; supported: boolean }[];
  };
  assert.equal([facts.protocol, facts.channels, facts.messages.length], ['LISAFS', 1, 34]);
  assert.is(facts.messages.find(({ name }) => name === 'PRead')!.supported, true);
});

test('call goes from one response to the next request', async ({ socket }) => {
  const read = ['12', '{"fd": "$2.openFD", "count": 100}'];
  const ended = await lisafs('call', '--connect', socket, ...WALK, ...OPEN, ...read);
  assert.is(ended.code, 0);
  assert.match(ended.stderr, /^hostFD: .*\/root\/file\n$/);
  const [walked, opened, data] = lines(ended) as {
    inodes: { stat: { size: number } }[];
    openFD: number;
    data: string;
  }[];
  assert.is(walked!.inodes[0]!.stat.size, 7);
  assert.ok(opened!.openFD > 0);
  assert.is(data!.data, 'content');
});

test('call hands donated descriptors to a command', async ({ socket }) => {
  const ended = await lisafs('call', '--connect', socket, ...WALK, ...OPEN, '--fd-out', 'cat <&3; exit 7');
  assert.is(ended.code, 7);
  assert.match(ended.stdout, /\ncontent$/);
});

test('call --json tells of each call what it was and what came of it', async ({ socket, base }) => {
  const last = ['FStat', '{"fd": 123456}'];
  const ended = await lisafs('call', '--json', '--connect', socket, ...WALK, ...OPEN, ...last);
  assert.equal([ended.code, ended.stderr], [1, 'lisafs call: EBADF: bad file descriptor, FStat\n']);
  const [walked, opened, failed] = lines(ended) as { mid: number; name: string; response: object; donated: object }[];
  assert.equal([walked!.mid, walked!.name, walked!.donated, 'inodes' in walked!.response], [5, 'Walk', {}, true]);
  assert.equal(opened!.donated, { hostFD: join(base, 'root', 'file') });
  assert.equal(failed, {
    mid: 3,
    name: 'FStat',
    error: { code: 'EBADF', errno: -9, message: 'EBADF: bad file descriptor, FStat' },
  });
});

test('call and inspect take a schema', async ({ socket }) => {
  const schema = join(ROOT, 'schema', 'lisafs.ts');
  const called = await lisafs('call', '--schema', schema, '--connect', socket, 'FStat', '{"fd": "$0.root.controlFD"}');
  assert.is((lines(called)[0] as { nlink: number }).nlink, 2);
  const inspected = await lisafs('inspect', '--schema', schema, '--connect', socket, '--calls', '0');
  assert.match(inspected.stdout, /known from {2}schema\n/);
});

test('call says which message failed, of a protocol that the server describes', async ({ base }) => {
  const socket = join(base, 'kinds.sock');
  const server = await serve({ listen: socket, protocol: KINDSServer, handlers: { drop: () => fail('EBUSY') } });
  const ended = await lisafs('call', '--connect', socket, 'drop', '{"keys": [1]}');
  await server.close();
  assert.match(ended.stderr, /^lisafs call: EBUSY: .*, Drop\n$/);
  assert.is(ended.code, 1);
});

test('mistakes are told in a line or two', async ({ base, socket }) => {
  const wrong = join(base, 'wrong.ts');
  writeFileSync(wrong, 'export interface KV { get: Message<256, { a: u9 }, Empty> }\n');
  const mistakes: readonly (readonly [number, RegExp, string[]])[] = [
    [2, /a method to call/, []],
    [2, /LISAFS has no method Nonsense; it has FStat, /, ['Nonsense']],
    [2, /FStat: the request is not JSON/, ['FStat', '{']],
    [1, /FStatReq\.fdx: there is no such field; there are fd/, ['FStat', '{"fdx": 1}']],
    [1, /FStat\.fd: no response has \$9\.x/, ['FStat', '{"fd": "$9.x"}']],
    [1, /EBADF/, ['FStat', '{"fd": "18446744073709551615"}']],
    [1, /wrong\.ts:1:46: /, ['--schema', wrong, 'get']],
    [2, /--mount/, ['--mount', '[]', 'FStat']],
  ];
  for (const [code, said, args] of mistakes) {
    const ended = await lisafs('call', '--connect', socket, ...args);
    assert.is(ended.code, code, `${args.join(' ')}: ${ended.stderr}`);
    assert.match(ended.stderr, said);
    assert.not.match(ended.stderr, /\n\s+at /);
  }
  assert.is((await lisafs('inspect', '--connect', socket, 'x')).code, 2);
});

test.run();
