/** What makes, moves and removes names in directories. All of it needs the directory for itself. */

import type {
  BindAtReq,
  BindAtRespInit,
  CreateCommonInit,
  InodeInit,
  LinkAtReq,
  MkdirAtReq,
  MknodAtReq,
  OpenCreateAtReq,
  OpenCreateAtRespInit,
  RenameAt2Req,
  RenameAtReq,
  SymlinkAtReq,
  UnlinkAtReq,
} from '../../generated/lisafs/index.js';
import { EOPNOTSUPP, EPERM, EINVAL, ENOTDIR } from '../wire/errno.js';
import type { CallContext } from '../wire/protocol.js';
import type { Found, NewFile } from './backend.js';
import { andThen, failure, resultOf, type Later } from './failure.js';
import { BoundSocketFD, OpenFD, type ControlFD } from './fd-table.js';
import { checkName, checkNameFits, checkNotDeleted, orUnsupported, type LISAFSSession } from './lisafs-session.js';

const O_ACCMODE = 3;
const O_TRUNC = 0o1000;
const RENAME_EXCHANGE = 2;

/** Runs `make` with a directory for itself, in which `name` may be made. */
function making<T>(
  session: LISAFSSession,
  { dirFD, name }: { readonly dirFD: CreateCommonInit['dirFD']; readonly name: string },
  make: (directory: ControlFD) => Later<T>,
): Later<T> {
  checkName(name);
  const directory = session.directory(dirFD);
  return session.writing(directory, () => {
    checkNotDeleted(directory);
    session.fds.checkRoom();
    return make(directory);
  });
}

/** A name that is not too long. Where other mistakes come before that one, the filesystem is left to say so. */
function fitting(name: string): string {
  checkNameFits(name);
  return name;
}

function adopted(session: LISAFSSession, directory: ControlFD, name: string, found: Later<Found>): Later<InodeInit> {
  return andThen(found, (made) => session.adopt(directory, name, made).inode);
}

function newFile({ mode, uid, gid }: CreateCommonInit): NewFile {
  return { mode, uid, gid };
}

export function mkdirAt(session: LISAFSSession, req: MkdirAtReq): Later<{ childDir: InodeInit }> {
  const { name } = req;
  return making(session, req, (directory) => {
    const made = orUnsupported(directory.file.mkdir?.(fitting(name), newFile(req)));
    return andThen(adopted(session, directory, name, made), (childDir) => ({ childDir }));
  });
}

export function mknodAt(session: LISAFSSession, req: MknodAtReq): Later<{ child: InodeInit }> {
  const { name } = req;
  return making(session, req, (directory) => {
    const made = orUnsupported(directory.file.mknod?.(name, newFile(req), req.major, req.minor));
    return andThen(adopted(session, directory, name, made), (child) => ({ child }));
  });
}

export function symlinkAt(session: LISAFSSession, req: SymlinkAtReq): Later<{ symlink: InodeInit }> {
  const { name, target, uid, gid } = req;
  return making(session, req, (directory) => {
    const made = orUnsupported(directory.file.symlink?.(name, target, { uid, gid }));
    return andThen(adopted(session, directory, name, made), (symlink) => ({ symlink }));
  });
}

export function openCreateAt(
  session: LISAFSSession,
  req: OpenCreateAtReq,
  context: CallContext,
): Later<OpenCreateAtRespInit> {
  const { name } = req;
  const flags = req.flags & (O_ACCMODE | O_TRUNC);
  return making(session, req, (directory) =>
    andThen(orUnsupported(directory.file.create?.(fitting(name), newFile(req), flags)), (made) => {
      const { inode, control } = session.adopt(directory, name, made);
      const { file, hostFD } = made.opened;
      if (hostFD !== undefined && hostFD >= 0) context.donate(hostFD);
      return { child: inode, newFD: session.fds.add(new OpenFD(control, file, flags)) };
    }),
  );
}

export function bindAt(session: LISAFSSession, req: BindAtReq, context: CallContext): Later<BindAtRespInit> {
  const { name, sockType } = req;
  return making(session, req, (directory) =>
    andThen(orUnsupported(directory.file.bind?.(fitting(name), sockType, newFile(req))), (made) => {
      context.donate(made.hostFD);
      const { inode, control } = session.adopt(directory, name, made);
      return { child: inode, boundSocketFD: session.fds.add(new BoundSocketFD(control, made.socket)) };
    }),
  );
}

export function linkAt(session: LISAFSSession, req: LinkAtReq): Later<{ link: InodeInit }> {
  const { name } = req;
  checkName(name);
  const directory = session.directory(req.dirFD);
  const target = session.fds.control(req.target);
  if (target.isDirectory) throw failure(EPERM);
  return session.writingWith(directory, target, () => {
    checkNotDeleted(directory);
    checkNotDeleted(target);
    checkNameFits(name);
    session.fds.checkRoom();
    const made = orUnsupported(target.file.link?.(directory.file, name));
    return andThen(adopted(session, directory, name, made), (link) => ({ link }));
  });
}

export function unlinkAt(session: LISAFSSession, req: UnlinkAtReq): Later<void> {
  const { dirFD, name, flags } = req;
  checkName(name);
  const directory = session.directory(dirFD);
  const { file, node } = directory;
  return session.writing(directory, () => {
    checkNotDeleted(directory);
    if (file.unlink === undefined) throw failure(EOPNOTSUPP);
    // Nothing may be in progress on what is about to vanish.
    return session.writingChild(directory, name, () =>
      andThen(resultOf(file.unlink!(name, flags)), () => node.unlinkChild(name)),
    );
  });
}

export function renameAt(session: LISAFSSession, req: RenameAtReq | RenameAt2Req): Later<void> {
  const { oldName, newName } = req;
  const flags = 'flags' in req ? req.flags : 0;
  checkName(oldName);
  checkName(newName);
  const from = session.fds.control(req.oldDir);
  const to = session.fds.control(req.newDir);
  if (!from.isDirectory || !to.isDirectory) throw failure(ENOTDIR);
  return session.moving([from, to], () => {
    if (from.node.deleted || to.node.deleted) throw failure(EINVAL);
    if (from.node === to.node && oldName === newName) return undefined;
    if (from.file.rename === undefined) throw failure(EOPNOTSUPP);
    return andThen(resultOf(from.file.rename(oldName, to.file, newName, flags)), () =>
      from.node.moveChild(oldName, to.node, newName, (flags & RENAME_EXCHANGE) !== 0),
    );
  });
}
