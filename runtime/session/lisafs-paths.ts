/** The paths that a request of LISAFS is about, for an audit log. */

import type { FDID } from '../../generated/lisafs/index.js';
import { MAX_TOLD_CHARACTERS, MAX_TOLD_PATH_CHARACTERS, MAX_TOLD_PATHS_COUNT } from '../wire/limits.js';
import type { LISAFSSession } from './lisafs-session.js';

/** What was left out. No path begins like this: they do with `/` or `?`. */
const LEFT_OUT = '\u2026';

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

/** A path as it is told: from the first name on of which there is room for all that follows. */
function shortened(path: string): string {
  if (path.length <= MAX_TOLD_PATH_CHARACTERS) return path;
  const end = path.slice(-MAX_TOLD_PATH_CHARACTERS);
  const from = end.indexOf('/');
  // What is one name for so long is none; half of a character would stand for a byte, though.
  return LEFT_OUT + (from < 0 ? end.replace(/^[\udc00-\udfff]/, '') : end.slice(from));
}

function pathOf(session: LISAFSSession, id: FDID, ...below: readonly string[]): string {
  const fd = session.fds.known(id);
  if (fd === undefined) return shortened(['?', ...below].join('/'));
  const { node } = fd.control;
  // So many names have twice as many characters at least, and it shows that there are more.
  const names = [...node.path(MAX_TOLD_PATH_CHARACTERS), ...below];
  return `${shortened(`/${names.join('/')}`)}${node.deleted ? ' (deleted)' : ''}`;
}

/** A request may name a file as often as it likes, and very many: each is told of once, as long as there is room. */
function pathsOfAll(session: LISAFSSession, ids: readonly FDID[]): string[] {
  const paths: string[] = [];
  let room = MAX_TOLD_CHARACTERS;
  for (const id of new Set(ids)) {
    const path = pathOf(session, id);
    room -= path.length;
    if (room < 0 || paths.length === MAX_TOLD_PATHS_COUNT) return [...paths, LEFT_OUT];
    paths.push(path);
  }
  return paths;
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
  return fds === undefined ? ['/'] : pathsOfAll(session, fds);
}
