/**
 * Making files in a directory that is held open. A new file's owner is set through a descriptor of it. Where the kernel
 * makes a name without giving a descriptor, the name is opened afterwards, and what is found there is held to be the
 * new file only if it looks like one: somebody else may have put another in its place meanwhile.
 */

import { closeFD, duplicateFD } from '../os/descriptor.js';
import { changeOwner, readLink } from '../os/inode.js';
import { makeDirectory, makeNode, makeSymlink, removeName, renameName } from '../os/names.js';
import {
  O_ACCMODE,
  O_CREAT,
  O_EXCL,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_TRUNC,
  openAt,
  reopen,
} from '../os/open.js';
import { createInputWaiter } from '../os/poll.js';
import { SOCK_DGRAM } from '../os/socket.js';
import { bindFile } from '../os/socket-file.js';
import type { NewFile, Statx } from '../session/backend.js';
import { EADDRINUSE, EEXIST, ENXIO, EPERM, ESTALE } from '../wire/errno.js';
import { encodeString, stringSize } from '../wire/string.js';
import { isSupportedType, LocalBoundSocket } from './local-socket.js';
import { S_IFCHR, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK, statOf } from './local-stat.js';
import { undoUmask } from './local-umask.js';

const AT_REMOVEDIR = 0x200;
const RENAME_NOREPLACE = 1;
/** What is left of an address behind `/proc/self/fd/2147483647/`. */
const LONGEST_BOUND_BYTES = 107 - 25;
const NOBODY = 0xffff_ffff;
const SYMLINK_BYTES = 4096;

/** A new file: its descriptor with O_PATH, owned by whoever gets it. */
export interface Made {
  readonly fd: number;
  readonly stat: Statx;
}

type Owners = Omit<NewFile, 'mode'>;

/** Gives a new file its owners and permissions (a symlink has none). What is known of it then, or a negative errno. */
function finish(dirFD: number, fd: number, { uid, gid, mode }: NewFile): Statx | number {
  const owned = uid === NOBODY && gid === NOBODY ? 0 : changeOwner(fd, uid, gid);
  if (owned < 0) return owned;
  const stat = statOf(fd);
  if (typeof stat === 'number' || (stat.mode & S_IFMT) === S_IFLNK) return stat;
  if ((mode & ~stat.mode & 0o777) === 0) return stat;
  const undone = undoUmask(dirFD, fd, stat.mode, mode);
  return undone < 0 ? undone : statOf(fd);
}

/** Opens what was just made under a name, if that is what is there. -ESTALE if it is something else. */
function openMade(dirFD: number, name: string, isIt: (fd: number, stat: Statx) => boolean): Made | number {
  const fd = openAt(dirFD, name, O_PATH | O_NOFOLLOW);
  if (fd < 0) return fd;
  const stat = statOf(fd);
  if (typeof stat !== 'number' && isIt(fd, stat)) return { fd, stat };
  closeFD(fd);
  return typeof stat === 'number' ? stat : -ESTALE;
}

/**
 * Finishes what was made under a name; removes the name again if that fails, unless somebody else's file has it now.
 */
function finishMade(dirFD: number, name: string, made: Made | number, init: NewFile): Made | number {
  const stat = typeof made === 'number' ? made : finish(dirFD, made.fd, init);
  if (typeof made !== 'number' && typeof stat !== 'number') return { fd: made.fd, stat };
  if (typeof made !== 'number') closeFD(made.fd);
  if (stat !== -ESTALE) removeName(dirFD, name, (init.mode & S_IFMT) === S_IFDIR ? AT_REMOVEDIR : 0);
  return stat as number;
}

export function makeDirectoryIn(dirFD: number, name: string, init: NewFile): Made | number {
  const error = makeDirectory(dirFD, name, init.mode & ~S_IFMT);
  if (error < 0) return error;
  const made = openMade(dirFD, name, (_fd, { mode }) => (mode & S_IFMT) === S_IFDIR);
  return finishMade(dirFD, name, made, { ...init, mode: S_IFDIR | (init.mode & ~S_IFMT) });
}

/**
 * Regular files, and the 0:0 character device with which an overlay marks what is removed: nothing else needs no
 * privilege.
 */
export function makeNodeIn(dirFD: number, name: string, init: NewFile, major: number, minor: number): Made | number {
  const type = init.mode & S_IFMT;
  if (type === S_IFREG) return makeRegular(dirFD, name, init);
  if (type !== S_IFCHR || major !== 0 || minor !== 0) return -EPERM;
  const error = makeNode(dirFD, name, init.mode);
  if (error < 0) return error;
  const isWhiteout = ({ mode, rdevMajor, rdevMinor }: Statx): boolean =>
    (mode & S_IFMT) === S_IFCHR && rdevMajor === 0 && rdevMinor === 0;
  const made = openMade(dirFD, name, (_fd, stat) => isWhiteout(stat));
  return finishMade(dirFD, name, made, init);
}

/** Creating it by open(2) gives a descriptor of the very file. */
function makeRegular(dirFD: number, name: string, init: NewFile): Made | number {
  const created = openAt(dirFD, name, O_CREAT | O_EXCL | O_RDONLY | O_NONBLOCK | O_NOFOLLOW, init.mode & ~S_IFMT);
  if (created < 0) return created;
  const fd = reopen(created, O_PATH);
  closeFD(created);
  if (fd < 0) {
    removeName(dirFD, name, 0);
    return fd;
  }
  const stat = finish(dirFD, fd, init);
  if (typeof stat !== 'number') return { fd, stat };
  closeFD(fd);
  removeName(dirFD, name, 0);
  return stat;
}

/** A regular file, made and opened with `flags`: also with those that its own permissions do not allow. */
export function createFile(
  dirFD: number,
  name: string,
  init: NewFile,
  flags: number,
): (Made & { readonly openFD: number }) | number {
  const how = (flags & (O_ACCMODE | O_TRUNC)) | O_CREAT | O_EXCL | O_NONBLOCK | O_NOFOLLOW;
  const openFD = openAt(dirFD, name, how, init.mode & ~S_IFMT);
  if (openFD < 0) return openFD;
  const fd = reopen(openFD, O_PATH);
  const stat = fd < 0 ? fd : finish(dirFD, fd, init);
  if (typeof stat !== 'number') return { fd, stat, openFD };
  closeFD(fd);
  closeFD(openFD);
  removeName(dirFD, name, 0);
  return stat;
}

export function makeSymlinkIn(dirFD: number, name: string, target: string, owners: Owners): Made | number {
  const error = makeSymlink(dirFD, name, target);
  if (error < 0) return error;
  const made = openMade(dirFD, name, (fd, { mode }) => (mode & S_IFMT) === S_IFLNK && says(fd, target));
  return finishMade(dirFD, name, made, { ...owners, mode: S_IFLNK });
}

function says(fd: number, target: string): boolean {
  const wanted = Buffer.alloc(stringSize(target, 'target'));
  encodeString(wanted, 0, target);
  const read = Buffer.alloc(SYMLINK_BYTES);
  const size = readLink(fd, read);
  return size >= 0 && read.subarray(0, size).equals(wanted);
}

let shortNames = 0;

/**
 * Binds a socket in a directory. A name that is too long for an address behind the directory's descriptor gets there by
 * a rename from a shorter one. -EADDRINUSE if the name exists.
 */
function bindName(dirFD: number, name: string, type: number, mode: number): number {
  if (stringSize(name, 'name') <= LONGEST_BOUND_BYTES) return bindFile(dirFD, name, type, mode);
  const short = `.lisafs-${process.pid}-${shortNames++}`;
  const sock = bindFile(dirFD, short, type, mode);
  if (sock < 0) return sock;
  const error = renameName(dirFD, short, dirFD, name, RENAME_NOREPLACE);
  if (error === 0) return sock;
  closeFD(sock);
  removeName(dirFD, short, 0);
  return error === -EEXIST ? -EADDRINUSE : error;
}

/**
 * A socket, bound but not yet listening, and what the client is to wait with. That is no copy of a socket that can
 * listen: the flags of an open file are everybody's who has one, and a client that makes it block would have our next
 * accept(2) wait for ever.
 */
export function bindIn(
  dirFD: number,
  name: string,
  type: number,
  init: NewFile,
): (Made & { readonly socket: LocalBoundSocket; readonly hostFD: number }) | number {
  if (!isSupportedType(type)) return -ENXIO;
  const sock = bindName(dirFD, name, type, init.mode & ~S_IFMT);
  if (sock < 0) return sock;
  const found = openMade(dirFD, name, (_fd, { mode }) => (mode & S_IFMT) === S_IFSOCK);
  const made = finishMade(dirFD, name, found, { ...init, mode: init.mode & ~S_IFMT });
  const hostFD = typeof made === 'number' ? made : type === SOCK_DGRAM ? duplicateFD(sock) : createInputWaiter(sock);
  if (typeof made !== 'number' && hostFD >= 0) return { ...made, socket: new LocalBoundSocket(sock), hostFD };
  closeFD(sock);
  if (typeof made !== 'number') {
    closeFD(made.fd);
    removeName(dirFD, name, 0);
  }
  return hostFD;
}
