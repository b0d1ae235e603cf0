/**
 * The four words at the start of a packet window, and how one sleeps on them. An interface, so that a test can put a
 * memory in their place that is stepped through, one access at a time.
 *
 *     0  connState     whose turn it is (`flipcall/flipcall.go`)
 *     1  dataLen       the size of the datagram
 *     2  clientAsleep  how the client sleeps  } reserved in gVisor's protocol: used between two ends of this SDK alone,
 *     3  serverAsleep  how the server sleeps  } once both have said so
 *
 * The lowest byte of the two last ones is how that end sleeps. The others are the cpu on which it last found itself,
 * and one more; 0 while it sleeps, or where it has not told. Who waits looks there whether it keeps its peer from it.
 */

import { ALL_WAITERS, futexWait, futexWake } from '../os/futex.js';

export const CONN_STATE = 0;
export const DATA_LEN = 1;
export const CLIENT_ASLEEP = 2;
export const SERVER_ASLEEP = 3;

/** How an end sleeps: the lowest byte of its word. */
export const AWAKE = 0;
/** Asleep in futex(2) on connState, or about to be. */
export const ON_WORD = 1;
/** In an event loop that looks again when the doorbell rings. */
export const ON_BELL = 2;

const SLEEP_MASK = 0xff;
const CPU_SHIFT = 8;

/** What an end's word says about its sleep. */
export function sleepOf(word: number): number {
  return word & SLEEP_MASK;
}

/** The cpu that an end's word names; -1 if none. A hostile peer names any. */
export function cpuOf(word: number): number {
  return (word >>> CPU_SHIFT) - 1;
}

/** The part of an end's word that names a cpu, or none for -1. */
export function cpuPart(cpu: number): number {
  return (cpu + 1) << CPU_SHIFT;
}

/** Every access is sequentially consistent, but for the plain ones. */
export interface TurnWords {
  load(word: number): number;
  /**
   * A load for looking again and again, at a tenth of the price: what it sees may be old, and proves nothing before it
   * has been loaded.
   */
  peek(word: number): number;
  store(word: number, value: number): void;
  /** A store that a later access may overtake, unless that is a compareExchange or an exchange. */
  storePlain(word: number, value: number): void;
  /** Returns what was there: `from` if `to` is there now. */
  compareExchange(word: number, from: number, to: number): number;
  exchange(word: number, to: number): number;
  /** Sleeps while connState is `expected`, at most `ms`; may return for no reason. */
  wait(expected: number, ms: number): void;
  /** Wakes all who sleep in `wait`. Returns whether there was anybody. */
  wake(): boolean;
}

/** Words that another process maps, too. */
export class SharedTurnWords implements TurnWords {
  readonly #words: Int32Array;
  readonly #address: number;

  constructor(words: Int32Array, address: number) {
    this.#words = words;
    this.#address = address;
  }

  load(word: number): number {
    return Atomics.load(this.#words, word);
  }

  peek(word: number): number {
    return this.#words[word]!;
  }

  store(word: number, value: number): void {
    Atomics.store(this.#words, word, value);
  }

  storePlain(word: number, value: number): void {
    this.#words[word] = value;
  }

  compareExchange(word: number, from: number, to: number): number {
    return Atomics.compareExchange(this.#words, word, from, to);
  }

  exchange(word: number, to: number): number {
    return Atomics.exchange(this.#words, word, to);
  }

  wait(expected: number, ms: number): void {
    futexWait(this.#address, expected, ms);
  }

  /**
   * All of them: our waiting thread may be leaving this word only now, where an answer was found without it, and to
   * wake that one alone would leave the peer asleep for ever.
   */
  wake(): boolean {
    return futexWake(this.#address, ALL_WAITERS) > 0;
  }
}
