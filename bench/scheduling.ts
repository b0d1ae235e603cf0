/** What `perf sched` saw: how long some threads waited for a cpu, and who had it meanwhile. */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** One stretch that a thread ran, as `perf sched timehist` lists them when they end; in milliseconds. */
interface Stretch {
  readonly endedAt: number;
  readonly cpu: number;
  readonly name: string;
  readonly tid: number;
  readonly delay: number;
  readonly ran: number;
}

const LINE = /^\s*(\d+\.\d+)\s+\[(\d+)\]\s+(.*?)\[(\d+)(?:\/\d+)?\]\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s*$/;

export function parseTimehist(text: string): Stretch[] {
  return text.split('\n').flatMap((line) => {
    const [, time, cpu, name, tid, , delay, ran] = LINE.exec(line) ?? [];
    if (time === undefined) return [];
    return [
      {
        endedAt: Number(time) * 1000,
        cpu: Number(cpu),
        name: name!,
        tid: Number(tid),
        delay: Number(delay),
        ran: Number(ran),
      },
    ];
  });
}

/** Waits for a cpu that are longer are those that make a call slow. */
const LONG_MS = 0.05;
const SHOWN_COUNT = 4;

/** In words: how often and how long these threads were ready and had no cpu, and who had it. */
export function describeDelays(stretches: readonly Stretch[], tids: ReadonlySet<number>): string[] {
  const own = stretches.filter(({ tid }) => tids.has(tid));
  const long = own.filter(({ delay }) => delay > LONG_MS);
  const instead = new Map<string, number>();
  for (const { endedAt, ran, delay, cpu } of long) {
    const [from, to] = [endedAt - ran - delay, endedAt - ran];
    for (const other of stretches) {
      if (other.cpu !== cpu || tids.has(other.tid)) continue;
      const overlap = Math.min(other.endedAt, to) - Math.max(other.endedAt - other.ran, from);
      if (overlap > 0) instead.set(other.name, (instead.get(other.name) ?? 0) + overlap);
    }
  }
  const longest = own.reduce((most, { delay }) => Math.max(most, delay), 0);
  const who = [...instead].toSorted(([, a], [, b]) => b - a).slice(0, SHOWN_COUNT);
  return [
    `caller and server ran ${own.length} times; ${long.length} times they waited longer than ${LONG_MS * 1000} us ` +
      `for a cpu, at most ${longest.toFixed(2)} ms`,
    ...(who.length > 0
      ? [`on that cpu meanwhile: ${who.map(([name, ms]) => `${name} for ${ms.toFixed(1)} ms`).join(', ')}`]
      : []),
  ];
}

export function threadsOf(pids: readonly number[]): Set<number> {
  return new Set(pids.flatMap((pid) => readdirSync(`/proc/${pid}/task`).map(Number)));
}

/** Runs `body` under `perf sched record`. Says what happened to these threads, or why that cannot be known. */
export async function traced(tids: ReadonlySet<number>, body: () => Promise<unknown>): Promise<string[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'lisafs-bench-'));
  const data = join(scratch, 'perf.data');
  try {
    const perf = spawn('perf', ['sched', 'record', '-a', '-o', data], { stdio: 'ignore' });
    const ended = once(perf, 'close').catch((error: Error) => error);
    // A perf that may not do it says so at once.
    if ((await Promise.race([ended, sleep(500)])) !== undefined) {
      return ['perf sched is not installed (Debian: linux-perf), or not permitted'];
    }
    await body();
    perf.kill('SIGINT');
    await ended;
    const text = execFileSync('perf', ['sched', 'timehist', '-i', data], {
      encoding: 'utf8',
      maxBuffer: 1 << 30,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return describeDelays(parseTimehist(text), tids);
  } catch (error) {
    return [`no trace: ${(error as Error).message.split('\n')[0]}`];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
