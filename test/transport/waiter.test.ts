import { setImmediate as turn } from 'node:timers/promises';
import { readdirSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ALL_WAITERS, futexWake, hasFutexWaitv } from '../../runtime/os/futex.js';
import { allocScratch } from '../../runtime/os/memory.js';
import { arm, disarm, releaseWaiter, retainWaiter, waitersEnded } from '../../runtime/transport/waiter.js';
import { MAX_SLOTS_COUNT } from '../../runtime/transport/waiter-memory.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { Program } from '../peers/program.js';

const PROGRAM = new URL('./programs/waiting.js', import.meta.url);
const page = allocScratch(4096);
const words = new Int32Array(page.buffer);
const IDLE = 1;

async function until(isSo: () => boolean, what: string): Promise<void> {
  for (let turns = 0; !isSo(); turns++) {
    assert.ok(turns < 10_000_000, `never: ${what}`);
    await turn();
  }
}

/** Words of memory to wait on, and which of them called back, in order. */
class Setting {
  readonly before = holdings();
  readonly fired: number[] = [];

  constructor() {
    words.fill(IDLE);
    retainWaiter();
  }

  address(index: number): number {
    return page.address + 4 * index;
  }

  arm(index: number): ReturnType<typeof arm> {
    return arm(this.address(index), IDLE, () => this.fired.push(index));
  }

  /** As a peer does that gives the turn back. */
  change(index: number): void {
    Atomics.store(words, index, 0);
    futexWake(this.address(index), 1);
  }

  async hasFired(count: number): Promise<void> {
    await until(() => this.fired.length >= count, `${count} callbacks`);
    for (let i = 0; i < 5; i++) await turn();
    assert.is(this.fired.length, count);
  }

  async end(): Promise<void> {
    releaseWaiter();
    await waitersEnded();
    await turn();
    assertNothingLeft(this.before);
  }
}

/** How many threads a number of waits at once needs. */
function threadsFor(count: number): number {
  return hasFutexWaitv() ? Math.ceil(count / MAX_SLOTS_COUNT) : count;
}

function threadCount(): number {
  return readdirSync('/proc/self/task').length;
}

const waiting = suite('arm');

for (const count of [1, 2, MAX_SLOTS_COUNT, MAX_SLOTS_COUNT + 1, 200]) {
  waiting(`calls back for each of ${count} words, once, and for no other`, async () => {
    const setting = new Setting();
    const threads = threadCount();
    const armed = Array.from({ length: count }, (_, i) => setting.arm(i));
    assert.is(new Set(armed.map(({ thread }) => thread)).size, threadsFor(count));
    const odd = armed.flatMap((_, i) => (i % 2 === 1 ? [i] : []));
    for (const i of odd) setting.change(i);
    await setting.hasFired(odd.length);
    assert.equal(
      [...setting.fired].sort((a, b) => a - b),
      odd,
    );
    for (let i = 0; i < count; i += 2) setting.change(i);
    await setting.hasFired(count);
    assert.is(new Set(setting.fired).size, count);
    assert.ok(threadCount() <= threads + threadsFor(count));
    await setting.end();
  });
}

waiting('calls back for a word that had changed before', async () => {
  const setting = new Setting();
  setting.change(3);
  setting.arm(3);
  await setting.hasFired(1);
  await setting.end();
});

waiting('calls back for a word that changed and was not woken, at the latest when it looks again', async () => {
  const setting = new Setting();
  setting.arm(0);
  Atomics.store(words, 0, 5);
  await setting.hasFired(1);
  await setting.end();
});

waiting('never calls back from within', async () => {
  const setting = new Setting();
  setting.change(0);
  setting.arm(0);
  assert.equal(setting.fired, []);
  await setting.hasFired(1);
  await setting.end();
});

waiting('may call back for nothing, and can be armed again', async () => {
  const setting = new Setting();
  let wakes = 0;
  const again = (): void => {
    wakes++;
    if (wakes < 5) arm(setting.address(0), IDLE, again);
  };
  arm(setting.address(0), IDLE, again);
  await until(() => {
    futexWake(setting.address(0), ALL_WAITERS);
    return wakes === 5;
  }, 'five wake-ups for nothing');
  await setting.end();
});

waiting('uses its slots again', async () => {
  const setting = new Setting();
  const threads = new Set<object>();
  for (let i = 0; i < 500; i++) {
    words[0] = IDLE;
    threads.add(setting.arm(0).thread);
    setting.change(0);
    await until(() => setting.fired.length === i + 1, `callback ${i}`);
  }
  assert.is(threads.size, 1);
  await setting.end();
});

waiting('can be done from a callback', async () => {
  const setting = new Setting();
  arm(setting.address(0), IDLE, () => {
    setting.fired.push(0);
    setting.arm(1);
    setting.change(1);
  });
  setting.change(0);
  await setting.hasFired(2);
  await setting.end();
});

waiting('calls the others back when one callback throws', async () => {
  const setting = new Setting();
  const fault = new Error('thrown by a callback');
  const caught = new Promise((resolve) => process.once('uncaughtException', resolve));
  for (let i = 0; i < 20; i++) setting.arm(i);
  arm(setting.address(20), IDLE, () => {
    throw fault;
  });
  for (let i = 21; i < 40; i++) setting.arm(i);
  for (let i = 0; i < 40; i++) setting.change(i);
  assert.is(await caught, fault);
  await setting.hasFired(39);
  await setting.end();
});

waiting.run();

const disarming = suite('disarm');

disarming('keeps the callback from coming, changed or not, and the others are called', async () => {
  const setting = new Setting();
  const armed = Array.from({ length: 10 }, (_, i) => setting.arm(i));
  for (const i of [0, 4, 9]) disarm(armed[i]!);
  for (let i = 0; i < 10; i++) setting.change(i);
  await setting.hasFired(7);
  assert.equal(
    [...setting.fired].sort((a, b) => a - b),
    [1, 2, 3, 5, 6, 7, 8],
  );
  await setting.end();
});

disarming('works although the word has changed and the callback is on its way', async () => {
  const setting = new Setting();
  for (let i = 0; i < 200; i++) {
    words[0] = IDLE;
    const armed = setting.arm(0);
    setting.change(0);
    if (i % 2 === 1) for (let spin = 0; spin < 50 * i; spin++) Atomics.load(words, 0);
    disarm(armed);
  }
  for (let i = 0; i < 5; i++) await turn();
  assert.equal(setting.fired, []);
  await setting.end();
});

disarming('lets another word have the slot at once', async () => {
  const setting = new Setting();
  for (let i = 0; i < 100; i++) {
    disarm(setting.arm(0));
    words[1] = IDLE;
    setting.arm(1);
    setting.change(1);
    await until(() => setting.fired.length === i + 1, `callback ${i}`);
  }
  assert.ok(setting.fired.every((index) => index === 1));
  await setting.end();
});

disarming('can be done from the callback of another', async () => {
  const setting = new Setting();
  const armed: ReturnType<typeof arm>[] = [];
  let first = true;
  for (let i = 0; i < 2; i++) {
    const other = 1 - i;
    armed.push(
      arm(setting.address(i), IDLE, () => {
        setting.fired.push(i);
        if (first) disarm(armed[other]!);
        first = false;
      }),
    );
  }
  setting.change(0);
  setting.change(1);
  await setting.hasFired(1);
  await setting.end();
});

disarming.run();

const threads = suite('the waiting thread');

threads('is not there before the first wait, and ends with the last channel', async () => {
  const before = threadCount();
  const setting = new Setting();
  retainWaiter();
  assert.is(threadCount(), before);
  disarm(setting.arm(0));
  releaseWaiter();
  setting.arm(0);
  setting.change(0);
  await setting.hasFired(1);
  await setting.end();
  assert.is(threadCount(), before);
});

threads('starts again, any number of times', async () => {
  const before = holdings();
  const listeners = process.listenerCount('exit');
  for (let i = 0; i < 5; i++) {
    const setting = new Setting();
    setting.arm(0);
    setting.change(0);
    await setting.hasFired(1);
    await setting.end();
  }
  assert.is(process.listenerCount('exit'), listeners);
  assertNothingLeft(before);
});

threads('ends although it was told to before it had begun', async () => {
  const setting = new Setting();
  disarm(setting.arm(0));
  await setting.end();
});

threads.run();

const programs = suite('a process with a waiting thread');

/** Runs the program; the lines that it has to say, and its exit status, say that it ended as it should. */
async function runs(what: string, code: number, lines: string[], execArgv: string[] = []): Promise<string> {
  const program = new Program(PROGRAM, [what], [], execArgv);
  const ending = await program.ended();
  assert.equal([ending.code, ending.signal, ending.lines], [code, null, lines], ending.stderr);
  return ending.stderr;
}

programs('ends by itself while nothing is armed', async () => {
  await runs('idle', 0, ['idle']);
});

programs('ends by itself after the last callback', async () => {
  await runs('fires', 0, ['fired']);
});

programs('lives on while a word is armed', async () => {
  const program = new Program(PROGRAM, ['armed']);
  assert.is(await program.line(), 'armed');
  program.say('change it');
  assert.is(await program.line(), 'fired');
  assert.is((await program.ended()).code, 0);
});

programs('can exit while the thread sleeps', async () => {
  await runs('exit', 3, ['exiting']);
});

programs('can exit while the thread starts', async () => {
  await runs('exit at once', 3, []);
});

programs('dies of an uncaught exception while the thread sleeps', async () => {
  assert.match(await runs('throw', 1, []), 'Error: thrown on purpose');
});

programs('can terminate a worker that waits asynchronously, and end', async () => {
  await runs('terminate', 0, ['terminated 1', 'done']);
});

programs('can terminate a worker that waits synchronously, and end', async () => {
  await runs('terminate sync', 0, ['terminated 1', 'done']);
});

programs('ends with a worker that exits while it waits', async () => {
  await runs('worker exit', 0, ['exited 5', 'done']);
});

programs('needs a thread for each wait where there is no futex_waitv', async () => {
  await runs('without waitv', 0, [
    'futex_waitv: false',
    'threads: 5',
    'fired: 0 1 2 3 4',
    'disarmed',
    'fired again: 50',
    'threads left: 0',
  ]);
});

programs.run();
