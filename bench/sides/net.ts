/**
 * Node's net over a Unix socket: a byte there and back for each call. The client reads into one buffer that is reused
 * (`onread`).
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { echoCalls, SERVE } from '../echo.js';
import { serveSubject, type Subject } from '../subject.js';

/** A byte for each call that can be under way. */
const BYTES = Buffer.alloc(64);

/** Node takes a buffer of one's own for a socket that connects, not for one that was accepted: hence 'data' here. */
function serve(path: string): void {
  const server = createServer((socket: Socket) => {
    socket.on('data', (bytes) => void socket.write(bytes));
    socket.on('close', () => server.close());
  });
  server.listen(path, () => process.stdout.write('ready\n'));
}

async function makeSubject(): Promise<Subject> {
  const path = join(tmpdir(), `lisafs-bench-net-${process.pid}`);
  const server = spawn(process.execPath, [fileURLToPath(import.meta.url), SERVE, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(server.stdout, 'data');
  const calls = echoCalls();
  const onread = {
    buffer: Buffer.alloc(64),
    callback: (count: number): boolean => {
      calls.answered(count);
      return true;
    },
  };
  const socket = connect({ path, onread });
  await once(socket, 'connect');
  return calls.subject(
    (count) => void socket.write(BYTES.subarray(0, count)),
    async () => {
      socket.destroy();
      await once(server, 'close');
      rmSync(path, { force: true });
    },
  );
}

const [, , what, path] = process.argv;
if (what === SERVE) serve(path!);
else await serveSubject(makeSubject);
