/** @grpc/grpc-js, a unary call of empty messages over a Unix socket, without TLS; nothing is serialized. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, credentials, Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';
import { echoCalls, SERVE } from '../echo.js';
import { serveSubject, type Subject } from '../subject.js';

const EMPTY = Buffer.alloc(0);
const same = (bytes: Buffer): Buffer => bytes;
const METHOD = '/bench.Bench/Ping';

const SERVICE: ServiceDefinition = {
  ping: {
    path: METHOD,
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  },
};

async function serve(address: string): Promise<void> {
  const server = new Server();
  server.addService(SERVICE, {
    ping: (_: unknown, answer: (error: null, bytes: Buffer) => void) => answer(null, EMPTY),
  });
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(address, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve())),
  );
  process.stdout.write('ready\n');
  process.stdin.resume().on('end', () => server.forceShutdown());
}

async function makeSubject(): Promise<Subject> {
  const path = join(tmpdir(), `lisafs-bench-grpc-${process.pid}`);
  const address = `unix:${path}`;
  const server = spawn(process.execPath, [fileURLToPath(import.meta.url), SERVE, address], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(server.stdout, 'data');
  const client = new Client(address, credentials.createInsecure());
  const calls = echoCalls();
  const answered = (error: Error | null): void => {
    if (error !== null) throw error;
    calls.answered(1);
  };
  return calls.subject(
    (count) => {
      for (let i = 0; i < count; i++) client.makeUnaryRequest(METHOD, same, same, EMPTY, answered);
    },
    async () => {
      client.close();
      server.stdin.end();
      await once(server, 'close');
      rmSync(path, { force: true });
    },
  );
}

const [, , what, address] = process.argv;
if (what === SERVE) await serve(address!);
else await serveSubject(makeSubject);
