/** Whether one stays awake for a peer that always sleeps, in worlds where turns take what the test says. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { StayingAwake } from '../../runtime/transport/staying-awake.js';

/** What a turn takes, in microseconds. */
interface Costs {
  awake: number;
  asleep: number;
}

class World {
  timeUS = 0;
  clockReads = 0;
  readonly costs: Costs;
  readonly #staying = new StayingAwake({
    moment: () => this.#read(),
    microsecondsSince: (then) => this.#read() - then,
  });

  constructor(costs: Costs) {
    this.costs = costs;
  }

  #read(): number {
    this.clockReads++;
    return this.timeUS;
  }

  /** Takes so many turns; gives how many of them were awake. */
  turns(count: number): number {
    let awake = 0;
    for (let i = 0; i < count; i++) {
      const isAwake = this.#staying.turned();
      if (isAwake) awake++;
      this.timeUS += isAwake ? this.costs.awake : this.costs.asleep;
    }
    return awake;
  }
}

const MANY = 100_000;
const staying = suite('staying awake for a peer that sleeps');

staying('is tried soon, and kept where it takes less time', () => {
  const world = new World({ awake: 8, asleep: 13 });
  assert.is(world.turns(24), 0, 'asleep at first');
  assert.ok(world.turns(200) > 150);
  const awake = world.turns(MANY);
  assert.ok(awake > MANY * 0.98 && awake < MANY, `${awake}: the other way is tried now and then`);
});

for (const [name, costs] of [
  ['more', { awake: 8, asleep: 4 }],
  ['a little less, since others may want the cpu', { awake: 12, asleep: 13 }],
] as const) {
  staying(`is not kept where it takes ${name}`, () => {
    const awake = new World(costs).turns(MANY);
    assert.ok(awake > 0 && awake < MANY * 0.02, String(awake));
  });
}

staying('is not disturbed where turns are as quick as can be', () => {
  const world = new World({ awake: 2, asleep: 13 });
  world.turns(200);
  assert.is(world.turns(MANY), MANY);
});

staying('follows what changes, soon where turns have become slow', () => {
  const world = new World({ awake: 8, asleep: 5 });
  world.turns(MANY);
  world.costs.asleep = 20;
  assert.ok(world.turns(4000) > 1000);
  assert.ok(world.turns(MANY) > MANY * 0.98);
  world.costs.asleep = 4;
  world.costs.awake = 30;
  assert.ok(world.turns(4000) < 3000);
  assert.ok(world.turns(MANY) < MANY * 0.02);
});

staying('is nothing for a peer that has something else to do between its turns', () => {
  const world = new World({ awake: 50, asleep: 60 });
  assert.is(world.turns(MANY), 0);
  Object.assign(world.costs, { awake: 8, asleep: 13 });
  world.turns(1000);
  assert.is(world.turns(100), 100);
  Object.assign(world.costs, { awake: 100, asleep: 105 });
  world.turns(100);
  assert.is(world.turns(MANY), 0);
});

staying('asks for the time no more than twice in sixteen turns', () => {
  const world = new World({ awake: 8, asleep: 13 });
  world.turns(MANY);
  assert.ok(world.clockReads <= (MANY / 16) * 2, String(world.clockReads));
});

staying.run();
