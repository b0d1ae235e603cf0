/** Making, moving and removing names, each in a directory that is held open. All return 0 or -errno. */

import * as libc from './libc.js';
import { AT_FDCWD } from './open.js';
import { descriptorPath, toPath } from './path.js';
import { SYSCALL } from './platform.js';

const AT_SYMLINK_FOLLOW = 0x400;

function result(value: number): number {
  return value < 0 ? -libc.errno() : 0;
}

export function makeDirectory(dirFD: number, name: string, mode: number): number {
  const path = toPath(name);
  return typeof path === 'number' ? path : result(libc.mkdirat(dirFD, path, mode));
}

/** Makes a file of the type that `mode` says; a device is 0:0. */
export function makeNode(dirFD: number, name: string, mode: number): number {
  const path = toPath(name);
  return typeof path === 'number' ? path : result(libc.mknodat(dirFD, path, mode, 0));
}

export function makeSymlink(dirFD: number, name: string, target: string): number {
  const path = toPath(name);
  if (typeof path === 'number') return path;
  const said = toPath(target, 1);
  return typeof said === 'number' ? said : result(libc.symlinkat(said, dirFD, path));
}

/**
 * Gives the file that `fd` is open on, which may be a symlink, one more name. It needs no privilege, unlike
 * AT_EMPTY_PATH.
 */
export function makeLink(fd: number, dirFD: number, name: string): number {
  const path = toPath(name);
  if (typeof path === 'number') return path;
  return result(libc.linkat(AT_FDCWD, descriptorPath(fd), dirFD, path, AT_SYMLINK_FOLLOW));
}

export function removeName(dirFD: number, name: string, flags: number): number {
  const path = toPath(name);
  return typeof path === 'number' ? path : result(libc.unlinkat(dirFD, path, flags));
}

/** renameat2(2); with no flags, as renameat(2). */
export function renameName(
  oldDirFD: number,
  oldName: string,
  newDirFD: number,
  newName: string,
  flags: number,
): number {
  const from = toPath(oldName);
  if (typeof from === 'number') return from;
  const to = toPath(newName, 1);
  if (typeof to === 'number') return to;
  return result(libc.syscallRename(SYSCALL.renameat2, oldDirFD, from, newDirFD, to, flags));
}
