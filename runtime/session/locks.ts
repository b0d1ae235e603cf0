/**
 * The guarantees under which handlers work (`lisafs/fd.go`): read, write, and global. Handlers that answer at once need
 * no lock, since nothing else runs meanwhile; a lock is taken only for what answers later, and found free without cost.
 *
 * What a call needs it gets all at once or not at all, so no two calls wait for each other. Who waits is served in the
 * order of coming: a later call does not overtake an earlier one that it conflicts with. A call that holds something
 * already, and needs more for a part of its work, has to overtake: who waits may wait for what it holds.
 */

import { isPromise } from '../wire/answer.js';
import type { Later } from './failure.js';

/** Something that many may read, or one may write. */
export class Lock {
  readers = 0;
  written = false;
}

/** A lock, and how it is wanted. */
export interface Claim {
  readonly lock: Lock;
  readonly write: boolean;
}

interface Waiting {
  readonly claims: readonly Claim[];
  /** It waits for those that hold what it claims, and for nobody who waits. */
  readonly nested: boolean;
  readonly start: () => void;
}

function conflicts(a: readonly Claim[], b: readonly Claim[]): boolean {
  return a.some((x) => b.some((y) => x.lock === y.lock && (x.write || y.write)));
}

function isFree({ lock, write }: Claim): boolean {
  return !lock.written && !(write && lock.readers > 0);
}

function take({ lock, write }: Claim): void {
  if (write) lock.written = true;
  else lock.readers++;
}

function giveBack({ lock, write }: Claim): void {
  if (write) lock.written = false;
  else lock.readers--;
}

export class Locks {
  #waiting: Waiting[] = [];
  /** How many calls hold something. */
  #holders = 0;

  /** True while nobody holds or waits for anything: then what answers at once needs no lock. */
  get areFree(): boolean {
    return this.#holders === 0 && this.#waiting.length === 0;
  }

  /** Holds `claims`, all of which are free, until what has begun has answered. */
  holdFor<T>(claims: readonly Claim[], answer: Promise<T>): Promise<T> {
    claims.forEach(take);
    this.#holders++;
    return answer.finally(() => this.#release(claims));
  }

  /** Runs `body` once all `claims` can be had, holding them until it has answered. No lock may be claimed twice. */
  run<T>(claims: readonly Claim[], body: () => Later<T>): Later<T> {
    const free = claims.every(isFree) && !this.#waiting.some((other) => conflicts(other.claims, claims));
    return free ? this.#start(claims, body) : this.#wait(claims, false, body);
  }

  /**
   * As run, within what runs with other claims. Those of whom it waits must claim nothing more themselves, or only what
   * lies further down a tree: then they end whoever else waits, and so does this.
   */
  runNested<T>(claims: readonly Claim[], body: () => Later<T>): Later<T> {
    return claims.every(isFree) ? this.#start(claims, body) : this.#wait(claims, true, body);
  }

  #start<T>(claims: readonly Claim[], body: () => Later<T>): Later<T> {
    const answer = body();
    return isPromise(answer) ? this.holdFor(claims, answer) : answer;
  }

  #wait<T>(claims: readonly Claim[], nested: boolean, body: () => Later<T>): Promise<T> {
    return new Promise<T>((resolve) => {
      // What the body throws rejects the promise that it is resolved with.
      const start = (): void => resolve(new Promise<T>((settle) => settle(this.#start(claims, body))));
      this.#waiting.push({ claims, nested, start });
    });
  }

  #release(claims: readonly Claim[]): void {
    claims.forEach(giveBack);
    this.#holders--;
    const passed: Waiting[] = [];
    const queue = this.#waiting;
    this.#waiting = [];
    for (const next of queue) {
      const overtakes = !next.nested && passed.some((other) => conflicts(other.claims, next.claims));
      if (next.claims.every(isFree) && !overtakes) next.start();
      else passed.push(next);
    }
    this.#waiting = [...passed, ...this.#waiting];
  }
}
