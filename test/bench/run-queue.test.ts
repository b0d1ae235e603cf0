/** What threads got of the cpus, as the kernel counts it. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { describeShares, parseSchedstat, sharesOf } from '../../bench/run-queue.js';

const queue = suite('run queue of the bench');

queue('is read as the kernel writes it', () => {
  assert.equal(parseSchedstat('1200 34 5\n'), { ran: 1200, waited: 34, turns: 5 });
});

queue('knows that this thread ran', () => {
  const before = sharesOf(process.pid);
  const until = performance.now() + 20;
  while (performance.now() < until);
  const own = String(process.pid);
  assert.ok(sharesOf(process.pid).get(own)!.ran - before.get(own)!.ran > 1e6);
});

queue('tells of the threads that had a part, the busiest first', () => {
  const before = new Map([
    ['1', parseSchedstat('1000000 0 1')],
    ['2', parseSchedstat('0 0 0')],
  ]);
  const after = new Map([
    ['1', parseSchedstat('31000000 70000000 11')],
    ['2', parseSchedstat('1000000 0 500')],
    ['3', parseSchedstat('99000000 1000000 7')],
  ]);
  assert.is(describeShares(before, after, 100), '99 % (waiting 1 %, 7 turns), 30 % (waiting 70 %, 10 turns)');
});

queue.run();
