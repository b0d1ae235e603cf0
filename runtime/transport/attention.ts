/**
 * Waiting for turns without blocking the thread: awake for a moment, since a peer that is awake answers within a
 * microsecond, then asleep until the peer rings or, where it has no bell, by way of the waiting thread.
 *
 * All waits of a thread that are awake are looked at together, one after the other, in slices of time: one as soon as
 * the code that began a wait has run (a microtask), then one in each round of the event loop. The slices of one round
 * together are never longer than the longest that one of the waits allows (`turnSpinUS`), however many there are.
 *
 * A dedicated thread (dedicated.ts) has no use for rounds: it looks for as long as a wait is awake, and then blocks. It
 * goes back to its event loop when it is called, every now and then, and for as long as a handler has not answered
 * that does so later (`beginLater`): what that waits for comes by the event loop.
 */

import { unregisterRseq } from '../os/rseq.js';
import { currentCPU } from '../os/sched.js';
import { longestBlockMS, MAX_DEDICATED_COUNT, type Dedication } from './dedicated.js';
import type { Doorbell } from './doorbell.js';
import type { Endpoint } from './endpoint.js';
import { ours } from './giving-way.js';
import { joining } from './joining.js';
import { relax } from './relax.js';
import { ON_BELL, ON_WORD } from './turn-words.js';
import { hasOneCPU } from './wait.js';
import { arm, disarm, type Armed } from './waiter.js';

/** Where there is no waiting thread to be had, the word is looked at so often. */
const LOOK_MS = 10;
/**
 * A slice looks at the clock after so much work, 1 for a look and 8 more for a callback: 1 to 5 us. To ask for the time
 * takes as long as to look five times, and makes a number that has to be collected one day. What it has done since is
 * reckoned: most slices end before it asks.
 */
const WORK_PER_CLOCK = 128;
const MS_PER_WORK = 0.000_02;
const CALLBACK_WORK = 8;
const YIELD_WORK = 16;
const CPU_WORK = 4;
/** A dedicated thread keeps nobody waiting, and asks less often: every 30 us, or 70 to 260 while it is busy. */
const DEDICATED_WORK_PER_CLOCK = 2048;
/** A round that was held up for so long is to end: there may be no other reason for one, where all waits were short. */
const ROUND_WORTH_ENDING_MS = 0.005;
/** How often it blocks, or looks for a slice, before it asks whether its event loop is due. */
const ROUNDS_PER_CLOCK = 32;
/** How long a dedicated thread looks before it asks whether it was called. */
const DEDICATED_SLICE_MS = 0.05;
/**
 * And how often in vain before it gives way, soon: a client on its cpu gets no further meanwhile. On one cpu at once;
 * not so soon where all have told that they are on others.
 */
const DEDICATED_LOOKS_PER_YIELD = 40;
const DEDICATED_LOOKS_PER_FAR_YIELD = 1000;
/** How often an event loop looks in vain before it asks the same. */
const LOOKS_PER_TURN_YIELD = 80;
/** Fewer looks in vain than this lie between two calls of one who is busy, and are no work of their own. */
const BUSY_LOOKS_COUNT = 64;

/** The waits that are awake, in no order. */
const awake: TurnWait[] = [];
/** The wait to look at next. */
let cursor = 0;
/** How much of this round of the event loop the slices took. */
let spentMS = 0;
/** One whose peer had to be woken for it, since the last slice, and was given nothing yet. */
let waker: TurnWait | undefined;
let round: NodeJS.Immediate | undefined;
let isSliceQueued = false;
let isSlicing = false;
const atOnce = Promise.resolve();

/**
 * Looks at every awake wait, then on until `leftMS` have passed. A callback that has begun no new wait leaves something
 * to do to the code behind a promise: that comes first, and then the next slice.
 */
function slice(leftMS: number): void {
  const began = performance.now();
  const until = began + leftMS;
  let time = began;
  const workPerClock = mayBlock() ? DEDICATED_WORK_PER_CLOCK : Math.min(WORK_PER_CLOCK, leftMS / MS_PER_WORK);
  let left = awake.length;
  let work = 0;
  for (; awake.length > 0; work++) {
    if (left-- <= 0 && work >= workPerClock) {
      work = 0;
      time = performance.now();
      if (time >= until) break;
    }
    if (cursor >= awake.length) cursor = 0;
    const wait = awake[cursor++]!;
    if (wait.seemsToLast) {
      relax();
      if (dedication !== undefined) {
        if (++looksInVain < BUSY_LOOKS_COUNT) work--;
        if (looksInVain >= yieldsAfter) work += giveWay();
        if (blocked.length > 0 && !glance()) {
          queueSlice();
          break;
        }
      } else if (++looksInVain % LOOKS_PER_TURN_YIELD === 0) {
        work += giveWayInTurn();
      }
      continue;
    }
    looksInVain = 0;
    yieldsAfter = looksPerYield;
    work += CALLBACK_WORK;
    if (!wait.finish()) {
      queueSlice();
      break;
    }
  }
  spentMS += time - began + work * MS_PER_WORK;
}

/**
 * A dedicated thread has looked in vain for a while: lets another have its cpu, unless none of those that it waits for
 * can want it. Returns how much work that was.
 */
function giveWay(): number {
  const isFar = isEverybodyElsewhere();
  if (isFar && looksInVain < DEDICATED_LOOKS_PER_FAR_YIELD) {
    yieldsAfter = DEDICATED_LOOKS_PER_FAR_YIELD;
    return CPU_WORK;
  }
  (isFar ? ours.toFarPeer : ours.toPeer).giveWay();
  yieldsAfter = looksInVain + (isFar ? DEDICATED_LOOKS_PER_FAR_YIELD : looksPerYield);
  return YIELD_WORK;
}

/** An event loop has looked in vain for a while: lets those it waits for have its cpu that are there, too. */
function giveWayInTurn(): number {
  const cpu = ownCPU();
  let neighbour: TurnWait | undefined;
  for (const wait of awake) if (wait.meetsPeer(cpu)) neighbour = wait;
  return neighbour === undefined ? CPU_WORK : CPU_WORK + neighbour.giveWay() / MS_PER_WORK;
}

/** The cpu that this thread is on; -1 where a dedicated one has no other, which goes without saying. */
function ownCPU(): number {
  return looksPerYield === 1 ? -1 : currentCPU();
}

/** True if all who are awake have told that they are on other cpus. They are told where this thread is. */
function isEverybodyElsewhere(): boolean {
  const cpu = ownCPU();
  if (cpu < 0) return false;
  let isSo = true;
  for (const wait of awake) if (!wait.isPeerElsewhere(cpu)) isSo = false;
  return isSo;
}

/**
 * A look at one of those on whose words a dedicated thread would sleep, while it stays awake for others: nobody wakes
 * it, and to wait until it has time would take most of a slice. False as rouseBlocked.
 */
function glance(): boolean {
  if (++glanced >= blocked.length) glanced = 0;
  const wait = blocked[glanced]!;
  return wait.seemsToLast || wait.answer();
}

/**
 * What is left of this round for slices, by the one of the awake waits that allows the most. A dedicated thread keeps
 * nobody waiting.
 */
function leftOfRoundMS(): number {
  if (mayBlock()) return DEDICATED_SLICE_MS;
  let most = 0;
  for (const wait of awake) if (wait.turnMS > most) most = wait.turnMS;
  return most - spentMS;
}

function noteWaker(wait: TurnWait): void {
  waker = wait;
}

/**
 * The kernel mostly wakes a peer on the cpu of its waker, where it could not answer while that one looks. It mostly
 * lets it run at once, too: but where it does not, this does, and the answer is there at the first look. False where
 * this round has no time left for it.
 */
function giveWayTo(woken: TurnWait): boolean {
  if (mayBlock() || woken.turnMS <= spentMS) return false;
  if (woken.seemsToLast) spentMS += woken.giveWay();
  return true;
}

function giveWayToWaker(): void {
  const wait = waker;
  waker = undefined;
  if (wait !== undefined) giveWayTo(wait);
}

function startSlice(): void {
  isSlicing = true;
  try {
    giveWayToWaker();
    slice(leftOfRoundMS());
  } finally {
    isSlicing = false;
  }
}

/** Sees to it that this round of the event loop ends, and another begins. */
function queueRound(): void {
  round ??= setImmediate(nextRound);
}

/** Has a round end by which the event loop was held up, whether or not somebody waits. */
function endRoundIfLong(): void {
  if (spentMS > ROUND_WORTH_ENDING_MS) queueRound();
}

/** What is thrown in here is thrown to the process, as from any callback. */
function queuedSlice(): void {
  isSliceQueued = false;
  try {
    startSlice();
  } finally {
    // Most calls are over by now, and need no round.
    if (awake.length > 0) queueRound();
    else endRoundIfLong();
  }
}

/** A promise's reaction costs a tenth of queueMicrotask, which keeps a context for each. */
function queueSlice(): void {
  if (isSliceQueued || awake.length === 0) return;
  isSliceQueued = true;
  void atOnce.then(queuedSlice);
}

/** Lets those fall asleep that have been awake for long enough. */
function tuckIn(): void {
  const time = performance.now();
  const cpu = ownCPU();
  // Who stays awake with a thread that is busy with others costs nothing.
  const isBusy = dedication !== undefined && looksInVain < BUSY_LOOKS_COUNT;
  for (let i = awake.length - 1; i >= 0; i--) awake[i]?.sleepAfter(time, cpu, isBusy);
}

function nextRound(): void {
  round = undefined;
  spentMS = 0;
  if (isCrowded && asleep.size + awake.length <= ROOMY_COUNT) crowd(false);
  try {
    rouseBlocked();
    if (!mayBlock() || !serveBlocking(process.getActiveResourcesInfo())) startSlice();
    tuckIn();
  } finally {
    // Whatever a callback has thrown: the other waits go on.
    if (awake.length > 0 || blocked.length > 0) queueRound();
  }
}

/** This thread's dedication, where it has one; how many handlers have yet to answer; and who sleeps. */
let dedication: Dedication | undefined;
let looksPerYield = DEDICATED_LOOKS_PER_YIELD;
let looksInVain = 0;
/** After how many it asks whether to give way. */
let yieldsAfter = DEDICATED_LOOKS_PER_YIELD;
let later = 0;
/** How many times in a row this thread has blocked until it had to look after its event loop. */
let quietBlocks = 0;
const asleep = new Set<TurnWait>();
/** Those of them on whose words this thread blocks itself. */
const blocked: TurnWait[] = [];
/**
 * Whether the turn of one of them came back before this thread could block again: then it is not to. The kernel lets
 * gVisor's client, woken on this cpu, mostly run at once, and its next request is there when the wake is done.
 */
let isTurnBack = false;
/** The one that was looked at last. */
let glanced = 0;

/** True while more sleep than a thread can block on: then it lives by its event loop, where any number can. */
let isCrowded = false;
/** So few are crowded no more: half as many, so that it does not change with every call. */
const ROOMY_COUNT = Math.floor(MAX_DEDICATED_COUNT / 2);

function mayBlock(): boolean {
  return dedication !== undefined && later === 0 && !isCrowded;
}

function crowd(isSo: boolean): void {
  isCrowded = isSo;
  resettle();
}

/**
 * Ends the waits on which this thread blocks, or would, whose turn has come. False if a callback has begun no new wait:
 * then there may be something to do for the code behind a promise.
 */
function rouseBlocked(): boolean {
  let begun = true;
  // From the last to the first: one that has been answered may leave, or come back as the last.
  for (let i = blocked.length - 1; i >= 0; i--) {
    const wait = blocked[i];
    if (wait !== undefined && !wait.seemsToLast && !wait.answer()) begun = false;
  }
  return begun;
}

/**
 * Makes this a dedicated thread, or one that lives by its event loop again. It is the SDK's own, and is switched to at
 * each call of a client that sleeps: what the kernel does then for nobody's sake it is spared from now on.
 */
export function dedicate(to: Dedication | undefined): void {
  if (to !== undefined) unregisterRseq();
  dedication = to;
  looksPerYield = hasOneCPU() ? 1 : DEDICATED_LOOKS_PER_YIELD;
  yieldsAfter = looksPerYield;
  resettle();
}

/** A handler's answer comes later: until endLater this thread lives by its event loop. */
export function beginLater(): void {
  if (later++ === 0 && dedication !== undefined) resettle();
}

/** It has come. Not before the next round is it known that no other handler answers later. */
export function endLater(): void {
  if (--later > 0 || dedication === undefined) return;
  setImmediate(() => {
    if (mayBlock()) resettle();
  });
}

/** Has all who sleep do so in the way that is right now. */
function resettle(): void {
  const sleepers = [...asleep];
  for (const wait of sleepers) wait.fallAsleepAnew();
}

/**
 * A dedicated thread at work, until it has to go back to its event loop. `active` is what keeps that alive: timers are
 * late by as long as a block takes. False, at once, where other callbacks of setImmediate wait for their turn, or the
 * thread is to end.
 */
function serveBlocking(active: readonly string[]): boolean {
  const self = dedication!;
  if (active.includes('Immediate') || self.isReleased) return false;
  const longest = longestBlockMS(active, quietBlocks, self.longestIdleMS);
  const until = performance.now() + longest;
  self.begin(longest);
  joining.interrupted();
  for (let rounds = 1; mayBlock() && !self.isCalled; rounds++) {
    // To ask for the time makes an object, and a round may be a call.
    if (rounds % ROUNDS_PER_CLOCK === 0 && performance.now() >= until) break;
    if (awake.length > 0) {
      quietBlocks = 0;
      joining.interrupted();
      startSlice();
      tuckIn();
      // What was begun or settled behind a promise goes on first.
      if (isSliceQueued || !rouseBlocked()) return true;
    } else if (blocked.length === 0) {
      // Without channels there are sockets alone, and those are the event loop's.
      break;
    } else {
      const hasTime = isTurnBack || self.block(blocked);
      isTurnBack = false;
      quietBlocks = hasTime ? 0 : quietBlocks + 1;
      if (!rouseBlocked() || !hasTime) break;
      joining.turned();
    }
  }
  self.heed();
  return true;
}

function add(wait: TurnWait): void {
  awake.push(wait);
  // Whoever is slicing looks at it next, and sees to it that there is another round.
  if (!isSlicing) queueSlice();
}

/** Takes one out of a list of waits, whose order does not matter. */
function remove(from: TurnWait[], wait: TurnWait): void {
  const i = from.indexOf(wait);
  if (i < 0) return;
  const last = from.pop()!;
  if (last !== wait) from[i] = last;
}

type State = 'idle' | 'awake' | 'called' | 'on bell' | 'on word' | 'on clock' | 'blocked' | 'roused';

/** The waits on one endpoint, one at a time. */
export class TurnWait {
  readonly #endpoint: Endpoint;
  readonly #bell: Doorbell | undefined;
  #state: State = 'idle';
  #onTurn: (() => void) | undefined;
  /** How long to stay awake, 0 for one more look; and until when that is, once there was a reason to ask. */
  #awakeUS = 0;
  #awakeUntil = 0;
  #isTimed = false;
  /** Whether the peer that was woken has been given this cpu already. */
  #gaveWay = false;
  #timer: NodeJS.Timeout | undefined;
  #armed: Armed | undefined;

  /** With a bell, where the peer rings it. */
  constructor(endpoint: Endpoint, bell: Doorbell | undefined) {
    this.#endpoint = endpoint;
    this.#bell = bell;
  }

  /** Lets others have this cpu, its peer above all. Returns how many milliseconds that took. */
  giveWay(): number {
    return this.#endpoint.giveWayInTurn() / 1000;
  }

  /** As Endpoint.meetsPeer. Precondition: it is awake. */
  meetsPeer(cpu: number): boolean {
    return this.#endpoint.meetsPeer(cpu);
  }

  get turnMS(): number {
    return this.#endpoint.patience.turnMS;
  }

  /** True when the peer has given the turn away. */
  get isOver(): boolean {
    return !this.#endpoint.isPeersTurn;
  }

  /** As not isOver, for one who looks again and again. */
  get seemsToLast(): boolean {
    return this.#endpoint.seemsPeersTurn;
  }

  /** True if the peer has told that it is on another cpu than this. It is told of this. Precondition: it is awake. */
  isPeerElsewhere(cpu: number): boolean {
    return this.#endpoint.findPeer(cpu) === 'elsewhere';
  }

  /**
   * Before a wait for a peer that had to be woken: gives it this cpu at once. Each microsecond until then is one in
   * which another cpu may take the peer over, and has to be woken itself. True if there seems to be no need to wait.
   */
  giveWayAtOnce(): boolean {
    if (!this.#endpoint.wokePeer || !giveWayTo(this)) return false;
    this.#gaveWay = true;
    spentMS += CALLBACK_WORK * MS_PER_WORK;
    endRoundIfLong();
    return !this.seemsToLast;
  }

  /**
   * Calls `onTurn` once, from the event loop or a microtask, after the peer has given the turn away, or perhaps for no
   * reason. Keeps the process alive until then. Precondition: no wait on this endpoint is under way.
   */
  start(onTurn: () => void): void {
    this.#onTurn = onTurn;
    const awakeUS = this.#endpoint.awakeUS(mayBlock());
    if (this.#state === 'roused') {
      if (awakeUS === 0 && this.#blocksAgain()) return;
      this.#leaveSleep();
    }
    if (awakeUS > 0) return this.#stayAwake(awakeUS);
    this.#leaveList();
    this.#fallAsleep();
  }

  #stayAwake(awakeUS: number): void {
    const isListed = this.#state === 'called';
    this.#awakeUS = awakeUS;
    this.#isTimed = false;
    this.#state = 'awake';
    if (this.#endpoint.wokePeer && !this.#gaveWay) noteWaker(this);
    this.#gaveWay = false;
    if (!isListed) add(this);
  }

  /**
   * Ends a wait that is over; true if its callback has begun the next. Precondition: it is awake. It stays among those
   * that are until the callback is done: most begin the next wait.
   */
  finish(): boolean {
    // Who comes from sleep has not been waiting awake.
    if (this.#awakeUS > 0) this.#endpoint.patience.rewarded();
    const onTurn = this.#onTurn!;
    this.#onTurn = undefined;
    this.#state = 'called';
    try {
      onTurn();
    } finally {
      this.#leaveList();
    }
    return (this.#state as State) !== 'idle';
  }

  /** Leaves the list of those that are awake, where it was only left there for its callback. */
  #leaveList(): void {
    if (this.#state !== 'called') return;
    remove(awake, this);
    this.#state = 'idle';
  }

  #call(): void {
    const onTurn = this.#onTurn;
    this.cancel();
    onTurn?.();
  }

  /**
   * Falls asleep if it was to stay awake no longer than until `now`. That was in vain, unless the thread `isBusy` with
   * others. The peer is told on which `cpu` the thread is. Precondition: it is awake.
   */
  sleepAfter(now: number, cpu: number, isBusy: boolean): void {
    this.#endpoint.tellCPU(cpu);
    if (!this.#isTimed) {
      this.#isTimed = true;
      this.#awakeUntil = now + this.#awakeUS / 1000;
    }
    if (now < this.#awakeUntil) return;
    if (!isBusy) this.#endpoint.patience.disappointed();
    remove(awake, this);
    this.#fallAsleep();
  }

  /**
   * Ends a wait that a dedicated thread was blocked on and that is over. It stays among those until the callback is
   * done: on one cpu most begin the next wait by blocking again. True if the callback has begun one.
   */
  answer(): boolean {
    const onTurn = this.#onTurn!;
    this.#onTurn = undefined;
    this.#state = 'roused';
    // A peer that wakes always is told nothing, and to ask for the cpu takes a fiftieth of its call.
    this.#endpoint.awaken(this.#endpoint.elidesWakes ? ownCPU() : -1);
    try {
      onTurn();
    } finally {
      if ((this.#state as State) === 'roused') {
        this.#leaveSleep();
        this.#state = 'idle';
      }
    }
    return (this.#state as State) !== 'idle';
  }

  /** Blocks once more, from within `answer`, or is to be answered again; false where it is not to sleep that way. */
  #blocksAgain(): boolean {
    if (!mayBlock()) return false;
    this.#endpoint.letPeerGoOn();
    if (!this.#endpoint.fallAsleep(ON_WORD)) isTurnBack = true;
    this.#state = 'blocked';
    return true;
  }

  /** Falls asleep once more, in another way. Precondition: it sleeps, or is being answered. */
  fallAsleepAnew(): void {
    if (this.#state === 'roused') return;
    this.#leaveSleep();
    this.#fallAsleep();
  }

  get waitAddress(): number {
    return this.#endpoint.waitAddress;
  }
  get waitValue(): number {
    return this.#endpoint.waitValue;
  }

  #fallAsleep(): void {
    if (mayBlock() && blocked.length >= MAX_DEDICATED_COUNT) crowd(true);
    const blocks = mayBlock();
    const bell = blocks ? undefined : this.#bell;
    if (!this.#endpoint.fallAsleep(bell === undefined ? ON_WORD : ON_BELL)) {
      this.#stayAwake(0);
      return;
    }
    asleep.add(this);
    if (blocks) {
      this.#state = 'blocked';
      blocked.push(this);
      queueRound();
    } else if (bell === undefined) {
      this.#armWaiter();
    } else {
      this.#state = 'on bell';
      bell.add(this.#look);
    }
  }

  #armWaiter(): void {
    this.#state = 'on word';
    try {
      this.#armed = arm(this.#endpoint.waitAddress, this.#endpoint.waitValue, () => {
        this.#armed = undefined;
        this.#call();
      });
    } catch (error) {
      process.emitWarning(error as Error);
      this.#state = 'on clock';
      this.#timer = setTimeout(this.#look, LOOK_MS);
    }
  }

  /** A look of one that sleeps. */
  readonly #look = (): void => {
    if (this.isOver) this.#call();
    else if (this.#state === 'on clock') this.#timer = setTimeout(this.#look, LOOK_MS);
  };

  /** Ends the wait; onTurn is not called any more. */
  cancel(): void {
    this.#onTurn = undefined;
    if (this.#state === 'awake' || this.#state === 'called') remove(awake, this);
    else if (this.#state !== 'idle') this.#leaveSleep();
    this.#state = 'idle';
  }

  #leaveSleep(): void {
    asleep.delete(this);
    remove(blocked, this);
    if (this.#state !== 'roused') this.#endpoint.awaken();
    this.#bell?.remove(this.#look);
    clearTimeout(this.#timer);
    if (this.#armed !== undefined) disarm(this.#armed);
    this.#armed = undefined;
  }
}
