/** `lisafs serve`: listening, who may connect, what it leaves behind, how it ends, and what it says to mistakes. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, RPCError } from '../../runtime/index.js';
import { newDirectory } from '../interop/session.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { MAIN } from './serving.js';

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const running = new Set<ChildProcess>();

class Command {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;

  constructor(...args: string[]) {
    // One that hangs fails its test, and does not hold up the others.
    const limit = { timeout: 120_000, killSignal: 'SIGKILL' } as const;
    this.child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'], ...limit });
    running.add(this.child);
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      this.child[name]!.setEncoding('utf8').on('data', (text: string) => (said[name] += text));
    }
    this.ended = once(this.child, 'close').then(([code]) => ({ code: code as number | null, ...said }));
  }
}

const test = suite('lisafs serve');

/** A directory to serve, and a place for a socket beside it. */
async function inDirectory(body: (root: string, socket: string) => Promise<void>): Promise<void> {
  const before = holdings();
  const base = newDirectory();
  mkdirSync(join(base, 'root'));
  writeFileSync(join(base, 'root', 'file'), 'content');
  try {
    await body(join(base, 'root'), join(base, 'socket'));
  } finally {
    for (const child of running) child.kill('SIGKILL');
    running.clear();
    rmSync(base, { recursive: true, force: true });
  }
  assertNothingLeft(before);
}

async function listening(socket: string, ...args: string[]): Promise<Command> {
  const command = new Command('serve', '--listen', socket, ...args);
  // The file is there a moment before anybody listens.
  for (let i = 0; i < 6000 && command.child.exitCode === null && !(await accepts(socket)); i++) await sleep(10);
  return command;
}

async function accepts(socket: string): Promise<boolean> {
  const client = await connect({ path: socket }).catch(() => undefined);
  await client?.disconnect();
  return client !== undefined;
}

async function countFiles(socket: string): Promise<number> {
  await using client = await connect({ path: socket });
  const { root } = await client.mount();
  const { openFD } = await client.openAt({ fd: root.controlFD, flags: 0 });
  return (await client.getdents64({ dirFD: openFD, count: 4096 })).dirents.length;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`listens for many clients until ${signal}, and removes its socket`, () =>
    inDirectory(async (root, socket) => {
      const command = await listening(socket, root);
      assert.is(statSync(socket).mode & 0o777, 0o600);
      const counts = await Promise.all(Array.from({ length: 10 }, () => countFiles(socket)));
      assert.equal(counts, Array(10).fill(1));
      command.child.kill(signal);
      assert.equal(await command.ended, { code: 0, stdout: '', stderr: '' });
      assert.not(existsSync(socket));
    }));
}

test('hangs up on connected clients when it ends', () =>
  inDirectory(async (root, socket) => {
    const command = await listening(socket, root);
    const client = await connect({ path: socket });
    await client.mount();
    command.child.kill('SIGTERM');
    assert.is((await command.ended).code, 0);
    const error = await client.fstat({ fd: 1 as never }).catch((caught: unknown) => caught);
    assert.is((error as RPCError).code, 'EIO');
    await client.disconnect();
  }));

// A thread whose code V8 is still compiling once did not come to its end, one time in four.
test('ends whenever it is told to, also when its thread has only just become busy', () =>
  inDirectory(async (root, socket) => {
    for (let round = 0; round < 15; round++) {
      const command = await listening(socket, root);
      const client = await connect({ path: socket });
      await client.mount();
      command.child.kill('SIGTERM');
      assert.equal(await command.ended, { code: 0, stdout: '', stderr: '' }, `round ${round}`);
      await client.disconnect();
    }
  }));

test('gives its socket the mode that it is told', () =>
  inDirectory(async (root, socket) => {
    const command = await listening(socket, '--mode', '666', root);
    for (let i = 0; i < 3000 && (statSync(socket).mode & 0o777) !== 0o666; i++) await sleep(10);
    assert.is(statSync(socket).mode & 0o777, 0o666);
    command.child.kill('SIGTERM');
    await command.ended;
  }));

test('takes the place of a server that was killed, not of one that lives', () =>
  inDirectory(async (root, socket) => {
    const killed = await listening(socket, root);
    await countFiles(socket);
    killed.child.kill('SIGKILL');
    await killed.ended;
    assert.ok(existsSync(socket));
    const next = await listening(socket, root);
    const third = await new Command('serve', '--listen', socket, root).ended;
    assert.is(third.code, 1);
    assert.match(third.stderr, /EADDRINUSE/);
    assert.is(await countFiles(socket), 1, 'the one that lives goes on');
    next.child.kill('SIGTERM');
    await next.ended;
  }));

test('leaves alone what is no socket', () =>
  inDirectory(async (root, socket) => {
    writeFileSync(socket, 'precious');
    const { code, stderr } = await new Command('serve', '--listen', socket, root).ended;
    assert.is(code, 1);
    assert.match(stderr, /EADDRINUSE/);
    assert.ok(statSync(socket).isFile());
  }));

test('hangs up on users who are not allowed', () =>
  inDirectory(async (root, socket) => {
    const own = process.getuid!();
    const strict = await listening(socket, '--allow-uid', String(own + 1), root);
    const error = await countFiles(socket).catch((caught: unknown) => caught);
    assert.is((error as RPCError).code, 'EIO');
    strict.child.kill('SIGTERM');
    await strict.ended;
    const open = await listening(socket, '--allow-uid', String(own + 1), '--allow-uid', String(own), root);
    assert.is(await countFiles(socket), 1);
    open.child.kill('SIGTERM');
    await open.ended;
  }));

test('says what is wrong with a command, and how it is used', () =>
  inDirectory(async (root, socket) => {
    const help = await new Command('serve', '--help').ended;
    assert.is(help.code, 0);
    assert.match(help.stdout, /--host-uds/);
    const mistakes: readonly (readonly [number, RegExp, string[]])[] = [
      [2, /COMMAND/, []],
      [2, /no command nonsense/, ['nonsense']],
      [2, /one directory/, ['serve', '--fd', '3']],
      [2, /--listen and --fd/, ['serve', root]],
      [2, /--listen and --fd/, ['serve', '--listen', socket, '--fd', '3', root]],
      [2, /--mode/, ['serve', '--fd', '3', '--mode', '600', root]],
      [2, /--donate and --no-donate/, ['serve', '--fd', '3', '--donate', '--no-donate', root]],
      [2, /octal/, ['serve', '--listen', socket, '--mode', '9', root]],
      [2, /none, open, create, all/, ['serve', '--listen', socket, '--host-uds=some', root]],
      [2, /--nonsense/, ['serve', '--listen', socket, '--nonsense', root]],
      [1, /ENOENT/, ['serve', '--listen', socket, join(root, 'none')]],
      [1, /ENOTSOCK/, ['serve', '--fd', '0', root]],
    ];
    for (const [code, said, args] of mistakes) {
      const ended = await new Command(...args).ended;
      assert.is(ended.code, code, args.join(' '));
      assert.match(ended.stderr, said);
      assert.not(existsSync(socket));
    }
  }));

test.run();
