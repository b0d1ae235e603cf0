/**
 * A channel, server side: it makes the packet window and the FD channel that the client is given (`lisafs/channel.go`).
 */

import { closeFD } from '../os/descriptor.js';
import { createMemfd, mapWindow, PAGE_BYTES } from '../os/memory.js';
import { SOCK_SEQPACKET, socketPair } from '../os/socket.js';
import { EAGAIN, EPROTO } from '../wire/errno.js';
import { CHANNEL_HEADER_BYTES, getChannelMID, putChannelHeader } from '../wire/header.js';
import { Payload } from '../wire/payload.js';
import { TurnWait } from './attention.js';
import type { ChannelSettings } from './channel.js';
import { Endpoint } from './endpoint.js';
import { FDChannel } from './fd-channel.js';
import { PACKET_HEADER_BYTES, PacketWindow } from './packet-window.js';
import type { ServerCommunicator } from './server-communicator.js';
import { releaseWaiter, retainWaiter } from './waiter.js';

/** A cache line. What of a datagram is in the window's first, and how many more an answer often needs: Statx, say. */
const LINE_BYTES = 64;
const FIRST_LINE_DATA_BYTES = LINE_BYTES - PACKET_HEADER_BYTES;
const CLAIMED_LINES_COUNT = 2;

/**
 * A new channel, and what its client is to be given, which is the caller's: the window's memfd, the FD channel's
 * socket.
 */
export interface NewChannel {
  readonly channel: ServerChannel;
  readonly memfd: number;
  readonly fdSocket: number;
  /** The packet window's size in bytes; it begins at offset 0. */
  readonly length: number;
}

/** The size of a packet window for payloads of up to `maxMessageSize` bytes: whole pages. */
function windowSize(maxMessageSize: number): number {
  return Math.ceil((PACKET_HEADER_BYTES + CHANNEL_HEADER_BYTES + maxMessageSize) / PAGE_BYTES) * PAGE_BYTES;
}

export class ServerChannel implements ServerCommunicator {
  readonly name = 'channel';
  readonly payload: Payload;
  mid = 0;
  readonly #endpoint: Endpoint;
  readonly #header: DataView;
  readonly #fdChannel: FDChannel;
  #connected = false;
  readonly #turn: TurnWait;
  /** Without a bell it may come to wait on the waiting thread, which is kept for that. */
  readonly #usesWaiter: boolean;
  #destroyed = false;

  private constructor(window: PacketWindow, fdChannel: FDChannel, maxMessageSize: number, settings: ChannelSettings) {
    this.#endpoint = new Endpoint(window, 'server', settings);
    this.#turn = new TurnWait(this.#endpoint, settings.bell);
    this.#fdChannel = fdChannel;
    this.#header = window.datagram.view;
    // The window is whole pages: a response must not be larger than the client was told.
    const { buffer, byteOffset } = window.payload.view;
    this.payload = new Payload(buffer as ArrayBuffer, byteOffset, maxMessageSize);
    this.#usesWaiter = settings.bell === undefined;
    if (this.#usesWaiter) retainWaiter();
  }

  /** Makes a channel, or returns -errno where memory or descriptors are short. */
  static create(maxMessageSize: number, settings: ChannelSettings = {}): NewChannel | number {
    const length = windowSize(maxMessageSize);
    const memfd = createMemfd('lisafs channel', length);
    if (memfd < 0) return memfd;
    const made = ServerChannel.#create(memfd, length, maxMessageSize, settings);
    if (typeof made === 'number') closeFD(memfd);
    return made;
  }

  static #create(
    memfd: number,
    length: number,
    maxMessageSize: number,
    settings: ChannelSettings,
  ): NewChannel | number {
    const pair = socketPair(SOCK_SEQPACKET);
    if (typeof pair === 'number') return pair;
    const [ours, fdSocket] = pair;
    const region = mapWindow(memfd, 0, length);
    if (typeof region === 'number') {
      closeFD(ours);
      closeFD(fdSocket);
      return region;
    }
    const window = new PacketWindow(region);
    const fdChannel = FDChannel.open(ours);
    if (typeof fdChannel === 'number') {
      window.destroy();
      closeFD(fdSocket);
      return fdChannel;
    }
    const channel = new ServerChannel(window, fdChannel, maxMessageSize, settings);
    return { channel, memfd, fdSocket, length };
  }

  receive(): number {
    const dataLen = this.#endpoint.receive();
    if (dataLen < 0) return dataLen;
    if (!this.#connected) return this.#acceptConnect(dataLen);
    if (dataLen < CHANNEL_HEADER_BYTES) return -EPROTO;
    this.mid = getChannelMID(this.#header, 0);
    this.#claim(dataLen);
    return dataLen - CHANNEL_HEADER_BYTES;
  }

  /**
   * The cache lines behind a short request hold the last response, which the client has read: before they can be
   * written they have to be taken from its cpu. A write to each begins that, and nobody waits for it while the handler
   * works.
   */
  #claim(dataLen: number): void {
    if (dataLen > FIRST_LINE_DATA_BYTES) return;
    for (let i = 0; i < CLAIMED_LINES_COUNT; i++) this.#header.setUint8(FIRST_LINE_DATA_BYTES + i * LINE_BYTES, 0);
  }

  /** The first datagram is no message but the flipcall handshake, which is answered in kind. */
  #acceptConnect(dataLen: number): number {
    const result = this.#endpoint.answerConnect(dataLen);
    if (result < 0) return result;
    this.#connected = true;
    return -EAGAIN;
  }

  /** A descriptor that cannot be sent keeps back those after it, since their order says which is which. */
  respond(mid: number, payloadLen: number, fds: readonly number[]): number {
    let numFDs = 0;
    while (numFDs < fds.length && this.#fdChannel.send(fds[numFDs]!) === 0) numFDs++;
    putChannelHeader(this.#header, 0, mid, numFDs);
    return this.#endpoint.send(CHANNEL_HEADER_BYTES + payloadLen);
  }

  watch(onReady: () => void): void {
    this.#turn.start(onReady);
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#turn.cancel();
    // A client that has the turn may not have read its answer yet, which a shutdown would take away; it learns of the
    // end by the socket. One that waits for an answer is told that none will come.
    if (this.#endpoint.receive() !== -EAGAIN) this.#endpoint.shutdown();
    this.#fdChannel.destroy();
    this.#endpoint.window.destroy();
    if (this.#usesWaiter) releaseWaiter();
  }
}
