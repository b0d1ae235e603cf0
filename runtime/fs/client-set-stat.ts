/** Changing what is recorded about a file, by SetStat. */

import type { FDID, LISAFSClient } from '../session/lisafs.js';
import { EIO, failure } from './client-errors.js';

const STATX_MODE = 0x2;
const STATX_UID = 0x8;
const STATX_GID = 0x10;
const STATX_ATIME = 0x20;
const STATX_MTIME = 0x40;
const STATX_SIZE = 0x200;

/** The bits of chmod(2). */
const MODE_BITS = 0o7777;

export interface Timespec {
  readonly sec: number;
  readonly nsec: number;
}

/** What is to change; what is missing, and a uid or gid of -1, stays. */
export interface Changes {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly size?: number;
  readonly atime?: Timespec;
  readonly mtime?: Timespec;
}

const NO_TIME: Timespec = { sec: 0, nsec: 0 };

function maskOf({ mode, uid = -1, gid = -1, size, atime, mtime }: Changes): number {
  let mask = mode === undefined ? 0 : STATX_MODE;
  if (uid >= 0) mask |= STATX_UID;
  if (gid >= 0) mask |= STATX_GID;
  if (size !== undefined) mask |= STATX_SIZE;
  if (atime !== undefined) mask |= STATX_ATIME;
  if (mtime !== undefined) mask |= STATX_MTIME;
  return mask;
}

/**
 * Makes the changes to the file of a control FD. Rejects with the errno that the server gives for the last that fails.
 */
export async function setStat(client: LISAFSClient, fd: FDID, changes: Changes): Promise<void> {
  const { failureMask, failureErrNo } = await client.setStat({
    fd,
    mask: maskOf(changes),
    mode: (changes.mode ?? 0) & MODE_BITS,
    uid: Math.max(changes.uid ?? 0, 0),
    gid: Math.max(changes.gid ?? 0, 0),
    size: changes.size ?? 0,
    atime: changes.atime ?? NO_TIME,
    mtime: changes.mtime ?? NO_TIME,
  });
  if (failureMask !== 0) throw failure(failureErrNo || EIO);
}

/**
 * Makes changes that chown(2) would be asked for. To change neither owner nor group is not nothing: it takes
 * set-user-ID and set-group-ID away. Servers pass over such a request, so the owner is set to what it is.
 */
export async function setOwner(client: LISAFSClient, fd: FDID, uid: number, gid: number): Promise<void> {
  const same = uid < 0 && gid < 0 ? (await client.fstat({ fd })).uid : uid;
  await setStat(client, fd, { uid: same, gid });
}
