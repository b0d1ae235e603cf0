/** What the kernel says of files and file systems, as LISAFS says it. */

import { kernelAnswer, statFD, statFileSystem } from '../os/inode.js';
import { Statx, unmarshalStatx, type FileSystemStat } from '../session/backend.js';

export const S_IFMT = 0o170000;
export const S_IFSOCK = 0o140000;
export const S_IFLNK = 0o120000;
export const S_IFREG = 0o100000;
export const S_IFDIR = 0o040000;
export const S_IFCHR = 0o020000;
export const S_IFIFO = 0o010000;

const STATX_BYTES = 144;
const ATTRIBUTES_AT = 8;
const ATTRIBUTES_MASK_AT = 56;

/**
 * What is known of an open file, in `stat`; or a negative errno. The wire's Statx begins as the kernel's struct. The
 * attribute bits are left out, as gVisor leaves them out: they are about the host's file system.
 */
export function statOf(fd: number, stat = new Statx()): Statx | number {
  const error = statFD(fd);
  if (error < 0) return error;
  unmarshalStatx(kernelAnswer, 0, STATX_BYTES, stat);
  stat.attributes = 0;
  stat.attributesMask = 0;
  return stat;
}

const statxBytes = kernelAnswer.run(0, STATX_BYTES);

/** As statOf, in the form of the wire; valid until the kernel is asked again. The rest of its struct stays here. */
export function statBytesOf(fd: number): Uint8Array | number {
  const error = statFD(fd);
  if (error < 0) return error;
  const { view } = kernelAnswer;
  view.setInt32(ATTRIBUTES_AT, 0, true);
  view.setInt32(ATTRIBUTES_AT + 4, 0, true);
  view.setInt32(ATTRIBUTES_MASK_AT, 0, true);
  view.setInt32(ATTRIBUTES_MASK_AT + 4, 0, true);
  return statxBytes;
}

/** struct statfs of 64-bit machines: all of it is 64 bits wide, but for the id. */
export function statFileSystemOf(fd: number): FileSystemStat | number {
  const error = statFileSystem(fd);
  if (error < 0) return error;
  const { view } = kernelAnswer;
  const u64 = (at: number): bigint => view.getBigUint64(at, true);
  return {
    type: u64(0),
    blockSize: view.getBigInt64(8, true),
    blocks: u64(16),
    blocksFree: u64(24),
    blocksAvailable: u64(32),
    files: u64(40),
    filesFree: u64(48),
    nameLength: u64(64),
  };
}
