/**
 * Which socket is at the other end: sock_diag(7), which answers about the sockets of this network namespace; or, where
 * there is none (a kernel without it, a filter, a sandbox), by the names that sockets have.
 */

import { fstatSync } from 'node:fs';
import { closeFD } from './descriptor.js';
import { bind, getpeername, getsockname } from './libc.js';
import { openNetlink, receiveNow, sendNow } from './socket.js';

/** struct nlmsghdr and struct unix_diag_req; the answer is a header, struct unix_diag_msg, and attributes. */
const REQUEST_BYTES = 40;
const ATTRIBUTES_AT = 32;
const ANSWER_BYTES = 256;
const SOCK_DIAG_BY_FAMILY = 20;
const NLM_F_REQUEST = 1;
const AF_UNIX = 1;
const UDIAG_SHOW_PEER = 4;
const UNIX_DIAG_PEER = 2;
/** All states; and no cookie to compare. */
const ANY = 0xffff_ffff;

/** The number by which the kernel knows a socket. */
export function socketInode(fd: number): number {
  return fstatSync(fd).ino;
}

function request(inode: number): Buffer {
  const bytes = Buffer.alloc(REQUEST_BYTES);
  bytes.writeUInt32LE(REQUEST_BYTES, 0);
  bytes.writeUInt16LE(SOCK_DIAG_BY_FAMILY, 4);
  bytes.writeUInt16LE(NLM_F_REQUEST, 6);
  bytes.writeUInt8(AF_UNIX, 16);
  bytes.writeUInt32LE(ANY, 20);
  bytes.writeUInt32LE(inode, 24);
  bytes.writeUInt32LE(UDIAG_SHOW_PEER, 28);
  bytes.writeUInt32LE(ANY, 32);
  bytes.writeUInt32LE(ANY, 36);
  return bytes;
}

/** The peer's inode among the attributes of an answer of `count` bytes. */
function peerOf(answer: Buffer, count: number): number | undefined {
  if (count < ATTRIBUTES_AT || answer.readUInt16LE(4) !== SOCK_DIAG_BY_FAMILY) return undefined;
  for (let at = ATTRIBUTES_AT; at + 8 <= count;) {
    const size = answer.readUInt16LE(at);
    if (answer.readUInt16LE(at + 2) === UNIX_DIAG_PEER) return answer.readUInt32LE(at + 4);
    // Attributes are aligned to four bytes.
    at += Math.max((size + 3) & ~3, 4);
  }
  return undefined;
}

/**
 * The inode of the Unix socket that `fd` is connected to: 0 while it is not accepted, or is closed; undefined where the
 * kernel does not say.
 */
export function peerInode(fd: number): number | undefined {
  const netlink = openNetlink();
  if (netlink < 0) return undefined;
  try {
    const asked = request(socketInode(fd));
    if (sendNow(netlink, asked, asked.length) < 0) return undefined;
    const answer = Buffer.alloc(ANSWER_BYTES);
    return peerOf(answer, receiveNow(netlink, answer, answer.length));
  } finally {
    closeFD(netlink);
  }
}

/** struct sockaddr_un. */
const ADDRESS_BYTES = 110;
const FAMILY_BYTES = 2;

function nameBy(ask: typeof getsockname, fd: number): string {
  const address = Buffer.alloc(ADDRESS_BYTES);
  const size = Uint32Array.of(ADDRESS_BYTES);
  if (ask(fd, address, size) < 0) return '';
  return address.toString('latin1', FAMILY_BYTES, Math.min(size[0]!, ADDRESS_BYTES));
}

/** The name to which a Unix socket is bound, which one that was accepted has of its listener; '' for none. */
export function socketName(fd: number): string {
  return nameBy(getsockname, fd);
}

/** The name of the socket at the other end; '' for none. */
export function peerName(fd: number): string {
  return nameBy(getpeername, fd);
}

/** Has the kernel give a connected socket that has no name one that no other has (unix(7), autobind), if it will. */
export function nameSocket(fd: number): void {
  bind(fd, Uint8Array.of(AF_UNIX, 0), FAMILY_BYTES);
}
