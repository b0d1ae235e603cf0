/**
 * Making, moving and removing names of an object. What the kernel would check is checked here first: objects are laxer,
 * some to the point of moving a directory into itself.
 */

import { failure } from '../session/failure.js';
import type { NewFile } from '../session/backend.js';
import { EEXIST, EINVAL, EISDIR, ENOENT, ENOTDIR, EOPNOTSUPP, EPERM } from '../wire/errno.js';
import type { Entry } from './serve-fs-entry.js';
import { ask, askFor, ENOTEMPTY } from './serve-fs-errors.js';
import type { OpenHandle } from './serve-fs-handle.js';
import type { NodePath, NodeStats } from './serve-fs-object.js';
import { namesIn } from './serve-fs-open.js';
import { inoOf, modeOf, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, typeOf } from './serve-fs-stat.js';
import type { ObjectTree } from './serve-fs-tree.js';

const O_ACCMODE = 3;
const O_TRUNC = 0o1000;
const O_WRONLY = 1;
const AT_REMOVEDIR = 0x200;
const RENAME_NOREPLACE = 1;
const S_ISGID = 0o2000;
const PERMISSIONS = 0o7777;
const NOBODY = 0xffff_ffff;

/** The path of a name that is not there yet. */
async function newPath(tree: ObjectTree, directory: Entry, name: string): Promise<NodePath> {
  const path = await tree.locateChild(directory, name);
  if ((await tree.statsOfChild(directory, name)) !== undefined) throw failure(EEXIST);
  return path;
}

/** Gives what was just made its owners and permissions; removes it again if that fails. */
async function finish(
  tree: ObjectTree,
  path: NodePath,
  init: NewFile,
  undo: () => Promise<unknown>,
): Promise<NodeStats> {
  try {
    const stats = await tree.stats(path);
    await setOwners(tree, path, stats, init);
    await setMode(tree, path, stats, init.mode & PERMISSIONS);
    return await tree.stats(path);
  } catch (error) {
    await undo().catch(() => undefined);
    throw error;
  }
}

/** An object that knows no owners leaves the file to whom it thinks it belongs. */
async function setOwners(tree: ObjectTree, path: NodePath, stats: NodeStats, init: NewFile): Promise<void> {
  const { fs } = tree;
  const uid = init.uid === NOBODY ? Number(stats.uid ?? 0) : init.uid;
  const gid = init.gid === NOBODY ? Number(stats.gid ?? 0) : init.gid;
  if (uid === Number(stats.uid ?? 0) && gid === Number(stats.gid ?? 0)) return;
  if (fs.lchown !== undefined) await ask(() => fs.lchown!(path, uid, gid));
  else if (fs.chown !== undefined && typeOf(stats) !== S_IFLNK) await ask(() => fs.chown!(path, uid, gid));
}

/** No umask is to be applied. A directory's set-group-ID bit is passed on by the object, and stays. */
async function setMode(tree: ObjectTree, path: NodePath, stats: NodeStats, mode: number): Promise<void> {
  const { fs } = tree;
  const is = modeOf(stats) & PERMISSIONS;
  const passedOn = typeOf(stats) === S_IFDIR ? is & S_ISGID : 0;
  if (typeOf(stats) === S_IFLNK || is === (mode | passedOn) || fs.chmod === undefined) return;
  await ask(() => fs.chmod!(path, mode | passedOn));
}

/** Makes a regular file and opens it; the handle is the caller's. */
export async function createFile(
  tree: ObjectTree,
  directory: Entry,
  name: string,
  init: NewFile,
  flags: number,
): Promise<{ readonly stats: NodeStats; readonly handle: OpenHandle }> {
  const { fs } = tree;
  const path = await newPath(tree, directory, name);
  const entry = directory.child(name).retain();
  let handle: OpenHandle | undefined;
  try {
    handle = await tree.create(entry, path, flags & (O_ACCMODE | O_TRUNC), init.mode & PERMISSIONS);
    const stats = await finish(tree, path, init, () => askFor(fs.unlink && (() => fs.unlink!(path))));
    return { stats, handle };
  } catch (error) {
    if (handle !== undefined) tree.close(entry, handle);
    throw error;
  } finally {
    entry.release();
  }
}

/** Regular files alone: no object can make anything else. */
export async function makeNode(tree: ObjectTree, directory: Entry, name: string, init: NewFile): Promise<NodeStats> {
  if ((init.mode & S_IFMT) !== S_IFREG) throw failure(EPERM);
  const { stats, handle } = await createFile(tree, directory, name, init, O_WRONLY);
  tree.close(directory.child(name), handle);
  return stats;
}

export async function makeDirectory(
  tree: ObjectTree,
  directory: Entry,
  name: string,
  init: NewFile,
): Promise<NodeStats> {
  const { fs } = tree;
  if (fs.mkdir === undefined) throw failure(EOPNOTSUPP);
  const path = await newPath(tree, directory, name);
  await ask(() => fs.mkdir!(path, { mode: init.mode & PERMISSIONS }));
  return finish(tree, path, init, () => askFor(fs.rmdir && (() => fs.rmdir!(path))));
}

/** An object whose symlinks cannot be told or read gets none. */
export async function makeSymlink(
  tree: ObjectTree,
  directory: Entry,
  name: string,
  target: string,
  owners: Omit<NewFile, 'mode'>,
): Promise<NodeStats> {
  const { fs } = tree;
  if (fs.symlink === undefined || fs.readlink === undefined || fs.lstat === undefined) throw failure(EOPNOTSUPP);
  const path = await newPath(tree, directory, name);
  await ask(() => fs.symlink!(tree.encode(target), path));
  return finish(tree, path, { ...owners, mode: 0 }, () => askFor(fs.unlink && (() => fs.unlink!(path))));
}

export async function makeLink(
  tree: ObjectTree,
  { entry, type }: { readonly entry: Entry; readonly type: number },
  directory: Entry,
  name: string,
): Promise<NodeStats> {
  const { fs } = tree;
  if (fs.link === undefined) throw failure(EOPNOTSUPP);
  return tree.at(entry, type, async (existing) => {
    const path = await newPath(tree, directory, name);
    await ask(() => fs.link!(existing.path, path));
    directory.child(name).share(entry);
    return tree.stats(path);
  });
}

async function mustBeEmpty(tree: ObjectTree, directory: Entry): Promise<void> {
  directory.retain();
  try {
    if ((await namesIn(tree, directory)).length > 0) throw failure(ENOTEMPTY);
  } finally {
    directory.release();
  }
}

export async function removeName(tree: ObjectTree, directory: Entry, name: string, flags: number): Promise<void> {
  const { fs } = tree;
  const path = await tree.locateChild(directory, name);
  const stats = await tree.statsOfChild(directory, name);
  if (stats === undefined) throw failure(ENOENT);
  const isDirectory = typeOf(stats) === S_IFDIR;
  if ((flags & AT_REMOVEDIR) === 0) {
    if (isDirectory) throw failure(EISDIR);
    if (fs.unlink === undefined) throw failure(EOPNOTSUPP);
    return tree.removeName(directory, name, stats, () => ask(() => fs.unlink!(path)));
  }
  if (!isDirectory) throw failure(ENOTDIR);
  if (fs.rmdir === undefined) throw failure(EOPNOTSUPP);
  await mustBeEmpty(tree, directory.child(name));
  await tree.removeName(directory, name, stats, () => removeEmpty(tree, path, () => directory.child(name)));
}

/** memfs counts what renames replaced as still there, and refuses to remove such a directory until it is told to. */
async function removeEmpty(tree: ObjectTree, path: NodePath, entry: () => Entry): Promise<void> {
  const { fs } = tree;
  try {
    await ask(() => fs.rmdir!(path));
  } catch (error) {
    if (error !== failure(ENOTEMPTY) || fs.rm === undefined || tree.isExact) throw error;
    await mustBeEmpty(tree, entry());
    await ask(() => fs.rm!(path, { recursive: true }));
  }
}

/** Whether a rename may put what is `from` in the place of what is `to`. */
async function checkReplaced(tree: ObjectTree, from: NodeStats, to: NodeStats, replaced: () => Entry): Promise<void> {
  const isDirectory = typeOf(to) === S_IFDIR;
  if (typeOf(from) === S_IFDIR && !isDirectory) throw failure(ENOTDIR);
  if (typeOf(from) !== S_IFDIR && isDirectory) throw failure(EISDIR);
  if (isDirectory) await mustBeEmpty(tree, replaced());
}

function isSameFile(a: NodeStats, b: NodeStats): boolean {
  return inoOf(a) !== undefined && inoOf(a) === inoOf(b) && Number(a.nlink ?? 1) > 1;
}

export async function renameEntry(
  tree: ObjectTree,
  [from, oldName]: readonly [Entry, string],
  [to, newName]: readonly [Entry, string],
  flags: number,
): Promise<void> {
  const { fs } = tree;
  if (fs.rename === undefined) throw failure(EOPNOTSUPP);
  if ((flags & ~RENAME_NOREPLACE) !== 0) throw failure(EINVAL);
  const oldPath = await tree.locateChild(from, oldName);
  const newPath = await tree.locateChild(to, newName);
  const moved = await tree.statsOfChild(from, oldName);
  if (moved === undefined) throw failure(ENOENT);
  const known = from.known(oldName);
  if (known !== undefined && typeOf(moved) === S_IFDIR && to.isWithin(known)) throw failure(EINVAL);
  const target = to.known(newName);
  if (target !== undefined && from.isWithin(target)) throw failure(ENOTEMPTY);
  const replaced = await tree.statsOfChild(to, newName);
  const rename =
    typeOf(moved) === S_IFLNK && !tree.isExact
      ? (): Promise<void> => moveSymlink(tree, oldPath, newPath, moved, replaced)
      : (): Promise<unknown> => ask(() => fs.rename!(oldPath, newPath));
  if (replaced === undefined) {
    await rename();
  } else {
    if ((flags & RENAME_NOREPLACE) !== 0) throw failure(EEXIST);
    // Two names of one file stay as they are, says rename(2).
    if (isSameFile(moved, replaced)) return;
    await checkReplaced(tree, moved, replaced, () => to.child(newName));
    await tree.removeName(to, newName, replaced, () => replace(tree, rename, newPath, replaced));
  }
  from.known(oldName)?.move(to, newName);
}

/** Some objects follow a symlink that they are to rename: it is made anew. */
async function moveSymlink(
  tree: ObjectTree,
  oldPath: NodePath,
  newPath: NodePath,
  moved: NodeStats,
  replaced: NodeStats | undefined,
): Promise<void> {
  const { fs } = tree;
  const target = await askFor(fs.readlink && (() => fs.readlink!(oldPath, tree.nameOptions)));
  if (fs.symlink === undefined || fs.unlink === undefined) throw failure(EOPNOTSUPP);
  if (replaced !== undefined) await ask(() => fs.unlink!(newPath));
  await ask(() => fs.symlink!(typeof target === 'string' ? target : Buffer.from(target), newPath));
  await setOwners(tree, newPath, await tree.stats(newPath), {
    mode: 0,
    uid: Number(moved.uid ?? NOBODY),
    gid: Number(moved.gid ?? NOBODY),
  });
  await ask(() => fs.unlink!(oldPath));
}

/** Not every object replaces an empty directory, or a symlink that leads to a directory; then that goes first. */
async function replace(
  tree: ObjectTree,
  rename: () => Promise<unknown>,
  path: NodePath,
  replaced: NodeStats,
): Promise<void> {
  const { fs } = tree;
  try {
    await rename();
  } catch (error) {
    const remove = { [S_IFDIR]: fs.rmdir, [S_IFLNK]: fs.unlink }[typeOf(replaced)];
    if (remove === undefined) throw error;
    await ask(() => remove.call(fs, path));
    await rename();
  }
}
