/**
 * Random operations on a served object, through client.fs: each must end as the same one does on a directory of the
 * machine, which says what is right, and where it succeeds as it does on a second object of the same kind, directly.
 */

import type { FileHandle } from 'node:fs/promises';
import * as machine from 'node:fs/promises';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import * as assert from 'uvu/assert';
import type { NodeFS } from '../../runtime/server.js';
import { Random } from '../../runtime/wire/random.js';
import { withFS } from './serve-fs-session.js';

/** The methods that are played, of whatever kind the object is. */
export type Played = Pick<
  typeof machine,
  | 'chmod'
  | 'link'
  | 'lstat'
  | 'mkdir'
  | 'open'
  | 'readFile'
  | 'readdir'
  | 'readlink'
  | 'rename'
  | 'rmdir'
  | 'symlink'
  | 'truncate'
  | 'unlink'
  | 'utimes'
  | 'writeFile'
>;

/** One side: an object, where on it the tree is, and what is open on it. */
interface Side {
  readonly fs: Played;
  /** Where a path of the tree is on this side; `follow` says whether the operation follows a symlink in last place. */
  readonly at: (path: string, follow: boolean) => Promise<string>;
  readonly handles: Map<number, FileHandle>;
}

export interface Kind {
  /** An object to serve and another one, with their roots. */
  readonly served: NodeFS;
  readonly servedRoot: string;
  /** Left out where the object itself does not do what it should. */
  readonly direct?: Played;
  readonly directRoot: string;
  /** What this kind cannot do, or does not do as Linux does: operations, and flags of `open`. */
  readonly without: readonly string[];
}

type Operation = (side: Side) => Promise<unknown>;

/** Some objects resolve to things of their own. */
async function done(call: Promise<unknown>): Promise<void> {
  await call;
}

const NAMES = ['a', 'b', 'c', 'd'];
const HANDLES = 4;

class Generator {
  readonly #random: Random;
  readonly #names: readonly string[];
  readonly #flags: readonly string[];

  constructor(random: Random, without: readonly string[]) {
    this.#random = random;
    this.#flags = ['r+', 'w+', 'wx+'].filter((flag) => !without.includes(flag));
    this.#names = Object.keys(this.#operations).filter((name) => !without.includes(name));
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#random.below(from.length)]!;
  }

  #path(): string {
    return Array.from({ length: 1 + this.#random.below(3) }, () => this.#pick(NAMES)).join('/');
  }

  #data(): Buffer {
    return Buffer.alloc(this.#random.below(40), this.#random.below(256));
  }

  next(): { readonly text: string; readonly run: Operation } {
    const name = this.#pick(this.#names);
    const [detail, run] = this.#operations[name]!();
    return { text: `${name} ${detail}`, run };
  }

  #withHandle(act: (handle: FileHandle) => Promise<unknown>): [string, Operation] {
    const number = this.#random.below(HANDLES);
    return [`#${number}`, async ({ handles }) => handles.has(number) && act(handles.get(number)!)];
  }

  readonly #operations: Record<string, () => [string, Operation]> = {
    mkdir: () => {
      return this.#onPath((fs, at) => done(fs.mkdir(at, { mode: 0o700 })));
    },
    rmdir: () => this.#onPath((fs, path) => done(fs.rmdir(path))),
    unlink: () => this.#onPath((fs, path) => done(fs.unlink(path))),
    readdir: () => this.#onPath(async (fs, path) => (await fs.readdir(path)).sort(), true),
    readFile: () => this.#onPath((fs, path) => fs.readFile(path, 'latin1'), true),
    readlink: () => this.#onPath((fs, path) => fs.readlink(path)),
    lstat: () => this.#onPath(async (fs, path) => describe(await fs.lstat(path))),
    writeFile: () => {
      const data = this.#data();
      return this.#onPath((fs, path) => done(fs.writeFile(path, data, { mode: 0o600 })), true);
    },
    truncate: () => {
      const size = this.#random.below(60);
      return this.#onPath((fs, path) => done(fs.truncate(path, size)), true);
    },
    chmod: () => {
      const mode = this.#pick([0o700, 0o750, 0o755, 0o777]);
      return this.#onPath((fs, path) => done(fs.chmod(path, mode)), true);
    },
    symlink: () => {
      const target = this.#pick([...NAMES, 'a/b', 'nowhere', '.']);
      return this.#onPath((fs, path) => done(fs.symlink(target, path)));
    },
    link: () => this.#onTwo((fs, from, to) => done(fs.link(from, to))),
    rename: () => this.#onTwo((fs, from, to) => done(fs.rename(from, to))),
    open: () => this.#open(),
    close: () => {
      const number = this.#random.below(HANDLES);
      return [`#${number}`, (side) => closeHandle(side, number)];
    },
    read: () => {
      const [size, at] = [this.#random.below(50), this.#random.below(50)];
      return this.#withHandle(async (handle) => {
        const { bytesRead, buffer } = await handle.read(Buffer.alloc(size), 0, size, at);
        return buffer.toString('latin1', 0, bytesRead);
      });
    },
    write: () => {
      const [data, at] = [this.#data(), this.#random.below(100)];
      return this.#withHandle(async (handle) => (await handle.write(data, 0, data.length, at)).bytesWritten);
    },
    ftruncate: () => {
      const size = this.#random.below(60);
      return this.#withHandle((handle) => done(handle.truncate(size)));
    },
    fstat: () => this.#withHandle(async (handle) => (await handle.stat()).size),
    sync: () => this.#withHandle((handle) => done(handle.sync())),
  };

  #onPath(act: (fs: Played, path: string) => Promise<unknown>, follow = false): [string, Operation] {
    const path = this.#path();
    return [path, async ({ fs, at }) => act(fs, await at(path, follow))];
  }

  #onTwo(act: (fs: Played, from: string, to: string) => Promise<unknown>): [string, Operation] {
    const from = this.#path();
    let to = this.#path();
    while (to === from) to = this.#path();
    return [`${from} ${to}`, async ({ fs, at }) => act(fs, await at(from, false), await at(to, false))];
  }

  #open(): [string, Operation] {
    const [number, path, flags] = [this.#random.below(HANDLES), this.#path(), this.#pick(this.#flags)];
    const run: Operation = async (side) => {
      const handle = await side.fs.open(await side.at(path, flags !== 'wx+'), flags, 0o600);
      await closeHandle(side, number);
      side.handles.set(number, handle);
    };
    return [`#${number} ${path} ${flags}`, run];
  }
}

async function closeHandle(side: Side, number: number): Promise<void> {
  const handle = side.handles.get(number);
  side.handles.delete(number);
  // What some objects say when the name is gone is no matter here.
  await handle?.close().catch(() => undefined);
}

function describe(stat: Awaited<ReturnType<Played['lstat']>>): unknown {
  const type = stat.isDirectory() ? 'directory' : stat.isSymbolicLink() ? 'symlink' : 'file';
  return type === 'file' ? { type, mode: Number(stat.mode) & 0o7777, size: stat.size } : { type };
}

function isFailure(result: object): boolean {
  return 'code' in result;
}

async function outcome(operation: Operation, side: Side): Promise<object> {
  try {
    return { value: await operation(side) };
  } catch (error) {
    const { code } = error as { code?: string };
    return { code: code ?? String(error) };
  }
}

/** The whole tree as data. */
export async function dump(fs: Played, path: string): Promise<unknown> {
  const stat = await fs.lstat(path);
  if (stat.isSymbolicLink()) return { target: await fs.readlink(path) };
  if (!stat.isDirectory()) return { mode: Number(stat.mode) & 0o7777, content: await fs.readFile(path, 'latin1') };
  const names = (await fs.readdir(path)).sort();
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await dump(fs, join(path, name))])));
}

/** Without symlinks on the way: each object has ways of its own with those. What is not there stays as it is. */
async function realPath(path: string, follow: boolean): Promise<string> {
  const above = join(await machine.realpath(dirname(path)), basename(path));
  const target = follow ? await machine.readlink(above).catch(() => undefined) : undefined;
  return target === undefined ? above : realPath(join(dirname(above), target), true);
}

/** memfs and ZenFS rename what a symlink points to. What `rename` should do, then, in other words. */
async function renameRightly(fs: Played, from: string, to: string): Promise<void> {
  const [moved, replaced] = [await fs.lstat(from), await fs.lstat(to).catch(() => undefined)];
  // Two names of one file stay.
  if (replaced?.ino === moved.ino) return;
  if (replaced?.isDirectory() === true) await fs.rmdir(to);
  else if (replaced !== undefined) await fs.unlink(to);
  if (!moved.isSymbolicLink()) return done(fs.rename(from, to));
  await fs.symlink(await fs.readlink(from), to);
  await fs.unlink(from);
}

function directSide(fs: Played, at: Side['at']): Side {
  const rename = (from: string, to: string): Promise<void> => renameRightly(fs, from, to);
  return { fs: { ...fs, rename } as Played, at, handles: new Map() };
}

/** Plays `count` operations; fails at the first that differs, saying which, and how to play it again. */
export async function playRandom(kind: Kind, seed: bigint, count: number): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'lisafs-random-'));
  const right: Side = { fs: machine, at: async (path) => join(root, path), handles: new Map() };
  const real = async (path: string, follow: boolean): Promise<string> =>
    join(kind.directRoot, relative(root, await realPath(join(root, path), follow)));
  const direct = kind.direct && directSide(kind.direct, real);
  const generator = new Generator(new Random(seed), kind.without);
  const umask = process.umask(0);
  try {
    await withFS(
      kind.served,
      async ({ client }) => {
        const served: Side = { fs: client.fs, at: async (path) => `/${path}`, handles: new Map() };
        for (let i = 0; i < count; i++) {
          const { text, run } = generator.next();
          const what = `seed ${seed}, operation ${i}: ${text}`;
          const ours = await outcome(run, served);
          // Before the machine's directory changes, which knows the real paths.
          const same = isFailure(ours) || direct === undefined ? ours : await outcome(run, direct);
          assert.equal(ours, await outcome(run, right), `${what}, against a directory`);
          assert.equal(ours, same, `${what}, against the object itself`);
        }
        for (const side of [served, right, direct]) {
          for (const number of side?.handles.keys() ?? []) await closeHandle(side!, number);
        }
        const tree = await dump(client.fs, '/');
        assert.equal(tree, await dump(machine, root), `seed ${seed}`);
        assert.equal(tree, await dump(kind.served as Played, kind.servedRoot), `seed ${seed}`);
        if (kind.direct !== undefined) assert.equal(tree, await dump(kind.direct, kind.directRoot), `seed ${seed}`);
      },
      { root: kind.servedRoot },
    );
  } finally {
    process.umask(umask);
    for (const number of right.handles.keys()) await closeHandle(right, number);
    rmSync(root, { recursive: true, force: true });
  }
}
