import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { closeFD } from '../../runtime/os/descriptor.js';
import {
  ALL_WAITERS,
  futexWait,
  futexWaitv,
  futexWake,
  hasFutexWaitv,
  setWaiter,
  WAITV_MAX_COUNT,
} from '../../runtime/os/futex.js';
import { createMemfd, mapWindow, retireWindow, type Region } from '../../runtime/os/memory.js';
import { EAGAIN, EFAULT, EINVAL, ETIMEDOUT } from '../../runtime/wire/errno.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { Program } from '../peers/program.js';

const WAKER = new URL('./programs/waker.js', import.meta.url);
/** Long enough that only a wake-up ends the sleep. */
const FOR_EVER_MS = 3_600_000;
const TWO_32 = 0x1_0000_0000;

/** Two pages that a child can share. */
function shared(): { fd: number; region: Region; words: Int32Array } {
  const fd = createMemfd('futex test', 8192);
  const region = mapWindow(fd, 0, 8192);
  if (typeof region === 'number') throw new Error(`mmap: errno ${-region}`);
  return { fd, region, words: new Int32Array(region.buffer) };
}

function release({ fd, region }: { fd: number; region: Region }): void {
  retireWindow(region);
  closeFD(fd);
}

function set(index: number, address: number, expected: number): void {
  setWaiter(index, address % TWO_32, Math.floor(address / TWO_32), expected);
}

const one = suite('futexWait and futexWake');

one('does not sleep on another value', () => {
  const memory = shared();
  memory.words[0] = 2;
  assert.is(futexWait(memory.region.address, 1, FOR_EVER_MS), -EAGAIN);
  release(memory);
});

one('compares all 32 bits, signed or not', () => {
  const memory = shared();
  for (const value of [0, 1, -1, 0x7fff_ffff, -0x8000_0000]) {
    memory.words[0] = value;
    assert.is(futexWait(memory.region.address, value, 0), -ETIMEDOUT, `value ${value}`);
    assert.is(futexWait(memory.region.address, value ^ 0x4000_0000, FOR_EVER_MS), -EAGAIN, `value ${value}`);
  }
  release(memory);
});

one('sleeps no longer than it is told', () => {
  const memory = shared();
  assert.is(futexWait(memory.region.address, 0, 0), -ETIMEDOUT);
  assert.is(futexWait(memory.region.address, 0, 1), -ETIMEDOUT);
  assert.is(futexWait(memory.region.address, 0, 1001.5 - 1001), -ETIMEDOUT);
  release(memory);
});

one('sleeps as long as it is told where nobody wakes it', () => {
  const memory = shared();
  set(0, memory.region.address, 0);
  for (const sleep of [
    () => futexWait(memory.region.address, 0, 30),
    () => (hasFutexWaitv() ? futexWaitv(1, 30) : 0),
  ]) {
    const began = process.hrtime.bigint();
    const result = sleep();
    // 0 is a wake-up for nothing, which the kernel may give.
    if (result === -ETIMEDOUT) assert.ok(process.hrtime.bigint() - began >= 30_000_000n, 'woke too early');
  }
  release(memory);
});

one('answers -errno for an address that is none', () => {
  const memory = shared();
  assert.is(futexWait(memory.region.address + 1, 0, 0), -EINVAL);
  assert.is(futexWait(4096, 0, 0), -EFAULT);
  release(memory);
});

one('is woken by another process through a mapping of its own', async () => {
  const before = holdings();
  const memory = shared();
  const program = new Program(WAKER, ['4096'], [memory.fd]);
  assert.is(futexWait(memory.region.address + 4096, 0, FOR_EVER_MS), 0);
  assert.is((await program.ended()).code, 0);
  release(memory);
  assertNothingLeft(before);
});

one('wakes nobody where nobody sleeps', () => {
  const memory = shared();
  futexWake(memory.region.address, 1);
  futexWake(memory.region.address, ALL_WAITERS);
  assert.is(futexWait(memory.region.address, 0, 0), -ETIMEDOUT, 'a wake-up was kept');
  release(memory);
});

one.run();

const many = suite('futexWaitv');

if (hasFutexWaitv()) {
  many('says which of its words a process woke', async () => {
    const before = holdings();
    const memory = shared();
    const offsets = [0, 4, 4092, 4096, 8188];
    // One process for each: a second wake-up could come before the first sleep has ended.
    for (const index of [3, 0, 4]) {
      const program = new Program(WAKER, [String(offsets[index])], [memory.fd]);
      for (const [i, offset] of offsets.entries()) set(i, memory.region.address + offset, 0);
      assert.is(futexWaitv(offsets.length, FOR_EVER_MS), index);
      assert.is((await program.ended()).code, 0);
    }
    release(memory);
    assertNothingLeft(before);
  });

  many('does not sleep if one word has another value', () => {
    const memory = shared();
    for (let i = 0; i < 4; i++) set(i, memory.region.address + 4 * i, 0);
    memory.words[2] = 1;
    assert.is(futexWaitv(4, FOR_EVER_MS), -EAGAIN);
    assert.is(futexWaitv(2, 0), -ETIMEDOUT);
    release(memory);
  });

  many('takes as many words as the kernel does, and expected values of all 32 bits', () => {
    const memory = shared();
    for (let i = 0; i < WAITV_MAX_COUNT; i++) {
      memory.words[i] = i % 2 === 0 ? -i : i;
      set(i, memory.region.address + 4 * i, i % 2 === 0 ? -i : i);
    }
    assert.is(futexWaitv(WAITV_MAX_COUNT, 0), -ETIMEDOUT);
    assert.is(futexWaitv(WAITV_MAX_COUNT, 1), -ETIMEDOUT);
    memory.words[WAITV_MAX_COUNT - 1] = 0;
    assert.is(futexWaitv(WAITV_MAX_COUNT, FOR_EVER_MS), -EAGAIN);
    assert.is(futexWaitv(WAITV_MAX_COUNT + 1, 0), -EINVAL);
    release(memory);
  });
} else {
  many.skip('needs Linux 5.16', () => undefined);
}

many.run();
