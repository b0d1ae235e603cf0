/** SetStat on a file of a local directory. */

import { changeMode, changeOwner, changeSize, changeTimes, UTIME_OMIT, type Time } from '../os/inode.js';
import type { StatChange, StatChangeOutcome } from '../session/backend.js';
import { EINVAL, EISDIR, ELOOP, ENXIO, EOPNOTSUPP } from '../wire/errno.js';
import { S_IFDIR, S_IFLNK, S_IFREG, S_IFSOCK } from './local-stat.js';

const STATX_MODE = 0x2;
const STATX_UID = 0x8;
const STATX_GID = 0x10;
const STATX_ATIME = 0x20;
const STATX_MTIME = 0x40;
const STATX_SIZE = 0x200;
const STATX_TIMES = STATX_ATIME | STATX_MTIME;
const STATX_OWNERS = STATX_UID | STATX_GID;

const PERMISSIONS = 0o7777;
const NOBODY = 0xffff_ffff;
const MAX_SIZE = 0x7fff_ffff_ffff_ffffn;
const OMITTED: Time = { sec: 0n, nsec: UTIME_OMIT };

/**
 * Changes what the mask says, each on its own: what fails keeps nothing else from being done. `type` is the file's
 * S_IF*.
 */
export function changeStat(fd: number, type: number, change: StatChange): StatChangeOutcome {
  let failureMask = 0;
  let failureErrNo = 0;
  const attempt = (mask: number, act: () => number): void => {
    const wanted = change.mask & mask;
    if (wanted === 0) return;
    const error = act();
    if (error >= 0) return;
    failureMask |= wanted;
    failureErrNo = -error;
  };
  attempt(STATX_MODE, () => (type === S_IFLNK ? -EOPNOTSUPP : changeMode(fd, change.mode & PERMISSIONS)));
  attempt(STATX_SIZE, () => resize(fd, type, change.size));
  attempt(STATX_TIMES, () => setTimes(fd, change));
  attempt(STATX_OWNERS, () => setOwners(fd, change));
  return { failureMask, failureErrNo };
}

/**
 * What cannot be opened for writing fails as that would, which is how gVisor's server resizes. A FIFO or a device is
 * not opened to learn that it has no size: to open one is to do something to it, or to wait.
 */
function resize(fd: number, type: number, size: bigint): number {
  if (type === S_IFDIR) return -EISDIR;
  if (type === S_IFLNK) return -ELOOP;
  if (type === S_IFSOCK) return -ENXIO;
  return type !== S_IFREG || size > MAX_SIZE ? -EINVAL : changeSize(fd, size);
}

function setTimes(fd: number, { mask, atime, mtime }: StatChange): number {
  return changeTimes(fd, (mask & STATX_ATIME) !== 0 ? atime : OMITTED, (mask & STATX_MTIME) !== 0 ? mtime : OMITTED);
}

/** To change neither is nothing to do: chown(2) would take the set-user-ID bit all the same. */
function setOwners(fd: number, change: StatChange): number {
  const uid = (change.mask & STATX_UID) !== 0 ? change.uid : NOBODY;
  const gid = (change.mask & STATX_GID) !== 0 ? change.gid : NOBODY;
  return uid === NOBODY && gid === NOBODY ? 0 : changeOwner(fd, uid, gid);
}
