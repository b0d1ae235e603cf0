/** `lisafs ls|cat|stat|tree|bench`: what they show of a mount, to people and to scripts, and how they say mistakes. */

import {
  chmodSync,
  mkdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { localDirectory, serve, serveFS, type RunningServer } from '../../runtime/server.js';
import { newDirectory } from '../interop/session.js';
import { assertNothingLeft, holdings, type Holdings } from '../peers/leaks.js';
import { lisafs, lisafsOnTerminal, MAIN, run } from './command.js';

interface Context {
  before: Holdings;
  base: string;
  root: string;
  socket: string;
  server: RunningServer;
}

const test = suite<Context>('commands on a mount');

test.before.each(async (context) => {
  context.before = holdings();
  context.base = newDirectory();
  context.root = join(context.base, 'root');
  context.socket = join(context.base, 'socket');
  mkdirSync(join(context.root, 'sub', 'deep'), { recursive: true });
  writeFileSync(join(context.root, 'a.txt'), 'hello\n');
  writeFileSync(join(context.root, '.hidden'), '');
  writeFileSync(join(context.root, 'big'), Buffer.alloc(3_000_000, 'x'));
  chmodSync(join(context.root, 'big'), 0o755);
  writeFileSync(Buffer.from(join(context.root, 'bad\xff'), 'latin1'), 'x');
  symlinkSync('../a.txt', join(context.root, 'sub', 'link'));
  utimesSync(join(context.root, 'a.txt'), 1_000_000_000, 1_000_000_000.5);
  context.server = await serve({ listen: context.socket, root: localDirectory(context.root) });
});

test.after.each(async (context) => {
  await context.server.close();
  rmSync(context.base, { recursive: true });
  assertNothingLeft(context.before);
});

test('ls: names by line, as the bytes that they are', async ({ socket }) => {
  const { code, stdout, stderr } = await lisafs('ls', '--connect', socket);
  assert.equal([code, stderr], [0, '']);
  assert.is(stdout, 'a.txt\nbad\xff\nbig\nsub\n');
});

test('ls -la: as ls(1) does; what is not there is one line, and status 1', async ({ socket }) => {
  const { code, stdout, stderr } = await lisafs('ls', '-la', '--connect', socket, '/', '/none');
  assert.is(code, 1);
  assert.is(stderr, 'lisafs ls: /none: No such file or directory\n');
  const lines = stdout.split('\n');
  assert.is(lines[0], '/:');
  assert.match(lines[1]!, /^-rw-r--r-- 1 \d+ \d+ +0 [-\d]+ [:\d]+ \.hidden$/);
  assert.match(lines[3]!, /bad\\xff$/);
  assert.match(lines[4]!, /^-rwxr-xr-x 1 \d+ \d+ 3000000 /);
  assert.match(lines[5]!, /^drwxr-xr-x 3 /);
});

test('ls of a file, of a directory itself, and of a symlink to a directory', async ({ socket, root }) => {
  symlinkSync('sub', join(root, 'way'));
  assert.is((await lisafs('ls', '--connect', socket, '/a.txt')).stdout, '/a.txt\n');
  assert.is((await lisafs('ls', '-d', '--connect', socket, '/sub')).stdout, '/sub\n');
  assert.is((await lisafs('ls', '--connect', socket, '/way')).stdout, 'deep\nlink\n');
});

test('--json: an object a line, and nothing rounded', async ({ socket }) => {
  const { stdout } = await lisafs('stat', '--json', '--connect', socket, '/a.txt', '/sub/link');
  const [file, link] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.equal(
    [file!['kind'], file!['size'], file!['mode'], file!['modified']],
    ['file', 6, '0644', '1000000000500000000'],
  );
  assert.equal([link!['kind'], link!['target']], ['symlink', '../a.txt']);
  const listed = await lisafs('ls', '--json', '--connect', socket, '/sub');
  assert.equal(
    listed.stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { path: string }).path),
    ['/sub/deep', '/sub/link'],
  );
});

test('stat: every line that people look for', async ({ socket }) => {
  const { code, stdout } = await lisafs('stat', '--connect', socket, '/sub/link');
  assert.is(code, 0);
  assert.match(stdout, /File {2}\/sub\/link -> \.\.\/a\.txt\n/);
  assert.match(stdout, /Kind {2}symlink\n/);
  assert.match(stdout, /Mode {2}0777 lrwxrwxrwx, user \d+, group \d+\n/);
});

test('tree: drawn with lines, counted; or only so deep', async ({ socket }) => {
  const { stdout } = await lisafs('tree', '--connect', socket);
  const drawn = Buffer.from(stdout, 'latin1').toString();
  assert.is(
    drawn,
    '/\n├── a.txt\n├── bad\\xff\n├── big\n└── sub\n    ├── deep\n    └── link -> ../a.txt\n\n2 directories, 4 files\n',
  );
  const flat = Buffer.from((await lisafs('tree', '-L', '1', '--connect', socket, '/')).stdout, 'latin1').toString();
  assert.not.match(flat, /deep/);
});

test('cat: bytes as they are; a directory is a line, and the rest goes on', async ({ socket }) => {
  const { code, stdout, stderr } = await lisafs('cat', '--connect', socket, '/sub', '/big', '/a.txt');
  assert.is(code, 1);
  assert.is(stderr, 'lisafs cat: /sub: Is a directory\n');
  assert.ok(stdout === `${'x'.repeat(3_000_000)}hello\n`, `${stdout.length} bytes`);
});

test('cat into a pipe that nobody reads to its end is no failure, and ends with its reader', async (context) => {
  const { root, socket } = context;
  const cat = `timeout 60 '${process.execPath}' '${MAIN}' cat --connect '${socket}'`;
  const reading = (path: string): ReturnType<typeof run> =>
    run(['bash', '-c', `set -o pipefail; ${cat} ${path} | head -c 3`]);
  assert.equal(await reading('/big'), { code: 0, stdout: 'xxx', stderr: '' });
  writeFileSync(join(root, 'endless'), 'yyy');
  truncateSync(join(root, 'endless'), 2 ** 40);
  assert.equal(await reading('/endless'), { code: 0, stdout: 'yyy', stderr: '' });
});

test('colours are for terminals, and not for those who set NO_COLOR', async ({ socket }) => {
  const args = ['ls', '--connect', socket];
  assert.match((await lisafsOnTerminal(args)).stdout, '\x1b[34msub\x1b[39m');
  assert.not.match((await lisafsOnTerminal(args, { NO_COLOR: '1' })).stdout, '\x1b');
  assert.not.match((await lisafs(...args)).stdout, '\x1b');
});

test('a name cannot speak to the terminal', async ({ socket, root }) => {
  writeFileSync(join(root, 'evil\x1b[2J\n'), '');
  const { stdout } = await lisafsOnTerminal(['ls', '--connect', socket]);
  assert.ok(stdout.includes('evil\\x1b[2J\\n'), JSON.stringify(stdout));
});

test('nor can it as JSON, and it is the same name', async ({ socket, root }) => {
  const name = 'evil\u009b2J\u007f\u202e\u{e0041}\n"é';
  writeFileSync(join(root, name), '');
  for (const args of [['ls'], ['tree'], ['stat', `/${name}`]]) {
    const { stdout } = await lisafs(...([args[0]!, '--json', '--connect', socket, ...args.slice(1)] as const));
    const text = Buffer.from(stdout, 'latin1').toString();
    assert.not.match(text, /[\u007f-\u009f\p{Cf}]/u);
    const names = text
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { path: string }).path);
    assert.ok(names.includes(`/${name}`), text);
    assert.ok(args[0] === 'stat' || names.includes('/bad\udcff'));
  }
});

test('bench: times in columns, or as JSON, over a channel or the socket', async ({ socket }) => {
  const told = await lisafs('bench', '--connect', socket, '--calls', '50', '/a.txt');
  assert.equal([told.code, told.stderr], [0, '']);
  assert.match(told.stdout, /^50 calls of each, over a channel\n\n +min +p50 +p99 +max\nFStat, blocking +[\d.]+ us/);
  assert.match(told.stdout, /\nread of 64 KiB +[\d.]+ us/);
  const json = await lisafs('bench', '--connect', socket, '--calls', '10', '--channels', '0', '--json');
  const times = JSON.parse(json.stdout) as Record<string, { calls: number; p50: number }> & { channels: number };
  assert.is(times.channels, 0);
  assert.is(times['FStat, blocking']!.calls, 10);
  assert.ok(times['FStat, awaited']!.p50 > 0);
});

test('a server that answers no more is waited for as long as --timeout says', async ({ base }) => {
  const socket = join(base, 'stuck');
  let end: () => void = () => undefined;
  const ending = new Promise<void>((resolve) => (end = resolve));
  const lstat = async (path: unknown): Promise<Stats> => {
    if (String(path) !== '/') await ending;
    return statSync(base);
  };
  const readdir = async (): Promise<string[]> => ending.then(() => []);
  const server = await serve({ listen: socket, root: serveFS({ lstat, readdir } as never) });
  const waits: readonly (readonly [string, ...string[]])[] = [
    ['ls', '/'],
    ['tree'],
    ['cat', '/x'],
    ['stat', '/x'],
    ['bench', '/x'],
    ['cp', ':/x', base],
    ['call', 'Walk', '{"dirFD": "$0.root.controlFD", "path": ["x"]}'],
  ];
  try {
    for (const [command, ...args] of waits) {
      const ended = await lisafs(command, '--connect', socket, '--timeout', '100', ...args);
      assert.is(ended.code, 1, command);
      assert.match(
        ended.stderr,
        /(: Connection timed out; --timeout MS says|ETIMEDOUT: .*no answer within 100 ms)/,
        command,
      );
    }
  } finally {
    end();
    await server.close();
  }
});

test('what standard output does not take is told in a line, and is status 1', async ({ socket }) => {
  const full = async (...args: string[]): Promise<unknown> => {
    const words = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(' ');
    return run(['sh', '-c', `${words} > /dev/full`]);
  };
  const failed = { code: 1, stdout: '', stderr: 'lisafs: standard output: No space left on device\n' };
  for (const command of [['ls'], ['ls', '--json'], ['tree'], ['stat', '/a.txt'], ['cat', '/big'], ['inspect']]) {
    assert.equal(await full(...command, '--connect', socket), failed, command.join(' '));
  }
  for (const args of [['--help'], ['cp', '--help'], ['generate', '--help']]) assert.equal(await full(...args), failed);
});

test('a server that is spawned is gone afterwards', async ({ root }) => {
  const { code, stdout } = await lisafs(
    'ls',
    '--spawn',
    `'${process.execPath}' '${MAIN}' serve --fd 3 '${root}'`,
    '/sub',
  );
  assert.equal([code, stdout], [0, 'deep\nlink\n']);
});

test('mistakes are told in a line or two, with how the command is used', async ({ socket, base }) => {
  const mistakes: readonly (readonly [number, string | RegExp, string[]])[] = [
    [1, 'lisafs ls: cannot connect to /nobody: No such file or directory\n', ['ls', '--connect', '/nobody']],
    [1, /^lisafs ls: .*(no answer within 50 ms|EIO)/, ['ls', '--timeout', '50', '--spawn', 'sleep 5']],
    [1, /^lisafs ls: .*EIO/, ['ls', '--spawn', 'exit 3']],
    [2, /one of --connect, --spawn and --fd/, ['ls']],
    [2, /one of --connect, --spawn and --fd/, ['ls', '--fd', '3', '--connect', base]],
    [2, /--channels 5: not a whole number from 0 to 4/, ['ls', '--channels', '5', '--connect', socket]],
    [2, /Unknown option '--nonsense'/, ['tree', '--nonsense']],
    [2, /one file at least/, ['cat', '--connect', socket]],
    [2, /one directory/, ['tree', '--connect', socket, '/', '/sub']],
    [2, /--calls 0/, ['bench', '--connect', socket, '--calls', '0']],
    [2, /--connect: the path of a socket, please/, ['ls', '--connect', '']],
    [1, 'lisafs bench: /.hidden: is empty; name a file that can be read\n', ['bench', '--connect', socket, '/.hidden']],
    [1, 'lisafs bench: /sub: Is a directory\n', ['bench', '--connect', socket, '/sub']],
    [1, /is this a server of LISAFS or its like\?/, ['ls', '--spawn', 'printf 0123456789abcdef >&3; sleep 1']],
  ];
  for (const [code, said, args] of mistakes) {
    const ended = await lisafs(...args);
    assert.is(ended.code, code, `${args.join(' ')}: ${ended.stderr}`);
    assert.match(ended.stderr, said);
    assert.ok(ended.stderr.split('\n').length <= 3 && !/\n\s+at /.test(ended.stderr), ended.stderr);
    if (code === 2) assert.match(ended.stderr, /--help tells how it is used\n$/);
  }
});

test('every command tells how it is used', async () => {
  const { stdout } = await lisafs('--help');
  const commands = [...stdout.matchAll(/^ {2}(\w+) {2,}/gm)].map(([, name]) => name!);
  assert.ok(commands.length >= 8, commands.join(' '));
  for (const command of commands) {
    const help = await lisafs(command, '--help');
    assert.equal([help.code, help.stderr], [0, ''], command);
    assert.match(help.stdout, new RegExp(`^usage: lisafs ${command} `));
    assert.match(help.stdout, /^Exit status: |[.)] Exit status: |\. Exit\nstatus: /m);
  }
  assert.is((await lisafs('serve', '-h')).code, 0);
});

test.run();
