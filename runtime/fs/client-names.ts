/** Making, moving and removing names: what changes a directory. */

import { setTimeout as sleep } from 'node:timers/promises';
import { listAll, OpenDirectory } from './client-dir.js';
import {
  EACCES,
  EBUSY,
  EEXIST,
  EINVAL,
  EISDIR,
  ENAMETOOLONG,
  ENOENT,
  ENOTDIR,
  ENOTEMPTY,
  EPERM,
  failure,
  isDirectoryError,
  isErrno,
  naming,
  nodeError,
} from './client-errors.js';
import { adoptOwner, creation } from './client-open.js';
import {
  isDirectory,
  isSpecial,
  isSymlink,
  statPath,
  type Entry,
  type Parent,
  type Tree,
  type Visit,
} from './client-resolve.js';
import { stringSize } from '../wire/string.js';

const AT_REMOVEDIR = 0x200;
const NONE = 0xffff_ffff;
const TARGET_MAX_BYTES = 4096;

/** mkdir of one directory. */
export function makeDirectory(tree: Tree, path: string, mode: number): Promise<void> {
  return naming('mkdir', () => tree.visit((visit) => makeDirectoryIn(visit, path, mode)), path);
}

async function makeDirectoryIn(visit: Visit, path: string, mode: number): Promise<void> {
  const { dir, name } = await visit.parent(path);
  if (isSpecial(name)) throw failure(EEXIST);
  const { childDir } = await visit.inside([dir], () => visit.client.mkdirAt(creation(dir, name, mode)));
  visit.own(childDir.controlFD);
  await adoptOwner(visit, dir, childDir);
}

/**
 * mkdir with `recursive`: returns the first directory that was made, if any. It goes up as long as a parent is missing,
 * then down again, as node:fs does.
 */
export async function makeDirectories(tree: Tree, path: string, mode: number): Promise<string | undefined> {
  const todo = [path];
  const missing = new Set<string>();
  let first: string | undefined;
  while (todo.length > 0) {
    const next = todo.pop()!;
    const errno = await errnoOf(tree.visit((visit) => makeDirectoryIn(visit, next, mode)));
    if (errno === 0) {
      first ??= next;
    } else if (errno === ENOENT) {
      const above = next.includes('/') ? next.slice(0, next.lastIndexOf('/')) : next;
      if (missing.has(next)) throw nodeError(ENOENT, 'mkdir', next);
      missing.add(next);
      if (above !== next) todo.push(next, above);
      else if (todo.length === 0) await checkThere(tree, next, EEXIST, false);
    } else {
      await checkThere(tree, next, errno, todo.length > 0);
    }
  }
  return first;
}

/** The errno with which something fails, or 0. */
async function errnoOf(work: Promise<unknown>): Promise<number> {
  try {
    await work;
    return 0;
  } catch (error) {
    const errno = (error as { errno?: number }).errno;
    if (errno === undefined) throw error;
    return -errno;
  }
}

/** A directory that could not be made is fine where there is one. `isParent`: others are to be made in it. */
async function checkThere(tree: Tree, path: string, errno: number, isParent: boolean): Promise<void> {
  if (errno === EACCES || errno === ENOTDIR || errno === EPERM) throw nodeError(errno, 'mkdir', path);
  const blocksWay = errno === EEXIST && isParent;
  try {
    if (isDirectory(await statPath(tree, path, true))) return;
  } catch (error) {
    if (!blocksWay) return naming('mkdir', () => Promise.reject(error), path);
  }
  throw nodeError(blocksWay ? ENOTDIR : EEXIST, 'mkdir', path);
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const SUFFIX_LENGTH = 6;
const MAX_TEMPORARY_COUNT = 100;

/** Of numbers so large every letter is as likely as the others, to one in 69 millions. */
function randomSuffix(): string {
  const numbers = crypto.getRandomValues(new Uint32Array(SUFFIX_LENGTH));
  return Array.from(numbers, (number) => LETTERS[number % LETTERS.length]).join('');
}

/** mkdtemp of node:fs: a directory whose name is `prefix` and six characters more. */
export async function makeTemporary(tree: Tree, prefix: string): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const path = prefix + randomSuffix();
    const errno = await errnoOf(tree.visit((visit) => makeDirectoryIn(visit, path, 0o700)));
    if (errno === 0) return path;
    if (errno !== EEXIST || attempt === MAX_TEMPORARY_COUNT) throw nodeError(errno, 'mkdtemp', path);
  }
}

/** Checks that a name with a slash after it is a directory's, as the kernel does before it removes or moves it. */
async function checkSlash(visit: Visit, { dir, name, slash }: Parent): Promise<void> {
  if (!slash) return;
  const stat = await visit.look(dir, name);
  if (stat === undefined) throw failure(ENOENT);
  if (!isDirectory(stat)) throw failure(ENOTDIR);
}

export function unlink(tree: Tree, path: string): Promise<void> {
  return naming('unlink', () => tree.visit((visit) => unlinkIn(visit, path)), path);
}

async function unlinkIn(visit: Visit, path: string): Promise<void> {
  const parent = await visit.parent(path);
  const { dir, name, slash } = parent;
  if (isSpecial(name)) throw failure(EISDIR);
  await checkSlash(visit, parent);
  if (slash) throw failure(EISDIR);
  await visit.inside([dir], () => visit.client.unlinkAt({ dirFD: dir.fd, flags: 0, name }));
}

export function removeDirectory(tree: Tree, path: string): Promise<void> {
  return naming('rmdir', () => tree.visit((visit) => removeDirectoryIn(visit, path)), path);
}

/** Why the kernel removes no directory by these names. */
const SPECIAL_ERRORS: Readonly<Record<string, number>> = { '': EBUSY, '.': EINVAL, '..': ENOTEMPTY };

async function removeDirectoryIn(visit: Visit, path: string): Promise<void> {
  const { dir, name } = await visit.parent(path);
  if (isSpecial(name)) throw failure(SPECIAL_ERRORS[name]!);
  await visit.inside([dir], () => visit.client.unlinkAt({ dirFD: dir.fd, flags: AT_REMOVEDIR, name }));
}

export function rename(tree: Tree, from: string, to: string): Promise<void> {
  return naming('rename', () => tree.visit((visit) => renameIn(visit, from, to)), from, to);
}

async function renameIn(visit: Visit, from: string, to: string): Promise<void> {
  const old = await visit.parent(from);
  const fresh = await visit.parent(to);
  if (isSpecial(old.name) || isSpecial(fresh.name)) throw failure(EBUSY);
  // Servers take a rename to the same name for done without looking whether there is a file.
  if (old.slash || fresh.slash || old.name === fresh.name) {
    const stat = await visit.look(old.dir, old.name);
    if (stat === undefined) throw failure(ENOENT);
    if ((old.slash || fresh.slash) && !isDirectory(stat)) {
      // The kernel looks for both names before it minds a slash: the new one may be too long.
      await visit.look(fresh.dir, fresh.name);
      throw failure(ENOTDIR);
    }
  }
  const names = { oldName: old.name, newName: fresh.name };
  const request = { oldDir: old.dir.fd, newDir: fresh.dir.fd, ...names };
  await visit.inside([old.dir, fresh.dir], () => visit.client.renameAt(request));
}

export function link(tree: Tree, existing: string, path: string): Promise<void> {
  return naming('link', () => tree.visit((visit) => linkIn(visit, existing, path)), existing, path);
}

async function linkIn(visit: Visit, existing: string, path: string): Promise<void> {
  const target = await visit.get(existing, false);
  const { dir, name } = await newName(visit, path);
  const isDir = target.stat === undefined || isDirectory(target.stat);
  // Servers refuse a directory before they look whether the new name is taken; the kernel looks first.
  if (isDir) throw failure((await visit.look(dir, name)) === undefined ? EPERM : EEXIST);
  const request = { dirFD: dir.fd, target: target.fd, name };
  const linked = await visit.inside([dir], () => visit.client.linkAt(request));
  visit.own(linked.link.controlFD);
}

/** The place of a name that is to be made, and is no directory's. */
async function newName(visit: Visit, path: string): Promise<{ dir: Entry; name: string }> {
  const { dir, name, slash } = await visit.parent(path);
  if (isSpecial(name)) throw failure(EEXIST);
  if (slash) throw failure((await visit.look(dir, name)) === undefined ? ENOENT : EEXIST);
  return { dir, name };
}

export function symlink(tree: Tree, target: string, path: string): Promise<void> {
  return naming('symlink', () => tree.visit((visit) => symlinkIn(visit, target, path)), target, path);
}

async function symlinkIn(visit: Visit, target: string, path: string): Promise<void> {
  if (target === '') throw failure(ENOENT);
  if (stringSize(target, 'target') >= TARGET_MAX_BYTES) throw failure(ENAMETOOLONG);
  const { dir, name } = await newName(visit, path);
  const request = { dirFD: dir.fd, uid: NONE, gid: NONE, name, target };
  const made = await visit.inside([dir], () => visit.client.symlinkAt(request));
  visit.own(made.symlink.controlFD);
  await adoptOwner(visit, dir, made.symlink);
}

export function readLink(tree: Tree, path: string): Promise<string> {
  return naming('readlink', () => tree.visit((visit) => readLinkIn(visit, path)), path);
}

async function readLinkIn(visit: Visit, path: string): Promise<string> {
  const { fd, stat } = await visit.get(path, false);
  if (stat === undefined || !isSymlink(stat)) throw failure(EINVAL);
  return (await visit.client.readLinkAt({ fd })).target;
}

export function realPath(tree: Tree, path: string): Promise<string> {
  return naming('realpath', () => tree.visit((visit) => realPathIn(visit, path)), path);
}

async function realPathIn(visit: Visit, path: string): Promise<string> {
  const { entry, names } = await visit.find(path, true);
  if (entry === undefined) throw failure(ENOENT);
  return `/${names.join('/')}`;
}

export interface RemoveOptions {
  readonly force?: boolean | undefined;
  readonly recursive?: boolean | undefined;
  readonly maxRetries?: number | undefined;
  readonly retryDelay?: number | undefined;
}

/** rm of node:fs. */
export async function remove(tree: Tree, path: string, options: RemoveOptions): Promise<void> {
  const { force = false, recursive = false } = options;
  const asked = naming('lstat', () => statPath(tree, path, false), path);
  if (force && (await errnoOf(asked)) === ENOENT) return;
  const stat = await asked;
  if (isDirectory(stat) && !recursive) throw isDirectoryError(path);
  if (isDirectory(stat)) await removeTree(tree, path, options);
  else await missingIsFine(removing(() => unlink(tree, path), options));
}

async function missingIsFine(work: Promise<void>): Promise<void> {
  const errno = await errnoOf(work);
  if (errno !== 0 && errno !== ENOENT) await work;
}

/** What rmdir says of a directory that is not empty, or may be. */
const NOT_EMPTY: readonly number[] = [ENOTEMPTY, EEXIST, EPERM];

/**
 * Removes a directory with all that is in it. First it is removed as if it were empty, as node:fs does: so nothing is
 * lost where the directory itself cannot be removed, such as the root. A symlink with a slash is left, as node:fs
 * leaves it.
 */
export async function removeTree(tree: Tree, path: string, options: RemoveOptions): Promise<void> {
  await missingIsFine(
    removing(async () => {
      const errno = await errnoOf(removeDirectory(tree, path));
      if (errno === 0 || errno === ENOTDIR) return;
      if (!NOT_EMPTY.includes(errno)) throw nodeError(errno, 'rmdir', path);
      await naming('scandir', () => tree.visit((visit) => emptyDirectory(visit, path, options)), path);
      await removeDirectory(tree, path);
    }, options),
  );
}

async function emptyDirectory(visit: Visit, path: string, options: RemoveOptions): Promise<void> {
  const { entry } = await visit.find(path, false);
  if (entry !== undefined) await removeContent(visit, entry, path, options);
}

/** Removes what is in a directory, by its control FD: a directory that is swapped for a symlink leads nowhere else. */
async function removeContent(visit: Visit, dir: Entry, path: string, options: RemoveOptions): Promise<void> {
  const items = await listAll(await OpenDirectory.on(visit, dir.fd, false));
  for (const { name } of items)
    await removing(() => removeChild(visit, dir, name, `${path}/${name}`, options), options);
}

async function removeChild(
  visit: Visit,
  dir: Entry,
  name: string,
  path: string,
  options: RemoveOptions,
): Promise<void> {
  const errno = await errnoOf(visit.client.unlinkAt({ dirFD: dir.fd, flags: 0, name }));
  if (errno === 0 || errno === ENOENT) return;
  if (errno !== EISDIR && errno !== EPERM) throw nodeError(errno, 'unlink', path);
  const child = await visit.child(dir, name);
  if (child === undefined) return;
  if (!isDirectory(child.stat!)) throw nodeError(errno, 'unlink', path);
  await naming('scandir', () => removeContent(visit, child, path, options), path);
  visit.drop(child.fd);
  const removed = visit.client.unlinkAt({ dirFD: dir.fd, flags: AT_REMOVEDIR, name });
  await naming('rmdir', () => removed.catch(ignoreMissing), path);
}

function ignoreMissing(error: unknown): void {
  if (!isErrno(error, ENOENT)) throw error as Error;
}

/** What another try may get over, for rm. */
const RETRIED = new Set(['EBUSY', 'EMFILE', 'ENFILE', 'ENOTEMPTY', 'EPERM']);
const RETRY_DELAY_MS = 100;

/** Tries as often as rm's options say, each time after a longer wait. */
async function removing(
  work: () => Promise<void>,
  { maxRetries = 0, retryDelay = RETRY_DELAY_MS }: RemoveOptions,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt > maxRetries || !RETRIED.has((error as { code: string }).code)) throw error;
      await sleep(attempt * retryDelay);
    }
  }
}

/** What a symlink's third argument may be; only Windows heeds it. */
export function checkSymlinkType(type: unknown): void {
  if (typeof type !== 'string' || ['dir', 'file', 'junction'].includes(type)) return;
  const message = `Symlink type must be one of "dir", "file", or "junction". Received "${type}"`;
  throw Object.assign(new Error(message), { code: 'ERR_FS_INVALID_SYMLINK_TYPE' });
}
