/** When a caller leaves the cpu that its server seems to need, by a clock that the test sets. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ASIDE_PAUSES } from '../../runtime/transport/moving-aside.js';
import { Moving } from '../../runtime/transport/moving.js';
import { hasOneCPU, Patience, type Whereabouts } from '../../runtime/transport/wait.js';

/** A thread that wants to leave its cpu all the time. */
class Caller {
  timeUS = 0;
  moves = 0;
  canMove = true;
  readonly moving = new Moving(
    () => {
      this.moves++;
      return this.canMove;
    },
    ASIDE_PAUSES,
    { moment: () => this.timeUS, microsecondsSince: (then) => this.timeUS - then },
  );

  /** How many times it leaves within so many microseconds, if it would every 10. */
  during(us: number): number {
    const before = this.moves;
    for (const end = this.timeUS + us; this.timeUS < end; this.timeUS += 10) this.moving.move();
    return this.moves - before;
  }
}

const movingAside = suite('moving aside');

movingAside('is done at once, and then once in a millisecond while it helps', () => {
  const caller = new Caller();
  for (let ms = 0; ms < 100; ms++) {
    assert.is(caller.during(1000), 1);
    caller.moving.helped();
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
  caller.moving.helped();
  assert.is(caller.during(2_000_000), 2 + 9, 'one that is due, and from there on as from the beginning');
});

movingAside('is not put off by what was in vain before it helped', () => {
  const caller = new Caller();
  caller.during(10_000_000);
  while (caller.during(10) === 0);
  caller.moving.helped();
  assert.is(caller.during(2000), 2);
});

movingAside('is not tried again where it is not possible', () => {
  const caller = new Caller();
  caller.canMove = false;
  assert.is(caller.during(10_000_000), 1);
});

movingAside.run();

const waiting = suite('who waits awake for a peer');
/** Where there is one cpu there is nowhere to go, and nobody asks where the peer is. */
const test = hasOneCPU() ? waiting.skip : waiting;

/** One wait that is answered after the first yield. Returns after how many looks it was asked where the peer is. */
function wait(patience: Patience, peer: Whereabouts): number {
  const looks = patience.beginLooking();
  if (patience.looksLeft(peer) === 0) patience.gaveWay(peer, true);
  patience.rewarded();
  return looks;
}

test('on this cpu gives way at once from the second wait on, and leaves after four', () => {
  const caller = new Caller();
  const patience = new Patience({}, caller.moving);
  const [many, ...others] = Array.from({ length: 3 }, () => wait(patience, 'here'));
  assert.ok(many! > 1);
  assert.equal(others, [1, 1]);
  assert.is(caller.moves, 0);
  wait(patience, 'here');
  assert.is(caller.moves, 1);
});

test('that has come to another looks for long again, and counts anew', () => {
  const caller = new Caller();
  const patience = new Patience({}, caller.moving);
  const many = wait(patience, 'here');
  for (let i = 0; i < 2; i++) wait(patience, 'here');
  assert.is(wait(patience, 'elsewhere'), 1, 'it does not know yet');
  assert.is(wait(patience, 'elsewhere'), many);
  for (let i = 0; i < 3; i++) wait(patience, 'here');
  assert.is(caller.moves, 0);
});

test('on another gives way late, once in as many looks, and to no more than one that may have come here', () => {
  const patience = new Patience({}, new Caller().moving);
  const soon = patience.beginLooking();
  const late = patience.looksLeft('elsewhere');
  assert.ok(late > 10 * soon, `${late}`);
  assert.is(patience.looksLeft('elsewhere'), 0);
  assert.is(patience.gaveWay('elsewhere', true), soon);
  assert.is(patience.looksLeft('elsewhere'), late);
  assert.is(patience.beginLooking(), soon);
  assert.is(patience.looksLeft('elsewhere'), late, 'the next wait begins anew');
});

test('of which it knows nothing gives way at once for as long as that helps, and stays where it is', () => {
  const caller = new Caller();
  const patience = new Patience({}, caller.moving);
  const many = wait(patience, 'unknown');
  for (let i = 0; i < 1000; i++) assert.is(wait(patience, 'unknown'), 1);
  patience.gaveWay('unknown', false);
  assert.is(patience.beginLooking(), many);
  assert.is(caller.moves, 0);
});

waiting.run();
