/** Which messages are refused before they are looked at. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FIRST_EXTENSION_MID, Refusals } from '../../runtime/session/refusals.js';
import { EOPNOTSUPP, EROFS } from '../../runtime/wire/errno.js';

const refusals = suite('refusals');

const LAST_MID = 65535;

refusals('are none for what is supported, and EOPNOTSUPP for every other MID', () => {
  const supported = new Set([1, 2, 300, FIRST_EXTENSION_MID - 1, FIRST_EXTENSION_MID, LAST_MID]);
  const of = new Refusals(supported, new Map());
  for (let mid = 0; mid <= LAST_MID; mid++) {
    const expected = supported.has(mid) ? 0 : EOPNOTSUPP;
    if (of.errnoOf(mid) !== expected) assert.is(of.errnoOf(mid), expected, `MID ${mid}`);
  }
});

refusals('are none but EOPNOTSUPP where nothing is supported', () => {
  const of = new Refusals(new Set(), new Map([[1, EROFS]]));
  for (const mid of [0, 1, FIRST_EXTENSION_MID, LAST_MID]) assert.is(of.errnoOf(mid), EOPNOTSUPP);
});

refusals('have the errno that is given for a supported message alone', () => {
  const of = new Refusals(
    new Set([1, FIRST_EXTENSION_MID]),
    new Map([1, 2, FIRST_EXTENSION_MID].map((mid) => [mid, EROFS])),
  );
  assert.equal(
    [1, 2, FIRST_EXTENSION_MID].map((mid) => of.errnoOf(mid)),
    [EROFS, EOPNOTSUPP, EROFS],
  );
});

refusals.run();
