/** How long a thread that may block looks before it sleeps, by what it has been through. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hasOneCPU, Patience } from '../../runtime/transport/wait.js';

const patience = suite('patience');
/** Where there is one cpu nobody looks for long, whatever happens. */
const test = hasOneCPU() ? patience.skip : patience;

const LONG_US = 1000;
const SHORT_US = 100;

test('is halved by each wait in vain, given up after five, and tried now and then', () => {
  const waiter = new Patience();
  const whole = waiter.looks();
  assert.ok(whole > 0);
  for (const part of [2, 4, 8, 16]) {
    waiter.slept(LONG_US);
    assert.is(waiter.looks(), Math.ceil(whole / part));
  }
  waiter.slept(LONG_US);
  const later = Array.from({ length: 64 }, () => waiter.looks());
  assert.is(later.filter((looks) => looks === 0).length, 62);
  assert.is(later.filter((looks) => looks === whole).length, 2);
  waiter.rewarded();
  assert.is(waiter.looks(), whole);
});

test('grows where it was given up just before the answer came, and no further than four times', () => {
  const waiter = new Patience();
  const whole = waiter.looks();
  for (const times of [2, 4, 4]) {
    waiter.slept(SHORT_US);
    assert.is(waiter.looks(), whole * times);
  }
  waiter.rewarded();
  assert.is(waiter.looks(), whole * 4, 'an answer in time is no reason to look for less');
  waiter.slept(LONG_US);
  assert.is(waiter.looks(), Math.ceil(whole / 2));
});

test('comes back from having given up', () => {
  const waiter = new Patience();
  const whole = waiter.looks();
  for (let i = 0; i < 9; i++) waiter.slept(LONG_US);
  assert.is(waiter.looks(), 0);
  waiter.slept(SHORT_US);
  assert.is(waiter.looks(), whole * 2);
});

test('does not change for those who want the lowest latency, or the lowest use of the cpu', () => {
  for (const wait of ['lowest-latency', 'lowest-cpu'] as const) {
    const waiter = new Patience({ wait });
    const whole = waiter.looks();
    assert.is(whole === 0, wait === 'lowest-cpu');
    for (const us of [LONG_US, SHORT_US, SHORT_US, LONG_US]) {
      waiter.slept(us);
      assert.is(waiter.looks(), whole);
    }
  }
});

patience.run();
