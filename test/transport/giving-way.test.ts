/** When a thread that waits lets others have the cpu, where yields take what the test says. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { GivingWay } from '../../runtime/transport/giving-way.js';

const SHORT_US = 2;
const SLICE_US = 3000;

/** A cpu whose yields take what it is told, and the one who gives way on it. */
class Cpu {
  yieldUS = SHORT_US;
  yields = 0;
  readonly waiter = new GivingWay(() => {
    this.yields++;
    return this.yieldUS;
  });

  /** How many of so many are carried out. */
  giveWay(count: number): number {
    const before = this.yields;
    for (let i = 0; i < count; i++) this.waiter.giveWay();
    return this.yields - before;
  }
}

const givingWay = suite('giving way');

givingWay('goes on for as long as others are done soon', () => {
  assert.is(new Cpu().giveWay(100_000), 100_000);
});

givingWay('does not mind a slice now and then', () => {
  const cpu = new Cpu();
  for (let i = 0; i < 100; i++) {
    cpu.yieldUS = SLICE_US;
    assert.is(cpu.giveWay(1), 1);
    cpu.yieldUS = SHORT_US;
    assert.is(cpu.giveWay(200), 200);
  }
});

givingWay('costs next to nothing where somebody else wants the whole cpu', () => {
  const cpu = new Cpu();
  cpu.yieldUS = SLICE_US;
  const carriedOut = cpu.giveWay(1_000_000);
  assert.ok(carriedOut > 10 && carriedOut < 100, `${carriedOut}`);
});

givingWay('takes what it is allowed in the mean, and no more', () => {
  for (const [us, goesOn] of [
    [40, true],
    [60, false],
  ] as const) {
    let yields = 0;
    const waiter = new GivingWay(() => (yields++, us), 50);
    for (let i = 0; i < 10_000; i++) waiter.giveWay();
    assert.is(yields === 10_000, goesOn, `${us} us: ${yields} yields`);
  }
});

givingWay('begins anew when that one has gone', () => {
  const cpu = new Cpu();
  cpu.yieldUS = SLICE_US;
  cpu.giveWay(1_000_000);
  cpu.yieldUS = SHORT_US;
  cpu.giveWay(65_536);
  assert.is(cpu.giveWay(100_000), 100_000);
  // And is as patient as at first: another slice or two do not stop it for long.
  cpu.yieldUS = SLICE_US;
  cpu.giveWay(10);
  cpu.yieldUS = SHORT_US;
  assert.ok(cpu.giveWay(1000) >= 1000 - 64);
});

givingWay('comes nearer to paying again with every question whether it does', () => {
  const cpu = new Cpu();
  cpu.yieldUS = SLICE_US;
  while (cpu.waiter.pays()) cpu.waiter.giveWay();
  let asked = 1;
  while (!cpu.waiter.pays()) asked++;
  assert.is(asked, 64);
});

givingWay.run();
