/**
 * Which connections this thread serves itself. A synchronous call to one of them would block the very thread that is to
 * answer it.
 */

import { pollFD, POLLIN } from '../os/poll.js';
import { peerPID } from '../os/socket.js';
import { nameSocket, peerInode, peerName, socketInode, socketName } from '../os/socket-peer.js';

/** The server's ends of the connections that this thread serves: their names by their inodes. */
const served = new Map<number, string>();

/**
 * Notes that this thread serves the connection whose server's end is `fd`. Returns what takes that back. Where the
 * kernel does not tell of sockets, one of a pair that this process made is given a name, by which to know it.
 */
export function serveHere(fd: number): () => void {
  const inode = socketInode(fd);
  if (peerPID(fd) === process.pid && socketName(fd) === '' && peerInode(fd) === undefined) nameSocket(fd);
  served.set(inode, socketName(fd));
  return () => void served.delete(inode);
}

/** The sockets at which this thread listens, and their names. */
const listening = new Map<number, string>();

/** Notes that this thread listens on `fd`. Returns what takes that back. */
export function listenHere(fd: number): () => void {
  listening.set(fd, socketName(fd));
  return () => void listening.delete(fd);
}

/** True if a connection waits for this thread to accept it. */
function isAccepting(): boolean {
  for (const fd of listening.keys()) if (pollFD(fd, POLLIN, 0) > 0) return true;
  return false;
}

/** The same where only names tell. No two sockets listen at one name, so whoever has it belongs to this one. */
function isNamedHere(name: string): boolean {
  if (name === '') return false;
  if ([...served.values()].includes(name)) return true;
  return [...listening.values()].includes(name) && isAccepting();
}

/** The other end of one connection, seen from its client's. */
export class PeerPlace {
  readonly #fd: number;
  /** Who made or accepted the connection: no other process's server can be this thread's. */
  readonly #isOwnProcess: boolean;
  /** Once it is accepted, it is this socket for good. */
  #inode: number | undefined;

  constructor(fd: number) {
    this.#fd = fd;
    this.#isOwnProcess = peerPID(fd) === process.pid;
  }

  /** True if this thread serves it. Precondition: the client's end is open. */
  get isThisThread(): boolean {
    if (!this.#isOwnProcess || served.size + listening.size === 0) return false;
    const inode = this.#inode ?? peerInode(this.#fd);
    if (inode === undefined) return isNamedHere(peerName(this.#fd));
    if (inode === 0) return isAccepting();
    this.#inode = inode;
    return served.has(inode);
  }
}
