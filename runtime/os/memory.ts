/**
 * Mappings of our own: scratch memory whose address is known, and windows on a peer's memfd.
 *
 * A view of unmapped memory is a crash, or silently somebody else's memory, and an ArrayBuffer over a mapping cannot be
 * detached on Node 20. So a window's range of addresses is never given back to the kernel: retiring it puts anonymous
 * memory in the place of the memfd's pages (which lets go of the memfd), and the range, with its one ArrayBuffer, is
 * used again for the next window of that length.
 */

import { MAX_RETIRED_WINDOWS_COUNT } from '../wire/limits.js';
import {
  errno,
  memfdCreate,
  mmap,
  mremap,
  ftruncate as libcFtruncate,
  munmap,
  fstatfs,
  statxPathAt,
  fcntl,
  viewMemory,
} from './libc.js';
import { closeFD } from './descriptor.js';

const PROT_READ_WRITE = 0x3;
const MAP_SHARED = 0x1;
const MAP_PRIVATE = 0x2;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
const MAP_NORESERVE = 0x4000;
const MREMAP_MAYMOVE = 0x1;
const MREMAP_FIXED = 0x2;

const MFD_CLOEXEC = 0x1;
const MFD_ALLOW_SEALING = 0x2;
const F_ADD_SEALS = 1033;
const F_GET_SEALS = 1034;
export const F_SEAL_SEAL = 0x1;
export const F_SEAL_SHRINK = 0x2;

/** The page size of the kernel is at least this; offsets into a memfd are whole pages. */
export const PAGE_BYTES = 4096;

/** A range of addresses of this process and the one view on it. */
export interface Region {
  readonly address: number;
  readonly size: number;
  readonly buffer: ArrayBuffer;
}

/**
 * Anonymous memory that lives as long as the process: for what system calls read and write. Throws when there is none.
 */
export function allocScratch(size: number): Region {
  const address = mmap(0, size, PROT_READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address === -1) throw new Error(`lisafs: cannot map ${size} bytes of scratch memory (errno ${errno()})`);
  return { address, size, buffer: viewMemory(address, size) };
}

/** Ranges whose window is gone, newest last. Their ArrayBuffers are held by the dead channels' views at most. */
const retired: Region[] = [];

function takeRetired(size: number): Region | undefined {
  const i = retired.findLastIndex((region) => region.size === size);
  return i < 0 ? undefined : retired.splice(i, 1)[0];
}

/**
 * Maps `size` bytes at `offset` of a memfd, shared. The descriptor is not needed afterwards and stays the caller's.
 * Returns the region, owned by the caller until retireWindow, or -errno.
 */
export function mapWindow(fd: number, offset: number, size: number): Region | number {
  // First anywhere, then over the old range: a MAP_FIXED that the file refuses (its seals do, at its maker's will) has
  // unmapped the range before it fails on most kernels, and whatever came to lie there would be the next window's.
  const address = mmap(0, size, PROT_READ_WRITE, MAP_SHARED, fd, offset);
  if (address === -1) return -errno();
  const reused = takeRetired(size);
  if (reused === undefined) return { address, size, buffer: viewMemory(address, size) };
  if (mremap(address, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, reused.address) !== -1) return reused;
  // Only for want of kernel memory. The range may be a hole now: it is not used again.
  const error = -errno();
  munmap(address, size);
  return error;
}

/** Ranges too many to keep are unmapped once nothing can reach their view any more. */
const unreachable = new FinalizationRegistry<{ address: number; size: number }>(({ address, size }) => {
  munmap(address, size);
});

/** Lets go of a window's memfd. Views on the region stay valid and read as zeros, until the range is used again. */
export function retireWindow(region: Region): void {
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE;
  if (mmap(region.address, region.size, PROT_READ_WRITE, flags, -1, 0) === -1) {
    // The old pages stay mapped: a leak that harms nobody. There is no memory to report it better.
    return;
  }
  if (retired.length < MAX_RETIRED_WINDOWS_COUNT) retired.push(region);
  else unreachable.register(region.buffer, { address: region.address, size: region.size });
}

const noPath = allocScratch(1);
/** The flag of calls that work on a descriptor alone, with an empty path. */
export const AT_EMPTY_PATH = 0x1000;
/** That path. Nobody writes to it. */
export const NO_PATH = Buffer.from(noPath.buffer);
/** Where its bytes are. */
export const NO_PATH_ADDRESS = noPath.address;

const statxResult = allocScratch(PAGE_BYTES);
const statxView = new DataView(statxResult.buffer);
const STATX_SIZE = 0x200;
/** Offset of stx_size in struct statx, which is the same on every machine (`linux/stat.h`). */
const STX_SIZE_AT = 40;

/** The size of an open file in bytes, or -errno. */
export function fileSize(fd: number): number {
  if (statxPathAt(fd, NO_PATH_ADDRESS, AT_EMPTY_PATH, STATX_SIZE, statxResult.address) < 0) return -errno();
  return statxView.getUint32(STX_SIZE_AT + 4, true) * 0x1_0000_0000 + statxView.getUint32(STX_SIZE_AT, true);
}

/** What statfs(2) says of memory files; those on hugetlbfs have another number (`linux/magic.h`). */
const TMPFS_MAGIC = 0x0102_1994;

/**
 * True for a file of ordinary memory pages. A memfd of huge pages (MFD_HUGETLB) can be sealed as well, but a page of it
 * that its maker punches out may not come back when it is touched: SIGBUS.
 */
export function isOrdinaryMemory(fd: number): boolean {
  return fstatfs(fd, statxResult.address) === 0 && statxView.getUint32(0, true) === TMPFS_MAGIC;
}

/** The seals of a memfd (F_SEAL_*), or -errno: -EINVAL for a file that cannot have any. */
export function memfdSeals(fd: number): number {
  const seals = fcntl(fd, F_GET_SEALS, 0);
  return seals < 0 ? -errno() : seals;
}

/**
 * Makes a memfd of `size` zero bytes that can no longer shrink, as flipcall wants it. Returns a descriptor that the
 * caller owns, close-on-exec, or -errno.
 */
export function createMemfd(name: string, size: number): number {
  const fd = memfdCreate(Buffer.from(`${name}\0`), MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return -errno();
  const failed = libcFtruncate(fd, size) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_SEAL) < 0;
  if (!failed) return fd;
  const error = -errno();
  closeFD(fd);
  return error;
}
