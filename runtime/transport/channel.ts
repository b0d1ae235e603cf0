/** A channel, client side: a packet window for messages and an FD channel for descriptors (`lisafs/channel.go`). */

import { closeFD } from '../os/descriptor.js';
import { EAGAIN, ECONNRESET, EPROTO } from '../wire/errno.js';
import { CHANNEL_HEADER_BYTES, getChannelMID, getChannelNumFDs, putChannelHeader } from '../wire/header.js';
import { HANDSHAKE_TIMEOUT_MS } from '../wire/limits.js';
import type { Payload } from '../wire/payload.js';
import type { Communicator } from './communicator.js';
import type { Doorbell } from './doorbell.js';
import { Endpoint } from './endpoint.js';
import { FDChannel } from './fd-channel.js';
import { openPacketWindow, type PacketWindowDescriptor } from './packet-window.js';
import { TurnWait } from './attention.js';
import type { Patience } from './wait.js';
import { releaseWaiter, retainWaiter } from './waiter.js';

/** How the two ends wait for each other. */
export interface ChannelSettings {
  readonly patience?: Patience;
  /** The connection's doorbell, which only peers of this SDK have: with them wakes are left out, too. */
  readonly bell?: Doorbell | undefined;
}

export class Channel implements Communicator {
  readonly name: string;
  readonly payload: Payload;
  readonly fds: number[] = [];
  mid = 0;
  dead = false;
  readonly #endpoint: Endpoint;
  readonly #header: DataView;
  readonly #fdChannel: FDChannel;
  readonly #isPeerAlive: () => boolean;
  #wantFDs = 0;
  #connected = false;
  readonly #turn: TurnWait;
  /** Without a bell it may come to wait on the waiting thread, which is kept for that. */
  readonly #usesWaiter: boolean;
  #destroyed = false;

  private constructor(
    name: string,
    endpoint: Endpoint,
    fdChannel: FDChannel,
    isPeerAlive: () => boolean,
    bell: Doorbell | undefined,
  ) {
    this.name = name;
    this.#endpoint = endpoint;
    this.#turn = new TurnWait(endpoint, bell);
    this.#fdChannel = fdChannel;
    this.#isPeerAlive = isPeerAlive;
    this.payload = endpoint.window.payload;
    this.#header = endpoint.window.datagram.view;
    this.#usesWaiter = bell === undefined;
    if (this.#usesWaiter) retainWaiter();
  }

  /**
   * Makes a channel, not yet connected, of what the server gave. Takes ownership of `fdSocket`; the memfd stays the
   * caller's. Returns -errno if either is not what it should be.
   */
  static open(
    name: string,
    descriptor: PacketWindowDescriptor,
    fdSocket: number,
    isPeerAlive: () => boolean,
    settings: ChannelSettings = {},
  ): Channel | number {
    const fdChannel = FDChannel.open(fdSocket);
    if (typeof fdChannel === 'number') return fdChannel;
    const window = openPacketWindow(descriptor);
    if (typeof window === 'number') {
      fdChannel.destroy();
      return window;
    }
    const endpoint = new Endpoint(window, 'client', { ...settings, elideWakes: settings.bell !== undefined });
    return new Channel(name, endpoint, fdChannel, isPeerAlive, settings.bell);
  }

  /** Begins the handshake; its answer is taken by finishConnect once `watch` has fired. 0, or -errno and dead. */
  startConnect(): number {
    return this.#check(this.#endpoint.sendConnect());
  }

  /** 0 once the channel is connected, -EAGAIN if the server has not answered yet, else -errno and dead. */
  finishConnect(): number {
    const dataLen = this.#endpoint.receive();
    return dataLen === -EAGAIN ? dataLen : this.#acceptConnect(dataLen);
  }

  /** True once the handshake has succeeded: only then may messages be sent. */
  get connected(): boolean {
    return this.#connected;
  }

  /** As whether the peer lives, but no longer than it may take for the handshake. */
  #untilHandshakeTimeout(): () => boolean {
    const deadline = performance.now() + HANDSHAKE_TIMEOUT_MS;
    return () => performance.now() < deadline && this.#isPeerAlive();
  }

  #acceptConnect(dataLen: number): number {
    const result = this.#check(dataLen < 0 ? dataLen : this.#endpoint.acceptConnect(dataLen));
    this.#connected = result === 0;
    return result;
  }

  /** The whole handshake, blocking the thread. 0, or -errno and dead. */
  connectSync(): number {
    if (this.startConnect() < 0) return -EPROTO;
    return this.#acceptConnect(this.#endpoint.receiveSync(this.#untilHandshakeTimeout()));
  }

  reserve(size: number): boolean {
    return size <= this.payload.capacity;
  }

  send(mid: number, payloadLen: number, wantFDs: number): number {
    if (this.dead) return -ECONNRESET;
    this.#wantFDs = wantFDs;
    putChannelHeader(this.#header, 0, mid, 0);
    return this.#check(this.#endpoint.send(CHANNEL_HEADER_BYTES + payloadLen));
  }

  receive(): number {
    const dataLen = this.#endpoint.receive();
    return dataLen === -EAGAIN ? dataLen : this.#receiveMessage(dataLen);
  }

  receiveSync(deadline?: number): number {
    const dataLen = this.#endpoint.receiveSync(this.#isPeerAlive, deadline);
    return dataLen === -EAGAIN ? dataLen : this.#receiveMessage(dataLen);
  }

  /** Reads the channel header, each byte once, and collects the descriptors that it announces. */
  #receiveMessage(dataLen: number): number {
    if (dataLen < 0) return this.#check(dataLen);
    if (dataLen < CHANNEL_HEADER_BYTES) return this.#check(-EPROTO);
    this.mid = getChannelMID(this.#header, 0);
    const numFDs = getChannelNumFDs(this.#header, 0);
    this.#receiveFDs(numFDs);
    return dataLen - CHANNEL_HEADER_BYTES;
  }

  /**
   * Takes what was announced, all of it, so that nothing is left for the next response to take for its own. Which
   * descriptor is which goes by order: after one that could not be let in (a full table, say) the rest are nobody's.
   */
  #receiveFDs(numFDs: number): void {
    let complete = true;
    for (let i = 0; i < numFDs; i++) {
      const result = this.#fdChannel.receive(this.fds);
      if (result === -EPROTO) complete = false;
      else if (result < 0) return;
      else if (!complete || this.fds.length > this.#wantFDs) closeFD(this.fds.pop()!);
    }
  }

  giveWayToWoken(): boolean {
    return this.#turn.giveWayAtOnce();
  }

  watch(onReady: () => void): void {
    this.#turn.start(onReady);
  }

  unwatch(): void {
    this.#turn.cancel();
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.dead = true;
    this.unwatch();
    this.#endpoint.shutdown();
    this.#fdChannel.destroy();
    this.#endpoint.window.destroy();
    if (this.#usesWaiter) releaseWaiter();
  }

  #check(result: number): number {
    if (result < 0) this.dead = true;
    return result;
  }
}
