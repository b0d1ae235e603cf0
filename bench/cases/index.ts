/** Every case, in the order in which they are run. */

import { asyncBusy, asyncMany, asyncSleeping, nullCall } from './calls.js';
import { callers } from './callers.js';
import type { Case } from './case.js';
import { codecs } from './codecs.js';
import { fstat, reads } from './files.js';
import { generating } from './generating.js';
import { idle } from './idle.js';
import { slowest } from './slowest.js';

export const CASES: readonly Case[] = [
  nullCall,
  fstat,
  asyncBusy,
  asyncMany,
  asyncSleeping,
  ...reads,
  ...codecs,
  callers,
  slowest,
  idle,
  generating,
];
