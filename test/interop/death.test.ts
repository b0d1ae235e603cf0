/**
 * The server dies in the middle of calls, by kill -9: every call that waits fails with EIO and says why, within 100 ms,
 * and nothing stays behind. Times are taken from just before the kill.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, HangUp, type LISAFSClient, RPCError } from '../../runtime/index.js';
import { closeFD } from '../../runtime/os/descriptor.js';
import { waitersEnded } from '../../runtime/transport/waiter.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import type { Failure } from './death-child.js';
import { startGofer, type Gofer } from './gofer.js';
import { needingRunsc } from './peers.js';
import { goferOn, newDirectory, startSession, withSession } from './session.js';

/** The figure. */
const LIMIT_MS = 100;
/** The machine may be busy: of so many kills the better half has to keep to it. */
const KILLS_COUNT = 5;
const WAITING_COUNT = 30;
/** A process that is stuck is killed after so long. */
const SCENE_LIMIT_MS = 20_000;

/** Stops a process where it stands, so that it answers nothing more; resolves when it is stopped. */
async function freeze(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  while (!/^State:\tT/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) await sleep(1);
}

function checkTimes(title: string, times: number[]): void {
  const sorted = times.toSorted((a, b) => a - b);
  console.log(`    ${title}: the last call failed ${sorted.map((ms) => ms.toFixed(1)).join(', ')} ms after the kill`);
  assert.ok(sorted[Math.floor(sorted.length / 2)]! < LIMIT_MS);
}

/** What became of a call, and when. */
async function outcome(call: Promise<unknown>): Promise<{ error: unknown; at: number }> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { error, at: performance.now() };
}

function assertDeath(error: unknown, cause: RegExp): void {
  assert.instance(error, RPCError);
  assert.is((error as RPCError).code, 'EIO');
  assert.instance((error as RPCError).cause, HangUp);
  assert.match(((error as RPCError).cause as HangUp).message, cause);
}

/** Kills the server while calls wait on every communicator and in the queue; returns how long the last took to fail. */
async function killFrozen({ client, gofer, fd }: Doomed, cause: RegExp): Promise<number> {
  const waiting = Array.from({ length: WAITING_COUNT }, () => outcome(client.fstat({ fd })));
  await sleep(5);
  const began = performance.now();
  gofer.process.kill('SIGKILL');
  const outcomes = await Promise.all(waiting);
  for (const { error } of outcomes) assertDeath(error, cause);
  assertDeath((await outcome(client.fstat({ fd }))).error, cause);
  assert.throws(
    () => client.fstatSync({ fd }),
    (error: unknown) => (error as RPCError).code === 'EIO',
  );
  assert.not(client.connected);
  return Math.max(...outcomes.map(({ at }) => at)) - began;
}

/** Kills the server while it answers: a call succeeds or fails, and none is forgotten. */
async function killBusy({ client, gofer, fd }: Doomed, cause: RegExp): Promise<number> {
  let killed = Infinity;
  let last = 0;
  const loops = Array.from({ length: 8 }, async () => {
    for (;;) {
      const { error, at } = await outcome(client.fstat({ fd }));
      if (error === undefined) continue;
      assertDeath(error, cause);
      last = Math.max(last, at);
      return;
    }
  });
  await sleep(30);
  killed = performance.now();
  gofer.process.kill('SIGKILL');
  await Promise.all(loops);
  return last - killed;
}

interface Doomed {
  readonly client: LISAFSClient;
  readonly gofer: Gofer;
  readonly fd: Awaited<ReturnType<LISAFSClient['mount']>>['root']['controlFD'];
}

type Kind = 'debian' | 'current';

/** Runs `body` with a client and its server; nothing may be left after it, though nobody disconnects. */
async function withDoomed(
  kind: Kind,
  channels: number,
  how: 'fd' | 'spawn',
  body: (doomed: Doomed) => Promise<number>,
): Promise<number> {
  const before = holdings();
  const path = newDirectory();
  let gofer: Gofer;
  let client: LISAFSClient;
  if (how === 'spawn') {
    const start = (socketFD: number): ChildProcess => {
      gofer = startGofer({ runsc: kind, root: path, socketFD });
      return gofer.process;
    };
    client = await connect({ spawn: start, channels });
  } else {
    const started = goferOn(path, { runsc: kind });
    gofer = started.gofer;
    client = await connect({ fd: started.fd, channels });
  }
  try {
    const { root } = await client.mount();
    const ms = await body({ client, gofer: gofer!, fd: root.controlFD });
    await gofer!.exited;
    await waitersEnded();
    assertNothingLeft(before);
    return ms;
  } finally {
    // Only for when it failed.
    await gofer!.stop();
    await client.disconnect();
    rmSync(path, { recursive: true });
  }
}

/** A child process with a scene of death-child.ts, and what it says. */
class Scene {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly exited: Promise<unknown[]>;

  constructor(scene: string, channels: number, socketFD: number) {
    const script = fileURLToPath(new URL('death-child.js', import.meta.url));
    this.#child = spawn(process.execPath, [script, scene, String(channels)], {
      stdio: ['pipe', 'pipe', 'inherit', socketFD],
    });
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), SCENE_LIMIT_MS);
    this.exited = once(this.#child, 'close').finally(() => clearTimeout(timer));
  }

  async hear(): Promise<unknown> {
    const { value, done } = await this.#lines.next();
    assert.not(done, 'the child has nothing more to say');
    return JSON.parse(value as string) as unknown;
  }

  go(): void {
    this.#child.stdin!.write('\n');
  }

  async ends(): Promise<void> {
    assert.equal(await this.exited, [0, null], 'it does not end by itself');
  }
}

/** Plays a scene to its end; returns how long after the kill the last call failed. */
async function play(kind: Kind, name: string, channels: number): Promise<number> {
  const before = holdings();
  const path = newDirectory();
  const { gofer, fd } = goferOn(path, { runsc: kind });
  const scene = new Scene(name, channels, fd);
  closeFD(fd);
  assert.is(await scene.hear(), 'mounted');
  await freeze(gofer.pid);
  scene.go();
  assert.is(await scene.hear(), 'calling');
  await sleep(50);
  const killed = process.hrtime.bigint();
  gofer.process.kill('SIGKILL');
  const failures = (await scene.hear()) as Failure[];
  const later = [(await scene.hear()) as Failure, (await scene.hear()) as Failure];
  for (const { code, cause } of [...failures, ...later]) {
    assert.equal([code, cause], ['EIO', 'the server closed its end of the socket']);
  }
  assert.equal(await scene.hear(), { descriptors: 0, memfds: 0, threads: 0 });
  await scene.ends();
  await gofer.exited;
  rmSync(path, { recursive: true });
  assertNothingLeft(before);
  return Math.max(...failures.map(({ at }) => Number(BigInt(at) - killed) / 1e6));
}

async function several(title: string, kill: () => Promise<number>): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < KILLS_COUNT; i++) times.push(await kill());
  checkTimes(title, times);
}

for (const kind of ['debian', 'current'] as const) {
  const death = suite(`death, ${kind}`);
  const test = needingRunsc(death, kind);

  for (const [over, channels] of [['channels', 2] as const, ['the socket', 0] as const]) {
    test(`calls that wait on every communicator and in line fail, over ${over}`, () =>
      several(`${kind}, ${over}, waiting`, () =>
        withDoomed(kind, channels, 'fd', async (doomed) => {
          await freeze(doomed.gofer.pid);
          return killFrozen(doomed, /closed its end of the socket/);
        }),
      ));

    test(`calls in the middle of their way fail or succeed, over ${over}`, () =>
      several(`${kind}, ${over}, busy`, () =>
        withDoomed(kind, channels, 'fd', (doomed) => killBusy(doomed, /closed its end of the socket/)),
      ));

    test(`a server of ours that was killed is said to have been, over ${over}`, () =>
      several(`${kind}, ${over}, spawned`, () =>
        withDoomed(kind, channels, 'spawn', async (doomed) => {
          await freeze(doomed.gofer.pid);
          return killFrozen(doomed, /^the server \(pid \d+\) was killed by SIGKILL$/);
        }),
      ));

    for (const scene of ['blocked', 'amid', 'waiting']) {
      test(`a process ends by itself when its server has died (${scene}, over ${over})`, () =>
        several(`${kind}, ${over}, process: ${scene}`, () => play(kind, scene, channels)));
    }
  }

  test('a process ends by itself with a client that is connected and idle', async () => {
    const path = newDirectory();
    const { gofer, fd } = goferOn(path, { runsc: kind });
    const scene = new Scene('idle', 2, fd);
    closeFD(fd);
    assert.is(await scene.hear(), 'mounted');
    scene.go();
    assert.is(await scene.hear(), 'calling');
    await scene.ends();
    assert.equal(await gofer.exited, { code: 0, signal: null });
    rmSync(path, { recursive: true });
  });

  test('disconnect returns from a server that does nothing any more, and its calls fail', () =>
    withSession({ runsc: kind }, async ({ client, gofer, root }) => {
      await freeze(gofer.pid);
      const waiting = Array.from({ length: 10 }, () => outcome(client.fstat({ fd: root })));
      await sleep(5);
      const began = performance.now();
      await client.disconnect();
      console.log(`    ${kind}: disconnected in ${(performance.now() - began).toFixed(1)} ms`);
      for (const { error } of await Promise.all(waiting)) assertDeath(error, /this side disconnected/);
    }));

  test('disconnect kills a server of ours that does nothing any more', async () => {
    const before = holdings();
    const path = newDirectory();
    let gofer: Gofer | undefined;
    const start = (socketFD: number): ChildProcess =>
      (gofer = startGofer({ runsc: kind, root: path, socketFD })).process;
    const client = await connect({ spawn: start });
    await client.mount();
    await freeze(gofer!.pid);
    const began = performance.now();
    await client.disconnect();
    console.log(`    ${kind}: disconnected in ${(performance.now() - began).toFixed(0)} ms`);
    assert.equal(await gofer!.exited, { code: null, signal: 'SIGKILL' });
    rmSync(path, { recursive: true });
    assertNothingLeft(before);
  });

  test('a server that exits while nothing is asked is noticed, and all is freed', async () => {
    const before = holdings();
    const session = await startSession({ runsc: kind });
    await session.gofer.stop();
    for (let i = 0; i < 500 && session.client.connected; i++) await sleep(2);
    assert.not(session.client.connected);
    assertDeath((await outcome(session.client.fstat({ fd: session.root }))).error, /closed its end/);
    await waitersEnded();
    assertNothingLeft(before);
    await session.end();
  });

  death.run();
}
