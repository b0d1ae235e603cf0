/** How long a caller puts off its first look, for a peer whose answers take so many steps. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FirstLook } from '../../runtime/transport/first-look.js';

const STEPS_PER_LOOK = 12;
const MAX_STEPS = 250;

/** So many calls to a peer whose answer is there after `steps`; returns how many looks were in vain. */
function call(firstLook: FirstLook, steps: number, count: number): number {
  let inVain = 0;
  for (let i = 0; i < count; i++) {
    const looks = Math.max(Math.ceil((steps - firstLook.steps) / STEPS_PER_LOOK), 0);
    inVain += looks;
    firstLook.came(looks);
  }
  return inVain;
}

const test = suite('the first look');

test('is at once, until an answer was late', () => {
  const firstLook = new FirstLook();
  assert.is(firstLook.steps, 0);
  call(firstLook, 0, 1000);
  assert.is(firstLook.steps, 0);
});

test('is soon put off until the answer is there', () => {
  for (const steps of [5, 60, 100, 200]) {
    const firstLook = new FirstLook();
    call(firstLook, steps, 80);
    assert.ok(firstLook.steps >= steps && firstLook.steps <= steps + STEPS_PER_LOOK, `${firstLook.steps} of ${steps}`);
  }
});

test('stays at where the answer comes, and is in vain for few calls', () => {
  const firstLook = new FirstLook();
  call(firstLook, 100, 2000);
  const inVain = call(firstLook, 100, 1600);
  assert.ok(firstLook.steps >= 99 && firstLook.steps <= 101, `${firstLook.steps}`);
  assert.ok(inVain > 0 && inVain <= 110, `${inVain} in vain of 1600 calls`);
});

test('is brought forward where the answers come sooner', () => {
  const firstLook = new FirstLook();
  call(firstLook, 200, 100);
  call(firstLook, 50, 16 * 200);
  assert.ok(firstLook.steps >= 49 && firstLook.steps <= 51, `${firstLook.steps}`);
});

test('is put off by one step for a late answer, and by more where four come in a row', () => {
  const firstLook = new FirstLook();
  call(firstLook, 100, 1000);
  const { steps } = firstLook;
  for (let i = 0; i < 3; i++) firstLook.came(20);
  assert.is(firstLook.steps, steps + 3);
  firstLook.came(20);
  assert.is(firstLook.steps, steps + 23);
});

test('does not wait for answers that take long', () => {
  const firstLook = new FirstLook();
  call(firstLook, 1000, 1000);
  assert.is(firstLook.steps, 0);
});

test('is never put off by more than the most', () => {
  const firstLook = new FirstLook();
  for (let i = 0; i < 1000; i++) firstLook.came(24);
  assert.is(firstLook.steps, MAX_STEPS);
});

test.run();
