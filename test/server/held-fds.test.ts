/** How many of a server's descriptors one client can have, and what is left to others then. */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, type FDID, type LISAFSClient } from '../../runtime/index.js';
import { closeFD } from '../../runtime/os/descriptor.js';
import { newPair } from '../interop/session.js';
import { MAIN } from './serving.js';

const LIMIT = 400;
/** What is there for FDs: all but the reserve, a quarter here. */
const ROOM = 300;
const PATIENCE_MS = 10_000;

/** `lisafs serve` with few descriptors. */
function serveLimited(args: readonly string[], fd: number | 'ignore' = 'ignore'): ChildProcess {
  const limited = ['-c', `ulimit -n ${LIMIT}; exec "$@"`, 'sh', process.execPath, MAIN, 'serve', ...args];
  return spawn('sh', limited, { stdio: ['ignore', 'inherit', 'inherit', fd] });
}

/** Asks for FDs until there are no more; how many there were, and what the one too many failed with. */
async function takeAll(one: () => Promise<unknown>): Promise<{ count: number; code: unknown }> {
  for (let count = 0; ; count++) {
    try {
      await one();
    } catch (error) {
      return { count, code: Reflect.get(error as object, 'code') };
    }
  }
}

async function mounted(path: string): Promise<{ client: LISAFSClient; root: FDID }> {
  const client = await connect({ path, channels: 0, callTimeout: PATIENCE_MS });
  const { root } = await client.mount();
  return { client, root: root.controlFD };
}

const limited = suite('few descriptors');

for (const threads of [1, 2]) {
  limited(`are shared: clients leave some to others, in threads: ${threads}`, async () => {
    const path = mkdtempSync(join(tmpdir(), 'lisafs-held-'));
    const socket = join(path, 'socket');
    const server = serveLimited(['--listen', socket, '--threads', `${threads}`, '/usr']);
    try {
      const clients: LISAFSClient[] = [];
      const taken: number[] = [];
      let held = 0;
      for (let i = 0; i < 4; i++) {
        const { client, root } = await connectedTo(socket);
        clients.push(client);
        const walking = (): Promise<unknown> => client.walk({ dirFD: root, path: ['bin'] });
        const { count, code } = await takeAll(walking);
        assert.is(code, 'EMFILE');
        // Its root is one of them.
        assert.is(count + 1, Math.ceil((ROOM - held) / 2));
        held += count + 1;
        taken.push(count);
      }
      assert.is(taken[0], ROOM / 2 - 1);
      for (const client of clients) await client.disconnect();
    } finally {
      server.kill('SIGTERM');
      await once(server, 'exit');
      rmSync(path, { recursive: true });
    }
  });
}

/** The server is there once its socket is. */
async function connectedTo(path: string): ReturnType<typeof mounted> {
  for (const started = performance.now(); ;) {
    try {
      return await mounted(path);
    } catch (error) {
      const isEarly = Reflect.get(error as object, 'code') === 'ENOENT';
      if (!isEarly || performance.now() - started > PATIENCE_MS) throw error;
    }
  }
}

limited('are nearly all for the only client; one that closes what it has opened from holds two for one', async () => {
  const [fd, theirs] = newPair();
  const server = serveLimited(['--fd', '3', '--no-donate', '/usr'], theirs);
  closeFD(theirs);
  const client = await connect({ fd, channels: 0, callTimeout: PATIENCE_MS });
  try {
    const { root } = await client.mount();
    const dirFD = root.controlFD;
    const opened: FDID[] = [];
    const { count, code } = await takeAll(async () => {
      const { inodes } = await client.walk({ dirFD, path: ['bin'] });
      const control = inodes[0]!.controlFD;
      try {
        opened.push((await client.openAt({ fd: control, flags: 0 })).openFD);
      } finally {
        await client.close({ fds: [control] });
      }
    });
    assert.is(code, 'EMFILE');
    assert.is(count, (ROOM - 2) / 2);
    // What was closed can be had again.
    await client.close({ fds: opened });
    const again = await takeAll(() => client.walk({ dirFD, path: ['bin'] }));
    assert.equal(again, { count: ROOM - 1, code: 'EMFILE' });
  } finally {
    await client.disconnect();
    await once(server, 'exit');
  }
});

limited.run();
