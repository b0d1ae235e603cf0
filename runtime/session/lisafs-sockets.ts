/** Connecting to sockets of the tree, and accepting on those that a client bound there. */

import type { AcceptReq, ConnectReq, ConnectWithCredsReq, FDID, ListenReq } from '../../generated/lisafs/index.js';
import { ENOTSOCK } from '../wire/errno.js';
import type { CallContext } from '../wire/protocol.js';
import type { ControlFile, Result } from './backend.js';
import { andThen, failure, type Later } from './failure.js';
import { voidResult } from './lisafs-io.js';
import { checkNotDeleted, orUnsupported, type LISAFSSession } from './lisafs-session.js';

function connecting(
  session: LISAFSSession,
  id: FDID,
  context: CallContext,
  make: (file: ControlFile) => Result<number> | undefined,
): Later<object> {
  const fd = session.fds.control(id);
  if (!fd.isSocket) throw failure(ENOTSOCK);
  return session.reading(fd, () => {
    checkNotDeleted(fd);
    return andThen(orUnsupported<number>(make(fd.file)), (socket) => {
      context.donate(socket);
      return {};
    });
  });
}

export function connect(session: LISAFSSession, req: ConnectReq, context: CallContext): Later<object> {
  const { fd, sockType } = req;
  return connecting(session, fd, context, (file) => file.connect?.(sockType, context.signal));
}

export function connectWithCreds(
  session: LISAFSSession,
  req: ConnectWithCredsReq,
  context: CallContext,
): Later<object> {
  const { fd, sockType, uid, gid } = req;
  return connecting(session, fd, context, (file) => file.connectWithCreds?.(sockType, uid, gid, context.signal));
}

export function listen(session: LISAFSSession, { fd: id, backlog }: ListenReq): Later<void> {
  const fd = session.fds.bound(id);
  const { socket } = fd;
  return session.reading(fd, () => {
    checkNotDeleted(fd.control);
    return voidResult(socket.listen && (() => socket.listen!(backlog)));
  });
}

/** The peer's address is not told: it is a path of the host's. */
export function accept(session: LISAFSSession, req: AcceptReq, context: CallContext): Later<{ peerAddr: string }> {
  const fd = session.fds.bound(req.fd);
  return session.reading(fd, () => {
    checkNotDeleted(fd.control);
    return andThen(orUnsupported<number>(fd.socket.accept?.()), (connection) => {
      context.donate(connection);
      return { peerAddr: '' };
    });
  });
}
