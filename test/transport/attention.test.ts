/** That no wait of a thread is forgotten, whatever the others do. */

import { setTimeout as delay } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { closeFD } from '../../runtime/os/descriptor.js';
import { currentCPU } from '../../runtime/os/sched.js';
import { dedicate, TurnWait } from '../../runtime/transport/attention.js';
import type { Dedication } from '../../runtime/transport/dedicated.js';
import { CLIENT_ACTIVE, Endpoint, SERVER_ACTIVE } from '../../runtime/transport/endpoint.js';
import { ASIDE_PAUSES } from '../../runtime/transport/moving-aside.js';
import { Moving } from '../../runtime/transport/moving.js';
import {
  AWAKE,
  CONN_STATE,
  cpuPart,
  ON_WORD,
  SERVER_ASLEEP,
  type TurnWords,
} from '../../runtime/transport/turn-words.js';
import { hasOneCPU, Patience, type WaitStrategy } from '../../runtime/transport/wait.js';
import { honestMemfd, openWindow } from '../peers/scripted.js';
import { onEveryOccasion } from './ways.js';

const PATIENCE_MS = 2000;
const LOOKS_PER_ANSWER = 30;
/** What 20 us, the longest that a turn of the event loop is held up, are good for at the most. */
const MOST_LOOKS = 1000;

type WaitOn = (words: TurnWords, wait: WaitStrategy, patience?: Patience) => TurnWait;

/** Words of a client whose peer gives the turn away at a time. */
class Timed implements TurnWords {
  /** A time of performance.now(). */
  overAt = Infinity;
  load(word: number): number {
    return word === CONN_STATE && performance.now() < this.overAt ? SERVER_ACTIVE : CLIENT_ACTIVE;
  }
  peek(word: number): number {
    return this.load(word);
  }
  store(): void {}
  storePlain(): void {}
  compareExchange(): number {
    return 0;
  }
  exchange(): number {
    return 0;
  }
  wait(): void {}
  wake(): boolean {
    return true;
  }
}

/** Words of a client whose peer is looked at in vain, until somebody is told that it has been looked at so often. */
class Vain extends Timed {
  looks = 0;
  constructor(readonly onLook: (looks: number) => void) {
    super();
  }
  override load(word: number): number {
    if (word === CONN_STATE) this.onLook(++this.looks);
    return super.load(word);
  }
}

/** Words of a client whose peer gives the turn away once it has been looked at so often. */
class Counted extends Timed {
  looks = 0;
  override load(word: number): number {
    if (word !== CONN_STATE) return 0;
    return ++this.looks % LOOKS_PER_ANSWER === 0 ? CLIENT_ACTIVE : SERVER_ACTIVE;
  }
}

/** Words of a client whose server is as `how` says, and answers once it has been given the client's cpu so often. */
class Neighbour extends Timed {
  yields = 0;
  readonly givingWay = onEveryOccasion(() => {
    if (++this.yields === this.answersAfter) this.overAt = 0;
    return this.yieldUS;
  });
  constructor(
    readonly how: () => number,
    readonly answersAfter = 1,
    readonly yieldUS = 0,
  ) {
    super();
  }
  override load(word: number): number {
    return word === SERVER_ASLEEP ? this.how() : super.load(word);
  }
}

/** Waits on `words` with a window that is freed afterwards. */
async function waiting(body: (waitOn: WaitOn) => Promise<void>): Promise<void> {
  const fd = honestMemfd();
  const window = openWindow(fd);
  try {
    await body((words, wait, patience = new Patience({ wait })) => {
      return new TurnWait(new Endpoint(window, 'client', { words, patience }), undefined);
    });
  } finally {
    window.destroy();
    closeFD(fd);
  }
}

const nothing = (): void => undefined;

/** Runs `body` in a thread that is dedicated, and whose `block` does not block. */
async function dedicated(body: (waitOn: WaitOn) => Promise<void>, block: () => unknown = nothing): Promise<void> {
  dedicate({ isCalled: false, begin: nothing, heed: nothing, block } as unknown as Dedication);
  try {
    await waiting(body);
  } finally {
    dedicate(undefined);
  }
}

const attention = suite('attention');

attention('is paid to who was asleep while another is never done', () =>
  dedicated(async (waitOn) => {
    const [never, once] = [new Timed(), new Timed()];
    const [busy, rare] = [waitOn(never, 'lowest-latency'), waitOn(once, 'lowest-cpu')];
    let isServed = false;
    rare.start(() => (isServed = true));
    never.overAt = 0;
    const until = performance.now() + PATIENCE_MS;
    const wasServed = await new Promise<boolean>((resolve) => {
      const again = (): void => {
        once.overAt = 0;
        if (isServed || performance.now() > until) resolve(isServed);
        else busy.start(again);
      };
      busy.start(again);
    });
    assert.ok(wasServed);
    rare.cancel();
  }),
);

attention('is paid at once to who is asleep while the thread is awake for another', () =>
  dedicated(async (waitOn) => {
    const once = new Timed();
    const vain = new Vain((looks) => {
      if (looks === 100) once.overAt = 0;
    });
    const [busy, rare] = [waitOn(vain, 'lowest-latency'), waitOn(once, 'lowest-cpu')];
    let servedAfter = 0;
    rare.start(() => (servedAfter = vain.looks));
    busy.start(() => undefined);
    const until = performance.now() + PATIENCE_MS;
    while (servedAfter === 0 && performance.now() < until) await delay(1);
    for (const wait of [busy, rare]) wait.cancel();
    assert.ok(servedAfter >= 100 && servedAfter < 110, `after ${servedAfter} looks`);
  }),
);

attention('is not lost by who waits in vain while the thread is busy with another', () =>
  dedicated(async (waitOn) => {
    const patience = new Patience();
    const whole = patience.looks();
    const never = new Timed();
    const [busy, idle] = [waitOn(new Counted(), 'lowest-latency'), waitOn(never, 'balanced', patience)];
    const until = performance.now() + 20;
    const isOver = new Promise<void>((resolve) => {
      const again = (): void => (performance.now() < until ? busy.start(again) : resolve());
      busy.start(again);
    });
    idle.start(() => undefined);
    await isOver;
    for (const wait of [busy, idle]) wait.cancel();
    assert.is(patience.looks(), whole);
  }),
);

attention('is paid at once, without blocking, to whose turn came back while it was answered', () => {
  const [words, answersPerBlock, blocksCount] = [new Timed(), 10, 5];
  let [answers, blocks] = [0, 0];
  const body = async (waitOn: WaitOn): Promise<void> => {
    const wait = waitOn(words, 'lowest-cpu');
    const allAnswered = new Promise<void>((resolve) => {
      const again = (): void => {
        if (++answers % answersPerBlock === 0) words.overAt = Infinity;
        if (answers < blocksCount * answersPerBlock) wait.start(again);
        else resolve();
      };
      wait.start(again);
    });
    await Promise.race([allAnswered, delay(PATIENCE_MS)]);
    wait.cancel();
    assert.equal([answers, blocks], [blocksCount * answersPerBlock, blocksCount]);
  };
  return dedicated(body, () => {
    blocks++;
    words.overAt = 0;
    return true;
  });
});

attention('is paid to the others when what one calls has thrown', async () => {
  const thrown: unknown[] = [];
  process.setUncaughtExceptionCaptureCallback((error) => thrown.push(error));
  try {
    await dedicated(async (waitOn) => {
      let calls = 0;
      const began = performance.now();
      const waits = [0.4, 0.6, 0.8].map((ms) => {
        const words = new Timed();
        words.overAt = began + ms;
        const wait = waitOn(words, 'lowest-latency');
        wait.start(() => {
          calls++;
          throw new Error('of the callback');
        });
        return wait;
      });
      while (calls < waits.length && performance.now() < began + PATIENCE_MS) await delay(1);
      assert.is(calls, waits.length);
      assert.is(thrown.length, waits.length);
      for (const wait of waits) wait.cancel();
    });
  } finally {
    process.setUncaughtExceptionCaptureCallback(null);
  }
});

attention('leaves the event loop its turns, however short the waits are', () =>
  waiting(async (waitOn) => {
    const words = new Counted();
    const wait = waitOn(words, 'balanced');
    let turns = 0;
    let most = 0;
    let before = 0;
    let isDone = false;
    const turn = (): void => {
      turns++;
      most = Math.max(most, words.looks - before);
      before = words.looks;
      if (!isDone) setImmediate(turn);
    };
    setImmediate(turn);
    for (let i = 0; i < 1000; i++) await new Promise<void>((resolve) => wait.start(resolve));
    isDone = true;
    assert.ok(turns >= (1000 * LOOKS_PER_ANSWER) / MOST_LOOKS, `${turns} turns`);
    assert.ok(most <= MOST_LOOKS, `${most} looks in one turn`);
  }),
);

/** What became of a call. */
interface Outcome {
  readonly yields: number;
  readonly moves: number;
  readonly isAnswered: boolean;
}

/**
 * Calls `words`' server, and waits for one turn of the event loop, of which so much may be spent on that. `before` is
 * done before the wait begins.
 */
async function call(
  words: Neighbour,
  turnSpinUS: number,
  before: (wait: TurnWait) => void = nothing,
): Promise<Outcome> {
  const fd = honestMemfd();
  const window = openWindow(fd);
  let moves = 0;
  const aside = new Moving(() => ++moves > 0, ASIDE_PAUSES);
  try {
    const patience = new Patience({ turnSpinUS }, aside);
    const settings = { words, patience, givingWay: words.givingWay, elideWakes: true };
    const endpoint = new Endpoint(window, 'client', settings);
    assert.is(endpoint.acceptConnect(window.datagram.bytes.write('{"elidesWakes":true}\n')), 0);
    assert.is(endpoint.send(4), 0);
    const wait = new TurnWait(endpoint, undefined);
    let isAnswered = false;
    // What was spent of this turn is nothing to the next.
    for (let i = 0; i < 2; i++) await new Promise((resolve) => void setImmediate(resolve));
    before(wait);
    wait.start(() => (isAnswered = true));
    // Behind a promise, so still in this turn.
    for (let i = 0; i < 3; i++) await Promise.resolve();
    wait.cancel();
    return { yields: words.yields, moves, isAnswered };
  } finally {
    window.destroy();
    closeFD(fd);
  }
}

/** The same until there is an answer: a turn may be over before it has begun, where others have the cpu. */
async function callUntilAnswered(make: () => Neighbour, turnSpinUS: number): Promise<Outcome> {
  const until = performance.now() + PATIENCE_MS;
  let outcome = await call(make(), turnSpinUS);
  while (!outcome.isAnswered && performance.now() < until) outcome = await call(make(), turnSpinUS);
  return outcome;
}

const turns = hasOneCPU() ? attention.skip : attention;
const asleep = (): number => ON_WORD;
const here = (): number => cpuPart(currentCPU()) | AWAKE;
const elsewhere = (): number => cpuPart(currentCPU() + 1) | AWAKE;

turns('lets a peer that had to be woken run first, once', async () => {
  const once = await callUntilAnswered(() => new Neighbour(asleep), 20);
  assert.equal(once, { yields: 1, moves: 0, isAnswered: true });
  assert.equal(await call(new Neighbour(asleep, 2), 20), { yields: 1, moves: 0, isAnswered: false });
  assert.equal(await call(new Neighbour(asleep), 0), { yields: 0, moves: 0, isAnswered: false });
});

turns('lets a peer that had to be woken run at once, where it is asked to, and not again', async () => {
  const seen: boolean[] = [];
  const atOnce = (wait: TurnWait): void => void seen.push(wait.giveWayAtOnce());
  const once = await call(new Neighbour(asleep), 20, atOnce);
  assert.equal([once.yields, once.moves, seen], [1, 0, [true]]);
  assert.equal((await call(new Neighbour(asleep, 2), 20, atOnce)).yields, 1);
  assert.equal((await call(new Neighbour(here), 0, atOnce)).yields, 0);
  assert.equal((await call(new Neighbour(asleep), 0, atOnce)).yields, 0);
  assert.equal(seen, [true, false, false, false]);
});

turns('holds no turn of the event loop up for longer by giving way at once', async () => {
  const words = new Neighbour(asleep, Infinity, 15);
  for (let turn = 1; turn <= 3; turn++) {
    await call(words, 20, (wait) => {
      for (let i = 0; i < 10; i++) wait.giveWayAtOnce();
    });
    assert.is(words.yields, 2 * turn);
  }
});

turns('lets a peer that is on this cpu have it, again and again, and moves aside at last', async () => {
  const once = await callUntilAnswered(() => new Neighbour(here), 1000);
  assert.equal(once, { yields: 1, moves: 0, isAnswered: true });
  const often = await callUntilAnswered(() => new Neighbour(here, 4), 1000);
  assert.equal(often, { yields: 4, moves: 1, isAnswered: true });
  assert.equal(await call(new Neighbour(elsewhere), 200), { yields: 0, moves: 0, isAnswered: false });
  assert.equal(await call(new Neighbour(() => AWAKE), 200), { yields: 0, moves: 0, isAnswered: false });
});

attention.run();
