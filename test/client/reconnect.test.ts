/** A client that connects again: what becomes of calls, in flight and waiting, and of what it holds. */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Echo } from '../../examples/echo/generated/echo/index.js';
import { connect, type ConnectionEvent, type RPCError } from '../../runtime/index.js';
import { serve, type RunningServer } from '../../runtime/server.js';
import { waitersEnded } from '../../runtime/transport/waiter.js';
import { assertNothingLeft, holdings, type Holdings } from '../peers/leaks.js';
import { Program } from '../peers/program.js';

interface Context {
  before: Holdings;
  folder: string;
  path: string;
  server: RunningServer;
}

const again = suite<Context>('reconnecting');

function serveEcho(listen: string): Promise<RunningServer> {
  return serve({ listen, protocol: Echo, handlers: { say: ({ text }) => ({ text }) } });
}

again.before.each(async (context) => {
  context.before = holdings();
  context.folder = mkdtempSync(join(tmpdir(), 'lisafs-again-'));
  context.path = join(context.folder, 'socket');
  context.server = await serveEcho(context.path);
});

again.after.each(async ({ before, folder, server }) => {
  await server.close();
  rmSync(folder, { recursive: true });
  await waitersEnded();
  assertNothingLeft(before);
});

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'ok',
    (error: RPCError) => error.code,
  );
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => void setTimeout(resolve, 1));
}

again('calls wait for the next connection, and tell of it', async (context) => {
  const states: boolean[] = [];
  const note = (event: unknown): number => states.push((event as ConnectionEvent).connected);
  subscribe('lisafs:connection', note);
  await using client = await connect({ path: context.path, protocol: Echo, reconnect: true });
  assert.is((await client.say({ text: 'one' })).text, 'one');
  await context.server.close();
  await until(() => !client.connected);
  const waiting = [client.say({ text: 'two' }), client.caller({ timeout: 60_000 }).say({ text: 'three' })];
  context.server = await serveEcho(context.path);
  assert.equal(
    (await Promise.all(waiting)).map(({ text }) => text),
    ['two', 'three'],
  );
  assert.ok(client.connected);
  assert.equal(states, [false, true]);
  unsubscribe('lisafs:connection', note);
});

again('a call in flight at the end fails, and is not made again', async (context) => {
  await context.server.close();
  let calls = 0;
  const handlers = { say: () => (calls++, new Promise<never>(() => undefined)) };
  const stuck = await serve({ listen: context.path, protocol: Echo, handlers });
  const program = new Program(new URL('./programs/dying-echo.js', import.meta.url), [`${context.path}2`]);
  await program.line();
  await using client = await connect({ path: `${context.path}2`, protocol: Echo, reconnect: true });
  const call = codeOf(client.say({ text: 'never' }));
  assert.is(await program.line(), 'called');
  program.kill();
  assert.is(await call, 'EIO');
  await program.ended();
  assert.is(calls, 0);
  await client.disconnect();
  await stuck.close();
  context.server = await serveEcho(context.path);
});

again(
  'waiting ends with time, by a signal, and when this side disconnects; over the bound at once',
  async (context) => {
    const { path, server } = context;
    const client = await connect({ path, protocol: Echo, reconnect: true, callTimeout: 10, maxQueued: 3 });
    await server.close();
    await until(() => !client.connected);
    assert.is(await codeOf(client.say({ text: '' })), 'ETIMEDOUT');
    assert.is(await codeOf(client.say({ text: '' }, { timeout: 1 })), 'ETIMEDOUT');
    assert.is(await codeOf(client.say({ text: '' }, { signal: AbortSignal.abort() })), 'ABORT_ERR');
    assert.throws(
      () => client.saySync({ text: '' }),
      (error: RPCError) => error.code === 'ENOTCONN',
    );
    const controller = new AbortController();
    const waiting = [
      codeOf(client.say({ text: '' }, { timeout: Infinity, signal: controller.signal })),
      codeOf(client.say({ text: '' }, { timeout: Infinity })),
      codeOf(client.say({ text: '' }, { timeout: Infinity })),
      codeOf(client.say({ text: '' })),
    ];
    controller.abort();
    assert.is(await waiting[3], 'ENOBUFS');
    assert.is(await waiting[0], 'ABORT_ERR');
    await client.disconnect();
    assert.equal(await Promise.all(waiting.slice(1, 3)), ['ENOTCONN', 'ENOTCONN']);
    await client.disconnect();
    assert.is(await codeOf(client.say({ text: '' })), 'ENOTCONN');
  },
);

again('the first connection has to be had; LISAFS has FDIDs, which end with it', async ({ folder, path }) => {
  assert.is(await codeOf(connect({ path: join(folder, 'none'), protocol: Echo, reconnect: true })), 'ENOENT');
  const lisafs = connect({ path, reconnect: true } as unknown as { path: string });
  assert.is(await codeOf(lisafs), 'ERR_INVALID_ARG_VALUE');
});

again('an idle client whose server is gone keeps no process', async ({ path, server }) => {
  const program = new Program(new URL('./programs/left-alone.js', import.meta.url), [path]);
  assert.is(await program.line(), 'connected');
  await server.close();
  const { code, lines, stderr } = await program.ended();
  assert.is(code, 0, stderr);
  assert.equal(lines, ['connected', 'the end']);
});

again.run();
