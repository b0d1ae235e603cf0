/** Reading a directory of the host's, entry by entry, as gVisor's server does. */

import { readEntries, rewindEntries } from '../os/content.js';
import { kernelAnswer, statEntry } from '../os/inode.js';
import type { DirectoryEntry } from '../session/backend.js';
import { EINVAL } from '../wire/errno.js';
import { decodeString } from '../wire/string.js';

/** struct linux_dirent64: ino u64, off i64, reclen u16, type u8, name. */
const OFF_AT = 8;
const RECLEN_AT = 16;
const TYPE_AT = 18;
const NAME_AT = 19;

/** What one call reads at most, and what every entry fits. */
const BUFFER_BYTES = 8192;
const LARGEST_ENTRY_BYTES = 280;
const DEV_MAJOR_AT = 136;
const DEV_MINOR_AT = 140;

const buffer = Buffer.alloc(BUFFER_BYTES);

/** The next entries of the directory `fd`, or a negative errno if there is one before anything was read. */
export function entriesOf(fd: number, size: number, rewind: boolean): DirectoryEntry[] | number {
  if (rewind) {
    const error = rewindEntries(fd);
    if (error < 0) return error;
  }
  const entries: DirectoryEntry[] = [];
  for (let taken = 0; taken < size;) {
    const room = Math.min(BUFFER_BYTES, size - taken);
    const count = readEntries(fd, buffer.subarray(0, room));
    if (count === 0) break;
    if (count < 0) {
      // The next entry does not fit what is left: it is for the next call.
      if (count === -EINVAL && room < LARGEST_ENTRY_BYTES) break;
      return count;
    }
    taken += takeEntries(fd, count, entries);
  }
  return entries;
}

/** Adds the entries in the first `count` bytes of the buffer; returns the size of those that were added. */
function takeEntries(fd: number, count: number, entries: DirectoryEntry[]): number {
  let taken = 0;
  for (let at = 0; at < count;) {
    const reclen = buffer.readUInt16LE(at + RECLEN_AT);
    if (takeEntry(fd, at, entries)) taken += reclen;
    at += reclen;
  }
  return taken;
}

/**
 * Adds one entry with its device, which takes a system call of its own. False for `.`, `..` and what is gone already.
 */
function takeEntry(fd: number, at: number, entries: DirectoryEntry[]): boolean {
  const nameAt = at + NAME_AT;
  const end = buffer.indexOf(0, nameAt);
  const name = decodeString(buffer, nameAt, end);
  if (name === '.' || name === '..') return false;
  if (statEntry(fd, buffer.subarray(nameAt, end + 1)) < 0) return false;
  entries.push({
    ino: buffer.readBigUInt64LE(at),
    devMinor: kernelAnswer.view.getUint32(DEV_MINOR_AT, true),
    devMajor: kernelAnswer.view.getUint32(DEV_MAJOR_AT, true),
    off: buffer.readBigUInt64LE(at + OFF_AT),
    type: buffer[at + TYPE_AT]!,
    name,
  });
  return true;
}
