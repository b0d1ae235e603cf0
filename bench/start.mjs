/**
 * `npm run bench`, and its like: compiles the project and the bench, and runs it. The peers that it measures are packages
 * of bench/ alone, which this installs only when told to.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = (below) => fileURLToPath(new URL(`../${below}`, import.meta.url));

/** What is run for which word. */
const SCRIPTS = { bench: 'main', goals: 'goals', codegen: 'codegen-size', profile: 'profile' };

/**
 * For all that is measured, peers included: libraries run as they do in production, and the kernel has no
 * restartable sequences to look after (`runtime/os/rseq.ts`), which Go's threads have none of either.
 */
const MEASURED = { NODE_ENV: 'production', GLIBC_TUNABLES: 'glibc.pthread.rseq=0' };

/** Runs a program of Node's to its end; gives its exit status. */
function run(script, args, env = process.env) {
  const { status } = spawnSync(process.execPath, [path(script), ...args], { stdio: 'inherit', env });
  return status ?? 1;
}

/** Compiled code lies in dist/, its packages in bench/node_modules: Node looks for them beside the code. */
function linkPackages() {
  rmSync(path('dist/bench/node_modules'), { recursive: true, force: true });
  symlinkSync('../../bench/node_modules', path('dist/bench/node_modules'));
}

function start([what = 'bench', ...args]) {
  const script = SCRIPTS[what];
  const needsPeers = script !== 'goals';
  if (needsPeers && !existsSync(path('bench/node_modules/.package-lock.json'))) {
    console.error('The bench needs the peers that it measures: run `npm ci --prefix bench` first.');
    return 2;
  }
  const compiled = ['tsconfig.json', ...(needsPeers ? ['bench/tsconfig.json'] : [])].every(
    (project) => run('node_modules/typescript/bin/tsc', ['-p', path(project)]) === 0,
  );
  if (!compiled) return 1;
  if (needsPeers) linkPackages();
  return run(`dist/bench/${script}.js`, args, { ...process.env, ...MEASURED });
}

process.exitCode = start(process.argv.slice(2));
