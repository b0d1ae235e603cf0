/**
 * Operations of node:fs/promises as data, with their outcome as data: so that the same operation can be done by
 * client.fs here and by node:fs in another process, and compared.
 */

import type { BigIntStats, Dirent, Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { buffer as collect } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { ClientFS } from '../../runtime/fs/client-fs.js';

/** A method's name and its arguments; or what is done with a handle, after `open`. */
export interface Operation {
  readonly method: string;
  readonly args: readonly unknown[];
  /** For `handle`: calls on it, one after the other. */
  readonly calls?: readonly { readonly method: string; readonly args: readonly unknown[] }[];
}

/** What an operation came to: a value in plain data, or what there is to know of an error. */
export type Outcome = { readonly value: unknown } | { readonly error: Record<string, unknown> };

/** How exactly stats are reported: `all` of the same file, or what is the same for twins. */
export type Detail = 'all' | 'twin';

/** Times that operations set are before this; others are the clock's. */
export const SET_BEFORE_MS = 1_500_000_000_000;

function timeOf(ms: number | bigint): number | bigint | 'now' {
  return Number(ms) < SET_BEFORE_MS ? ms : 'now';
}

function isStats(value: object): value is Stats | BigIntStats {
  return 'mtimeMs' in value;
}

function plainStats(stat: Stats | BigIntStats, detail: Detail): unknown {
  if (detail === 'all') return { ...stat, kind: stat.constructor.name, file: stat.isFile() };
  const { mode, uid, gid, mtimeMs } = stat;
  const ofFile = stat.isDirectory() ? {} : { size: stat.size, nlink: stat.nlink };
  return { mode, uid, gid, mtimeMs: timeOf(mtimeMs), ...ofFile, kind: stat.constructor.name };
}

function plainDirent(dirent: Dirent): unknown {
  const is = ['isFile', 'isDirectory', 'isSymbolicLink', 'isFIFO', 'isSocket'] as const;
  const name = typeof dirent.name === 'string' ? dirent.name.toWellFormed() : dirent.name;
  return { name, path: String(dirent.parentPath).toWellFormed(), is: is.filter((method) => dirent[method]()) };
}

function plain(value: unknown, detail: Detail): unknown {
  if (Array.isArray(value)) return value.map((each) => plain(each, detail));
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
  if (isStats(value)) return plainStats(value, detail);
  if ('parentPath' in value) return plainDirent(value as Dirent);
  if ('bytesRead' in value) return { ...value };
  if ('bavail' in value) return { ...value, kind: value.constructor.name, bfree: 0, bavail: 0, ffree: 0 };
  return value;
}

/** A path ends with six random characters, and a message with them and a quote. */
function withoutSuffix(text: string, after: number): string {
  return text.slice(0, text.length - after - 6);
}

function plainError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { thrown: String(error) };
  const { name, code, errno, syscall, dest } = error as Error & Record<string, unknown>;
  let { message, path } = error as Error & { path?: unknown };
  if (syscall === 'mkdtemp') [message, path] = [withoutSuffix(message, 1), withoutSuffix(String(path), 0)];
  // Messages about arguments are worded by whoever wrote them; those about files are node:fs's.
  const words = errno === undefined ? {} : { message: message.toWellFormed() };
  const text = (value: unknown): unknown => (typeof value === 'string' ? value.toWellFormed() : value);
  return { name, ...words, code, errno, syscall, path: text(path), dest: text(dest) };
}

type AnyMethod = (...args: unknown[]) => Promise<unknown>;

/** What a script may have made, and what it works on. */
const FRESH = ['dir', 'file', 'link', 'dangling', 'slashed', 'self', 'none', 'made', 'hard', 'target'];

/** What is done that is no method of node:fs/promises, or whose result is no data. */
const SPECIAL: Record<string, (fs: ClientFS, operation: Operation) => Promise<unknown>> = {
  async opendir(fs, { args }) {
    const entries: Dirent[] = [];
    const [path, options] = args as [string, { encoding?: 'utf8' }];
    for await (const entry of await fs.opendir(path, options)) entries.push(entry);
    const key = (entry: Dirent): string => `${String(entry.parentPath)}/${entry.name}`;
    return entries.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  },
  /** A tree with a file of each kind, for client-script.ts. */
  async fresh(fs) {
    for (const name of FRESH) await fs.rm(name, { recursive: true, force: true });
    await fs.mkdir('dir');
    await fs.writeFile('file', 'content of the file');
    await fs.symlink('dir', 'link');
    await fs.symlink('none/where', 'dangling');
    await fs.symlink('file/', 'slashed');
    await fs.symlink('self', 'self');
  },
  // Its name is not the same twice.
  async mkdtemp(fs, { args }) {
    const [prefix] = args as [string];
    const path = await fs.mkdtemp(prefix, 'buffer');
    const stat = await fs.stat(path);
    await fs.rmdir(path);
    return [path.subarray(0, -6), stat];
  },
  async utimes(fs, { args }) {
    const [path, atime, mtime] = args as [string, number, number];
    await fs.utimes(path, atime, mtime);
    const stat = await fs.stat(path, { bigint: true });
    return [stat.atimeNs, stat.mtimeNs].map((ns) => (timeOf(ns / 1_000_000n) === 'now' ? 'now' : ns));
  },
  async createReadStream(fs, { args }) {
    return collect(fs.createReadStream(...(args as [string, object])));
  },
  async createWriteStream(fs, { args }) {
    const [path, options, chunks] = args as [string, object, Buffer[]];
    const stream = fs.createWriteStream(path, options);
    await pipeline(chunks, stream);
    return stream.bytesWritten;
  },
  async handle(fs, { args, calls }) {
    const handle = await fs.open(...(args as [string, string, number]));
    const values: unknown[] = [];
    try {
      for (const call of calls!) {
        values.push(
          await outcomeOf(() => Reflect.apply(handle[call.method as keyof FileHandle] as AnyMethod, handle, call.args)),
        );
      }
    } finally {
      await handle.close();
    }
    return values;
  },
};

async function outcomeOf(work: () => Promise<unknown>, detail: Detail = 'twin'): Promise<Outcome> {
  try {
    return { value: plain(await work(), detail) };
  } catch (error) {
    return { error: plainError(error) };
  }
}

/** Does an operation. */
export function execute(fs: ClientFS, operation: Operation, detail: Detail = 'twin'): Promise<Outcome> {
  const { method, args } = operation;
  const special = SPECIAL[method];
  return outcomeOf(async () => {
    if (special !== undefined) return special(fs, operation);
    return (fs[method as keyof ClientFS] as unknown as AnyMethod)(...args);
  }, detail);
}
