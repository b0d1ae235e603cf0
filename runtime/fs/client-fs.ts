/**
 * `client.fs`: a mount as node:fs/promises, and its streams.
 *
 * Paths are those of the mount: its root is `/`, and a relative path begins there as well, since a mount has no working
 * directory. Names that are not UTF-8 are no loss: as strings they come with lone surrogates for their other bytes (see
 * wire/string.ts), are found again by these, and are given as Buffers with `encoding: 'buffer'`.
 *
 * Files that are made belong to this process's user, and to its group unless the directory passes its own on; where the
 * server may not give files away, they stay the server's. This process's umask is applied. Who may read and write what
 * is for the server to say, in the name of the user that it runs as.
 */

import * as fs from 'node:fs';
import type { PathLike, RmDirOptions, StatOptions, TimeLike } from 'node:fs';
import type * as promises from 'node:fs/promises';
import type { FDID, LISAFSClient } from '../session/lisafs.js';
import {
  boolean,
  checkObject,
  encodeName,
  flagsOf,
  integer,
  modeOf,
  optionsOf,
  ownerOf,
  pathOf,
  timespecOf,
} from './client-arguments.js';
import { access, change, own } from './client-attributes.js';
import { copyFile } from './client-copy.js';
import { openDirectory, readDirectory, type ReadDirOptions } from './client-dir.js';
import { checkAborted, codedError, ENOTDIR, naming, nodeError } from './client-errors.js';
import { checkData, type ReadFileOptions, type WriteData, type WriteFileOptions } from './client-file.js';
import { ClientFileHandle } from './client-handle.js';
import * as names from './client-names.js';
import { openFile } from './client-open.js';
import { isDirectory, statPath, Tree } from './client-resolve.js';
import { statFsOf, statsOf } from './client-stats.js';
import { pathReadStream, pathWriteStream } from './client-streams.js';

/** The methods of node:fs/promises that a mount has. */
export type ClientFSMethod =
  | 'access'
  | 'appendFile'
  | 'chmod'
  | 'chown'
  | 'copyFile'
  | 'lchmod'
  | 'lchown'
  | 'link'
  | 'lstat'
  | 'lutimes'
  | 'mkdir'
  | 'mkdtemp'
  | 'open'
  | 'opendir'
  | 'readFile'
  | 'readdir'
  | 'readlink'
  | 'realpath'
  | 'rename'
  | 'rm'
  | 'rmdir'
  | 'stat'
  | 'statfs'
  | 'symlink'
  | 'truncate'
  | 'unlink'
  | 'utimes'
  | 'writeFile';

/** A mount with the shape of node:fs/promises: each method takes and gives what the one there does. */
export type ClientFS = Pick<typeof promises, ClientFSMethod> &
  Pick<typeof fs, 'createReadStream' | 'createWriteStream'> & { readonly constants: typeof fs.constants };

type Implementation = { readonly [K in keyof ClientFS]: unknown };

type AnyPath = PathLike | ClientFileHandle;
type Text = string | null;

/** All three bits that access and copyFile know. */
const ANY_MODE = 7;
const MAX_SIZE = Number.MAX_SAFE_INTEGER;

/** The user's options about a path that is a handle do not say how to open it. */
function isHandle(path: AnyPath): path is ClientFileHandle {
  return path instanceof ClientFileHandle;
}

/** Uses a file and closes it, whether that succeeds or not. */
async function using<T>(handle: ClientFileHandle, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await handle.close();
  }
}

function sizeOf(len = 0): number {
  return Math.max(0, integer(len, 'len', -MAX_SIZE, MAX_SIZE));
}

function contentMethods(tree: Tree) {
  const open = async (path: PathLike, flags?: string | number, mode?: number | string): Promise<ClientFileHandle> =>
    openFile(tree, pathOf(path), flagsOf(flags), modeOf(mode, 0o666));

  const write = async (
    path: AnyPath,
    data: WriteData,
    given: WriteFileOptions | Text | undefined,
    flag: string,
  ): Promise<void> => {
    const options = optionsOf<WriteFileOptions>(given);
    const flush = boolean(options.flush ?? false, 'options.flush');
    checkData(data);
    if (isHandle(path)) return path.writeFile(data, options);
    checkAborted(options.signal);
    const handle = await open(path, options.flag || flag, options.mode);
    await using(handle, async () => {
      await handle.writeFile(data, options);
      if (flush) await handle.sync();
    });
  };

  return {
    open,

    async readFile(path: AnyPath, given?: ReadFileOptions | Text): Promise<string | Buffer> {
      const options = optionsOf<ReadFileOptions>(given);
      if (isHandle(path)) return path.readFile(options);
      checkAborted(options.signal);
      const handle = await open(path, options.flag || 'r');
      return using(handle, () => handle.readFile(options));
    },

    writeFile: (path: AnyPath, data: WriteData, options?: WriteFileOptions | Text) => write(path, data, options, 'w'),

    appendFile: (path: AnyPath, data: WriteData, options?: WriteFileOptions | Text) => write(path, data, options, 'a'),

    async truncate(path: PathLike, len?: number): Promise<void> {
      const handle = await open(path, 'r+');
      await using(handle, () => handle.truncate(sizeOf(len)));
    },

    async copyFile(from: PathLike, to: PathLike, mode?: number | null): Promise<void> {
      await copyFile(tree, pathOf(from, 'src'), pathOf(to, 'dest'), integer(mode ?? 0, 'mode', 0, ANY_MODE));
    },

    createReadStream: (path: PathLike, options?: object | Text) => pathReadStream(asOpen(open), path, options),

    createWriteStream: (path: PathLike, options?: object | Text) => pathWriteStream(asOpen(open), path, options),
  };
}

/** Our handles have the methods of node:fs's; see the compile-time test. */
function asOpen(open: (...args: never[]) => Promise<ClientFileHandle>): typeof promises.open {
  return open as unknown as typeof promises.open;
}

function attributeMethods(tree: Tree) {
  const stats = async (syscall: string, path: PathLike, follow: boolean, options?: StatOptions): Promise<unknown> => {
    const text = pathOf(path);
    return statsOf(await naming(syscall, () => statPath(tree, text, follow), text), options?.bigint);
  };
  const give = async (syscall: string, path: PathLike, follow: boolean, uid: number, gid: number): Promise<void> => {
    const text = pathOf(path);
    await own(tree, syscall, text, follow, { uid: ownerOf(uid, 'uid'), gid: ownerOf(gid, 'gid') });
  };
  const touch = async (syscall: string, path: PathLike, follow: boolean, a: TimeLike, m: TimeLike): Promise<void> => {
    const text = pathOf(path);
    await change(tree, syscall, text, follow, { atime: timespecOf(a, 'time'), mtime: timespecOf(m, 'time') });
  };

  return {
    stat: (path: PathLike, options?: StatOptions) => stats('stat', path, true, options),
    lstat: (path: PathLike, options?: StatOptions) => stats('lstat', path, false, options),
    chown: (path: PathLike, uid: number, gid: number) => give('chown', path, true, uid, gid),
    lchown: (path: PathLike, uid: number, gid: number) => give('lchown', path, false, uid, gid),
    utimes: (path: PathLike, atime: TimeLike, mtime: TimeLike) => touch('utime', path, true, atime, mtime),
    lutimes: (path: PathLike, atime: TimeLike, mtime: TimeLike) => touch('lutime', path, false, atime, mtime),

    async statfs(path: PathLike, options?: { bigint?: boolean }): Promise<unknown> {
      const text = pathOf(path);
      const ask = () => tree.visit(async (visit) => tree.client.fstatFS({ fd: (await visit.get(text, true)).fd }));
      return statFsOf(await naming('statfs', ask, text), options?.bigint);
    },

    async chmod(path: PathLike, mode: number | string): Promise<void> {
      await change(tree, 'chmod', pathOf(path), true, { mode: modeOf(mode) });
    },

    /** Linux changes no symlink's mode, and node:fs has this method on macOS alone. */
    async lchmod(): Promise<void> {
      throw codedError('ERR_METHOD_NOT_IMPLEMENTED', 'The lchmod() method is not implemented');
    },

    async access(path: PathLike, mode?: number | null): Promise<void> {
      await access(tree, pathOf(path), integer(mode ?? fs.constants.F_OK, 'mode', 0, ANY_MODE));
    },
  };
}

interface MakeOptions {
  readonly recursive?: boolean;
  readonly mode?: number | string | null | undefined;
}

function nameMethods(tree: Tree) {
  return {
    async mkdir(path: PathLike, given?: MakeOptions | number | Text): Promise<string | undefined> {
      const options: MakeOptions = typeof given === 'object' && given !== null ? given : { mode: given };
      const text = pathOf(path);
      const recursive = boolean(options.recursive ?? false, 'options.recursive');
      const mode = modeOf(options.mode, 0o777);
      if (recursive) return names.makeDirectories(tree, text, mode);
      await names.makeDirectory(tree, text, mode);
      return undefined;
    },

    async mkdtemp(prefix: PathLike, options?: { encoding?: string | null } | Text): Promise<string | Buffer> {
      const { encoding } = optionsOf(options);
      return encodeName(await names.makeTemporary(tree, pathOf(prefix, 'prefix')), encoding);
    },

    async unlink(path: PathLike): Promise<void> {
      await names.unlink(tree, pathOf(path));
    },

    async rm(path: PathLike, options?: names.RemoveOptions): Promise<void> {
      await names.remove(tree, pathOf(path), removeOptions(options));
    },

    async rmdir(path: PathLike, options?: RmDirOptions): Promise<void> {
      const text = pathOf(path);
      checkObject(options);
      if (!options?.recursive) return names.removeDirectory(tree, text);
      const stat = await naming('stat', () => statPath(tree, text, true), text);
      if (!isDirectory(stat)) throw nodeError(ENOTDIR, 'rmdir', text);
      await names.removeTree(tree, text, options);
    },

    async rename(from: PathLike, to: PathLike): Promise<void> {
      await names.rename(tree, pathOf(from, 'oldPath'), pathOf(to, 'newPath'));
    },

    async link(existing: PathLike, path: PathLike): Promise<void> {
      await names.link(tree, pathOf(existing, 'existingPath'), pathOf(path, 'newPath'));
    },

    async symlink(target: PathLike, path: PathLike, type?: string | null): Promise<void> {
      names.checkSymlinkType(type);
      await names.symlink(tree, pathOf(target, 'target'), pathOf(path));
    },

    async readlink(path: PathLike, options?: { encoding?: string | null } | Text): Promise<string | Buffer> {
      const { encoding } = optionsOf(options);
      return encodeName(await names.readLink(tree, pathOf(path, 'oldPath')), encoding);
    },

    async realpath(path: PathLike, options?: { encoding?: string | null } | Text): Promise<string | Buffer> {
      const { encoding } = optionsOf(options);
      return encodeName(await names.realPath(tree, pathOf(path)), encoding);
    },

    async readdir(path: PathLike, options?: ReadDirOptions | Text): Promise<unknown> {
      const given = optionsOf<ReadDirOptions>(options);
      return readDirectory(tree, pathOf(path), given);
    },

    async opendir(path: PathLike, options?: ReadDirOptions | Text): Promise<unknown> {
      const given = optionsOf<ReadDirOptions>(options);
      return openDirectory(tree, pathOf(path), given);
    },
  };
}

function removeOptions(options: names.RemoveOptions = {}): names.RemoveOptions {
  checkObject(options);
  boolean(options.force ?? false, 'options.force');
  boolean(options.recursive ?? false, 'options.recursive');
  integer(options.maxRetries ?? 0, 'options.maxRetries', 0, 2 ** 32 - 1);
  integer(options.retryDelay ?? 0, 'options.retryDelay', 0, 2 ** 31 - 1);
  return options;
}

/**
 * A mount as node:fs/promises. `root` is the root's control FD, as mount returned it, and stays the caller's. The
 * methods may be taken off the object, as those of node:fs/promises may be. It holds nothing that has to be freed:
 * every FDID that a call makes is closed when the call ends or soon after, and a FileHandle or a Dir closes its own.
 */
export function clientFS(client: LISAFSClient, root: FDID): ClientFS {
  const tree = new Tree(client, root);
  const all = {
    constants: fs.constants,
    ...contentMethods(tree),
    ...attributeMethods(tree),
    ...nameMethods(tree),
  } satisfies Implementation;
  return all as unknown as ClientFS;
}
