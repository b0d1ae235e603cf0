/** Which cpus the threads of a process may run on: taskset(1). */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** As taskset takes them: `0-3`. */
function cpusOf(pid: number): string {
  return /^Cpus_allowed_list:\s*(\S+)$/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]!;
}

function confine(pid: number, cpus: string): void {
  execFileSync('taskset', ['-a', '-c', '-p', cpus, String(pid)], { stdio: 'ignore' });
}

/** Runs `body` while all threads of these processes, by their PIDs, are on these cpus alone. Then they may go back. */
export async function inPlaces<T>(places: ReadonlyMap<number, string>, body: () => Promise<T>): Promise<T> {
  const usual = [...places.keys()].map((pid) => [pid, cpusOf(pid)] as const);
  try {
    for (const [pid, cpus] of places) confine(pid, cpus);
    return await body();
  } finally {
    for (const [pid, cpus] of usual) confine(pid, cpus);
  }
}
