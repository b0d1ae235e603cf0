/** What was measured on, and with what. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, release } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export interface Machine {
  readonly cpu: string;
  readonly cpus: number;
  readonly kernel: string;
  readonly node: string;
  readonly environment: string;
  /** The peers' versions by name. */
  readonly versions: Readonly<Record<string, string>>;
}

/** What start.mjs sets for all that is measured. */
const ENVIRONMENT = ['NODE_ENV', 'GLIBC_TUNABLES'];

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

function packageVersions(): Record<string, string> {
  const { devDependencies } = createRequire(import.meta.url)(join(ROOT, 'bench/package.json')) as {
    devDependencies: Record<string, string>;
  };
  return devDependencies;
}

function gvisorVersion(): string {
  return /gvisor\.dev\/gvisor (\S+)/.exec(readFileSync(join(ROOT, 'bench/go/go.mod'), 'utf8'))![1]!;
}

/** Ticks that the cpus have spent so far, idle and in all (`/proc/stat`). */
function ticks(): { idle: number; total: number } {
  const [first = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  const [user, nice, system, idle, ioWait, irq, softIRQ, steal] = first.trim().split(/\s+/).slice(1).map(Number);
  const waiting = idle! + ioWait!;
  return { idle: waiting, total: user! + nice! + system! + waiting + irq! + softIRQ! + steal! };
}

/**
 * Which share of the cpus others use, looked at for a while in which the bench does nothing, in percent. Whoever spins
 * is measured wrongly where it is more than a little.
 */
export async function busyPercent(ms: number): Promise<number> {
  const before = ticks();
  await sleep(ms);
  const after = ticks();
  const total = after.total - before.total;
  return total === 0 ? 0 : Math.round((1 - (after.idle - before.idle) / total) * 100);
}

/** The first line that a compiler says of itself. */
function compilerVersion(command: string, ...args: string[]): string {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')[0]!;
  } catch {
    return 'none';
  }
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cpus: availableParallelism(),
    kernel: release(),
    node: process.version,
    environment: ENVIRONMENT.map((name) => `${name}=${process.env[name] ?? ''}`).join(', '),
    versions: {
      ...packageVersions(),
      gvisor: gvisorVersion(),
      go: compilerVersion('go', 'version'),
      gcc: compilerVersion('gcc', '--version'),
    },
  };
}
