/** `lisafs cp`: to a mount and back, whole trees and odd names, and a server that would like to write elsewhere. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { localDirectory, serve, type RunningServer } from '../../runtime/server.js';
import { Copy, LOCAL, type Side } from '../../cli/copying.js';
import { newDirectory } from '../interop/session.js';
import { assertNothingLeft, holdings, type Holdings } from '../peers/leaks.js';
import { lisafs, lisafsOnTerminal, MAIN, run } from './command.js';

interface Context {
  before: Holdings;
  base: string;
  root: string;
  here: string;
  socket: string;
  server: RunningServer;
}

const test = suite<Context>('lisafs cp');

test.before.each(async (context) => {
  context.before = holdings();
  context.base = newDirectory();
  context.root = join(context.base, 'root');
  context.here = join(context.base, 'here');
  context.socket = join(context.base, 'socket');
  mkdirSync(context.root);
  mkdirSync(context.here);
  context.server = await serve({ listen: context.socket, root: localDirectory(context.root) });
});

test.after.each(async (context) => {
  await context.server.close();
  rmSync(context.base, { recursive: true });
  assertNothingLeft(context.before);
});

/** A tree with everything that a copy has to keep. */
function plant(at: string): void {
  mkdirSync(join(at, 'closed'), { recursive: true });
  writeFileSync(join(at, 'closed', 'script'), '#!/bin/sh\n');
  chmodSync(join(at, 'closed', 'script'), 0o751);
  chmodSync(join(at, 'closed'), 0o750);
  writeFileSync(Buffer.from(join(at, 'odd\xfe\n'), 'latin1'), Buffer.from([0, 255, 10]));
  writeFileSync(join(at, 'empty'), '');
  writeFileSync(join(at, 'large'), Buffer.alloc(2_500_000, 'abcdefg'));
  symlinkSync('closed/none', join(at, 'dangling'));
}

/** What is in a tree, for comparing. */
function picture(at: string | Buffer): object[] {
  const names = readdirSync(at, { encoding: 'buffer' });
  return names
    .sort((a, b) => a.compare(b))
    .map((name) => {
      const whole = Buffer.concat([Buffer.from(at), Buffer.from('/'), name]);
      const stat = lstatSync(whole);
      const content = stat.isFile() ? readFileSync(whole).toString('base64') : '';
      const target = stat.isSymbolicLink() ? readlinkSync(whole) : '';
      return { name, mode: stat.mode, content, target, inside: stat.isDirectory() ? picture(whole) : [] };
    });
}

test('brings a tree there and back: modes, symlinks, names that are not UTF-8', async ({ here, root, socket }) => {
  plant(join(here, 'tree'));
  assert.equal(await lisafs('cp', '-r', '--connect', socket, join(here, 'tree'), ':/'), {
    code: 0,
    stdout: '',
    stderr: '',
  });
  assert.equal(picture(join(root, 'tree')), picture(join(here, 'tree')));
  const back = await lisafs('cp', '-r', '--connect', socket, ':/tree', join(here, 'back'));
  assert.equal(back, { code: 0, stdout: '', stderr: '' });
  assert.equal(picture(join(here, 'back')), picture(join(here, 'tree')));
});

test('copies a file over another, into a directory, and within the mount', async ({ here, root, socket }) => {
  writeFileSync(join(root, 'a'), 'new');
  writeFileSync(join(here, 'b'), 'old and longer');
  chmodSync(join(root, 'a'), 0o4711);
  await lisafs('cp', '--connect', socket, ':/a', join(here, 'b'));
  assert.is(readFileSync(join(here, 'b'), 'utf8'), 'new');
  assert.is(statSync(join(here, 'b')).mode & 0o7777, 0o711, 'without set-user-ID');
  assert.is((await lisafs('cp', '-v', '--connect', socket, ':/a', here)).stdout, '/a\n');
  assert.ok(existsSync(join(here, 'a')));
  await lisafs('cp', '--connect', socket, ':/a', ':/c');
  assert.is(readFileSync(join(root, 'c'), 'utf8'), 'new');
});

test('-p keeps times', async ({ here, root, socket }) => {
  writeFileSync(join(root, 'a'), '');
  utimesSync(join(root, 'a'), 1e9, 1e9);
  await lisafs('cp', '-p', '--connect', socket, ':/a', here);
  assert.is(statSync(join(here, 'a')).mtimeMs, 1e12);
});

test('says what it cannot copy, and copies the rest', async ({ here, root, socket }) => {
  mkdirSync(join(root, 'dir'));
  writeFileSync(join(root, 'dir', 'file'), 'x');
  mkdirSync(join(here, 'dir', 'file'), { recursive: true });
  const whole = await lisafs('cp', '--connect', socket, ':/dir', ':/none', here);
  assert.is(whole.code, 1);
  assert.match(whole.stderr, /^lisafs cp: \/dir: is a directory; copy it with --recursive\nlisafs cp: \/none: No such/);
  const clash = await lisafs('cp', '-r', '--connect', socket, ':/dir', here);
  assert.is(clash.code, 1);
  assert.match(clash.stderr, /^lisafs cp: .*\/dir\/file: is there, and is no file\n$/);
  for (const args of [[], [':/dir'], [join(here, 'x'), join(here, 'y')], [':/dir', ':/none', join(here, 'none')]]) {
    assert.is((await lisafs('cp', '--connect', socket, ...args)).code, 2, args.join(' '));
  }
});

test('shows progress on a terminal, and takes it away', async ({ here, root, socket }) => {
  writeFileSync(join(root, 'large'), Buffer.alloc(64_000_000));
  const { code, stdout } = await lisafsOnTerminal(['cp', '--connect', socket, ':/large', here]);
  assert.is(code, 0);
  assert.match(stdout, /MiB\/s {2}\d+% of 61 MiB {2}\/large/);
  assert.ok(stdout.endsWith('\r\x1b[K'), JSON.stringify(stdout.slice(-40)));
});

test('copies no file onto itself, by whatever name, and loses nothing', async ({ here, root, socket }) => {
  writeFileSync(join(root, 'a'), 'precious');
  linkSync(join(root, 'a'), join(root, 'hard'));
  symlinkSync('a', join(root, 'soft'));
  for (const target of [':/a', ':/hard', ':/soft', ':/']) {
    const { code, stderr } = await lisafs('cp', '--connect', socket, ':/a', target);
    assert.is(code, 1, target);
    assert.match(stderr, /^lisafs cp: \/a: and .* are the same file\n$/);
  }
  // The server's directory by its name here: that it is the same nobody can tell.
  assert.is((await lisafs('cp', '--connect', socket, ':/a', join(root, 'a'))).code, 0);
  assert.is(readFileSync(join(root, 'a'), 'utf8'), 'precious');
  assert.equal(readdirSync(here), []);
});

test('copies no directory into itself', async ({ root, socket }) => {
  mkdirSync(join(root, 'dir', 'sub'), { recursive: true });
  writeFileSync(join(root, 'dir', 'file'), 'x');
  const within = await lisafs('cp', '-r', '--connect', socket, ':/dir', ':/dir/sub');
  assert.is(within.code, 1);
  assert.match(within.stderr, /^lisafs cp: \/dir\/sub\/dir: is where the copy goes; it is not copied into itself\n$/);
  assert.equal(readdirSync(join(root, 'dir', 'sub', 'dir')).sort(), ['file', 'sub']);
  // And where one side is this machine and the other the mount.
  const across = await lisafs('cp', '-r', '--connect', socket, ':/', join(root, 'dir', 'copy'));
  assert.match(across.stderr, /is where the copy goes/);
  assert.not(existsSync(join(root, 'dir', 'copy', 'dir', 'copy')));
});

test('a tree is copied over itself, its symlinks too', async ({ here, root, socket }) => {
  plant(join(root, 'tree'));
  for (let round = 0; round < 2; round++) {
    const copied = await lisafs('cp', '-r', '--connect', socket, ':/tree', here);
    assert.equal([copied.code, copied.stderr], [0, '']);
  }
  assert.equal(picture(join(here, 'tree')), picture(join(root, 'tree')));
});

test('FIFOs, sockets and devices are told of and hold nothing up; one that is named is written to', async (context) => {
  const { here, root, socket } = context;
  mkdirSync(join(root, 'dir'));
  for (const at of [join(root, 'dir'), here]) assert.is((await run(['mkfifo', join(at, 'fifo')])).code, 0);
  writeFileSync(join(root, 'dir', 'zfile'), 'x');
  const fetched = await lisafs('cp', '-r', '--connect', socket, ':/dir', here);
  assert.match(
    fetched.stderr,
    /^lisafs cp: \/dir\/fifo: is neither a file, a directory nor a symlink; it is not copied\n$/,
  );
  assert.ok(existsSync(join(here, 'dir', 'zfile')));
  assert.match((await lisafs('cp', '--connect', socket, join(here, 'fifo'), ':/')).stderr, /is neither a file/);
  assert.match((await lisafs('cp', '--connect', socket, '/dev/zero', ':/')).stderr, /is neither a file/);
  assert.equal(await lisafs('cp', '--connect', socket, ':/dir/zfile', '/dev/null'), {
    code: 0,
    stdout: '',
    stderr: '',
  });
  assert.ok(statSync('/dev/null').isCharacterDevice());
});

test('what does not come whole does not come: what was there stays', async ({ here, root, socket }) => {
  writeFileSync(join(root, 'large'), Buffer.alloc(3_000_000));
  writeFileSync(join(here, 'large'), 'old');
  // Files may be as large as this, in blocks of 1 KiB; a write beyond is EFBIG where its signal is ignored.
  const limited = `trap '' XFSZ; ulimit -f 1000; exec "$0" "$@"`;
  const cp = ['bash', '-c', limited, process.execPath, MAIN, 'cp', '--connect', socket, ':/large', here] as const;
  const { code, stderr } = await run([...cp]);
  assert.is(code, 1);
  assert.match(stderr, /^lisafs cp: .*\/here\/large: File too large\n$/);
  assert.equal(readdirSync(here), ['large']);
  assert.is(readFileSync(join(here, 'large'), 'utf8'), 'old');
});

test('^C leaves nothing half done, and ends by the signal', async ({ here, root, socket }) => {
  writeFileSync(join(root, 'large'), '');
  truncateSync(join(root, 'large'), 40 * 2 ** 30);
  writeFileSync(join(here, 'large'), 'old');
  const child = spawn(process.execPath, [MAIN, 'cp', '--connect', socket, ':/large', here], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  const closed = once(child, 'close');
  // It writes, so it has its handler.
  while (!readdirSync(here).some((name) => name !== 'large')) await delay(5);
  child.kill('SIGINT');
  const [code, signal] = (await closed) as [number | null, string | null];
  assert.equal([code, signal], [null, 'SIGINT']);
  assert.is(Buffer.concat(said).toString(), 'lisafs cp: interrupted; nothing is half done\n');
  assert.equal(readdirSync(here), ['large']);
  assert.is(readFileSync(join(here, 'large'), 'utf8'), 'old');
});

/** A side that lies about the entries of its directories. */
function lying(names: readonly string[]): Side {
  const readdir = (async () => names.map((name) => Buffer.from(name))) as unknown as Side['readdir'];
  return { ...LOCAL, readdir };
}

async function copyFrom(side: Side, from: string, to: string): Promise<string[]> {
  const told: string[] = [];
  const watcher = {
    bytes: () => undefined,
    done: () => undefined,
    failed: (error: unknown) => void told.push((error as Error).message),
  };
  const copy = new Copy({ recursive: true, times: false, signal: new AbortController().signal }, watcher);
  await copy.start({ side, path: Buffer.from(from) }, { side: LOCAL, path: Buffer.from(to) });
  return told;
}

test('a server cannot make it write outside of the target by a name', async ({ here, root }) => {
  mkdirSync(join(root, 'dir'));
  writeFileSync(join(root, 'passwd'), 'evil');
  const told = await copyFrom(lying(['../passwd', '..', '.', '', 'a/b']), join(root, 'dir'), join(here, 'dir'));
  assert.is(told.length, 5);
  for (const line of told) assert.match(line, /lists a name that is none/);
  assert.equal(readdirSync(here), ['dir']);
});

test('a server cannot make it write through a symlink that it sent', async ({ base, here, root }) => {
  writeFileSync(join(base, 'precious'), 'precious');
  mkdirSync(join(root, 'dir'));
  symlinkSync(join(base, 'precious'), join(root, 'dir', 'x'));
  let looks = 0;
  const side: Side = {
    ...lying(['x', 'x']),
    // First a symlink, then a file of the same name.
    lstat: (async (path: Buffer) => {
      if (path.toString().endsWith('/x') && looks++ > 0) return statSync(join(base, 'precious'), { bigint: true });
      return LOCAL.lstat(path, { bigint: true });
    }) as unknown as Side['lstat'],
  };
  const told = await copyFrom(side, join(root, 'dir'), join(here, 'dir'));
  assert.match(told.join(), /is there, and is no file/);
  assert.is(readFileSync(join(base, 'precious'), 'utf8'), 'precious');
});

test.run();
