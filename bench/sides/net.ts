/** Node's net over a Unix socket: one byte there and back. Both ends read into one buffer that is reused (`onread`). */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { echoCalls } from '../echo.js';
import { serveSubject, type Subject } from '../subject.js';

const BYTE = Buffer.alloc(1);

/** Node takes a buffer of one's own for a socket that connects, not for one that was accepted: hence 'data' here. */
function serve(path: string): void {
  const server = createServer((socket: Socket) => {
    socket.on('data', () => void socket.write(BYTE));
    socket.on('close', () => server.close());
  });
  server.listen(path, () => process.stdout.write('ready\n'));
}

async function makeSubject(): Promise<Subject> {
  const path = join(tmpdir(), `lisafs-bench-net-${process.pid}`);
  const server = spawn(process.execPath, [fileURLToPath(import.meta.url), path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(server.stdout, 'data');
  const calls = echoCalls();
  const onread = {
    buffer: Buffer.alloc(64),
    callback: (): boolean => {
      calls.answered();
      return true;
    },
  };
  const socket = connect({ path, onread });
  await once(socket, 'connect');
  return calls.subject(
    () => void socket.write(BYTE),
    async () => {
      socket.destroy();
      await once(server, 'close');
      rmSync(path, { force: true });
    },
  );
}

const [, , path] = process.argv;
if (path === undefined) await serveSubject(makeSubject);
else serve(path);
