/** The connection's own socket, server side: requests in, responses and their descriptors out (`lisafs/sock.go`). */

import { closeFD } from '../os/descriptor.js';
import { hasHungUp, Watch } from '../os/poll.js';
import { receiveNow, sendNow, sendWithFDs, shutdownSocket } from '../os/socket.js';
import { EAGAIN, EBADF, ECONNRESET, EINTR, EPIPE } from '../wire/errno.js';
import { getSockMID, getSockPayloadLen, putSockHeader, SOCK_HEADER_BYTES } from '../wire/header.js';
import { Payload } from '../wire/payload.js';
import { beginLater, endLater } from './attention.js';
import { serveHere } from './served-here.js';
import type { ServerCommunicator } from './server-communicator.js';

/** After so many reads the event loop gets its turn, however fast the client sends. A socket holds about 200 KiB. */
const MAX_READS_COUNT = 64;

export class ServerSocket implements ServerCommunicator {
  readonly name = 'socket';
  readonly payload: Payload;
  mid = 0;
  #fd: number;
  readonly #watch: Watch;
  readonly #onHangUp: () => void;
  #onReady: (() => void) | undefined;
  #onWatching: (() => void) | undefined;
  #hungUp = false;
  #awaitsRoom = false;
  readonly #serveNoMore: () => void;

  /** The header of a response and, behind it, `payload`, so that both leave in one call. */
  readonly #message: Buffer;
  readonly #messageView: DataView;
  readonly #header = Buffer.alloc(SOCK_HEADER_BYTES);
  readonly #headerView = new DataView(this.#header.buffer, this.#header.byteOffset, SOCK_HEADER_BYTES);
  /** How much of the request has come: of its header, then of its payload. */
  #headerGot = 0;
  #payloadGot = 0;
  #payloadLen = 0;
  /** What of the response is not sent yet: from here to there in #message. */
  #sendAt = 0;
  #sendEnd = 0;

  /**
   * Takes ownership of a connected socket. `onHangUp` comes once, from the event loop, when the client is gone, whether
   * a request is being answered or not.
   */
  constructor(fd: number, maxMessageSize: number, onHangUp: () => void) {
    this.#fd = fd;
    this.#serveNoMore = serveHere(fd);
    this.#onHangUp = onHangUp;
    // Memory that is never touched costs nothing: the kernel gives pages on first use.
    const buffer = new ArrayBuffer(SOCK_HEADER_BYTES + maxMessageSize);
    this.#message = Buffer.from(buffer);
    this.#messageView = new DataView(buffer, 0, SOCK_HEADER_BYTES);
    this.payload = new Payload(buffer, SOCK_HEADER_BYTES, maxMessageSize);
    this.#watch = new Watch(fd, false, this.#onEvent);
  }

  get fd(): number {
    return this.#fd;
  }

  /** True while a response waits for room. */
  get sending(): boolean {
    return this.#sendAt < this.#sendEnd;
  }

  /** Sends what there is room for now. 0 once nothing is left, -EAGAIN, or another -errno. */
  flush(): number {
    return this.#sendRest();
  }

  receive(): number {
    const sent = this.#sendRest();
    if (sent < 0) return sent;
    const header = this.#receiveHeader();
    if (header < 0) return header;
    const payload = this.#receivePayload();
    if (payload < 0) return payload;
    this.#headerGot = 0;
    this.#payloadGot = 0;
    return this.#payloadLen;
  }

  #receiveHeader(): number {
    while (this.#headerGot < SOCK_HEADER_BYTES) {
      const rest = this.#headerGot === 0 ? this.#header : this.#header.subarray(this.#headerGot);
      const count = receiveNow(this.#fd, rest, SOCK_HEADER_BYTES - this.#headerGot);
      if (count === -EINTR) continue;
      if (count <= 0) return count || -ECONNRESET;
      this.#headerGot += count;
      if (this.#headerGot < SOCK_HEADER_BYTES) continue;
      this.mid = getSockMID(this.#headerView, 0);
      this.#payloadLen = getSockPayloadLen(this.#headerView, 0);
    }
    return 0;
  }

  /**
   * A payload that is too large is read to its end as well, over itself, so that the next request is found behind it.
   */
  #receivePayload(): number {
    const { bytes, capacity } = this.payload;
    const tooLarge = this.#payloadLen > capacity;
    for (let reads = 0; this.#payloadGot < this.#payloadLen; reads++) {
      if (reads === MAX_READS_COUNT) return -EAGAIN;
      const rest = tooLarge || this.#payloadGot === 0 ? bytes : bytes.subarray(this.#payloadGot);
      const count = receiveNow(this.#fd, rest, Math.min(this.#payloadLen - this.#payloadGot, rest.length));
      if (count === -EINTR) continue;
      if (count <= 0) return count || -ECONNRESET;
      this.#payloadGot += count;
    }
    return 0;
  }

  respond(mid: number, payloadLen: number, fds: readonly number[]): number {
    putSockHeader(this.#messageView, 0, payloadLen, mid);
    this.#sendAt = 0;
    this.#sendEnd = SOCK_HEADER_BYTES + payloadLen;
    // Descriptors go with the first bytes, and only a header's worth of bytes can go with them here. They have to go
    // now, since the caller closes them: without room for them, and where one is none, the client gets the response
    // alone.
    if (fds.length > 0) {
      const count = sendWithFDs(this.#fd, this.#message.subarray(0, SOCK_HEADER_BYTES), fds);
      if (count > 0) this.#sendAt = count;
      else if (count !== -EAGAIN && count !== -EINTR && count !== -EBADF) return count || -EPIPE;
    }
    const result = this.#sendRest();
    return result === -EAGAIN ? 0 : result;
  }

  /** Sends what is left of the response. 0 once all is sent, else -errno; -EAGAIN while the socket is full. */
  #sendRest(): number {
    while (this.#sendAt < this.#sendEnd) {
      const rest = this.#sendAt === 0 ? this.#message : this.#message.subarray(this.#sendAt);
      const count = sendNow(this.#fd, rest, this.#sendEnd - this.#sendAt);
      if (count === -EINTR) continue;
      // A client that hung up will not make room.
      if (count < 0) return count === -EAGAIN && this.#hungUp ? -ECONNRESET : count;
      this.#sendAt += count;
    }
    return 0;
  }

  watch(onReady: () => void): void {
    this.#awaitRoom(this.sending && !this.#hungUp);
    if (this.#hungUp) {
      // Nothing more comes, and what has come can be read at once.
      setImmediate(onReady);
      return;
    }
    this.#onReady = onReady;
    const sending = this.#sendAt < this.#sendEnd;
    this.#watch.want(!sending, sending);
    this.#watch.hold(true);
    if (!sending && this.#onWatching !== undefined) this.#tellWatching();
  }

  /** While a response waits for room this thread lives by its event loop, which alone is told of that. */
  #awaitRoom(awaits: boolean): void {
    if (awaits === this.#awaitsRoom) return;
    this.#awaitsRoom = awaits;
    if (awaits) beginLater();
    else endLater();
  }

  #tellWatching(): void {
    const onWatching = this.#onWatching;
    this.#onWatching = undefined;
    onWatching?.();
  }

  /**
   * Calls `onWatching` once, when input is being looked for: now, perhaps; or after the request that is being answered.
   * Never where the client has hung up meanwhile.
   */
  whenWatching(onWatching: () => void): void {
    this.#onWatching = onWatching;
    if (this.#onReady !== undefined && !this.sending) this.#tellWatching();
  }

  /** Input, room for output, or a hang-up, which comes also while a request is being answered. */
  readonly #onEvent = (): void => {
    const onReady = this.#onReady;
    if (this.#fd >= 0 && hasHungUp(this.#fd)) {
      // The event would come again and again.
      this.#hungUp = true;
      this.#watch.close();
      this.#onHangUp();
    } else {
      this.#watch.want(false, false);
      this.#watch.hold(false);
    }
    this.#onReady = undefined;
    onReady?.();
  };

  destroy(): void {
    if (this.#fd < 0) return;
    this.#onReady = undefined;
    this.#awaitRoom(false);
    this.#watch.close();
    this.#serveNoMore();
    shutdownSocket(this.#fd);
    closeFD(this.#fd);
    this.#fd = -1;
  }
}
