/** Our own server in a process of its own, started as a user starts it, and a client of ours connected to it. */

import { spawn, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { connect } from '../../runtime/index.js';
import { closeFD } from '../../runtime/os/descriptor.js';
import type { Gofer, GoferExit } from '../interop/gofer.js';
import type { Peer } from '../interop/peers.js';
import { newDirectory, newPair, type Session } from '../interop/session.js';

export const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

/** It is held to what gVisor's current server does. */
const OURS: Peer = { kind: 'current', path: MAIN, version: 'ours' };

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

class Serving implements Gofer {
  readonly runsc = OURS;
  readonly process: ChildProcess;
  readonly exited: Promise<GoferExit>;
  #stderr = '';

  constructor(child: ChildProcess) {
    this.process = child;
    running.add(child);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.exited = new Promise((settle) => {
      child.on('close', (code, signal) => {
        running.delete(child);
        settle({ code, signal });
      });
    });
  }

  get pid(): number {
    return this.process.pid!;
  }

  get stderr(): string {
    return this.#stderr;
  }

  stop(): Promise<GoferExit> {
    this.process.kill('SIGKILL');
    return this.exited;
  }
}

/** Starts `lisafs serve --fd 3 …args root` on one end of a socket pair; the other end is the caller's. */
export function startServing(root: string, args: readonly string[] = []): { gofer: Gofer; fd: number } {
  const [fd, theirs] = newPair();
  try {
    const command = [MAIN, 'serve', '--fd', '3', ...args, root];
    const child = spawn(process.execPath, command, { stdio: ['ignore', 'inherit', 'pipe', theirs] });
    return { fd, gofer: new Serving(child) };
  } finally {
    closeFD(theirs);
  }
}

export interface ServedOptions {
  readonly args?: readonly string[];
  readonly channels?: number;
  readonly sync?: boolean;
}

/** A directory of the test's own, served, mounted and removed at the end. */
export async function startServed({ args, channels, sync }: ServedOptions = {}): Promise<Session> {
  const path = newDirectory();
  const { gofer, fd } = startServing(path, args);
  const client = await connect({ fd, ...(channels !== undefined && { channels }) });
  const mounted = sync ? client.mountSync() : await client.mount();
  return {
    gofer,
    client,
    mounted,
    root: mounted.root.controlFD,
    path,
    async end() {
      await client.disconnect();
      await gofer.exited;
      rmSync(path, { recursive: true, force: true });
    },
  };
}
