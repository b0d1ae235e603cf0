/**
 * A packet window: the range of a memfd that the two ends of a channel share (`flipcall/packet_window.go`).
 *
 *     0  connState u32   whose turn it is
 *     4  dataLen   u32   size of the datagram, the channel header included
 *     8  reserved  u64   between two ends of this SDK: how each sleeps, u32 and u32
 *    16  datagram        begins, once connected, with the channel header of 4 bytes; then the payload
 */

import {
  F_SEAL_SHRINK,
  fileSize,
  isOrdinaryMemory,
  mapWindow,
  memfdSeals,
  PAGE_BYTES,
  retireWindow,
  type Region,
} from '../os/memory.js';
import { EINVAL } from '../wire/errno.js';
import { CHANNEL_HEADER_BYTES } from '../wire/header.js';
import { MAX_WINDOW_BYTES, MIN_WINDOW_BYTES } from '../wire/limits.js';
import { Payload } from '../wire/payload.js';

export const PACKET_HEADER_BYTES = 16;

/** Where a packet window lies: a memfd, an offset in whole pages, a length in bytes. */
export interface PacketWindowDescriptor {
  readonly fd: number;
  readonly offset: number;
  readonly length: number;
}

export class PacketWindow {
  readonly #region: Region;
  #destroyed = false;
  /** The header's words, for Atomics: see turn-words.ts. */
  readonly header: Int32Array;
  /** The datagram, channel header included. */
  readonly datagram: Payload;
  /** What comes after the channel header. */
  readonly payload: Payload;

  /** Takes over a mapped region. */
  constructor(region: Region) {
    this.#region = region;
    const { buffer, size } = region;
    this.header = new Int32Array(buffer, 0, PACKET_HEADER_BYTES / 4);
    this.datagram = new Payload(buffer, PACKET_HEADER_BYTES, size - PACKET_HEADER_BYTES);
    const payloadAt = PACKET_HEADER_BYTES + CHANNEL_HEADER_BYTES;
    this.payload = new Payload(buffer, payloadAt, size - payloadAt);
  }

  /** Address of connState, for futex(2). */
  get address(): number {
    return this.#region.address;
  }

  /** Lets go of the memory, once. The caller must not touch the window's views any more. */
  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    retireWindow(this.#region);
  }
}

/**
 * Maps a window that a peer offers, after checks that it cannot make it vanish under us: a memfd that lacks the seal
 * against shrinking, or ends before the window does, would turn our next access into SIGBUS. Returns -EINVAL for such
 * a window, or the errno of a failed call. The descriptor stays the caller's and may be closed afterwards.
 */
export function openPacketWindow({ fd, offset, length }: PacketWindowDescriptor): PacketWindow | number {
  if (!(length >= MIN_WINDOW_BYTES && length <= MAX_WINDOW_BYTES)) return -EINVAL;
  if (!(offset >= 0 && offset % PAGE_BYTES === 0)) return -EINVAL;
  // Seals first: what cannot shrink after this is at least as large as it is measured to be next.
  const seals = memfdSeals(fd);
  if (seals < 0) return seals;
  if ((seals & F_SEAL_SHRINK) === 0 || !isOrdinaryMemory(fd)) return -EINVAL;
  const size = fileSize(fd);
  if (size < 0) return size;
  if (offset + length > size) return -EINVAL;
  const region = mapWindow(fd, offset, length);
  return typeof region === 'number' ? region : new PacketWindow(region);
}
