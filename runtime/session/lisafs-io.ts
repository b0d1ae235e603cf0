/** Opening files, and reading and writing what they hold. */

import { setImmediate } from 'node:timers/promises';
import type {
  CloseReq,
  FAllocateReq,
  FDID,
  FSyncReq,
  FlushReq,
  Getdents64Req,
  Getdents64RespInit,
  OpenAtReq,
  OpenAtRespInit,
  PReadReq,
  PReadRespInit,
  PWriteReq,
  PWriteRespInit,
  ReadLinkAtReq,
} from '../../generated/lisafs/index.js';
import { isPromise } from '../wire/answer.js';
import { EBADF, EINVAL, EISDIR, ENOBUFS, ENOTDIR, EOPNOTSUPP, EROFS } from '../wire/errno.js';
import { MAX_DIRENTS_BYTES } from '../wire/limits.js';
import type { CallContext } from '../wire/protocol.js';
import { joinOpaque } from '../wire/u64.js';
import { andThen, failure, outcomeOf, resultOf, type Later, type Result } from './failure.js';
import { OpenFD } from './fd-table.js';
import { checkNotDeleted, orUnsupported, type LISAFSSession } from './lisafs-session.js';

const O_ACCMODE = 3;
const O_TRUNC = 0o1000;
const PREAD_RESP_BYTES = 8;

/**
 * An entry on the wire is at most this much larger than getdents64(2) counts it, which is in eights: a name of four
 * bytes takes 31 for 24.
 */
const DIRENT_GROWTH = 31 / 24;

export function openAt(session: LISAFSSession, req: OpenAtReq, context: CallContext): Later<OpenAtRespInit> {
  const flags = req.flags & (O_ACCMODE | O_TRUNC);
  if (session.backend.readOnly && flags !== 0) throw failure(EROFS);
  const control = session.fds.control(req.fd);
  if (control.isDirectory && flags !== 0) throw failure(EISDIR);
  return session.reading(control, () => {
    if (control.isSymlink) throw failure(EINVAL);
    session.fds.checkRoom();
    return andThen(orUnsupported(control.file.open?.(flags)), ({ file, hostFD }) => {
      if (hostFD !== undefined && hostFD >= 0) context.donate(hostFD);
      return { openFD: session.fds.add(new OpenFD(control, file, flags)) };
    });
  });
}

export function close(session: LISAFSSession, { fds }: CloseReq): void {
  for (const fd of fds) session.fds.remove(fd);
}

function syncOne(session: LISAFSSession, id: FDID): Later<void> {
  return session.reading(session.fds.open(id), syncFile);
}

function syncFile({ file }: OpenFD): Later<void> {
  return file.sync === undefined ? unsupported() : voidOf(file.sync());
}

/**
 * Syncs all that can be synced, one after another; the first failure is the answer. A sync takes milliseconds and a
 * request can ask for thousands: each file is synced once, and others get their turn between two.
 */
export function fsync(session: LISAFSSession, { fds }: FSyncReq): Later<void> {
  const ids = [...new Set(fds)];
  return ids.length === 1 ? syncOne(session, ids[0]!) : syncAll(session, ids);
}

async function syncAll(session: LISAFSSession, ids: readonly FDID[]): Promise<void> {
  let first = 0;
  for (const id of ids) {
    const outcome = await outcomeOf(() => syncOne(session, id));
    if (typeof outcome === 'number' && first === 0) first = outcome;
    await setImmediate();
  }
  if (first < 0) throw failure(-first);
}

/** The result of a method that gives none, and that a filesystem may leave out. */
export function voidResult(method: (() => Result<void>) | undefined): Later<void> {
  return method === undefined ? unsupported() : voidOf(method());
}

function voidOf(result: Result<void>): Later<void> {
  const outcome = resultOf(result);
  return isPromise(outcome) ? outcome.then(() => undefined) : undefined;
}

function unsupported(): never {
  throw failure(EOPNOTSUPP);
}

/**
 * What reads and writes are answered with that are done at once, and have not waited: it is sent before there is
 * another.
 */
const readAnswer: { data: Uint8Array } = { data: new Uint8Array(0) };
const writeAnswer = { count: 0 };

/** The request and the context of the read that is being begun. */
interface Reading {
  req: PReadReq;
  context: CallContext;
}
const reading = {} as Reading;

export function pread(session: LISAFSSession, req: PReadReq, context: CallContext): Later<PReadRespInit> {
  const fd = session.fds.open(req.fd);
  if (!fd.readable) throw failure(EBADF);
  if (PREAD_RESP_BYTES + req.count > session.facts.maxMessageSize) throw failure(ENOBUFS);
  if (fd.file.answersAtOnce !== true || !session.tree.locks.areFree) return preadLater(session, fd, req);
  reading.req = req;
  reading.context = context;
  return session.reading(fd, preadNow, reading);
}

/** Straight into the response: nobody can end the connection, and its memory with it, before the read is done. */
function preadNow(fd: OpenFD, { req, context }: Reading): Later<PReadRespInit> {
  const { count } = req;
  const room = context.room?.(PREAD_RESP_BYTES, count) ?? new Uint8Array(count);
  const result = fd.file.read?.(room, joinOpaque(req._offsetLow, req._offsetHigh)) ?? notRead(fd);
  const size = resultOf(result) as number;
  readAnswer.data = size === count ? room : (context.room?.(PREAD_RESP_BYTES, size) ?? room.subarray(0, size));
  return readAnswer;
}

/** What reading fails with where a file does not say how: a directory is open for its entries. */
function notRead({ control }: OpenFD): number {
  return control.isDirectory ? -EISDIR : -EOPNOTSUPP;
}

function preadLater(session: LISAFSSession, fd: OpenFD, { count, offset }: PReadReq): Later<PReadRespInit> {
  return session.reading(fd, () => {
    const memory = new Uint8Array(count);
    const read = resultOf<number>(fd.file.read?.(memory, offset) ?? notRead(fd));
    return andThen(read, (size) => ({ data: memory.subarray(0, size) }));
  });
}

export function pwrite(session: LISAFSSession, req: PWriteReq): Later<PWriteRespInit> {
  const fd = session.fds.open(req.fd);
  if (!fd.writable) throw failure(EBADF);
  return session.writing(fd, write, req);
}

function write({ file }: OpenFD, req: PWriteReq, waited: boolean): Later<PWriteRespInit> {
  const written = orUnsupported<number>(file.write?.(req.data, joinOpaque(req._offsetLow, req._offsetHigh)));
  if (waited || isPromise(written)) return andThen(written, (count) => ({ count }));
  writeAnswer.count = written;
  return writeAnswer;
}

export function fallocate(session: LISAFSSession, req: FAllocateReq): Later<void> {
  const fd = session.fds.open(req.fd);
  if (!fd.writable) throw failure(EBADF);
  // gVisor's server keeps 32 bits of the mode.
  const mode = Number(BigInt.asIntN(32, req.mode));
  const { offset, length } = req;
  const { file } = fd;
  return session.writing(fd, () => voidResult(file.allocate && (() => file.allocate!(mode, offset, length))));
}

export function flush(session: LISAFSSession, req: FlushReq): Later<void> {
  return session.reading(session.fds.open(req.fd), flushOne);
}

function flushOne({ file }: OpenFD): Later<void> {
  return file.flush === undefined ? unsupported() : voidOf(file.flush());
}

export function getdents64(session: LISAFSSession, req: Getdents64Req): Later<Getdents64RespInit> {
  const fd = session.fds.open(req.dirFD);
  if (!fd.control.isDirectory) throw failure(ENOTDIR);
  const room = Math.floor((session.facts.maxMessageSize - 2) / DIRENT_GROWTH);
  const size = Math.min(Math.abs(req.count), MAX_DIRENTS_BYTES, room);
  return session.reading(fd, () => {
    checkNotDeleted(fd.control);
    const entries = orUnsupported(fd.file.readEntries?.(size, req.count < 0));
    return andThen(entries, (dirents) => ({ dirents }));
  });
}

/** What a deleted symlink said is not told, and gVisor's server does not call that a failure. */
export function readLinkAt(session: LISAFSSession, req: ReadLinkAtReq): Later<{ target: string }> {
  const fd = session.fds.control(req.fd);
  if (!fd.isSymlink) throw failure(EINVAL);
  return session.reading(fd, () => {
    if (fd.node.deleted) return { target: '' };
    return andThen(orUnsupported(fd.file.readLink?.()), (target) => ({ target }));
  });
}
