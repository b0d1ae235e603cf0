/** A listening Unix socket: its file, who may connect, and handing each connection to a server. */

import { chmodSync, linkSync, lstatSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { closeFD } from '../os/descriptor.js';
import { Watch } from '../os/poll.js';
import { acceptUnix, connectUnix, listenUnix, peerUID } from '../os/socket.js';
import { EADDRINUSE, EAGAIN, ECONNREFUSED, EEXIST, EOPNOTSUPP, EPERM, errnoName, RPCError } from '../wire/errno.js';
import { MAX_CONNECTIONS_COUNT } from '../wire/limits.js';
import { listenHere } from './served-here.js';

/** Where to listen. */
export interface ListenSettings {
  /** A path for the socket's file; or an abstract name, after a NUL. */
  readonly listen: string;
  /** The file's permissions: who may connect. 0o600 by default: this user alone. */
  readonly mode?: number;
  /** The users who may connect, by number; others are hung up on. By default all whom the file's permissions let. */
  readonly allowUIDs?: Iterable<number>;
}

const DEFAULT_MODE = 0o600;
const BACKLOG_COUNT = 128;
const EARLY_NAME_BYTES = 4;
/** The longest path that a Unix socket can have, less the NUL at its end (unix(7)). */
const MAX_PATH_BYTES = 107;
/** Without descriptors or memory for one more connection: time for some to become free. */
const PAUSE_MS = 100;

/** The file of a socket, and which it is, so that nobody else's is removed. */
interface SocketFile {
  readonly path: string;
  readonly ino: bigint;
}

function inode(path: string): bigint | undefined {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stat?.isSocket() ? stat.ino : undefined;
}

/** True if a socket's file is there on which nobody listens any more: what a server leaves that was killed. */
function isStale(path: string): boolean {
  if (inode(path) === undefined) return false;
  const fd = connectUnix(path);
  if (fd >= 0) closeFD(fd);
  return fd === -ECONNREFUSED;
}

/** Does a thing to a file; 0, or what node:fs throws as -errno. */
function attempt(change: () => void): number {
  try {
    change();
    return 0;
  } catch (error) {
    return Number(Reflect.get(Object(error), 'errno'));
  }
}

/** Does it again where only a stale file was in the way. */
function inPlaceOfStale(path: string, inTheWay: number, make: () => number): number {
  const made = make();
  if (made !== inTheWay || !isStale(path)) return made;
  unlinkSync(path);
  return make();
}

/**
 * A socket that listens at a path, in place of a stale file if there is one; or -errno, -EADDRINUSE where somebody
 * listens. Its file is there only once it listens, with its permissions: it is made by another name and linked. Between
 * bind(2) and listen(2) a client that waits for the file would be refused.
 */
function listenAt(path: string, mode: number): number {
  const early = join(dirname(path), `.${crypto.getRandomValues(Buffer.alloc(EARLY_NAME_BYTES)).toString('hex')}`);
  const longest = Math.max(Buffer.byteLength(path), Buffer.byteLength(early));
  // Also a path that no socket can have: there it is said what is wrong with it.
  if (path === '' || path.includes('\0') || longest > MAX_PATH_BYTES) return listenAtOnce(path, mode);
  const fd = listenUnix(early, BACKLOG_COUNT, mode);
  if (fd < 0) return fd;
  // What the umask took away is given back; nobody was let in whom the mode would not let.
  chmodSync(early, mode);
  const linked = inPlaceOfStale(path, -EEXIST, () => attempt(() => linkSync(early, path)));
  unlinkSync(early);
  if (linked === 0) return fd;
  closeFD(fd);
  if (linked === -EEXIST) return -EADDRINUSE;
  // A file system without links.
  return linked === -EPERM || linked === -EOPNOTSUPP ? listenAtOnce(path, mode) : linked;
}

function listenAtOnce(path: string, mode: number): number {
  const fd = inPlaceOfStale(path, -EADDRINUSE, () => listenUnix(path, BACKLOG_COUNT, mode));
  if (fd >= 0 && !path.startsWith('\0')) chmodSync(path, mode);
  return fd;
}

/** Clients wait meanwhile, and their side cannot know why. */
function warnOfPause(errno: number): void {
  process.emitWarning(`A connection cannot be accepted now: ${errnoName(errno)}`, {
    type: 'LISAFSWarning',
    code: 'LISAFS_ACCEPT',
    detail: `It is tried again every ${PAUSE_MS} ms. EMFILE: raise the limit of open files (ulimit -n).`,
  });
}

export class Listener {
  readonly #fd: number;
  readonly #watch: Watch;
  readonly #file: SocketFile | undefined;
  readonly #allowed: ReadonlySet<number> | undefined;
  readonly #serve: (fd: number) => Promise<void>;
  #connections = 0;
  readonly #listenNoMore: () => void;
  #timer: NodeJS.Timeout | undefined;
  #hasWarned = false;
  #closed = false;

  /** Listens, and hands each connection's socket to `serve`, which owns it. Throws an RPCError where it cannot. */
  constructor({ listen, mode = DEFAULT_MODE, allowUIDs }: ListenSettings, serve: (fd: number) => Promise<void>) {
    this.#serve = serve;
    this.#allowed = allowUIDs === undefined ? undefined : new Set(allowUIDs);
    const fd = listenAt(listen, mode);
    if (fd < 0) throw new RPCError(-fd, 'listen', listen);
    this.#fd = fd;
    this.#listenNoMore = listenHere(fd);
    if (!listen.startsWith('\0')) this.#file = { path: listen, ino: inode(listen)! };
    this.#watch = new Watch(fd, true, () => this.#accept());
    this.#watch.hold(true);
  }

  /** Takes one connection; the event comes again while more wait. */
  #accept(): void {
    const fd = acceptUnix(this.#fd);
    if (fd === -EAGAIN) return;
    if (fd < 0) return this.#pause(-fd);
    if (this.#allowed !== undefined && !this.#allowed.has(peerUID(fd))) return closeFD(fd);
    this.#connections++;
    if (this.#connections >= MAX_CONNECTIONS_COUNT) this.#watch.want(false, false);
    void this.#serve(fd).then(() => {
      this.#connections--;
      this.#resume();
    });
  }

  #pause(errno: number): void {
    if (!this.#hasWarned) warnOfPause(errno);
    this.#hasWarned = true;
    this.#watch.want(false, false);
    this.#timer = setTimeout(() => this.#resume(), PAUSE_MS);
  }

  #resume(): void {
    if (!this.#closed && this.#connections < MAX_CONNECTIONS_COUNT) this.#watch.want(true, false);
  }

  /** Stops listening, and removes the socket's file if it still is ours. A second time does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#watch.close();
    this.#listenNoMore();
    closeFD(this.#fd);
    if (this.#file !== undefined && inode(this.#file.path) === this.#file.ino) unlinkSync(this.#file.path);
  }
}
