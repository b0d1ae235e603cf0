import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { setImmediate as turn } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { closeFD, createEventFD } from '../../runtime/os/descriptor.js';
import { fcntl, ftruncate, memfdCreate } from '../../runtime/os/libc.js';
import {
  allocScratch,
  createMemfd,
  F_SEAL_SEAL,
  F_SEAL_SHRINK,
  fileSize,
  isOrdinaryMemory,
  mapWindow,
  memfdSeals,
  retireWindow,
  type Region,
} from '../../runtime/os/memory.js';
import { EBADF, EINVAL, EPERM } from '../../runtime/wire/errno.js';
import { MAX_RETIRED_WINDOWS_COUNT } from '../../runtime/wire/limits.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';

const F_ADD_SEALS = 1033;
const F_SEAL_WRITE = 8;
const MFD_ALLOW_SEALING = 2;
const MFD_HUGETLB = 4;
const HUGE_BYTES = 2 << 20;
/** Sizes that nothing else here maps, so that a test decides itself what is reused. */
const SIZE = 5 * 4096;

function memfd(size: number): number {
  const fd = createMemfd('memory test', size);
  assert.ok(fd >= 0, `memfd_create: errno ${-fd}`);
  return fd;
}

function mapped(fd: number, offset: number, size: number): Region {
  const region = mapWindow(fd, offset, size);
  if (typeof region === 'number') throw new Error(`mmap: errno ${-region}`);
  return region;
}

/** The line of /proc/self/maps that an address lies in. */
function mappingAt(address: number): string {
  const lines = readFileSync('/proc/self/maps', 'utf8').split('\n');
  const found = lines.find((line) => {
    const [from, to] = line
      .split(' ')[0]!
      .split('-')
      .map((hex) => Number.parseInt(hex, 16));
    return from! <= address && address < to!;
  });
  return found ?? 'nothing';
}

const scratch = suite('allocScratch');

scratch('gives zeroed memory at the address that it names', () => {
  const region = allocScratch(4096);
  assert.is(region.buffer.byteLength, 4096);
  assert.ok(new Uint8Array(region.buffer).every((byte) => byte === 0));
  assert.match(mappingAt(region.address), /rw-p/);
});

scratch('throws for more than there is', () => {
  assert.throws(() => allocScratch(2 ** 50), /cannot map/);
});

scratch.run();

const windows = suite('mapWindow and retireWindow');

windows('share the pages of the memfd, from the offset on', () => {
  const before = holdings();
  const fd = memfd(2 * SIZE);
  const whole = mapped(fd, 0, 2 * SIZE);
  const half = mapped(fd, SIZE, SIZE);
  closeFD(fd);
  new Uint8Array(half.buffer)[3] = 77;
  assert.is(new Uint8Array(whole.buffer)[SIZE + 3], 77);
  retireWindow(whole);
  retireWindow(half);
  assertNothingLeft(before);
});

windows('leave zeros in the place of a retired window, and the memfd out of reach', () => {
  const fd = memfd(SIZE);
  const [ours, theirs] = [mapped(fd, 0, SIZE), mapped(fd, 0, SIZE)];
  const [left, right] = [new Uint8Array(ours.buffer), new Uint8Array(theirs.buffer)];
  left.fill(9);
  retireWindow(ours);
  assert.ok(left.every((byte) => byte === 0));
  right.fill(5);
  assert.ok(left.every((byte) => byte === 0));
  left.fill(1);
  assert.ok(
    right.every((byte) => byte === 5),
    'a write through the retired view reached the memfd',
  );
  retireWindow(theirs);
  closeFD(fd);
});

windows('use the range again for the next window of that size, with the same buffer and nothing of the old', () => {
  const fd = memfd(SIZE);
  const first = mapped(fd, 0, SIZE);
  retireWindow(first);
  new Uint8Array(first.buffer).fill(3);
  const other = memfd(SIZE);
  const second = mapped(other, 0, SIZE);
  assert.is(second.address, first.address);
  assert.is(second.buffer, first.buffer);
  assert.ok(new Uint8Array(second.buffer).every((byte) => byte === 0));
  assert.match(mappingAt(second.address), /rw-s.*\/memfd:/);
  assert.not(mapped(fd, 0, SIZE).address === second.address);
  closeFD(fd);
  closeFD(other);
});

windows('do not use a range of another size', () => {
  const fd = memfd(8 * 4096);
  const first = mapped(fd, 0, 6 * 4096);
  retireWindow(first);
  const second = mapped(fd, 0, 8 * 4096);
  assert.not(second.address === first.address);
  retireWindow(second);
  closeFD(fd);
});

windows('keep a retired range ours when the next memfd refuses to be mapped', () => {
  const size = 7 * 4096;
  const good = memfd(size);
  const first = mapped(good, 0, size);
  retireWindow(first);
  const bad = memfdCreate(Buffer.from('bad\0'), MFD_ALLOW_SEALING);
  ftruncate(bad, size);
  fcntl(bad, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_WRITE);
  assert.is(mapWindow(bad, 0, size), -EPERM);
  assert.match(mappingAt(first.address), /rw-p/);
  assert.ok(new Uint8Array(first.buffer).every((byte) => byte === 0));
  const next = mapped(good, 0, size);
  assert.is(next.address, first.address);
  retireWindow(next);
  closeFD(good);
  closeFD(bad);
});

windows('return -errno for what cannot be mapped', () => {
  const before = holdings();
  const fd = memfd(4096);
  const eventFD = createEventFD();
  assert.is(mapWindow(-1, 0, 4096), -EBADF);
  assert.is(mapWindow(fd, 1, 4096), -EINVAL);
  assert.is(mapWindow(fd, 0, 0), -EINVAL);
  assert.ok((mapWindow(eventFD, 0, 4096) as number) < 0);
  closeFD(fd);
  closeFD(eventFD);
  assertNothingLeft(before);
});

windows('give ranges beyond the limit back once their views are gone', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const count = MAX_RETIRED_WINDOWS_COUNT + 20;
  const { regions, addresses } = retireMany(9 * 4096, count);
  assert.is(countMarked(addresses), count, 'unmapped under a live view');
  regions.length = 0;
  for (let i = 0; i < 1000 && countMarked(addresses) > MAX_RETIRED_WINDOWS_COUNT; i++) {
    collect();
    await turn();
  }
  assert.ok(countMarked(addresses) <= MAX_RETIRED_WINDOWS_COUNT, `${countMarked(addresses)} ranges are still mapped`);
});

const MARK = 'a retired window';

/** Maps windows, retires them, and marks the memory that came in their place. */
function retireMany(size: number, count: number): { regions: Region[]; addresses: number[] } {
  const fd = memfd(size);
  const regions = Array.from({ length: count }, () => mapped(fd, 0, size));
  closeFD(fd);
  for (const region of regions) retireWindow(region);
  for (const region of regions) Buffer.from(region.buffer).write(MARK, 'latin1');
  return { regions, addresses: regions.map((region) => region.address) };
}

/** How many of the addresses hold the mark: looked up by the kernel, since they may be mapped no more. */
function countMarked(addresses: readonly number[]): number {
  const memory = openSync('/proc/self/mem', 'r');
  const found = Buffer.alloc(MARK.length);
  const marked = addresses.filter((address) => {
    found.fill(0);
    try {
      readSync(memory, found, 0, found.length, address);
    } catch {
      return false;
    }
    return found.toString('latin1') === MARK;
  });
  closeSync(memory);
  return marked.length;
}

windows.run();

const memfds = suite('createMemfd and what is asked of a memfd');

memfds('makes a file of zeros that cannot shrink and takes no more seals', () => {
  const before = holdings();
  const fd = memfd(SIZE);
  assert.is(fileSize(fd), SIZE);
  assert.is(memfdSeals(fd), F_SEAL_SHRINK | F_SEAL_SEAL);
  assert.is(isOrdinaryMemory(fd), true);
  assert.is(ftruncate(fd, 0), -1);
  assert.is(fileSize(fd), SIZE);
  assert.is(ftruncate(fd, 2 * SIZE), 0, 'it may grow');
  assert.is(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
  closeFD(fd);
  assertNothingLeft(before);
});

memfds('is close-on-exec', () => {
  const fd = memfd(4096);
  assert.is(fcntl(fd, 1, 0), 1);
  closeFD(fd);
});

memfds('returns -errno and keeps nothing when it cannot be made', () => {
  const before = holdings();
  assert.is(createMemfd('x'.repeat(300), 4096), -EINVAL);
  assert.is(createMemfd('negative', -1), -EINVAL);
  assertNothingLeft(before);
});

memfds('measures sizes beyond 32 bits', () => {
  const fd = memfd(2 ** 33 + 4096);
  assert.is(fileSize(fd), 2 ** 33 + 4096);
  closeFD(fd);
});

memfds('answers -errno for what is no file, and no seals for what cannot have any', () => {
  const eventFD = createEventFD();
  assert.is(fileSize(-1), -EBADF);
  assert.is(memfdSeals(-1), -EBADF);
  assert.is(memfdSeals(eventFD), -EINVAL);
  assert.is(isOrdinaryMemory(-1), false);
  assert.is(isOrdinaryMemory(eventFD), false);
  closeFD(eventFD);
});

memfds('tells huge pages from ordinary ones', () => {
  const fd = memfdCreate(Buffer.from('huge\0'), MFD_ALLOW_SEALING | MFD_HUGETLB);
  if (fd < 0) {
    console.log('  (this kernel offers no huge memfd: that part is not tested)');
    return;
  }
  assert.is(ftruncate(fd, HUGE_BYTES), 0);
  assert.is(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0, 'it can be sealed like any other');
  assert.is(isOrdinaryMemory(fd), false);
  closeFD(fd);
});

memfds.run();
