/** What is recorded about files, by path: access, chmod, chown, utimes, statfs. */

import { constants } from 'node:fs';
import type { FDID, Statx } from '../session/lisafs.js';
import { EACCES, failure, naming } from './client-errors.js';
import { isDirectory, statPath, type Tree } from './client-resolve.js';
import { setOwner, setStat, type Changes } from './client-set-stat.js';

const { X_OK } = constants;
const ANY_EXECUTE = 0o111;
/** How far a mode's bits for the owner and for the group are from those for others. */
const OWNER_SHIFT = 6;
const GROUP_SHIFT = 3;

/** Changes a file. `syscall` is what node:fs calls it; `follow`: a symlink in last place is followed. */
export function change(tree: Tree, syscall: string, path: string, follow: boolean, changes: Changes): Promise<void> {
  return onFile(tree, syscall, path, follow, (fd) => setStat(tree.client, fd, changes));
}

/** Changes a file's owner and group, as change; -1 leaves one as it is. */
export function own(
  tree: Tree,
  syscall: string,
  path: string,
  follow: boolean,
  owner: { readonly uid: number; readonly gid: number },
): Promise<void> {
  return onFile(tree, syscall, path, follow, (fd) => setOwner(tree.client, fd, owner.uid, owner.gid));
}

function onFile(
  tree: Tree,
  syscall: string,
  path: string,
  follow: boolean,
  work: (fd: FDID) => Promise<void>,
): Promise<void> {
  const visiting = (): Promise<void> =>
    tree.visit(async (visit) => {
      const { fd } = await visit.get(path, follow);
      visit.changed = true;
      await work(fd);
    });
  return naming(syscall, visiting, path);
}

/** True if this process's user is one whom the kernel denies nothing but to execute what nobody may. */
function isSuperuser(): boolean {
  return process.getuid!() === 0;
}

/** The three bits of a mode that concern this process's user. */
function bitsFor({ mode, uid, gid }: Statx): number {
  if (uid === process.getuid!()) return mode >> OWNER_SHIFT;
  const groups = [process.getgid!(), ...process.getgroups!()];
  return groups.includes(gid) ? mode >> GROUP_SHIFT : mode;
}

function mayAccess(stat: Statx, wanted: number): boolean {
  if (!isSuperuser()) return (bitsFor(stat) & wanted) === wanted;
  return (wanted & X_OK) === 0 || isDirectory(stat) || (stat.mode & ANY_EXECUTE) !== 0;
}

/**
 * access(2). No message asks it, so the mode's bits are looked at, for this process's user; what else the server may
 * refuse (a read-only tree, an access control list) shows only when it is tried.
 */
export function access(tree: Tree, path: string, mode: number): Promise<void> {
  const work = async (): Promise<void> => {
    if (!mayAccess(await statPath(tree, path, true), mode)) throw failure(EACCES);
  };
  return naming('access', work, path);
}
