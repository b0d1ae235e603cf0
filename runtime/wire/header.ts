/**
 * The headers in front of every payload (`lisafs/sock.go`, `lisafs/channel.go`). Pads are written as zero and ignored
 * when read.
 *
 * ```
 *  socket   | payloadLen u32 | mid u16 | pad u16 |          payloadLen leaves these 8 bytes out
 *  channel  | mid u16 | numFDs u8 | pad u8 |                after flipcall's own header of 16 bytes
 * ```
 *
 * The peer can change shared memory at any moment: call each reader once for a message, and check what it gave.
 */

export const SOCK_HEADER_BYTES = 8;
export const CHANNEL_HEADER_BYTES = 4;

/** Writes a socket communicator's header. Precondition: 8 bytes of room at `at`; both values fit. */
export function putSockHeader(view: DataView, at: number, payloadLen: number, mid: number): void {
  view.setUint32(at, payloadLen, true);
  view.setUint16(at + 4, mid, true);
  view.setUint16(at + 6, 0, true);
}

/** The payload's size that a socket header announces. */
export function getSockPayloadLen(view: DataView, at: number): number {
  return view.getUint32(at, true);
}

/** The MID in a socket header. */
export function getSockMID(view: DataView, at: number): number {
  return view.getUint16(at + 4, true);
}

/** Writes a channel's header. Precondition: 4 bytes of room at `at`; both values fit. */
export function putChannelHeader(view: DataView, at: number, mid: number, numFDs: number): void {
  // One store: a peer that looks on takes the cache line away between two.
  view.setUint32(at, mid | (numFDs << 16), true);
}

/** The MID in a channel's header. */
export function getChannelMID(view: DataView, at: number): number {
  return view.getUint16(at, true);
}

/** How many descriptors wait in the FD channel. */
export function getChannelNumFDs(view: DataView, at: number): number {
  return view.getUint8(at + 2);
}
