/**
 * Somebody swaps directories and files with symlinks, as fast as they can, under the calls of a client. Whatever races
 * they win, nothing outside the served directory is read, written or listed. A server that walks by path must lose.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, type FDID, type LISAFSClient } from '../../runtime/index.js';
import { closeFD } from '../../runtime/os/descriptor.js';
import { createMemfd, mapWindow, PAGE_BYTES, retireWindow } from '../../runtime/os/memory.js';
import { Random } from '../../runtime/wire/random.js';
import { newPair } from '../interop/session.js';
import { NOBODY } from '../interop/stage.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { MAIN } from './serving.js';

const DURATION_MS = process.env['CI'] ? 30_000 : 3000;
const ATTACKER = fileURLToPath(new URL('programs/attacker.js', import.meta.url));
const NAIVE = fileURLToPath(new URL('programs/naive.js', import.meta.url));
const SECRET = 'nobody may read this';
const AT_REMOVEDIR = 0x200;
const O_RDWR = 2;
const O_TRUNC = 0o1000;

/** The served directory, and what lies beside it. */
class Ground {
  readonly base = mkdtempSync(join(tmpdir(), 'lisafs-attack-'));
  readonly root = join(this.base, 'root');
  readonly outside = join(this.base, 'outside');
  readonly outsideInodes = new Set<bigint>();
  readonly #before: string[];

  constructor() {
    for (const directory of ['root/d0/sub', 'root/d1/sub', 'outside/sub/sub']) {
      mkdirSync(join(this.base, directory), { recursive: true });
    }
    for (const file of ['d0/file', 'd1/file', 'd0/sub/file', 'd1/sub/file'])
      writeFileSync(join(this.root, file), 'inside');
    for (const file of ['file', 'sub/file', 'sub/sub/file']) writeFileSync(join(this.outside, file), SECRET);
    this.#before = this.describeOutside();
  }

  describeOutside(): string[] {
    return ['', ...(readdirSync(this.outside, { recursive: true }) as string[])].sort().map((name) => {
      const path = join(this.outside, name);
      const { ino, mode, uid, gid, size, mtimeNs, ctimeNs, isFile } = lstatSync(path, { bigint: true });
      this.outsideInodes.add(ino);
      const content = isFile.call(lstatSync(path)) ? readFileSync(path, 'utf8') : '';
      return [name, ino, mode, uid, gid, size, mtimeNs, ctimeNs, content].join(' ');
    });
  }

  get isUntouched(): boolean {
    return JSON.stringify(this.describeOutside()) === JSON.stringify(this.#before);
  }
}

/** One client that walks, opens, creates, lists and renames at random, and writes down what it should not have seen. */
class Client {
  readonly escapes = new Map<string, number>();
  calls = 0;
  /** Calls during which something was swapped. */
  struck = 0;
  readonly #client: LISAFSClient;
  readonly #root: FDID;
  readonly #ground: Ground;
  readonly #swaps: Int32Array;
  readonly #random = new Random(1);

  constructor(client: LISAFSClient, root: FDID, ground: Ground, swaps: Int32Array) {
    this.#client = client;
    this.#root = root;
    this.#ground = ground;
    this.#swaps = swaps;
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#random.below(list.length)]!;
  }

  #escaped(how: string): void {
    this.escapes.set(how, (this.escapes.get(how) ?? 0) + 1);
  }

  /** The call's result, or undefined for a failure: which are as they may be. */
  async #try<T>(call: Promise<T>): Promise<T | undefined> {
    const before = Atomics.load(this.#swaps, 0);
    const result = await call.catch(() => undefined);
    this.calls++;
    if (Atomics.load(this.#swaps, 0) !== before) this.struck++;
    return result;
  }

  async round(): Promise<void> {
    const path = this.#pick([['d0'], ['d1'], ['d0', 'sub'], ['d1', 'sub']]);
    const fds: FDID[] = [];
    const walked = await this.#try(this.#client.walk({ dirFD: this.#root, path }));
    for (const { controlFD, stat } of walked?.inodes ?? []) {
      fds.push(controlFD);
      if (this.#ground.outsideInodes.has(stat.ino)) this.#escaped('walk');
    }
    const directory = walked?.inodes.length === path.length ? fds.at(-1) : undefined;
    if (directory !== undefined)
      await this.#pick([this.#read, this.#list, this.#make, this.#move]).call(this, directory, fds);
    if (fds.length > 0) await this.#client.close({ fds });
  }

  /** Opens a file in the directory, also for writing, with nothing written but to files of this client's. */
  async #read(directory: FDID, fds: FDID[]): Promise<void> {
    const walked = await this.#try(this.#client.walk({ dirFD: directory, path: ['file'] }));
    for (const { controlFD, stat } of walked?.inodes ?? []) {
      fds.push(controlFD);
      if (this.#ground.outsideInodes.has(stat.ino)) this.#escaped('walk');
      const opened = await this.#try(this.#client.openAt({ fd: controlFD, flags: this.#pick([0, O_RDWR]) }));
      if (opened === undefined) continue;
      fds.push(opened.openFD);
      opened.hostFD?.close();
      const read = await this.#try(this.#client.pread({ fd: opened.openFD, offset: 0, count: 100 }));
      if (read !== undefined && Buffer.from(read.data).toString() === SECRET) this.#escaped('read');
    }
    const stats = await this.#try(this.#client.walkStat({ dirFD: directory, path: ['', 'sub', 'file'] }));
    for (const { ino } of stats?.stats ?? []) if (this.#ground.outsideInodes.has(ino)) this.#escaped('walkStat');
  }

  async #list(directory: FDID, fds: FDID[]): Promise<void> {
    const opened = await this.#try(this.#client.openAt({ fd: directory, flags: 0 }));
    if (opened === undefined) return;
    fds.push(opened.openFD);
    const listed = await this.#try(this.#client.getdents64({ dirFD: opened.openFD, count: -65536 }));
    const inodes = (listed?.dirents ?? []).filter(({ name }) => name !== '..').map(({ ino }) => ino);
    if (inodes.some((ino) => this.#ground.outsideInodes.has(ino))) this.#escaped('list');
  }

  async #make(directory: FDID, fds: FDID[]): Promise<void> {
    const init = { dirFD: directory, uid: NOBODY, gid: NOBODY, mode: 0o700 };
    const made = await this.#try(this.#client.openCreateAt({ ...init, flags: O_RDWR | O_TRUNC, name: 'mine' }));
    if (made !== undefined) {
      made.hostFD?.close();
      fds.push(made.child.controlFD, made.newFD);
      await this.#try(this.#client.pwrite({ fd: made.newFD, offset: 0, data: Buffer.from('mine') }));
    }
    const child = await this.#try(this.#client.mkdirAt({ ...init, name: 'dir' }));
    if (child !== undefined) fds.push(child.childDir.controlFD);
    await this.#try(this.#client.unlinkAt({ dirFD: directory, name: 'mine', flags: 0 }));
    await this.#try(this.#client.unlinkAt({ dirFD: directory, name: 'dir', flags: AT_REMOVEDIR }));
  }

  async #move(directory: FDID): Promise<void> {
    const rename = { oldDir: directory, newDir: directory };
    await this.#try(this.#client.renameAt({ ...rename, oldName: 'file', newName: 'moved' }));
    await this.#try(this.#client.renameAt({ ...rename, oldName: 'moved', newName: 'file' }));
  }
}

interface Outcome {
  readonly escapes: Map<string, number>;
  readonly untouched: boolean;
  readonly calls: number;
  readonly struck: number;
  readonly swaps: number;
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, 'close');
  child.kill('SIGKILL');
  await ended;
}

/** Whether something got out is known at once; whether something got in takes looking, so it is not asked each time. */
const LOOK_ROUNDS = 50;

function hasLost({ escapes, calls }: Client, ground: Ground): boolean {
  return escapes.size > 0 || (calls % LOOK_ROUNDS === 0 && !ground.isUntouched);
}

/** Attacks a server for a while, or until it has lost where that is what is waited for. */
async function attack(command: (root: string) => string[], untilLost: boolean): Promise<Outcome> {
  const ground = new Ground();
  const memfd = createMemfd('swaps', PAGE_BYTES);
  const page = mapWindow(memfd, 0, PAGE_BYTES);
  if (typeof page === 'number') throw new Error(`mmap: errno ${-page}`);
  const swaps = new Int32Array(page.buffer, 0, 1);
  const [fd, theirs] = newPair();
  const server = spawn(process.execPath, command(ground.root), { stdio: ['ignore', 'inherit', 'inherit', theirs] });
  closeFD(theirs);
  const client = await connect({ fd });
  const { root } = await client.mount();
  const attacker = spawn(process.execPath, [ATTACKER, ground.root, ground.outside], {
    stdio: ['ignore', 'pipe', 'inherit', memfd],
  });
  closeFD(memfd);
  await once(attacker.stdout!, 'data');
  const one = new Client(client, root.controlFD, ground, swaps);
  const until = performance.now() + DURATION_MS;
  while (performance.now() < until && !(untilLost && hasLost(one, ground))) await one.round();
  await end(attacker);
  await client.disconnect();
  await end(server);
  const outcome = { ...one, swaps: swaps[0]!, untouched: ground.isUntouched };
  retireWindow(page);
  rmSync(ground.base, { recursive: true, force: true });
  return outcome;
}

const test = suite('an attacker from outside');

test('gets nothing out of ours, and nothing in', async () => {
  const before = holdings();
  const outcome = await attack((root) => [MAIN, 'serve', '--fd', '3', root], false);
  assert.equal([...outcome.escapes], []);
  assert.ok(outcome.untouched, 'something outside was changed');
  assert.ok(outcome.struck > 100, `only ${outcome.struck} of ${outcome.calls} calls had a swap in them`);
  console.log(`${outcome.swaps} swaps, ${outcome.calls} calls, ${outcome.struck} of them with a swap inside`);
  assertNothingLeft(before);
});

test('gets something out of a server that walks by path, or into it', async () => {
  const outcome = await attack((root) => [NAIVE, root], true);
  assert.ok(outcome.escapes.size > 0 || !outcome.untouched, `${outcome.calls} calls, ${outcome.struck} struck`);
});

test.run();
