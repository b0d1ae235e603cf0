/** Starts goserver: gVisor's own file server behind a listening socket, for any number of connections. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBuilt } from './peers.js';

export interface GoServer {
  /** What to connect to. */
  readonly path: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Serves `root`. Resolves once it listens. */
export async function startGoServer(root: string): Promise<GoServer> {
  const program = findBuilt('goserver');
  if (program === undefined) throw new Error('no .cache/goserver; run test/interop/build.sh');
  const dir = mkdtempSync(join(tmpdir(), 'lisafs-goserver-'));
  const path = join(dir, 'socket');
  const child = spawn(program, [path, root], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'close');
  await once(child.stdout, 'data');
  return {
    path,
    pid: child.pid!,
    async stop() {
      child.kill('SIGKILL');
      await exited;
      rmSync(dir, { recursive: true });
    },
  };
}
