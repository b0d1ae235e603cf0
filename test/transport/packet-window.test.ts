import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import koffi from 'koffi';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { closeFD, createEventFD } from '../../runtime/os/descriptor.js';
import { fcntl, ftruncate, memfdCreate } from '../../runtime/os/libc.js';
import { createMemfd } from '../../runtime/os/memory.js';
import { openPacketWindow, PacketWindow, PACKET_HEADER_BYTES } from '../../runtime/transport/packet-window.js';
import { EBADF, EINVAL, EPERM } from '../../runtime/wire/errno.js';
import { CHANNEL_HEADER_BYTES } from '../../runtime/wire/header.js';
import { MAX_WINDOW_BYTES, MIN_WINDOW_BYTES } from '../../runtime/wire/limits.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';

const EACCES = 13;
const F_ADD_SEALS = 1033;
const F_SEAL_SEAL = 1;
const F_SEAL_SHRINK = 2;
const F_SEAL_GROW = 4;
const F_SEAL_WRITE = 8;
const F_SEAL_FUTURE_WRITE = 16;
const MFD_ALLOW_SEALING = 2;
const MFD_HUGETLB = 4;
const FALLOC_FL_KEEP_SIZE = 1;
const FALLOC_FL_PUNCH_HOLE = 2;
const PAGE = 4096;
const SIZE = 4 * PAGE;

const fallocate = koffi.load(null).func('int fallocate(int fd, int mode, int64_t offset, int64_t size)') as (
  fd: number,
  mode: number,
  offset: number,
  size: number,
) => number;

const suiteOfWindows = suite('openPacketWindow');

/** A test that must leave nothing. (What a hook throws uvu does not count.) */
function windows(name: string, test: () => void): void {
  suiteOfWindows(name, () => {
    const before = holdings();
    test();
    assertNothingLeft(before);
  });
}

/** A memfd of this size with these seals. */
function sealed(size: number, seals: number, flags = 0): number {
  const fd = memfdCreate(Buffer.from('window test\0'), MFD_ALLOW_SEALING | flags);
  assert.is(ftruncate(fd, size), 0);
  assert.is(fcntl(fd, F_ADD_SEALS, seals), 0);
  return fd;
}

function opened(fd: number, offset: number, length: number): PacketWindow {
  const window = openPacketWindow({ fd, offset, length });
  if (typeof window === 'number') throw new Error(`refused with ${window}`);
  return window;
}

windows('are the range that the descriptor names, header first', () => {
  const fd = createMemfd('window test', SIZE);
  const whole = opened(fd, 0, SIZE);
  const last = opened(fd, 3 * PAGE, PAGE);
  assert.is(last.datagram.capacity, PAGE - PACKET_HEADER_BYTES);
  assert.is(last.payload.capacity, PAGE - PACKET_HEADER_BYTES - CHANNEL_HEADER_BYTES);
  last.header[1] = 0x01020304;
  last.datagram.bytes[0] = 5;
  last.payload.view.setUint8(0, 6);
  last.payload.bytes[last.payload.capacity - 1] = 7;
  const at = 3 * PAGE - PACKET_HEADER_BYTES;
  assert.equal([...whole.datagram.bytes.subarray(at + 4, at + 8)], [4, 3, 2, 1]);
  assert.equal([...whole.datagram.bytes.subarray(at + 16, at + 21)], [5, 0, 0, 0, 6]);
  assert.is(whole.datagram.bytes.at(-1), 7);
  assert.is(whole.address % PAGE, 0);
  closeFD(fd);
  whole.destroy();
  last.destroy();
});

windows('may be of any length in between, whole pages or not', () => {
  const fd = createMemfd('window test', SIZE);
  for (const length of [MIN_WINDOW_BYTES, PAGE + 1, 2 * PAGE - 1, SIZE - 1, SIZE]) {
    const window = opened(fd, 0, length);
    assert.is(window.datagram.capacity, length - PACKET_HEADER_BYTES);
    window.destroy();
  }
  closeFD(fd);
});

windows('may be as large as the limit and no larger', () => {
  const fd = createMemfd('window test', MAX_WINDOW_BYTES + PAGE);
  const window = opened(fd, PAGE, MAX_WINDOW_BYTES);
  window.datagram.bytes[window.datagram.capacity - 1] = 1;
  window.destroy();
  assert.is(openPacketWindow({ fd, offset: 0, length: MAX_WINDOW_BYTES + 1 }), -EINVAL);
  closeFD(fd);
});

windows('are destroyed once, however often they are told', () => {
  const fd = createMemfd('window test', SIZE);
  const window = opened(fd, 0, SIZE);
  window.destroy();
  window.destroy();
  const [first, second] = [opened(fd, 0, SIZE), opened(fd, 0, SIZE)];
  assert.not(first.address === second.address, 'two windows in one place');
  window.destroy();
  first.datagram.bytes[0] = 9;
  assert.is(second.datagram.bytes[0], 9);
  first.destroy();
  second.destroy();
  closeFD(fd);
});

const ranges: [string, number, number][] = [
  ['an offset within a page', 1, PAGE],
  ['an offset in the middle of a page', 2048, PAGE],
  ['a negative offset', -PAGE, PAGE],
  ['the most negative offset', -(2 ** 63), PAGE],
  ['an offset at the end', SIZE, PAGE],
  ['an offset beyond the end', SIZE + PAGE, PAGE],
  ['the largest offset', 2 ** 63 - 2048, PAGE],
  ['an offset that is no number', Number.NaN, PAGE],
  ['an offset without end', Infinity, PAGE],
  ['no length', 0, 0],
  ['a length below a page', 0, PAGE - 1],
  ['a length of a header', 0, PACKET_HEADER_BYTES],
  ['a negative length', 0, -PAGE],
  ['a length one too long', 0, SIZE + 1],
  ['a length that overlaps the end', PAGE, SIZE],
  ['the largest length', 0, 2 ** 64],
  ['a length that wraps round with the offset', PAGE, 2 ** 64 - PAGE],
  ['a length that is no number', 0, Number.NaN],
  ['a length without end', 0, Infinity],
];

for (const [what, offset, length] of ranges) {
  windows(`are refused with ${what}`, () => {
    const fd = createMemfd('window test', SIZE);
    assert.is(openPacketWindow({ fd, offset, length }), -EINVAL);
    closeFD(fd);
  });
}

windows('lie within the file or are refused, whatever offset and length are', () => {
  const fd = createMemfd('window test', SIZE);
  const number = fc.oneof(
    fc.integer({ min: -2, max: 6 }).map((n) => n * PAGE),
    fc.double(),
    fc.maxSafeInteger(),
  );
  fc.assert(
    fc.property(number, number, (offset, length) => {
      const window = openPacketWindow({ fd, offset, length });
      if (typeof window === 'number') return window < 0;
      const inside = offset >= 0 && offset % PAGE === 0 && length >= PAGE && offset + length <= SIZE;
      window.destroy();
      return inside;
    }),
    { numRuns: 500 },
  );
  closeFD(fd);
});

const files: [string, number, () => number][] = [
  ['a memfd that may shrink', -EINVAL, () => sealed(SIZE, 0)],
  ['a memfd with every seal but that one', -EINVAL, () => sealed(SIZE, F_SEAL_SEAL | F_SEAL_GROW)],
  ['a memfd made without sealing', -EINVAL, () => memfdCreate(Buffer.from('x\0'), 0)],
  ['a memfd that is shorter than it says', -EINVAL, () => sealed(SIZE - 1, F_SEAL_SHRINK)],
  ['an empty memfd', -EINVAL, () => sealed(0, F_SEAL_SHRINK)],
  ['a memfd that may not be written', -EPERM, () => sealed(SIZE, F_SEAL_SHRINK | F_SEAL_WRITE)],
  ['a memfd that may be written by its maker alone', -EPERM, () => sealed(SIZE, F_SEAL_SHRINK | F_SEAL_FUTURE_WRITE)],
  ['a read-only descriptor of a good memfd', -EACCES, readOnly],
  ['a file of a directory', -EINVAL, regularFile],
  ['a device', -EINVAL, () => openSync('/dev/zero', 'r+')],
  ['an eventfd', -EINVAL, createEventFD],
  ['no descriptor', -EBADF, () => -1],
  ['a closed descriptor', -EBADF, () => 1_000_000],
];

function readOnly(): number {
  const fd = createMemfd('window test', SIZE);
  const reopened = openSync(`/proc/self/fd/${fd}`, 'r');
  closeFD(fd);
  return reopened;
}

function regularFile(): number {
  const directory = mkdtempSync(join(tmpdir(), 'lisafs-window-'));
  const fd = openSync(join(directory, 'file'), 'w+');
  ftruncate(fd, SIZE);
  rmSync(directory, { recursive: true });
  return fd;
}

for (const [what, errno, make] of files) {
  windows(`are refused on ${what}`, () => {
    const fd = make();
    assert.is(openPacketWindow({ fd, offset: 0, length: SIZE }), errno);
    closeFD(fd);
  });
}

windows('are refused on huge pages, where the kernel has them', () => {
  const length = 2 << 20;
  const probe = memfdCreate(Buffer.from('huge\0'), MFD_ALLOW_SEALING | MFD_HUGETLB);
  closeFD(probe);
  if (probe < 0) {
    console.log('  (this kernel offers no huge memfd: not tested)');
    return;
  }
  const fd = sealed(length, F_SEAL_SHRINK, MFD_HUGETLB);
  assert.is(openPacketWindow({ fd, offset: 0, length }), -EINVAL);
  closeFD(fd);
});

windows('stay readable when the peer punches their pages out', () => {
  const fd = createMemfd('window test', SIZE);
  const window = opened(fd, 0, SIZE);
  window.datagram.bytes.fill(1);
  assert.is(ftruncate(fd, 0), -1, 'the seal does not hold');
  assert.is(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, SIZE), 0);
  assert.ok(window.datagram.bytes.every((byte) => byte === 0));
  window.destroy();
  closeFD(fd);
});

suiteOfWindows.run();
