/** Connecting to sockets of the tree, and accepting on those that a client bound there. */

import { setTimeout as delay } from 'node:timers/promises';
import type { AcceptReq, ConnectReq, ConnectWithCredsReq, FDID, ListenReq } from '../../generated/lisafs/index.js';
import { EAGAIN, EINTR, ENOTSOCK, EOPNOTSUPP } from '../wire/errno.js';
import type { CallContext } from '../wire/protocol.js';
import type { ControlFile, Result } from './backend.js';
import { andThen, failure, outcomeOf, type Later } from './failure.js';
import type { ControlFD } from './fd-table.js';
import { voidResult } from './lisafs-io.js';
import { checkNotDeleted, orUnsupported, type LISAFSSession } from './lisafs-session.js';

/** Nothing tells when there is room again in a backlog, so it is asked this often. */
const RETRY_MS = 5;

/** Connects, with the read guarantee for each attempt, and without any between two of them. */
function connecting(
  session: LISAFSSession,
  id: FDID,
  context: CallContext,
  make: (file: ControlFile) => Result<number> | undefined,
): Later<object> {
  const fd = session.fds.control(id);
  if (!fd.isSocket) throw failure(ENOTSOCK);
  const attempt = (): Later<number> =>
    session.reading(fd, () => {
      checkNotDeleted(fd);
      return outcomeOf<number>(() => make(fd.file) ?? -EOPNOTSUPP);
    });
  const finish = (socket: number): object => {
    if (socket < 0) throw failure(-socket);
    context.donate(socket);
    return {};
  };
  return andThen(attempt(), (socket) =>
    socket === -EAGAIN ? retry(fd, attempt, context.signal).then(finish) : finish(socket),
  );
}

/** Tries again for as long as there is no room, with the FD staying as it does during a call. */
async function retry(fd: ControlFD, attempt: () => Later<number>, signal: AbortSignal): Promise<number> {
  fd.retain();
  try {
    for (;;) {
      if (signal.aborted) return -EINTR;
      await delay(RETRY_MS);
      const socket = await attempt();
      if (socket !== -EAGAIN) return socket;
    }
  } finally {
    fd.release();
  }
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
