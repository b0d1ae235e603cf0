/** What the bench builds besides itself: the floors in C, and the two programs of gVisor's in Go. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CACHE = join(ROOT, '.cache/bench');
const BENCH = join(ROOT, 'bench');

/** The flags that the results name. */
export const C_FLAGS = ['-O2', '-Wall', '-Wextra'];

export type Built = 'floor' | 'callers' | 'flipcall' | 'client';

/** Where such a program is. */
export function built(name: Built): string {
  return join(CACHE, name);
}

function run(command: string, args: readonly string[], cwd: string, install: string): string | undefined {
  try {
    const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false', GOWORK: 'off' };
    execFileSync(command, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] });
    return undefined;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return missing ? `there is no ${command}; ${install}` : `${command} ${args.join(' ')} failed`;
  }
}

/** Builds what is out of date. Undefined, or why it cannot be had and what to do. */
export function whyNotBuilt(name: Built): string | undefined {
  mkdirSync(CACHE, { recursive: true });
  if (name === 'floor' || name === 'callers')
    return run('gcc', [...C_FLAGS, '-pthread', '-o', built(name), join(BENCH, `c/${name}.c`)], BENCH, 'install gcc');
  return run('go', ['build', '-trimpath', '-o', built(name), `./${name}`], join(BENCH, 'go'), 'install Go (go.dev)');
}

/** Why gVisor's server cannot be measured, and what to do. */
export function whyNoGofer(): string | undefined {
  if (process.getuid?.() !== 0) return 'gVisor’s server needs root';
  return existsSync(join(ROOT, '.cache/runsc-current')) ? undefined : 'run test/interop/build.sh first';
}
