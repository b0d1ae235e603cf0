/** zeromq over ipc://, PAIR to PAIR: an empty message there and back. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Pair } from 'zeromq';
import { serveSubject, type Subject } from '../subject.js';

const EMPTY = Buffer.alloc(0);

async function serve(address: string): Promise<void> {
  const socket = new Pair();
  await socket.bind(address);
  process.stdout.write('ready\n');
  process.stdin.resume().on('end', () => socket.close());
  for await (const [message] of socket) await socket.send(message!);
}

async function makeSubject(): Promise<Subject> {
  const path = join(tmpdir(), `lisafs-bench-zeromq-${process.pid}`);
  const address = `ipc://${path}`;
  const server = spawn(process.execPath, [fileURLToPath(import.meta.url), address], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(server.stdout, 'data');
  const socket = new Pair();
  socket.connect(address);
  const call = async (): Promise<void> => {
    await socket.send(EMPTY);
    await socket.receive();
  };
  return {
    asynchronous: true,
    call,
    run: async (calls) => {
      for (let i = 0; i < calls; i++) await call();
    },
    end: async () => {
      socket.close();
      server.stdin.end();
      await once(server, 'close');
      rmSync(path, { force: true });
    },
  };
}

const [, , address] = process.argv;
if (address === undefined) await serveSubject(makeSubject);
else await serve(address);
