/**
 * A server that says what a test tells it to, right or wrong, over a real socket pair and real channels. For what no
 * honest server does; what an honest one does is tested against gVisor.
 */

import { closeFD, duplicateFD } from '../../runtime/os/descriptor.js';
import { createMemfd, mapWindow } from '../../runtime/os/memory.js';
import { Watch } from '../../runtime/os/poll.js';
import {
  receiveNow,
  sendNow,
  sendWithFDs,
  shutdownSocket,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  socketPair,
} from '../../runtime/os/socket.js';
import { Endpoint } from '../../runtime/transport/endpoint.js';
import { FDChannel } from '../../runtime/transport/fd-channel.js';
import { openPacketWindow, PacketWindow } from '../../runtime/transport/packet-window.js';
import { arm, disarm, releaseWaiter, retainWaiter, type Armed } from '../../runtime/transport/waiter.js';
import { EAGAIN } from '../../runtime/wire/errno.js';
import {
  CHANNEL_HEADER_BYTES,
  getChannelMID,
  getSockMID,
  getSockPayloadLen,
  putChannelHeader,
  putSockHeader,
  SOCK_HEADER_BYTES,
} from '../../runtime/wire/header.js';

export const WINDOW_BYTES = 65536;
export const MAX_MESSAGE = 32768;
export const ENOMEM = 12;

export function pair(type: number): [number, number] {
  const result = socketPair(type);
  if (typeof result === 'number') throw new Error(`socketpair: errno ${-result}`);
  return result;
}

/** One request as it came, and the ways to answer it. */
export interface Request {
  readonly over: 'socket' | 'channel';
  readonly mid: number;
  readonly payload: Buffer;
  /** Answers with these bytes; descriptors go along and are closed here. `numFDs` and `payloadLen` can lie. */
  reply(mid: number, payload?: Uint8Array, fds?: number[], lies?: { numFDs?: number; payloadLen?: number }): void;
  /** The channel it came over. */
  readonly channel?: PeerChannel;
}

/** Says true where it has dealt with the request; else the peer answers as an honest server does. */
export type Script = (request: Request) => boolean;

export function u32(value: number): Buffer {
  return Buffer.from(Uint32Array.of(value).buffer);
}

/** MountResp: an inode of zeros but for its control FD 1, the maximum size, the MIDs. */
export function mountResponse(supported: readonly number[], maxMessageSize = MAX_MESSAGE): Buffer {
  const inode = Buffer.alloc(152);
  inode.writeUInt32LE(1, 0);
  const mids = Uint16Array.from(supported);
  return Buffer.concat([
    inode,
    u32(maxMessageSize),
    Buffer.from(Uint16Array.of(mids.length).buffer),
    Buffer.from(mids.buffer),
  ]);
}

/** The server's end of a channel. */
export class PeerChannel {
  readonly endpoint: Endpoint;
  readonly #fdChannel: FDChannel;
  readonly #onRequest: (request: Request) => void;
  #armed: Armed | undefined;
  #connected = false;
  #destroyed = false;

  constructor(memfd: number, fdSocket: number, onRequest: (request: Request) => void) {
    const region = mapWindow(memfd, 0, WINDOW_BYTES);
    if (typeof region === 'number') throw new Error(`mmap: errno ${-region}`);
    this.endpoint = new Endpoint(new PacketWindow(region), 'server');
    this.#fdChannel = FDChannel.open(fdSocket) as FDChannel;
    this.#onRequest = onRequest;
    retainWaiter();
    this.#await();
  }

  #await(): void {
    const { endpoint } = this;
    this.#armed = arm(endpoint.waitAddress, endpoint.waitValue, () => {
      this.#armed = undefined;
      this.#look();
    });
  }

  #look(): void {
    const dataLen = this.endpoint.receive();
    if (dataLen === -EAGAIN) return this.#await();
    if (dataLen < 0) return;
    const { datagram } = this.endpoint.window;
    if (!this.#connected) {
      this.#connected = true;
      this.endpoint.sendConnect();
      return this.#await();
    }
    const mid = getChannelMID(datagram.view, 0);
    const payload = Buffer.from(datagram.bytes.subarray(CHANNEL_HEADER_BYTES, dataLen));
    this.#onRequest({ over: 'channel', mid, payload, channel: this, reply: this.#reply });
  }

  readonly #reply: Request['reply'] = (mid, payload = new Uint8Array(0), fds = [], lies = {}) => {
    for (const fd of fds) {
      this.#fdChannel.send(fd);
      closeFD(fd);
    }
    const { datagram } = this.endpoint.window;
    putChannelHeader(datagram.view, 0, mid, lies.numFDs ?? fds.length);
    datagram.bytes.set(payload, CHANNEL_HEADER_BYTES);
    this.endpoint.send(lies.payloadLen ?? CHANNEL_HEADER_BYTES + payload.length);
    if (!this.#destroyed) this.#await();
  };

  /** Answers nothing any more. */
  mute(): void {
    if (this.#armed !== undefined) disarm(this.#armed);
    this.#armed = undefined;
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    if (this.#armed !== undefined) disarm(this.#armed);
    this.endpoint.shutdown();
    this.#fdChannel.destroy();
    this.endpoint.window.destroy();
    releaseWaiter();
  }
}

/** Which messages the honest part answers: Mount, Channel, FStat (zeros), Flush and Connect. */
const SUPPORTED = [1, 2, 3, 5, 12, 20, 21];

export class ScriptedPeer {
  /** The client's end. Give it to connect, which then owns it. -1 where the peer was made on a given socket. */
  readonly clientFD: number;
  readonly channels: PeerChannel[] = [];
  /** Requests in the order in which they came. */
  readonly seen: Request[] = [];
  script: Script = () => false;
  /** Called once the client is gone and all is freed. */
  onClose: () => void = () => undefined;
  supported = SUPPORTED;
  /** How many channels are granted before ENOMEM. */
  grant = 2;
  #fd: number;
  readonly #watch: Watch;
  #received = Buffer.alloc(0);

  /** On a new socket pair, or on a server's end that it takes over. */
  constructor(given?: number) {
    const [clientFD, fd] = given === undefined ? pair(SOCK_STREAM) : [-1, given];
    this.clientFD = clientFD;
    this.#fd = fd;
    this.#watch = new Watch(fd, true, () => this.#read());
  }

  #read(): void {
    const chunk = Buffer.alloc(1 << 16);
    const count = receiveNow(this.#fd, chunk, chunk.length);
    if (count === -EAGAIN) return;
    if (count <= 0) return this.close();
    this.#received = Buffer.concat([this.#received, chunk.subarray(0, count)]);
    while (this.#received.length >= SOCK_HEADER_BYTES) {
      const view = new DataView(this.#received.buffer, this.#received.byteOffset);
      const end = SOCK_HEADER_BYTES + getSockPayloadLen(view, 0);
      if (this.#received.length < end) return;
      const payload = Buffer.from(this.#received.subarray(SOCK_HEADER_BYTES, end));
      const mid = getSockMID(view, 0);
      this.#received = this.#received.subarray(end);
      this.#handle({ over: 'socket', mid, payload, reply: this.#reply });
    }
  }

  #handle(request: Request): void {
    this.seen.push(request);
    if (!this.script(request)) this.answerHonestly(request);
  }

  readonly #reply: Request['reply'] = (mid, payload = new Uint8Array(0), fds = [], lies = {}) => {
    const header = Buffer.alloc(SOCK_HEADER_BYTES);
    putSockHeader(new DataView(header.buffer, header.byteOffset), 0, lies.payloadLen ?? payload.length, mid);
    sendWithFDs(this.#fd, header, fds);
    if (payload.length > 0) sendNow(this.#fd, payload, payload.length);
    for (const fd of fds) closeFD(fd);
  };

  answerHonestly(request: Request): void {
    if (request.mid === 1) request.reply(1, mountResponse(this.supported));
    else if (request.mid === 2 && this.channels.length >= this.grant) request.reply(0, u32(ENOMEM));
    else if (request.mid === 2) this.openChannel(request);
    else if (request.mid === 3) request.reply(3, Buffer.alloc(144));
    else request.reply(request.mid);
  }

  /** Answers a Channel request. `resize` changes what is said of the window, `memfd` what is sent. */
  openChannel(request: Request, said: { offset?: number; length?: number } = {}, memfd = honestMemfd()): void {
    const [theirs, ours] = pair(SOCK_SEQPACKET);
    this.channels.push(new PeerChannel(memfd, ours, (inner) => this.#handle(inner)));
    const payload = Buffer.alloc(16);
    payload.writeBigInt64LE(BigInt(said.offset ?? 0), 0);
    payload.writeBigUInt64LE(BigInt(said.length ?? WINDOW_BYTES), 8);
    request.reply(2, payload, [memfd, theirs]);
  }

  /** Keeps the process (or worker) alive until the client is gone. */
  hold(): void {
    this.#watch.hold(true);
  }

  /** Stops sending, as a server does that exits; the channels stay. */
  hangUp(): void {
    if (this.#fd < 0) return;
    this.#watch.close();
    shutdownSocket(this.#fd);
    closeFD(this.#fd);
    this.#fd = -1;
  }

  close(): void {
    this.hangUp();
    for (const channel of this.channels.splice(0)) channel.destroy();
    this.onClose();
    this.onClose = () => undefined;
  }
}

export function honestMemfd(size = WINDOW_BYTES): number {
  const fd = createMemfd('scripted', size);
  if (fd < 0) throw new Error(`memfd_create: errno ${-fd}`);
  return fd;
}

/** A mapping of its own of such a memfd. */
export function openWindow(fd: number): PacketWindow {
  const window = openPacketWindow({ fd, offset: 0, length: WINDOW_BYTES });
  if (typeof window === 'number') throw new Error(`window refused: ${window}`);
  return window;
}

/** A descriptor to donate: a copy of /dev/null's would do, and so does any. */
export function someFD(): number {
  return duplicateFD(0);
}
