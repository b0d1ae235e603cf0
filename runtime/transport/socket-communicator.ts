/** The connection's own socket as a communicator: slower than a channel, and always there (`lisafs/sock.go`). */

import { closeFD } from '../os/descriptor.js';
import { hasHungUp, pollFD, POLLIN, POLLOUT, Watch } from '../os/poll.js';
import { receiveNow, receiveWithFDs, sendNow, shutdownSocket } from '../os/socket.js';
import { EAGAIN, ECONNRESET, EINTR, EMSGSIZE } from '../wire/errno.js';
import { getSockMID, getSockPayloadLen, putSockHeader, SOCK_HEADER_BYTES } from '../wire/header.js';
import { MAX_MESSAGE_BYTES } from '../wire/limits.js';
import { Payload } from '../wire/payload.js';
import type { Communicator } from './communicator.js';
import { callThreads } from './dedicated.js';

const INITIAL_PAYLOAD_BYTES = 4096;
/** After so many reads the event loop gets its turn, however fast the peer sends. A socket holds about 200 KiB. */
const MAX_READS_COUNT = 64;

export class SocketCommunicator implements Communicator {
  readonly name = 'socket';
  readonly fds: number[] = [];
  mid = 0;
  dead = false;
  /** The largest response that is taken: receive returns -EMSGSIZE for more, and the socket goes on. */
  maxPayloadLen: number;
  #fd: number;
  #watch: Watch;
  readonly #onHangUp: () => void;
  #onReady: (() => void) | undefined;

  /** The header and, behind it, `payload`, so that a request leaves in one call. */
  #message!: Buffer;
  #headerView!: DataView;
  #payload!: Payload;
  /** What of the request is not sent yet: from here to there in #message. */
  #sendAt = 0;
  #sendEnd = 0;
  /** How much of the response has come: of its header, then of its payload. */
  readonly #header = Buffer.alloc(SOCK_HEADER_BYTES);
  readonly #responseView = new DataView(this.#header.buffer, this.#header.byteOffset, SOCK_HEADER_BYTES);
  #headerGot = 0;
  #payloadGot = 0;
  #payloadLen = 0;
  #wantFDs = 0;

  /** Takes ownership of a connected socket. `onHangUp` comes once, from the event loop, when the peer is gone. */
  constructor(fd: number, maxPayloadLen: number, onHangUp: () => void) {
    this.#fd = fd;
    this.maxPayloadLen = maxPayloadLen;
    this.#onHangUp = onHangUp;
    this.#allocate(INITIAL_PAYLOAD_BYTES);
    this.#watch = new Watch(fd, false, this.#onEvent);
  }

  get fd(): number {
    return this.#fd;
  }

  /** True once the peer has closed or shut down its side. */
  get hasHungUp(): boolean {
    return hasHungUp(this.#fd);
  }

  /** Blocks the thread until there is input, at most `ms`. */
  sleep(ms: number): void {
    pollFD(this.#fd, POLLIN, ms);
  }

  get payload(): Payload {
    return this.#payload;
  }

  #allocate(capacity: number): void {
    const buffer = new ArrayBuffer(SOCK_HEADER_BYTES + capacity);
    this.#message = Buffer.from(buffer);
    this.#headerView = new DataView(buffer, 0, SOCK_HEADER_BYTES);
    this.#payload = new Payload(buffer, SOCK_HEADER_BYTES, capacity);
  }

  reserve(size: number): boolean {
    if (size > MAX_MESSAGE_BYTES) return false;
    if (size > this.#payload.capacity)
      this.#allocate(Math.min(Math.max(size, this.#payload.capacity * 2), MAX_MESSAGE_BYTES));
    return true;
  }

  send(mid: number, payloadLen: number, wantFDs: number): number {
    if (this.dead) return -ECONNRESET;
    putSockHeader(this.#headerView, 0, payloadLen, mid);
    this.#sendAt = 0;
    this.#sendEnd = SOCK_HEADER_BYTES + payloadLen;
    this.#headerGot = 0;
    this.#payloadGot = 0;
    this.#wantFDs = wantFDs;
    const result = this.#sendRest();
    return result === -EAGAIN ? 0 : result;
  }

  /** Sends what is left of the request. 0 once all is sent, else -errno; -EAGAIN while the socket is full. */
  #sendRest(): number {
    while (this.#sendAt < this.#sendEnd) {
      const rest = this.#sendAt === 0 ? this.#message : this.#message.subarray(this.#sendAt);
      const count = sendNow(this.#fd, rest, this.#sendEnd - this.#sendAt);
      if (count === -EINTR) continue;
      if (count < 0) return count === -EAGAIN ? count : this.#fail(count);
      this.#sendAt += count;
    }
    return 0;
  }

  receive(): number {
    const sent = this.#sendRest();
    if (sent < 0) return sent;
    if (this.#headerGot < SOCK_HEADER_BYTES) {
      const result = this.#receiveHeader();
      if (result < 0) return result;
    }
    return this.#receivePayload();
  }

  /** The descriptors travel with the header's first byte, so only the first read lets any in. */
  #receiveHeader(): number {
    while (this.#headerGot < SOCK_HEADER_BYTES) {
      const wantFDs = this.#headerGot === 0 ? this.#wantFDs : 0;
      const rest = this.#headerGot === 0 ? this.#header : this.#header.subarray(this.#headerGot);
      const count = receiveWithFDs(this.#fd, rest, wantFDs, this.fds);
      if (count === -EINTR) continue;
      if (count <= 0) return count === -EAGAIN ? count : this.#fail(count || -ECONNRESET);
      this.#headerGot += count;
    }
    this.mid = getSockMID(this.#responseView, 0);
    this.#payloadLen = getSockPayloadLen(this.#responseView, 0);
    if (this.#payloadLen <= this.maxPayloadLen) this.reserve(this.#payloadLen);
    return 0;
  }

  /** One that is too large is read to its end and dropped, so that the next response is found. */
  #receivePayload(): number {
    const tooLarge = this.#payloadLen > this.maxPayloadLen;
    for (let reads = 0; this.#payloadGot < this.#payloadLen; reads++) {
      if (reads === MAX_READS_COUNT) return -EAGAIN;
      const { bytes } = this.#payload;
      const rest = tooLarge || this.#payloadGot === 0 ? bytes : bytes.subarray(this.#payloadGot);
      const count = receiveNow(this.#fd, rest, Math.min(rest.length, this.#payloadLen - this.#payloadGot));
      if (count === -EINTR) continue;
      if (count <= 0) return count === -EAGAIN ? count : this.#fail(count || -ECONNRESET);
      this.#payloadGot += count;
    }
    return tooLarge ? -EMSGSIZE : this.#payloadLen;
  }

  receiveSync(deadline = Infinity): number {
    for (;;) {
      // poll(2) passes over a descriptor that is none, and would wait for ever.
      if (this.#fd < 0) return -ECONNRESET;
      callThreads();
      // Never an answer so soon, and the socket is non-blocking: look before reading.
      const left = deadline === Infinity ? -1 : Math.max(Math.ceil(deadline - performance.now()), 0);
      pollFD(this.#fd, this.#sendAt < this.#sendEnd ? POLLOUT : POLLIN, left);
      const result = this.receive();
      if (result !== -EAGAIN || left === 0) return result;
    }
  }

  giveWayToWoken(): boolean {
    return false;
  }

  watch(onReady: () => void): void {
    this.#onReady = onReady;
    const sending = this.#sendAt < this.#sendEnd;
    this.#watch.want(!sending, sending);
    this.#watch.hold(true);
  }

  unwatch(): void {
    this.#onReady = undefined;
    this.#watch.want(false, false);
    this.#watch.hold(false);
  }

  /** Input, room for output, or a hang-up: a call in progress takes what there is before it learns of a hang-up. */
  readonly #onEvent = (): void => {
    const onReady = this.#onReady;
    if (onReady !== undefined) {
      this.unwatch();
      onReady();
    }
    if (this.#fd < 0 || !hasHungUp(this.#fd)) return;
    // The event would come again and again.
    this.#watch.close();
    this.#onHangUp();
  };

  destroy(): void {
    if (this.#fd < 0) return;
    this.dead = true;
    this.#onReady = undefined;
    this.#watch.close();
    shutdownSocket(this.#fd);
    closeFD(this.#fd);
    this.#fd = -1;
  }

  #fail(result: number): number {
    this.dead = true;
    return result;
  }
}
