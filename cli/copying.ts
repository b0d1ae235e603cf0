/**
 * Copying between a mount and this machine, either way: both have the shape of node:fs/promises. Paths are Buffers, so
 * that every name survives.
 *
 * The server may be hostile. A name that it lists is one component or is refused, nothing is written through a symlink
 * that stands inside of what is being copied, and set-user-ID and its like are not taken over.
 */

import * as local from 'node:fs';
import type { Stats } from 'node:fs';
import type { FileSystem } from './entry.js';

/** What copying uses of a mount or of node:fs. */
export type Side = Pick<
  FileSystem,
  'chmod' | 'createReadStream' | 'lstat' | 'mkdir' | 'open' | 'readdir' | 'readlink' | 'stat' | 'symlink' | 'utimes'
>;

/** This machine's own files. */
export const LOCAL: Side = {
  ...local.promises,
  createReadStream: local.createReadStream,
};

export interface Place {
  readonly side: Side;
  readonly path: Buffer;
}

export interface CopyOptions {
  readonly recursive: boolean;
  /** Keep the times as well as the permissions. */
  readonly times: boolean;
}

/** Told of what is done: bytes as they go, and each file when it is there. */
export interface Watcher {
  bytes(count: number, path: Buffer): void;
  done(path: Buffer): void;
  failed(error: unknown): void;
}

const PERMISSIONS = 0o777;
const OWNER_ONLY = 0o700;
const CHUNK_BYTES = 1 << 20;
const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW, O_EXCL } = local.constants;

/** A failure about one path, as node:fs gives them. */
function failure(code: keyof typeof CODES, path: Buffer, message: string): Error {
  return Object.assign(new Error(`${path.toString()}: ${message}`), { code });
}

const CODES = { EISDIR: 'is a directory', EINVAL: 'cannot be copied', EEXIST: 'is in the way' } as const;

/** `a` and `b` make `a/b`. */
export function joined(directory: Buffer, name: Buffer): Buffer {
  const slash = directory.at(-1) === 0x2f ? '' : '/';
  return Buffer.concat([directory, Buffer.from(slash), name]);
}

/** True for a name that stays inside of its directory. */
function isComponent(name: Buffer): boolean {
  const text = name.toString('latin1');
  return text !== '' && text !== '.' && text !== '..' && !/[/\0]/.test(text);
}

async function lookAt({ side, path }: Place): Promise<Stats | undefined> {
  try {
    return await side.lstat(path);
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Copies a file, or a directory with all that is in it. What fails inside of one is told, and the rest goes on. */
export class Copy {
  constructor(
    private readonly options: CopyOptions,
    private readonly watcher: Watcher,
  ) {}

  /** A source that was named is followed where it is a symlink, unless directories are copied whole. */
  async start(from: Place, to: Place): Promise<void> {
    const { recursive } = this.options;
    const stat = recursive ? await from.side.lstat(from.path) : await from.side.stat(from.path);
    if (stat.isDirectory() && !recursive)
      throw failure('EISDIR', from.path, 'is a directory; copy it with --recursive');
    await this.#copy(from, to, stat, false);
  }

  /** `inside` what is being copied, a symlink in the way is not followed. */
  async #copy(from: Place, to: Place, stat: Stats, inside: boolean): Promise<void> {
    if (stat.isDirectory()) await this.#directory(from, to, stat, inside);
    else if (stat.isSymbolicLink()) await to.side.symlink(await from.side.readlink(from.path, 'buffer'), to.path);
    else if (stat.isFile()) await this.#file(from, to, stat, inside);
    else throw failure('EINVAL', from.path, 'is neither a file, a directory nor a symlink; it is not copied');
    this.watcher.done(from.path);
  }

  async #file(from: Place, to: Place, stat: Stats, inside: boolean): Promise<void> {
    const there = inside ? await lookAt(to) : undefined;
    if (there !== undefined && !there.isFile()) throw failure('EEXIST', to.path, 'is there, and is no file');
    const flags = O_WRONLY | O_CREAT | O_TRUNC | (inside ? O_NOFOLLOW : 0);
    const handle = await to.side.open(to.path, there === undefined && inside ? flags | O_EXCL : flags, 0o600);
    try {
      for await (const chunk of from.side.createReadStream(from.path, { highWaterMark: CHUNK_BYTES })) {
        const bytes = chunk as Buffer;
        for (let at = 0; at < bytes.length;) at += (await handle.write(bytes, at)).bytesWritten;
        this.watcher.bytes(bytes.length, from.path);
      }
      await handle.chmod(stat.mode & PERMISSIONS);
      if (this.options.times) await handle.utimes(stat.atime, stat.mtime);
    } finally {
      await handle.close();
    }
  }

  async #directory(from: Place, to: Place, stat: Stats, inside: boolean): Promise<void> {
    const there = inside ? await lookAt(to) : await to.side.stat(to.path).catch(() => undefined);
    if (there !== undefined && !there.isDirectory()) throw failure('EEXIST', to.path, 'is there, and is no directory');
    if (there === undefined) await to.side.mkdir(to.path, { mode: OWNER_ONLY });
    for (const name of await from.side.readdir(from.path, { encoding: 'buffer' })) await this.#entry(from, to, name);
    if (there !== undefined) return;
    await to.side.chmod(to.path, stat.mode & PERMISSIONS);
    if (this.options.times) await to.side.utimes(to.path, stat.atime, stat.mtime);
  }

  async #entry(from: Place, to: Place, name: Buffer): Promise<void> {
    try {
      if (!isComponent(name))
        throw failure('EINVAL', from.path, `lists a name that is none: ${JSON.stringify(String(name))}`);
      const source = { side: from.side, path: joined(from.path, name) };
      const stat = await from.side.lstat(source.path);
      await this.#copy(source, { side: to.side, path: joined(to.path, name) }, stat, true);
    } catch (error) {
      this.watcher.failed(error);
    }
  }
}
