/** When a caller leaves the cpu that its server seems to need, by a clock that the test sets. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MovingAside } from '../../runtime/transport/moving-aside.js';
import { hasOneCPU, Patience } from '../../runtime/transport/wait.js';

/** A thread that wants to leave its cpu all the time. */
class Caller {
  timeUS = 0;
  moves = 0;
  canMove = true;
  readonly moving = new MovingAside(
    () => {
      this.moves++;
      return this.canMove;
    },
    { moment: () => this.timeUS, microsecondsSince: (then) => this.timeUS - then },
  );

  /** How many times it leaves within so many microseconds, if it would every 10. */
  during(us: number): number {
    const before = this.moves;
    for (const end = this.timeUS + us; this.timeUS < end; this.timeUS += 10) this.moving.moveAside();
    return this.moves - before;
  }
}

const movingAside = suite('moving aside');

movingAside('is done at once, and then once in a millisecond while it helps', () => {
  const caller = new Caller();
  for (let ms = 0; ms < 100; ms++) {
    assert.is(caller.during(1000), 1);
    caller.moving.answered();
  }
});

movingAside('is done after twice the time wherever it was in vain, and once in a second at least', () => {
  const caller = new Caller();
  assert.is(caller.during(1_000_000), 10);
  assert.is(caller.during(100_000_000), 100);
});

movingAside('is done as often as before once it has helped again', () => {
  const caller = new Caller();
  caller.during(10_000_000);
  caller.moving.answered();
  assert.is(caller.during(2_000_000), 2 + 9, 'one that is due, and from there on as from the beginning');
});

movingAside('is not tried again where it is not possible', () => {
  const caller = new Caller();
  caller.canMove = false;
  assert.is(caller.during(10_000_000), 1);
});

movingAside.run();

const waiting = suite('who waits awake for a peer that has answered whenever one gave way');
/** Where there is one cpu there is nowhere to go. */
const test = hasOneCPU() ? waiting.skip : waiting;

/** So many waits for which the peer needs this cpu, or others who want it give way as well. */
function wait(patience: Patience, count: number, isPeerOurs: boolean): number[] {
  return Array.from({ length: count }, () => {
    const looks = patience.beginLooking(isPeerOurs);
    patience.gaveWay(true);
    return looks;
  });
}

test('gives way at once, tries every second time to keep the cpu, and leaves it after 16 times in vain', () => {
  const caller = new Caller();
  const patience = new Patience({}, caller.moving);
  const [many, ...others] = wait(patience, 32, true);
  assert.ok(many! > 1);
  assert.equal(
    others,
    others.map((_, i) => (i % 2 === 0 ? 1 : many)),
  );
  assert.is(caller.moves, 0);
  wait(patience, 2, true);
  assert.is(caller.moves, 1);
});

test('keeps the cpu again after one answer without giving way', () => {
  const caller = new Caller();
  const patience = new Patience({}, caller.moving);
  const [many] = wait(patience, 30, true);
  assert.is(patience.beginLooking(true), many);
  patience.rewarded();
  assert.is(patience.beginLooking(true), many);
  assert.is(patience.beginLooking(true), many);
  wait(patience, 31, true);
  assert.is(caller.moves, 0, 'it counts anew');
});

test('does not mind that a try has ended in sleep', () => {
  const caller = new Caller();
  const patience = new Patience({}, caller.moving);
  wait(patience, 2, true);
  patience.beginLooking(true);
  patience.slept(1000);
  patience.rewarded();
  assert.is(patience.beginLooking(true), 1, 'the answer came while it slept');
});

test('stays where it is if the peer is one that sleeps whenever it waits', () => {
  const caller = new Caller();
  const looks = wait(new Patience({}, caller.moving), 1000, false);
  assert.ok(looks.slice(1).every((count) => count === 1));
  assert.is(caller.moves, 0);
});

waiting.run();
