/** What is recorded about files: FStat, SetStat, FStatFS, and extended attributes. */

import {
  Statx,
  type FGetXattrReq,
  type FListXattrReq,
  type FRemoveXattrReq,
  type FSetXattrReq,
  type FStatFSReq,
  type FStatReq,
  type SetStatReq,
  type SetStatRespInit,
  type StatFSInit,
  type StatxInit,
} from '../../generated/lisafs/index.js';
import { EPERM } from '../wire/errno.js';
import type { CallContext, Marshalled } from '../wire/protocol.js';
import type { ControlFD, OpenFD } from './fd-table.js';
import { andThen, failure, resultOf, type Later } from './failure.js';
import { voidResult } from './lisafs-io.js';
import { checkNotDeleted, orUnsupported, type LISAFSSession } from './lisafs-session.js';

/** STATX_MODE, _UID, _GID, _SIZE, _ATIME, _MTIME. */
const SETTABLE = 0x2 | 0x8 | 0x10 | 0x200 | 0x20 | 0x40;

type AnyStat = StatxInit | Marshalled;

/** What a file system that answers at once may answer in: it is sent before anybody asks again. */
const answer = new Statx();

export function fstat(session: LISAFSSession, req: FStatReq, context: CallContext): Later<AnyStat> {
  return session.reading(session.fds.controlOrOpen(req.fd), statOf, context);
}

/** Of calls that waited each has an object of its own. */
function statOf({ file }: ControlFD | OpenFD, context: CallContext, waited: boolean): Later<AnyStat> {
  if (waited) return resultOf(file.stat());
  if (file.statBytes === undefined || context.marshalled === undefined || context.isObserved === true) {
    return resultOf(file.stat(answer));
  }
  const bytes = file.statBytes();
  if (typeof bytes === 'number') throw failure(-bytes);
  return context.marshalled(bytes);
}

export function setStat(session: LISAFSSession, req: SetStatReq): Later<SetStatRespInit> {
  const fd = session.fds.control(req.fd);
  if ((req.mask & ~SETTABLE) !== 0) throw failure(EPERM);
  return session.writing(fd, () => orUnsupported(fd.file.setStat?.(req)));
}

export function fstatFS(session: LISAFSSession, req: FStatFSReq): Later<StatFSInit> {
  const fd = session.fds.control(req.fd);
  return session.reading(fd, () => orUnsupported(fd.file.statFS?.()));
}

export function fgetXattr(session: LISAFSSession, { fd: id, name, bufSize }: FGetXattrReq): Later<{ value: string }> {
  const fd = session.fds.control(id);
  return session.reading(fd, () => {
    checkNotDeleted(fd);
    return andThen(orUnsupported(fd.file.getXattr?.(name, bufSize)), (value) => ({ value }));
  });
}

export function fsetXattr(session: LISAFSSession, { fd: id, name, value, flags }: FSetXattrReq): Later<void> {
  const fd = session.fds.control(id);
  const { file } = fd;
  return session.writing(fd, () => {
    checkNotDeleted(fd);
    return voidResult(file.setXattr && (() => file.setXattr!(name, value, flags)));
  });
}

/** What a deleted file has is not told, and gVisor's server does not call that a failure. */
export function flistXattr(session: LISAFSSession, { fd: id, size }: FListXattrReq): Later<{ xattrs: string[] }> {
  const fd = session.fds.control(id);
  return session.reading(fd, () => {
    if (fd.node.deleted) return { xattrs: [] };
    return andThen(orUnsupported(fd.file.listXattr?.(size)), (xattrs) => ({ xattrs }));
  });
}

export function fremoveXattr(session: LISAFSSession, { fd: id, name }: FRemoveXattrReq): Later<void> {
  const fd = session.fds.control(id);
  const { file } = fd;
  return session.writing(fd, () => {
    checkNotDeleted(fd);
    return voidResult(file.removeXattr && (() => file.removeXattr!(name)));
  });
}
