/** The handlers of LISAFS over a filesystem, for one connection (`lisafs/handlers.go`). */

import { MID, type LISAFSHandlers } from '../../generated/lisafs/index.js';
import { EROFS } from '../wire/errno.js';
import * as attributes from './lisafs-attributes.js';
import * as io from './lisafs-io.js';
import * as names from './lisafs-names.js';
import type { LISAFSSession } from './lisafs-session.js';
import * as sockets from './lisafs-sockets.js';
import * as walking from './lisafs-walk.js';

/** What changes something, and is refused by a filesystem that is read-only before it is even looked at. */
const CHANGES = [
  MID.SetStat,
  MID.OpenCreateAt,
  MID.PWrite,
  MID.MkdirAt,
  MID.MknodAt,
  MID.SymlinkAt,
  MID.LinkAt,
  MID.FAllocate,
  MID.UnlinkAt,
  MID.RenameAt,
  MID.RenameAt2,
  MID.FSetXattr,
  MID.FRemoveXattr,
  MID.BindAt,
];

/** The messages that a read-only filesystem refuses, each with EROFS. OpenAt is for its handler to look at. */
export const READ_ONLY_REFUSALS: ReadonlyMap<number, number> = new Map(CHANGES.map((mid) => [mid, EROFS]));

export function lisafsHandlers(session: LISAFSSession): LISAFSHandlers {
  return {
    mount: (_req, context) => walking.mount(session, context),
    fstat: (req, context) => attributes.fstat(session, req, context),
    setStat: (req) => attributes.setStat(session, req),
    walk: (req) => walking.walk(session, req),
    walkStat: (req) => walking.walkStat(session, req),
    openAt: (req, context) => io.openAt(session, req, context),
    openCreateAt: (req, context) => names.openCreateAt(session, req, context),
    close: (req) => io.close(session, req),
    fsync: (req) => io.fsync(session, req),
    pwrite: (req) => io.pwrite(session, req),
    pread: (req, context) => io.pread(session, req, context),
    mkdirAt: (req) => names.mkdirAt(session, req),
    mknodAt: (req) => names.mknodAt(session, req),
    symlinkAt: (req) => names.symlinkAt(session, req),
    linkAt: (req) => names.linkAt(session, req),
    fstatFS: (req) => attributes.fstatFS(session, req),
    fallocate: (req) => io.fallocate(session, req),
    readLinkAt: (req) => io.readLinkAt(session, req),
    flush: (req) => io.flush(session, req),
    connect: (req, context) => sockets.connect(session, req, context),
    unlinkAt: (req) => names.unlinkAt(session, req),
    renameAt: (req) => names.renameAt(session, req),
    getdents64: (req) => io.getdents64(session, req),
    fgetXattr: (req) => attributes.fgetXattr(session, req),
    fsetXattr: (req) => attributes.fsetXattr(session, req),
    flistXattr: (req) => attributes.flistXattr(session, req),
    fremoveXattr: (req) => attributes.fremoveXattr(session, req),
    bindAt: (req, context) => names.bindAt(session, req, context),
    listen: (req) => sockets.listen(session, req),
    accept: (req, context) => sockets.accept(session, req, context),
    connectWithCreds: (req, context) => sockets.connectWithCreds(session, req, context),
    renameAt2: (req) => names.renameAt(session, req),
  };
}
