/** The paths that a request of LISAFS is about, for an audit log. */

import type { FDID } from '../../generated/lisafs/index.js';
import type { LISAFSSession } from './lisafs-session.js';

/** What requests have that stands for files. */
interface AboutFiles {
  readonly fd?: FDID;
  readonly fds?: readonly FDID[];
  readonly dirFD?: FDID;
  readonly name?: string;
  readonly path?: readonly string[];
  readonly target?: FDID | string;
  readonly oldDir?: FDID;
  readonly oldName?: string;
  readonly newDir?: FDID;
  readonly newName?: string;
}

function pathOf(session: LISAFSSession, id: FDID, ...below: readonly string[]): string {
  const fd = session.fds.known(id);
  if (fd === undefined) return ['?', ...below].join('/');
  const { node } = fd.control;
  return `/${[...node.path(), ...below].join('/')}${node.deleted ? ' (deleted)' : ''}`;
}

export function pathsOfRequest(session: LISAFSSession, request: AboutFiles): string[] {
  const { fd, fds, dirFD, name, path, target, oldDir, oldName, newDir, newName } = request;
  if (oldDir !== undefined && newDir !== undefined) {
    return [pathOf(session, oldDir, oldName ?? ''), pathOf(session, newDir, newName ?? '')];
  }
  if (dirFD !== undefined) {
    const below = path ?? (name === undefined ? [] : [name]);
    const made = pathOf(session, dirFD, ...below.filter((each) => each !== ''));
    // A symlink's target is text.
    return target === undefined || typeof target === 'string' ? [made] : [pathOf(session, target), made];
  }
  // FGetXattr and its like have a name that is none of a file.
  if (fd !== undefined) return [pathOf(session, fd)];
  return fds === undefined ? ['/'] : Array.from(fds, (each) => pathOf(session, each));
}
