/**
 * Moving aside: a caller that is awake and its server, awake as well, on one cpu are each other's worst company. Every
 * call takes two switches, and the server cannot serve others meanwhile. The kernel sees two busy threads where it
 * could not do better: of five on two cpus, three have to share one, and it does not know who waits for whom.
 *
 * So the caller goes to another cpu.
 */

import { leaveCPU } from '../os/sched.js';
import { Moving, type Pauses } from './moving.js';

export const ASIDE_PAUSES: Pauses = { firstUS: 1000, longestUS: 1_000_000 };

/** This thread's. */
export const aside = new Moving(leaveCPU, ASIDE_PAUSES);
