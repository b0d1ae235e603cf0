/** What threads got of the cpus, as the kernel counts it: /proc/PID/task/TID/schedstat (`sched-stats.rst`). */

import { readdirSync, readFileSync } from 'node:fs';

/** Nanoseconds on a cpu, nanoseconds ready to run without one, and how often it was given one. */
interface Share {
  readonly ran: number;
  readonly waited: number;
  readonly turns: number;
}

export type Shares = ReadonlyMap<string, Share>;

export function parseSchedstat(text: string): Share {
  const [ran = 0, waited = 0, turns = 0] = text.trim().split(' ').map(Number);
  return { ran, waited, turns };
}

/** Of every thread of a process, by its number. Threads that end meanwhile are left out. */
export function sharesOf(pid: number): Shares {
  const shares = new Map<string, Share>();
  for (const tid of readdirSync(`/proc/${pid}/task`)) {
    try {
      shares.set(tid, parseSchedstat(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'utf8')));
    } catch {
      // It has ended.
    }
  }
  return shares;
}

/** Threads that ran less than this part of the time have no part in what is measured. */
const LEAST_PART = 0.05;

/** In words, the busiest thread first: what those that had a part in it got in the `ms` between two readings. */
export function describeShares(before: Shares, after: Shares, ms: number): string {
  const percent = (ns: number): number => Math.round((ns / (ms * 1e6)) * 100);
  const grown = [...after].map(([tid, share]) => {
    const { ran, waited, turns } = before.get(tid) ?? { ran: 0, waited: 0, turns: 0 };
    return { ran: share.ran - ran, waited: share.waited - waited, turns: share.turns - turns };
  });
  return grown
    .filter(({ ran }) => ran >= LEAST_PART * ms * 1e6)
    .toSorted((a, b) => b.ran - a.ran)
    .map(({ ran, waited, turns }) => `${percent(ran)} % (waiting ${percent(waited)} %, ${turns} turns)`)
    .join(', ');
}
