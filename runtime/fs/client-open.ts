/** Opening and creating files, as open(2) does, with the messages that LISAFS has for it. */

import { constants } from 'node:fs';
import type { FDID, Inode, OpenAtResp, OpenCreateAtResp } from '../session/lisafs.js';
import { HostContent, RemoteContent } from './client-content.js';
import { EEXIST, EINVAL, EISDIR, ELOOP, ENOENT, ENOTDIR, ENOTSUP, failure, isErrno, naming } from './client-errors.js';
import { ClientFileHandle } from './client-handle.js';
import { isDirectory, isSpecial, isSymlink, type Entry, type Place, type Tree, type Visit } from './client-resolve.js';
import { setStat } from './client-set-stat.js';

const { O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_RDWR, O_SYNC, O_DSYNC, O_TRUNC, O_WRONLY } =
  constants;
const O_ACCMODE = O_RDONLY | O_WRONLY | O_RDWR;
const O_PATH = 0o10000000;
const O_TMPFILE = 0o20000000;

/** No user, no group: the new file belongs to whomever the server creates it as. */
const NONE = 0xffff_ffff;
const S_ISGID = 0o2000;
const SET_ID_BITS = 0o6000;
const PERMISSION_BITS = 0o7777;

/** How often a file may come and go between the look and the open before this gives up. */
const MAX_ATTEMPTS_COUNT = 40;

/** What a request that makes a file says about it. Servers apply no umask: the one who asks has applied his own. */
export function creation(
  dir: Entry,
  name: string,
  mode: number,
): { dirFD: FDID; uid: number; gid: number; mode: number; name: string } {
  return { dirFD: dir.fd, uid: NONE, gid: NONE, mode: mode & ~process.umask() & PERMISSION_BITS, name };
}

/**
 * Gives a new file to the user of this process, as the kernel does: it was made as whomever the server runs as. The
 * group stays where the directory passes on its own. Where the server may not give files away it stays the server's, as
 * on a network mount that maps its users to one.
 */
export async function adoptOwner(visit: Visit, dir: Entry, { controlFD, stat }: Inode): Promise<boolean> {
  const uid = process.geteuid!();
  const gid = process.getegid!();
  if (stat.uid === uid && stat.gid === gid) return false;
  const inherited = ((await visit.stat(dir)).mode & S_ISGID) !== 0;
  const changes = { uid: stat.uid === uid ? -1 : uid, gid: inherited || stat.gid === gid ? -1 : gid };
  if (changes.uid < 0 && changes.gid < 0) return false;
  try {
    await setStat(visit.client, controlFD, changes);
    return true;
  } catch {
    return false;
  }
}

/** Opens a file as `flags` and `mode` say. */
export function openFile(tree: Tree, path: string, flags: number, mode: number): Promise<ClientFileHandle> {
  return naming('open', () => tree.visit((visit) => openIn(visit, path, flags, mode)), path);
}

/** As openFile, in a visit, and with the errors of a step. */
export async function openIn(visit: Visit, path: string, flags: number, mode: number): Promise<ClientFileHandle> {
  if ((flags & O_PATH) !== 0 || (flags & O_TMPFILE) === O_TMPFILE) throw failure(ENOTSUP);
  if ((flags & O_DIRECTORY) !== 0 && (flags & O_CREAT) !== 0) throw failure(EINVAL);
  for (let attempt = 1; ; attempt++) {
    try {
      return (flags & O_CREAT) === 0 ? await openExisting(visit, path, flags) : await create(visit, path, flags, mode);
    } catch (error) {
      const mayRetry = (flags & O_CREAT) !== 0 && (flags & O_EXCL) === 0 && attempt < MAX_ATTEMPTS_COUNT;
      const cameOrWent = isErrno(error, EEXIST) || error === gone;
      if (!mayRetry || !cameOrWent) throw error;
    }
  }
}

/** What a file gives that was found and is gone when it is to be opened. */
const gone = failure(ENOENT);

async function openExisting(visit: Visit, path: string, flags: number): Promise<ClientFileHandle> {
  return openEntry(visit, await visit.get(path, (flags & O_NOFOLLOW) === 0), flags);
}

async function create(visit: Visit, path: string, flags: number, mode: number): Promise<ClientFileHandle> {
  if ((flags & O_EXCL) !== 0) return createNew(visit, await exclusivePlace(visit, path), flags, mode);
  // The kernel makes no file of this name, and does not even look whether there is one.
  if (path.endsWith('/') && (await visit.parent(path))) throw failure(EISDIR);
  const place = await visit.find(path, (flags & O_NOFOLLOW) === 0, true);
  if (place.entry === undefined) return createNew(visit, place, flags, mode);
  if (place.entry.stat === undefined || isDirectory(place.entry.stat)) throw failure(EISDIR);
  return openEntry(visit, place.entry, flags);
}

async function exclusivePlace(visit: Visit, path: string): Promise<Pick<Place, 'dir' | 'name'>> {
  const { dir, name, slash } = await visit.parent(path);
  if (isSpecial(name)) throw failure(EEXIST);
  if (slash) throw failure(EISDIR);
  return { dir, name };
}

async function createNew(
  visit: Visit,
  { dir, name }: Pick<Place, 'dir' | 'name'>,
  flags: number,
  mode: number,
): Promise<ClientFileHandle> {
  const request = { ...creation(dir, name, mode), flags: flags & (O_ACCMODE | O_TRUNC) };
  const resp = await visit.inside([dir], () => visit.client.openCreateAt(request));
  visit.own(resp.child.controlFD);
  visit.own(resp.newFD);
  try {
    const given = await adoptOwner(visit, dir, resp.child);
    // A change of owner, which the server of 2022 makes even if there is none, takes set-user-ID and set-group-ID away.
    if (
      (request.mode & SET_ID_BITS) !== 0 &&
      (given || (resp.child.stat.mode & SET_ID_BITS) !== (request.mode & SET_ID_BITS))
    ) {
      await setStat(visit.client, resp.child.controlFD, { mode: request.mode });
    }
  } catch (error) {
    resp.hostFD?.close();
    throw error;
  }
  return handleOn(visit, resp.newFD, resp.child.controlFD, resp, flags, 0);
}

async function openEntry(visit: Visit, entry: Entry, flags: number): Promise<ClientFileHandle> {
  const stat = entry.stat;
  const isDir = stat === undefined || isDirectory(stat);
  if (stat !== undefined && isSymlink(stat)) throw failure(ELOOP);
  if ((flags & O_DIRECTORY) !== 0 && !isDir) throw failure(ENOTDIR);
  if (isDir && (flags & (O_ACCMODE | O_TRUNC)) !== 0) throw failure(EISDIR);
  const resp = await openAt(visit, entry.fd, flags & (O_ACCMODE | O_TRUNC));
  visit.own(resp.openFD);
  const size = stat === undefined || isDir || (flags & O_TRUNC) !== 0 ? 0 : Number(stat.size);
  return handleOn(visit, resp.openFD, entry.fd, resp, flags, size);
}

/** OpenAt; a file that was removed between the walk and this is EINVAL for servers, and ENOENT for the kernel. */
async function openAt(visit: Visit, fd: FDID, flags: number): Promise<OpenAtResp> {
  try {
    return await visit.client.openAt({ fd, flags });
  } catch (error) {
    throw isErrno(error, EINVAL) ? gone : error;
  }
}

function handleOn(
  visit: Visit,
  openFD: FDID,
  controlFD: FDID,
  { hostFD }: OpenAtResp | OpenCreateAtResp,
  flags: number,
  size: number,
): ClientFileHandle {
  const { tree, client } = visit;
  const writable = (flags & O_ACCMODE) !== O_RDONLY;
  const append = (flags & O_APPEND) !== 0;
  const content =
    hostFD === undefined
      ? new RemoteContent(client, { openFD, controlFD, writable, append })
      : new HostContent(hostFD, append);
  const syncWrites = (flags & (O_SYNC | O_DSYNC)) !== 0;
  visit.keep(openFD);
  visit.keep(controlFD);
  return new ClientFileHandle({ tree, openFD, controlFD, content, writable, syncWrites, size });
}
