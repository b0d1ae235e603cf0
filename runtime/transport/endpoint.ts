/**
 * One end of a flipcall connection: two processes take turns with a packet window (`flipcall/flipcall.go`).
 *
 * connState says whose turn it is. Who has the turn alone touches the window; it gives the turn away by writing
 * dataLen, swapping connState from its own value to the peer's, and waking the peer. The value 2 ends it all.
 *
 * Wakes left out. gVisor wakes its peer at every turn, a system call of half a microsecond that a peer who is awake has
 * no need of. Two ends of this SDK say so in the connect handshake, and from then on each has a word that tells how it
 * sleeps:
 *
 *     the one who waits                          the one who gives the turn away
 *       W1  asleep := how                          G1  swap connState
 *       W2  look at connState: mine? stay awake    G2  look at the peer's asleep: AWAKE? then no wake
 *       W3  sleep                                  G3  wake it, in the way that it sleeps
 *
 * No wake is lost. All four of W1, W2, G1 and G2 are sequentially consistent, so they have one order. If G2 comes after
 * W1 it sees how the waiter sleeps, and wakes it: in futex(2), which compares connState itself, so that who comes too
 * late for the wake does not fall asleep; or by a byte in a socket, which stays there until it is read. If G2 comes
 * before W1, then G1 did, too, and W2, which comes after W1, sees the turn: the waiter does not sleep. A waiter says
 * AWAKE again only once it is. Ending the connection wakes always. (test/transport/turn-model.test.ts goes through
 * every interleaving of this file's code.)
 *
 * A peer that lies about its sleep harms itself. One that does not wake us is found out as any other that does not
 * answer: a blocked thread looks up every LIVENESS_CHECK_MS.
 */

import { microsecondsSince, moment } from '../os/clock.js';
import { currentCPU } from '../os/sched.js';
import { EAGAIN, ECONNRESET, EPROTO } from '../wire/errno.js';
import { LIVENESS_CHECK_MS, MAX_CONNECT_BYTES } from '../wire/limits.js';
import { FirstLook } from './first-look.js';
import { ours, type WaysToGive } from './giving-way.js';
import type { PacketWindow } from './packet-window.js';
import { relax } from './relax.js';
import {
  AWAKE,
  CLIENT_ASLEEP,
  CONN_STATE,
  cpuOf,
  cpuPart,
  DATA_LEN,
  ON_BELL,
  ON_WORD,
  SERVER_ASLEEP,
  SharedTurnWords,
  sleepOf,
  type TurnWords,
} from './turn-words.js';
import { Patience, type Whereabouts } from './wait.js';

/** Values of connState. */
export const CLIENT_ACTIVE = 0;
export const SERVER_ACTIVE = 1;
export const SHUT_DOWN = 2;

/** What wakes a peer that is in its event loop. */
export interface Bell {
  ring(): void;
}

/** What an endpoint is made with besides its window. */
export interface EndpointSettings {
  readonly patience?: Patience;
  /** The connection's doorbell, where the peer has the other end of it. */
  readonly bell?: Bell | undefined;
  /** Whether the client proposes to leave out wakes: to a server of this SDK. A server agrees to what is proposed. */
  readonly elideWakes?: boolean;
  /** The words to take turns by; those of the window by default. */
  readonly words?: TurnWords;
  /** How a thread that may block lets others have its cpu; this thread's ways by default. */
  readonly givingWay?: WaysToGive;
  /** Tells on which cpu this thread is, -1 for unknown; the kernel's answer by default. */
  readonly cpu?: () => number;
}

/** The connect datagrams: gVisor's, and ours where the peer is of this SDK. Both skip unknown keys. */
const PLAIN_HELLO = '{}\n';
const HELLO = '{"elidesWakes":true}\n';

export class Endpoint {
  readonly window: PacketWindow;
  readonly patience: Patience;
  readonly #firstLook = new FirstLook();
  readonly #bell: Bell | undefined;
  readonly #words: TurnWords;
  readonly #givingWay: WaysToGive;
  readonly #cpu: () => number;
  readonly #dataCap: number;
  /** connState when it is this end's turn, and when it is the peer's. */
  readonly #active: number;
  readonly #inactive: number;
  /** The words that say how this end and the peer sleep. */
  readonly #asleep: number;
  readonly #peerAsleep: number;
  readonly #hello: string;
  /** True once both ends have said that they keep their words. */
  #elidesWakes = false;
  #wokePeer = false;
  /** The part of this end's word that names the cpu on which it is. */
  #toldCPU = 0;
  #shutdown = false;

  /** The client's end has the first turn. */
  constructor(window: PacketWindow, side: 'client' | 'server', settings: EndpointSettings = {}) {
    this.window = window;
    this.patience = settings.patience ?? new Patience();
    this.#bell = settings.bell;
    this.#words = settings.words ?? new SharedTurnWords(window.header, window.address);
    this.#givingWay = settings.givingWay ?? ours;
    this.#cpu = settings.cpu ?? currentCPU;
    this.#dataCap = window.datagram.capacity;
    this.#hello = settings.elideWakes === true ? HELLO : PLAIN_HELLO;
    const isClient = side === 'client';
    this.#active = isClient ? CLIENT_ACTIVE : SERVER_ACTIVE;
    this.#inactive = isClient ? SERVER_ACTIVE : CLIENT_ACTIVE;
    this.#asleep = isClient ? CLIENT_ASLEEP : SERVER_ASLEEP;
    this.#peerAsleep = isClient ? SERVER_ASLEEP : CLIENT_ASLEEP;
  }

  /** The word to sleep on while the peer has the turn, and its value then. */
  get waitAddress(): number {
    return this.window.address;
  }
  get waitValue(): number {
    return this.#inactive;
  }

  /** True while there is nothing to do here but wait. */
  get isPeersTurn(): boolean {
    return !this.#shutdown && this.#words.load(CONN_STATE) === this.#inactive;
  }

  /** As isPeersTurn, for one who looks again and again: see TurnWords.peek. */
  get seemsPeersTurn(): boolean {
    return !this.#shutdown && this.#words.peek(CONN_STATE) === this.#inactive;
  }

  /** How long to stay awake for the next turn: see Patience. A server's peer that is gVisor's sleeps always. */
  awakeUS(mayBlock: boolean): number {
    return this.patience.awakeUS(mayBlock, !this.#elidesWakes && this.#active === SERVER_ACTIVE);
  }

  /** True where both ends have agreed to leave out wakes that nobody needs. */
  get elidesWakes(): boolean {
    return this.#elidesWakes;
  }

  /** True where the peer slept, and was woken, when this end last gave the turn away. */
  get wokePeer(): boolean {
    return this.#wokePeer;
  }

  /** Lets the peer have this cpu once, from an event loop. Returns how many microseconds that took. */
  giveWayInTurn(): number {
    return this.#givingWay.inTurn.giveWay();
  }

  /**
   * The turn was given to a peer that had woken this end, and this end is about to sleep again. The kernel has mostly
   * woken it on the peer's cpu: a peer that waits awake gets that back now, not after all that falling asleep takes.
   */
  letPeerGoOn(): void {
    if (!this.#elidesWakes) return;
    if (sleepOf(this.#words.peek(this.#peerAsleep)) === AWAKE) this.#givingWay.beforeSleep.giveWay();
  }

  /** An event loop on `cpu` has looked in vain: true if the peer has told that it is there, too. */
  meetsPeer(cpu: number): boolean {
    const peer = this.findPeer(cpu);
    if (peer === 'here') this.patience.met();
    else if (peer === 'elsewhere') this.patience.parted();
    return peer === 'here';
  }

  /**
   * Gives the turn to the peer, with a datagram of `dataLen` bytes, and wakes it if it sleeps. Returns 0, or
   * -ECONNRESET where the peer has shut down or broken the state. Precondition: it is this end's turn; dataLen is at
   * most dataCap.
   */
  send(dataLen: number): number {
    if (this.#shutdown) return -ECONNRESET;
    // The swap that follows orders this store before it.
    this.#words.storePlain(DATA_LEN, dataLen);
    if (this.#words.compareExchange(CONN_STATE, this.#active, this.#inactive) !== this.#active) return -ECONNRESET;
    if (!this.#elidesWakes) this.#wakeAnyhow();
    else {
      const asleep = sleepOf(this.#words.load(this.#peerAsleep));
      this.#wokePeer = asleep !== AWAKE && this.#wakeSleeper(asleep);
    }
    return 0;
  }

  /** False if it did not sleep after all: a server that looks at other channels has not fallen asleep with this one. */
  #wakeSleeper(asleep: number): boolean {
    if (asleep !== ON_BELL || this.#bell === undefined) return this.#words.wake();
    this.#bell.ring();
    return true;
  }

  #wakeAnyhow(): void {
    this.#words.wake();
    this.#bell?.ring();
  }

  /**
   * Looks whether the turn has come back. Returns the size of the peer's datagram; -EAGAIN while the peer has the
   * turn; -ECONNRESET after a shutdown; -EPROTO for a state or size that no honest peer writes.
   */
  receive(): number {
    if (this.#shutdown) return -ECONNRESET;
    const state = this.#words.load(CONN_STATE);
    if (state === this.#inactive) return -EAGAIN;
    if (state !== this.#active) return state === SHUT_DOWN ? -ECONNRESET : -EPROTO;
    // It was written before the turn was given away.
    const dataLen = this.#words.peek(DATA_LEN) >>> 0;
    return dataLen > this.#dataCap ? -EPROTO : dataLen;
  }

  /**
   * As receive, but waits: first awake, for a bounded number of looks, then asleep. `isPeerAlive` is asked whenever
   * LIVENESS_CHECK_MS have passed in sleep; -ECONNRESET once it says no and no answer was left behind. -EAGAIN only
   * after `deadline`, a time of performance.now().
   */
  receiveSync(isPeerAlive: () => boolean, deadline?: number): number {
    let untilYield = this.patience.beginLooking();
    const most = this.patience.looks();
    // Who gives way after one look has the peer on this cpu, where it does nothing meanwhile. One that was woken is
    // there, too: the kernel has found it sooner to wake it there than on a cpu that sleeps itself. Mostly the kernel
    // has let it run at once as well, and the answer is there: then it only wants the cpu to fall asleep again.
    const putsOff = untilYield > 1 && most > 0 && !this.#wokePeer;
    if (putsOff) this.#firstLook.putOff();
    else if (this.#wokePeer && most > 0 && this.seemsPeersTurn) this.#givingWay.toPeer.giveWay();
    for (let looks = most; looks > 0; looks--) {
      if (this.#words.peek(CONN_STATE) === this.#inactive) {
        relax();
        if (--untilYield > 0) continue;
        untilYield = this.#giveWay();
        if (untilYield === 0) break;
        continue;
      }
      // A hostile peer may have taken the turn back.
      const result = this.receive();
      if (result === -EAGAIN) continue;
      this.patience.rewarded();
      if (putsOff) this.#firstLook.came(most - looks);
      return result;
    }
    const result = this.receive();
    return result === -EAGAIN ? this.#receiveAsleep(isPeerAlive, deadline) : result;
  }

  /**
   * Lets another thread have the cpu if it is time. Returns after how many looks in vain to ask again; 0 if looking is
   * of no use, since the peer needs this cpu, and others have it for too long whenever one gives way.
   */
  #giveWay(): number {
    const peer = this.findPeer(this.#ownCPU());
    const looksLeft = this.patience.looksLeft(peer);
    if (looksLeft > 0) return looksLeft;
    const pays = peer !== 'here' || this.#givingWay.toPeer.pays();
    if (peer === 'elsewhere') this.#givingWay.toFarPeer.giveWay();
    else if (pays) this.#givingWay.toPeer.giveWay();
    const looks = this.patience.gaveWay(peer, this.#words.peek(CONN_STATE) !== this.#inactive);
    return pays ? looks : 0;
  }

  /** The cpu that this end is on; -1 where nobody is told, or where it is the only one. */
  #ownCPU(): number {
    return this.#elidesWakes && !this.patience.isAlone ? this.#cpu() : -1;
  }

  /** Tells the peer on which cpu this end is, or that it does not know: -1. Precondition: this end is awake. */
  tellCPU(cpu: number): void {
    const part = cpuPart(cpu);
    if (part === this.#toldCPU || !this.#elidesWakes) return;
    this.#toldCPU = part;
    this.#words.store(this.#asleep, part | AWAKE);
  }

  /** Tells the peer on which cpu this end is, as tellCPU, and where the peer is, seen from there. */
  findPeer(cpu: number): Whereabouts {
    this.tellCPU(cpu);
    return this.whereIsPeer(cpu);
  }

  /** Where the peer was last, as seen from a cpu, or from an unknown one: -1. */
  whereIsPeer(cpu: number): Whereabouts {
    if (cpu < 0 || !this.#elidesWakes) return 'unknown';
    const peers = cpuOf(this.#words.peek(this.#peerAsleep));
    if (peers < 0) return 'unknown';
    return peers === cpu ? 'here' : 'elsewhere';
  }

  #receiveAsleep(isPeerAlive: () => boolean, deadline: number | undefined): number {
    const began = moment();
    this.fallAsleep(ON_WORD);
    let result = this.receive();
    let alive = true;
    let left = LIVENESS_CHECK_MS;
    while (result === -EAGAIN && alive && left > 0) {
      if (deadline !== undefined) left = Math.max(deadline - performance.now(), 0);
      this.#words.wait(this.#inactive, Math.min(left, LIVENESS_CHECK_MS));
      result = this.receive();
      if (result === -EAGAIN) alive = isPeerAlive();
    }
    // What it left behind before it died.
    if (!alive && result === -EAGAIN) result = this.receive();
    this.awaken(this.#ownCPU());
    this.patience.slept(microsecondsSince(began));
    return result === -EAGAIN && !alive ? -ECONNRESET : result;
  }

  /**
   * Says that this end is about to sleep, on connState or by the doorbell. False if the turn has come meanwhile: then
   * it is not to. Otherwise awaken comes next, when it has slept. A peer that wakes always is told nothing. Who sleeps
   * is on no cpu: the kernel chooses one when it is woken.
   */
  fallAsleep(how: typeof ON_WORD | typeof ON_BELL): boolean {
    if (this.#elidesWakes) this.#words.store(this.#asleep, how);
    if (this.isPeersTurn) return true;
    this.awaken();
    return false;
  }

  /** Says that this end sleeps no more, and on which cpu it is, if that is known. */
  awaken(cpu = -1): void {
    if (!this.#elidesWakes) return;
    this.#toldCPU = cpuPart(cpu);
    this.#words.store(this.#asleep, this.#toldCPU | AWAKE);
  }

  /** Writes the connect request, a JSON object and a newline, and gives the turn to the server. As send. */
  sendConnect(): number {
    return this.send(this.window.datagram.bytes.write(this.#hello));
  }

  /**
   * Reads the client's request, a datagram of `dataLen` bytes, and answers it. Returns 0, -EPROTO for what is no JSON
   * object, or what send returns.
   */
  answerConnect(dataLen: number): number {
    const hello = this.#readConnect(dataLen);
    if (hello === undefined) return -EPROTO;
    const sent = this.send(this.window.datagram.bytes.write(hello.elidesWakes ? HELLO : PLAIN_HELLO));
    // Only now: the client keeps its word from when it has read the answer, and must be woken for that.
    this.#elidesWakes = hello.elidesWakes;
    return sent;
  }

  /** Reads the server's answer to it: 0 for a JSON object, else -EPROTO. */
  acceptConnect(dataLen: number): number {
    const hello = this.#readConnect(dataLen);
    if (hello === undefined) return -EPROTO;
    this.#elidesWakes = hello.elidesWakes && this.#hello === HELLO;
    return 0;
  }

  #readConnect(dataLen: number): { elidesWakes: boolean } | undefined {
    if (dataLen > MAX_CONNECT_BYTES) return undefined;
    const text = Buffer.from(this.window.datagram.bytes.subarray(0, dataLen)).toString('latin1');
    try {
      const hello: unknown = JSON.parse(text);
      if (typeof hello !== 'object' || hello === null || Array.isArray(hello)) return undefined;
      return { elidesWakes: Reflect.get(hello, 'elidesWakes') === true };
    } catch {
      return undefined;
    }
  }

  /**
   * Ends the connection. The peer learns of it when it next gives the turn away, or now if it sleeps. No thread of ours
   * is in receiveSync then, since the one that uses this endpoint is the one that calls this. A second time does
   * nothing.
   */
  shutdown(): void {
    if (this.#shutdown) return;
    this.#shutdown = true;
    const before = this.#words.exchange(CONN_STATE, SHUT_DOWN);
    if (before === this.#active) this.#wakeAnyhow();
  }
}
