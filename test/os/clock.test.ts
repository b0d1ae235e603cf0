/** The clock that makes no objects. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { microsecondsSince, moment } from '../../runtime/os/clock.js';

const clock = suite('moment, microsecondsSince');

clock('go along with performance.now()', () => {
  const [then, began] = [moment(), performance.now()];
  while (performance.now() - began < 20);
  const us = microsecondsSince(then);
  const most = (performance.now() - began) * 1000;
  assert.ok(us >= 20_000 - 1 && us <= most + 1000, `${us} of at most ${most}`);
});

clock('go round every thousand seconds', () => {
  const now = moment();
  assert.ok(Number.isInteger(now) && now >= 0 && now < 1e9);
  const before = (now + 1e9 - 5_000_000) % 1e9;
  const us = microsecondsSince(before);
  assert.ok(us >= 5_000_000 && us < 6_000_000, `${us}`);
});

clock.run();
