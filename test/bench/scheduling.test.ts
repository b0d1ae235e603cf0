/** What is read from `perf sched timehist`. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { describeDelays, parseTimehist } from '../../bench/scheduling.js';

const scheduling = suite('scheduling');

const TEXT = `           time    cpu  task name                       wait time  sch delay   run time
                        [tid/pid]                          (msec)     (msec)     (msec)
--------------- ------  ------------------------------  ---------  ---------  ---------
      10.000000 [0000]  node[100]                           0.000      0.001      2.000
      10.003000 [0000]  some tool[300/299]                  0.000      0.000      3.000
      10.004000 [0001]  elsewhere[400]                      0.000      0.000      4.000
      10.004500 [0000]  node[101/100]                       9.000      3.500      1.000
`;

scheduling('is parsed, head and all', () => {
  const stretches = parseTimehist(TEXT);
  assert.is(stretches.length, 4);
  assert.equal(stretches[1], { endedAt: 10_003, cpu: 0, name: 'some tool', tid: 300, delay: 0, ran: 3 });
});

scheduling('names who had the cpu while somebody waited for it, on that cpu and then', () => {
  const [waits, who, ...more] = describeDelays(parseTimehist(TEXT), new Set([100, 101]));
  assert.match(waits!, 'ran 2 times; 1 times they waited longer than 50 us for a cpu, at most 3.50 ms');
  assert.is(who, 'on that cpu meanwhile: some tool for 3.0 ms');
  assert.equal(more, []);
});

scheduling('says nothing of others where nobody waited', () => {
  assert.is(describeDelays(parseTimehist(TEXT), new Set([300])).length, 1);
});

scheduling.run();
