/**
 * Copying between a mount and this machine, either way: both have the shape of node:fs/promises. Paths are Buffers, so
 * that every name survives.
 *
 * A file is written under a name of its own beside its place, and renamed when it is whole: what stood there stays
 * until then, whatever happens meanwhile.
 *
 * The server may be hostile. A name that it lists is one component or is refused, nothing is written through a symlink
 * that stands inside of what is being copied, and set-user-ID and its like are not taken over.
 */

import { randomBytes } from 'node:crypto';
import * as local from 'node:fs';
import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { FileSystem } from './entry.js';
import { nameOfBytes } from './terminal.js';

/** What copying uses of a mount or of node:fs. */
export type Side = Pick<
  FileSystem,
  | 'chmod'
  | 'lstat'
  | 'mkdir'
  | 'open'
  | 'readdir'
  | 'readlink'
  | 'realpath'
  | 'rename'
  | 'stat'
  | 'symlink'
  | 'unlink'
  | 'utimes'
>;

/** This machine's own files. */
export const LOCAL: Side = local.promises;

export interface Place {
  readonly side: Side;
  readonly path: Buffer;
}

export interface CopyOptions {
  readonly recursive: boolean;
  /** Keep the times as well as the permissions. */
  readonly times: boolean;
  /** Ends the copying: what is not whole by then is taken away. */
  readonly signal: AbortSignal;
}

/** Told of what is done: bytes as they go, of how many, and each file when it is there. */
export interface Watcher {
  bytes(count: number, path: Buffer, done: number, size: number): void;
  done(path: Buffer): void;
  failed(error: unknown): void;
}

const PERMISSIONS = 0o777n;
const OWNER_ONLY = 0o700;
const CHUNK_BYTES = 1 << 20;
const { O_RDONLY, O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW, O_EXCL, O_NONBLOCK } = local.constants;

type Code = 'EISDIR' | 'EINVAL' | 'EEXIST';

/** A failure about one path, as node:fs gives them. */
function failure(code: Code, path: Buffer, message: string): Error {
  return Object.assign(new Error(`${nameOfBytes(path)}: ${message}`), { code });
}

/** `a` and `b` make `a/b`. */
export function joined(directory: Buffer, name: Buffer): Buffer {
  const slash = directory.at(-1) === 0x2f ? '' : '/';
  return Buffer.concat([directory, Buffer.from(slash), name]);
}

/** A new name in the same directory. Short, whatever the name is that it stands for. */
function besideOf(path: Buffer): Buffer {
  const slash = path.lastIndexOf(0x2f);
  const name = Buffer.from(`.lisafs-${randomBytes(8).toString('hex')}`);
  return Buffer.concat([path.subarray(0, slash + 1), name]);
}

/** True for a name that stays inside of its directory. */
function isComponent(name: Buffer): boolean {
  const text = name.toString('latin1');
  return text !== '' && text !== '.' && text !== '..' && !/[/\0]/.test(text);
}

/** What is there, or undefined. */
async function ifThere<T>(looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking;
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw error;
  }
}

function lookAt({ side, path }: Place): Promise<BigIntStats | undefined> {
  return ifThere(side.lstat(path, { bigint: true }));
}

function identity({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

/** What went wrong with a file that has a passing name is told of the name that it was to have. */
function renamed(error: unknown, path: Buffer): unknown {
  if (!(error instanceof Error) || !('errno' in error)) return error;
  return Object.assign(error, { path: nameOfBytes(path), dest: undefined });
}

/** Copies a file, or a directory with all that is in it. What fails inside of one is told, and the rest goes on. */
export class Copy {
  /** The directory that is copied to, which must not be copied into itself. */
  #target: string | undefined;

  constructor(
    private readonly options: CopyOptions,
    private readonly watcher: Watcher,
  ) {}

  /** A source that was named is followed where it is a symlink, unless directories are copied whole. */
  async start(from: Place, to: Place): Promise<void> {
    const { recursive, signal } = this.options;
    signal.throwIfAborted();
    const look = { bigint: true } as const;
    const stat = recursive ? await from.side.lstat(from.path, look) : await from.side.stat(from.path, look);
    if (stat.isDirectory() && !recursive)
      throw failure('EISDIR', from.path, 'is a directory; copy it with --recursive');
    await this.#copy(from, to, stat, false);
  }

  /** `inside` what is being copied, a symlink in the way is not followed. */
  async #copy(from: Place, to: Place, stat: BigIntStats, inside: boolean): Promise<void> {
    if (stat.isDirectory()) await this.#directory(from, to, stat, inside);
    else if (stat.isSymbolicLink()) await this.#symlink(from, to);
    else if (stat.isFile()) await this.#file(from, to, stat, inside);
    else throw failure('EINVAL', from.path, 'is neither a file, a directory nor a symlink; it is not copied');
    this.watcher.done(from.path);
  }

  async #symlink(from: Place, to: Place): Promise<void> {
    const target = await from.side.readlink(from.path, 'buffer');
    const there = await lookAt(to);
    if (there === undefined) return to.side.symlink(target, to.path);
    if (there.isDirectory()) throw failure('EEXIST', to.path, 'is there, and is a directory');
    await this.#replace(to, (path) => to.side.symlink(target, path));
  }

  async #file(from: Place, named: Place, stat: BigIntStats, inside: boolean): Promise<void> {
    const led = inside ? undefined : await ifThere(named.side.realpath(named.path, 'buffer'));
    const to = { side: named.side, path: led ?? named.path };
    const there = await lookAt(to);
    if (there !== undefined && from.side === to.side && identity(stat) === identity(there))
      throw failure('EINVAL', from.path, `and ${nameOfBytes(named.path)} are the same file`);
    if (there === undefined || there.isFile()) {
      await this.#replace(to, async (path) => {
        const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
        await this.#write(from, stat, await to.side.open(path, flags, 0o600), true);
      });
    } else if (inside) {
      throw failure('EEXIST', to.path, 'is there, and is no file');
    } else {
      // A device or a FIFO that was named is what is written to.
      await this.#write(from, stat, await to.side.open(to.path, O_WRONLY | O_TRUNC), false);
    }
  }

  /** Has something made under a passing name, and renames it when it is whole; else takes it away. */
  async #replace({ side, path }: Place, make: (path: Buffer) => Promise<void>): Promise<void> {
    const passing = besideOf(path);
    try {
      await make(passing);
      await side.rename(passing, path);
    } catch (error) {
      await side.unlink(passing).catch(() => undefined);
      throw renamed(error, path);
    }
  }

  /** Writes what is in a file, and closes what it writes to. */
  async #write(from: Place, { mode, atime, mtime }: BigIntStats, to: FileHandle, isNew: boolean): Promise<void> {
    try {
      await this.#content(from, to);
      if (!isNew) return;
      await to.chmod(Number(mode & PERMISSIONS));
      if (this.options.times) await to.utimes(atime, mtime);
    } finally {
      await to.close();
    }
  }

  async #content(from: Place, to: FileHandle): Promise<void> {
    // Where a FIFO has come in the place of the file meanwhile, opening does not wait for a writer.
    const flags = from.side === LOCAL ? O_RDONLY | O_NONBLOCK : O_RDONLY;
    const source = await from.side.open(from.path, flags);
    try {
      const { size } = await source.stat();
      const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
      for (let done = 0; ;) {
        const { bytesRead } = await source.read(buffer, 0, CHUNK_BYTES, done);
        if (bytesRead === 0) return;
        for (let at = 0; at < bytesRead;) at += (await to.write(buffer, at, bytesRead - at)).bytesWritten;
        done += bytesRead;
        this.options.signal.throwIfAborted();
        this.watcher.bytes(bytesRead, from.path, done, size);
      }
    } finally {
      await source.close();
    }
  }

  async #directory(from: Place, to: Place, stat: BigIntStats, inside: boolean): Promise<void> {
    const there = inside ? await lookAt(to) : await ifThere(to.side.stat(to.path, { bigint: true }));
    if (there !== undefined && !there.isDirectory()) throw failure('EEXIST', to.path, 'is there, and is no directory');
    if (there === undefined) await to.side.mkdir(to.path, { mode: OWNER_ONLY });
    if (!inside) this.#target = identity(there ?? (await to.side.stat(to.path, { bigint: true })));
    for (const name of await from.side.readdir(from.path, { encoding: 'buffer' })) await this.#entry(from, to, name);
    if (there !== undefined) return;
    await to.side.chmod(to.path, Number(stat.mode & PERMISSIONS));
    if (this.options.times) await to.side.utimes(to.path, stat.atime, stat.mtime);
  }

  async #entry(from: Place, to: Place, name: Buffer): Promise<void> {
    this.options.signal.throwIfAborted();
    try {
      if (!isComponent(name))
        throw failure('EINVAL', from.path, `lists a name that is none: ${JSON.stringify(String(name))}`);
      const source = { side: from.side, path: joined(from.path, name) };
      const stat = await from.side.lstat(source.path, { bigint: true });
      if (stat.isDirectory() && identity(stat) === this.#target)
        throw failure('EINVAL', source.path, 'is where the copy goes; it is not copied into itself');
      await this.#copy(source, { side: to.side, path: joined(to.path, name) }, stat, true);
    } catch (error) {
      this.options.signal.throwIfAborted();
      this.watcher.failed(error);
    }
  }
}
