/** examples/kv: its server and its client, in processes of their own, and a server that dies under them. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KV } from '../../examples/kv/generated/kv/index.js';
import { connect, type RPCError } from '../../runtime/index.js';
import { Program, type Ending } from '../peers/program.js';

interface Context {
  folder: string;
  path: string;
  server: Program;
}

const kv = suite<Context>('examples/kv');

async function startServer({ folder, path }: Context): Promise<Program> {
  const server = new Program(new URL('../../examples/kv/server.js', import.meta.url), [path, join(folder, 'log')]);
  assert.is(await server.line(), `listening at ${path}`);
  return server;
}

function startClient({ path }: Context, ...command: string[]): Program {
  return new Program(new URL('../../examples/kv/client.js', import.meta.url), [path, ...command]);
}

function run(context: Context, ...command: string[]): Promise<Ending> {
  return startClient(context, ...command).ended();
}

/** Resolves once the number under `n` is at least that. */
async function untilWritten(path: string, least: number): Promise<void> {
  await using client = await connect({ path, protocol: KV });
  for (;;) {
    const entry = await client.get({ key: 'n' }).catch(() => undefined);
    if (entry !== undefined && Number(Buffer.from(entry.value).toString()) >= least) return;
    await sleep(1);
  }
}

kv.before.each(async (context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'lisafs-kv-'));
  context.path = join(context.folder, 'kv.sock');
  context.server = await startServer(context);
});

kv.after.each(async ({ folder, server }) => {
  server.kill();
  await server.ended();
  rmSync(folder, { recursive: true });
});

kv('puts, gets, lists, and donates its log', async (context) => {
  assert.equal((await run(context, 'put', 'colour', 'blue')).lines, ['version 1']);
  assert.equal((await run(context, 'put', 'colour', 'green')).lines, ['version 2']);
  assert.equal((await run(context, 'get', 'colour')).lines, ['green']);
  assert.equal((await run(context, 'keys')).lines, ['colour']);
  assert.ok((await run(context, 'log')).lines.includes('["colour","2","Z3JlZW4="]'));
  const { code, stderr } = await run(context, 'get', 'taste');
  assert.is(code, 1);
  assert.match(stderr, /^ENOENT: no such file or directory, Get/);
});

kv('has the errors and the deadlines of its messages', async ({ path, server }) => {
  await using client = await connect({ path, protocol: KV });
  const value = Buffer.from('1');
  assert.is((await client.put({ key: 'a', value, ifVersion: 0 })).version, 1n);
  assert.is((await client.put({ key: 'b', value })).version, 1n);
  assert.is((await client.put({ key: 'a', value, ifVersion: 1 })).version, 2n);
  const conflict = await client.put({ key: 'a', value, ifVersion: 1 }).catch((error: RPCError) => error);
  assert.is((conflict as RPCError).code, 'VersionDiffers');
  assert.is(client.getSync({ key: 'a' }).version, 2n);
  process.kill(server.pid, 'SIGSTOP');
  const late = await client.get({ key: 'a' }, { timeout: 20 }).catch((error: RPCError) => error);
  assert.is((late as RPCError).code, 'ETIMEDOUT');
  process.kill(server.pid, 'SIGCONT');
  assert.is((await client.get({ key: 'a' })).version, 2n);
});

kv('a client goes on over the deaths of its server, and nothing that was answered is lost', async (context) => {
  const client = startClient(context, 'count', 'n', '1000');
  for (let deaths = 0; deaths < 2; deaths++) {
    await untilWritten(context.path, 1 + deaths * 100);
    context.server.kill();
    await context.server.ended();
    await sleep(30);
    context.server = await startServer(context);
  }
  const { code, lines, stderr } = await client.ended();
  assert.is(code, 0, stderr);
  assert.equal(lines, ['1000 written']);
  assert.equal((await run(context, 'get', 'n')).lines, ['1000']);
  // Faster machines may be done before the second death.
  assert.match(stderr, /^the server is gone\nconnected again\n/);
});

kv.run();
