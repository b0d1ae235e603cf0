/**
 * A file of a local directory, held by a descriptor with O_PATH: it names the file itself, whatever is done to names,
 * and opening it does nothing to the file. All is done through it: no path of the host's is ever walked, so nobody who
 * changes names meanwhile can lead a call anywhere else.
 */

import { closeFD, duplicateFD } from '../os/descriptor.js';
import { getXattr, listXattr, readLink, removeXattr, setXattr } from '../os/inode.js';
import { makeLink, removeName, renameName } from '../os/names.js';
import { O_ACCMODE, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_PATH, O_TRUNC, openAt, reopen } from '../os/open.js';
import type {
  Bound,
  ControlFile,
  Created,
  FileSystemStat,
  Found,
  NewFile,
  Opened,
  Place,
  StatChange,
  StatChangeOutcome,
  Statx,
} from '../session/backend.js';
import { EINVAL, ENAMETOOLONG, ENOENT, EPERM, ERANGE } from '../wire/errno.js';
import { decodeString, encodeString, stringSize } from '../wire/string.js';
import { changeStat } from './local-change.js';
import { openedFile } from './local-file.js';
import * as making from './local-making.js';
import type { LocalOptions } from './local-options.js';
import { connectLocal, type Credentials } from './local-socket.js';
import {
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  statBytesOf,
  statFileSystemOf,
  statOf,
} from './local-stat.js';

const XATTR_BYTES = 65536;
/** The longest string on the wire. */
const STRING_BYTES = 65535;
const SYMLINK_BYTES = 4096;
const SUN_PATH_BYTES = 108;

/** Block devices, and whatever else there may be one day, are not for clients. */
const SERVED_TYPES: readonly number[] = [S_IFREG, S_IFDIR, S_IFLNK, S_IFCHR, S_IFSOCK, S_IFIFO];

const scratch = Buffer.alloc(XATTR_BYTES);

/**
 * Finds one name in a directory. Returns a descriptor with O_PATH and what is known of the file, or a negative errno.
 */
export function find(dirFD: number, name: string): { fd: number; stat: Statx } | number {
  const fd = openAt(dirFD, name, O_PATH | O_NOFOLLOW);
  if (fd < 0) return fd;
  const stat = statOf(fd);
  if (typeof stat !== 'number' && SERVED_TYPES.includes(stat.mode & S_IFMT)) return { fd, stat };
  closeFD(fd);
  return typeof stat === 'number' ? stat : -EPERM;
}

export class LocalFile implements ControlFile {
  readonly fd: number;
  readonly options: LocalOptions;
  readonly #type: number;
  #place: Place | undefined;

  /** Takes ownership of the descriptor. */
  constructor(fd: number, mode: number, options: LocalOptions) {
    this.fd = fd;
    this.options = options;
    this.#type = mode & S_IFMT;
  }

  attach(place: Place): void {
    this.#place = place;
  }

  close(): void {
    closeFD(this.fd);
  }

  stat(into?: Statx): Statx | number {
    return statOf(this.fd, into);
  }

  statBytes(): Uint8Array | number {
    return statBytesOf(this.fd);
  }

  setStat(change: StatChange): StatChangeOutcome {
    return changeStat(this.fd, this.#type, change);
  }

  statFS(): FileSystemStat | number {
    return statFileSystemOf(this.fd);
  }

  walk(name: string): Found | number {
    return this.found(find(this.fd, name));
  }

  /** Makes a file of a descriptor that was found or made below this one. */
  found(made: { fd: number; stat: Statx } | number): Found | number {
    if (typeof made === 'number') return made;
    return { file: new LocalFile(made.fd, made.stat.mode, this.options), stat: made.stat };
  }

  walkStat(names: readonly string[]): Statx[] | number {
    const stats: Statx[] = [];
    let at = this.fd;
    try {
      for (const name of names) {
        const found = find(at, name);
        if (found === -ENOENT) break;
        if (typeof found === 'number') return found;
        if (at !== this.fd) closeFD(at);
        at = found.fd;
        stats.push(found.stat);
        if ((found.stat.mode & S_IFMT) === S_IFLNK) break;
      }
      return stats;
    } finally {
      if (at !== this.fd) closeFD(at);
    }
  }

  /**
   * Nothing is waited for: not for a FIFO's other end (-ENXIO without a reader), nor a terminal's line. A regular
   * file's descriptor is given to the client to be faster, a FIFO's so that the client can wait for it.
   */
  open(flags: number): Opened | number {
    const { hostFIFO, hostUDS, donate } = this.options;
    if (this.#type === S_IFIFO && hostFIFO !== 'open') return -EPERM;
    if (this.#type === S_IFSOCK && hostUDS !== 'open' && hostUDS !== 'all') return -EPERM;
    if (this.#type === S_IFCHR) return -EPERM;
    const fd = reopen(this.fd, (flags & (O_ACCMODE | O_TRUNC)) | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return fd;
    return openedFile(fd, donate && (this.#type === S_IFREG || this.#type === S_IFIFO));
  }

  create(name: string, init: NewFile, flags: number): Created | number {
    const made = making.createFile(this.fd, name, init, flags);
    if (typeof made === 'number') return made;
    const { fd, stat, openFD } = made;
    const file = new LocalFile(fd, stat.mode, this.options);
    return { file, stat, opened: openedFile(openFD, this.options.donate) };
  }

  mkdir(name: string, init: NewFile): Found | number {
    return this.found(making.makeDirectoryIn(this.fd, name, init));
  }

  mknod(name: string, init: NewFile, major: number, minor: number): Found | number {
    return this.found(making.makeNodeIn(this.fd, name, init, major, minor));
  }

  symlink(name: string, target: string, init: Omit<NewFile, 'mode'>): Found | number {
    return this.found(making.makeSymlinkIn(this.fd, name, target, init));
  }

  /** A path that fits no address is refused, as a client could not name the socket in one either. */
  bind(name: string, type: number, init: NewFile): Bound | number {
    if (this.options.hostUDS !== 'create' && this.options.hostUDS !== 'all') return -EPERM;
    const path = `/${[...this.#place!.path(), name].join('/')}`;
    if (stringSize(path, 'name') >= SUN_PATH_BYTES) return -EINVAL;
    const made = making.bindIn(this.fd, name, type, init);
    if (typeof made === 'number') return made;
    const { fd, stat, socket, hostFD } = made;
    return { file: new LocalFile(fd, stat.mode, this.options), stat, socket, hostFD };
  }

  /** A new name that cannot be opened is removed again, unless it is that of what nobody is served: another's. */
  link(directory: ControlFile, name: string): Found | number {
    const { fd } = directory as LocalFile;
    const error = makeLink(this.fd, fd, name);
    if (error < 0) return error;
    const made = find(fd, name);
    if (typeof made === 'number' && made !== -EPERM) removeName(fd, name, 0);
    return (directory as LocalFile).found(made);
  }

  unlink(name: string, flags: number): number {
    return removeName(this.fd, name, flags);
  }

  rename(oldName: string, newDirectory: ControlFile, newName: string, flags: number): number {
    return renameName(this.fd, oldName, (newDirectory as LocalFile).fd, newName, flags);
  }

  readLink(): string | number {
    const target = scratch.subarray(0, SYMLINK_BYTES);
    const size = readLink(this.fd, target);
    if (size < 0) return size;
    return size === SYMLINK_BYTES ? -ENAMETOOLONG : decodeString(target, 0, size);
  }

  getXattr(name: string, size: number): string | number {
    const room = size === 0 || size > XATTR_BYTES ? XATTR_BYTES : size;
    const count = getXattr(this.fd, name, scratch.subarray(0, room));
    if (count < 0) return count;
    return count > STRING_BYTES ? -ERANGE : decodeString(scratch, 0, count);
  }

  setXattr(name: string, value: string, flags: number): number {
    const bytes = Buffer.alloc(stringSize(value, 'value'));
    encodeString(bytes, 0, value);
    return setXattr(this.fd, name, bytes, flags);
  }

  listXattr(size: bigint): string[] | number {
    const room = size === 0n || size > XATTR_BYTES ? XATTR_BYTES : Number(size);
    const count = listXattr(this.fd, scratch.subarray(0, room));
    if (count < 0) return count;
    const names: string[] = [];
    for (let at = 0; at < count;) {
      const end = scratch.indexOf(0, at);
      names.push(decodeString(scratch, at, end));
      at = end + 1;
    }
    return names;
  }

  removeXattr(name: string): number {
    return removeXattr(this.fd, name);
  }

  connect(type: number): number {
    return this.#connect(type);
  }

  connectWithCreds(type: number, uid: number, gid: number): number {
    return this.#connect(type, { uid, gid });
  }

  #connect(type: number, as?: Credentials): number {
    if (this.options.hostUDS !== 'open' && this.options.hostUDS !== 'all') return -EPERM;
    return connectLocal(this.fd, type, as);
  }
}

/** A second file for the same descriptor's file. */
export function copyOf(fd: number, options: LocalOptions): Found | number {
  const copy = duplicateFD(fd);
  if (copy < 0) return copy;
  const stat = statOf(copy);
  if (typeof stat !== 'number') return { file: new LocalFile(copy, stat.mode, options), stat };
  closeFD(copy);
  return stat;
}
