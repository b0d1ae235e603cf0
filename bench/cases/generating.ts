/** Generating the LISAFS code anew, in a new process each time, with the disk's cache warm. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Effort } from '../rounds.js';
import type { Case, Outcome } from './case.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const LISAFS = join(ROOT, 'dist/cli/main.js');
const ROUNDS = 7;

function generateMs(out: string): number {
  const args = [LISAFS, 'generate', 'schema/lisafs.ts', '--out', out];
  const began = performance.now();
  execFileSync(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
  return performance.now() - began;
}

function run({ quick }: Effort): Promise<Outcome> {
  const rounds: number[] = [];
  for (let i = quick ? 1 : 0; i < (quick ? 2 : ROUNDS + 1); i++) {
    const out = mkdtempSync(join(tmpdir(), 'lisafs-bench-'));
    const took = generateMs(out);
    // The first one warms the disk's cache.
    if (i > 0) rounds.push(took);
    rmSync(out, { recursive: true });
  }
  const side = { side: 'ours', rounds, calls: 1, flags: 'lisafs generate schema/lisafs.ts, a new process' };
  return Promise.resolve({ unit: 'ms', sides: [side], missing: [] });
}

export const generating: Case = { name: 'generate', title: 'generating from the LISAFS schema', run };
