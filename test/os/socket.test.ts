import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import koffi from 'koffi';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { closeFD, createEventFD, duplicateFD } from '../../runtime/os/descriptor.js';
import { fcntl, socket } from '../../runtime/os/libc.js';
import { hasHungUp, pollFD, POLLIN } from '../../runtime/os/poll.js';
import {
  acceptUnix,
  checkUnixSocket,
  connectUnix,
  listenUnix,
  receiveNow,
  receiveWithFDs,
  sendNow,
  sendWithFDs,
  shutdownSocket,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  socketPair,
} from '../../runtime/os/socket.js';
import { EAGAIN, EBADF, ECONNREFUSED, EINVAL, ENOENT } from '../../runtime/wire/errno.js';
import { MAX_RIGHTS_COUNT } from '../../runtime/wire/limits.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { pair } from '../peers/scripted.js';

const ENOTSOCK = 88;
const EPIPE = 32;
const EADDRINUSE = 98;
const AF_INET = 2;
const SOCK_DGRAM = 2;
const F_GETFD = 1;
const F_GETFL = 3;
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const SO_PASSCRED = 16;
const SO_PASSPIDFD = 76;
const NO_SUCH_FD = 1_000_000;
const NOTHING = new Uint8Array(0);

const setsockopt = koffi.load(null).func('int setsockopt(int fd, int level, int name, void *value, uint32_t size)') as (
  fd: number,
  level: number,
  name: number,
  value: Int32Array,
  size: number,
) => number;

/** What whoever holds a copy of a socket can do to it at any time. */
function setOption(fd: number, name: number): boolean {
  return setsockopt(fd, SOL_SOCKET, name, Int32Array.of(1), 4) === 0;
}

function eventFDs(count: number): number[] {
  return Array.from({ length: count }, createEventFD);
}

function closeAll(fds: readonly number[]): void {
  for (const fd of fds) closeFD(fd);
}

const pairs = suite('socketPair');

for (const type of [SOCK_STREAM, SOCK_SEQPACKET]) {
  pairs(`gives two connected close-on-exec sockets of type ${type}`, () => {
    const before = holdings();
    const [left, right] = pair(type);
    assert.is(checkUnixSocket(left, type), 0);
    assert.is(fcntl(left, F_GETFD, 0) & fcntl(right, F_GETFD, 0), 1);
    assert.is(sendNow(left, Buffer.from('abc'), 2), 2);
    const got = Buffer.alloc(8);
    assert.is(receiveNow(right, got, 8), 2);
    assert.is(got.toString('latin1', 0, 2), 'ab');
    closeAll([left, right]);
    assertNothingLeft(before);
  });
}

pairs('answers -errno for a type that there is none of', () => {
  assert.ok((socketPair(77) as number) < 0);
});

pairs.run();

const paths = suite('connectUnix, listenUnix, acceptUnix');
let directory = '';
paths.before(() => {
  directory = mkdtempSync(join(tmpdir(), 'lisafs-socket-'));
});
paths.after(() => rmSync(directory, { recursive: true }));

/** A path of exactly this many bytes in the test's directory. */
function pathOf(bytes: number): string {
  return join(directory, 'p'.repeat(bytes - directory.length - 1));
}

const listening: [string, () => string][] = [
  ['a path', () => join(directory, 'socket')],
  ['the longest path', () => pathOf(107)],
  ['a path of more bytes than characters', () => join(directory, 'sückét')],
  ['an abstract name', () => `\0lisafs test ${process.pid}`],
  ['an abstract name with a NUL in it', () => `\0lisafs\0test ${process.pid}`],
  ['the longest abstract name', () => `\0${String(process.pid).padEnd(106, 'x')}`],
];

for (const [what, name] of listening) {
  paths(`meet at ${what}`, () => {
    const before = holdings();
    const listener = listenUnix(name(), 4);
    assert.ok(listener >= 0, `errno ${-listener}`);
    assert.is(acceptUnix(listener), -EAGAIN);
    const client = connectUnix(name());
    assert.ok(client >= 0, `errno ${-client}`);
    const server = acceptUnix(listener);
    assert.is(checkUnixSocket(server, SOCK_STREAM), 0);
    for (const fd of [listener, client, server]) assert.is(fcntl(fd, F_GETFD, 0), 1, 'not close-on-exec');
    assert.is(sendNow(client, Buffer.from('x'), 1), 1);
    assert.is(pollFD(server, POLLIN, 0), POLLIN);
    closeAll([listener, client, server]);
    assertNothingLeft(before);
  });
}

paths('refuse, with words, names that no Unix socket can have', () => {
  const before = holdings();
  for (const name of ['', pathOf(108), `\0${'x'.repeat(107)}`, '/tmp/a\0b', 'é'.repeat(54)]) {
    for (const use of [() => connectUnix(name), () => listenUnix(name, 1)]) {
      assert.throws(use, (error: NodeJS.ErrnoException) => {
        return (
          error instanceof RangeError && error.code === 'ERR_OUT_OF_RANGE' && error.message.startsWith('path must be')
        );
      });
    }
  }
  assertNothingLeft(before);
});

paths('answer what connect(2) and bind(2) say, and keep no descriptor', () => {
  const name = join(directory, 'deserted');
  const before = holdings();
  assert.is(connectUnix(join(directory, 'missing')), -ENOENT);
  closeFD(listenUnix(name, 1));
  assert.is(connectUnix(name), -ECONNREFUSED);
  assert.is(listenUnix(name, 1), -EADDRINUSE);
  assert.is(listenUnix(join(directory, 'missing', 'socket'), 1), -ENOENT);
  assert.is(acceptUnix(NO_SUCH_FD), -EBADF);
  assertNothingLeft(before);
});

paths('do not wait for a listener whose backlog is full', () => {
  const before = holdings();
  const name = join(directory, 'full');
  const listener = listenUnix(name, 0);
  const clients: number[] = [];
  let result = 0;
  while (result >= 0 && clients.length < 10) {
    result = connectUnix(name);
    if (result >= 0) clients.push(result);
  }
  assert.is(result, -EAGAIN);
  const accepted = acceptUnix(listener);
  const next = connectUnix(name);
  assert.ok(next >= 0, 'there is room again');
  closeAll([...clients, listener, accepted, next]);
  assertNothingLeft(before);
});

paths.run();

const kinds = suite('checkUnixSocket');

kinds('tells a Unix socket of a type from all else', () => {
  const before = holdings();
  const [left, right] = pair(SOCK_SEQPACKET);
  const [eventFD, inet] = [createEventFD(), socket(AF_INET, SOCK_DGRAM, 0)];
  assert.is(checkUnixSocket(left, SOCK_SEQPACKET), 0);
  assert.is(checkUnixSocket(left, SOCK_STREAM), -EINVAL);
  assert.is(checkUnixSocket(inet, SOCK_DGRAM), -EINVAL);
  assert.is(checkUnixSocket(eventFD, SOCK_STREAM), -ENOTSOCK);
  assert.is(checkUnixSocket(NO_SUCH_FD, SOCK_STREAM), -EBADF);
  assert.is(checkUnixSocket(-1, SOCK_STREAM), -EBADF);
  closeAll([left, right, eventFD, inet]);
  assertNothingLeft(before);
});

kinds.run();

const bytes = suite('sendNow, receiveNow, shutdownSocket');

bytes('never wait, whatever the descriptor says of it', () => {
  const [left, right] = pair(SOCK_STREAM);
  const chunk = Buffer.alloc(1 << 20);
  assert.is(fcntl(left, F_GETFL, 0) & O_NONBLOCK, 0, 'a blocking socket');
  assert.is(receiveNow(left, chunk, 1), -EAGAIN);
  const some = sendNow(left, chunk, chunk.length);
  assert.ok(some > 0 && some < chunk.length, `${some} bytes went at once`);
  assert.is(sendNow(left, chunk, chunk.length), -EAGAIN);
  closeAll([left, right]);
});

bytes('say that the peer is gone, without a SIGPIPE', () => {
  const [left, right] = pair(SOCK_STREAM);
  closeFD(right);
  assert.is(sendNow(left, Buffer.from('x'), 1), -EPIPE);
  assert.is(sendWithFDs(left, Buffer.from('x'), [0]), -EPIPE);
  assert.is(receiveNow(left, Buffer.alloc(1), 1), 0);
  assert.is(receiveNow(NO_SUCH_FD, Buffer.alloc(1), 1), -EBADF);
  closeFD(left);
});

bytes('let descriptors that come with plain bytes go', () => {
  const [left, right] = pair(SOCK_STREAM);
  const fds = eventFDs(3);
  const before = holdings();
  assert.is(sendWithFDs(left, Buffer.from('x'), fds), 1);
  assert.is(receiveNow(right, Buffer.alloc(4), 4), 1);
  assertNothingLeft(before);
  closeAll([left, right, ...fds]);
});

bytes('end both directions, seen from either end', () => {
  const [left, right] = pair(SOCK_STREAM);
  sendNow(left, Buffer.from('x'), 1);
  shutdownSocket(left);
  assert.ok(hasHungUp(left) && hasHungUp(right));
  assert.is(receiveNow(right, Buffer.alloc(4), 4), 1, 'what was sent before is kept');
  assert.is(receiveNow(right, Buffer.alloc(4), 4), 0);
  closeAll([left, right]);
});

bytes.run();

const descriptors = suite('sendWithFDs, receiveWithFDs');

/** Sends `sent` descriptors and receives `wanted`; returns those that came. */
function pass(left: number, right: number, sent: readonly number[], wanted: number): number[] {
  const fds: number[] = [];
  assert.is(sendWithFDs(left, Buffer.from('12345678'), sent), 8);
  const got = Buffer.alloc(8);
  assert.is(receiveWithFDs(right, got, wanted, fds), 8);
  assert.is(got.toString('latin1'), '12345678');
  return fds;
}

descriptors('carry 0 to 253 of them, odd counts too, none twice and none lost', () => {
  const [left, right] = pair(SOCK_STREAM);
  const sent = eventFDs(MAX_RIGHTS_COUNT);
  const before = holdings();
  fc.assert(
    fc.property(fc.nat(MAX_RIGHTS_COUNT), fc.nat(255), (count, wanted) => {
      const fds = pass(left, right, sent.slice(0, count), wanted);
      assert.is(fds.length, Math.min(count, wanted));
      assert.is(new Set(fds).size, fds.length);
      for (const fd of fds) assert.is(fcntl(fd, F_GETFD, 0), 1, 'not close-on-exec');
      closeAll(fds);
      assertNothingLeft(before);
    }),
    {
      numRuns: 60,
      examples: [
        [0, 0],
        [MAX_RIGHTS_COUNT, 255],
        [MAX_RIGHTS_COUNT, MAX_RIGHTS_COUNT],
        [2, 1],
        [3, 1],
        [4, 3],
        [1, 2],
        [MAX_RIGHTS_COUNT, 0],
      ],
    },
  );
  closeAll([left, right, ...sent]);
});

descriptors('keep their order and add to what the caller has', () => {
  const [left, right] = pair(SOCK_SEQPACKET);
  const [first, second] = eventFDs(2) as [number, number];
  const fds = [-7];
  sendWithFDs(left, NOTHING, [second, first]);
  fcntl(second, F_SETFL, 0);
  assert.is(receiveWithFDs(right, NOTHING, 5, fds), 0);
  const [kept, ...came] = fds as [number, number, number];
  assert.is(kept, -7);
  assert.is(came.length, 2);
  // The flags of the open file tell which is which.
  assert.is(fcntl(came[0]!, F_GETFL, 0) & O_NONBLOCK, 0);
  assert.is(fcntl(came[1]!, F_GETFL, 0) & O_NONBLOCK, O_NONBLOCK);
  closeAll([left, right, first, second, ...came]);
});

descriptors('are refused in numbers, or with bytes, that do not fit', () => {
  const before = holdings();
  const [left, right] = pair(SOCK_STREAM);
  const many = Array.from({ length: MAX_RIGHTS_COUNT + 1 }, () => 0);
  assert.is(sendWithFDs(left, NOTHING, many), -EINVAL);
  assert.is(sendWithFDs(left, Buffer.alloc(65), []), -EINVAL);
  assert.is(receiveWithFDs(right, Buffer.alloc(65), 0, []), -EINVAL);
  assert.is(sendWithFDs(left, Buffer.alloc(1), [NO_SUCH_FD]), -EBADF);
  assert.is(receiveWithFDs(right, Buffer.alloc(64), 3, []), -EAGAIN, 'a refused message brought something');
  closeAll([left, right]);
  assertNothingLeft(before);
});

descriptors('of earlier messages do not come again', () => {
  const [left, right] = pair(SOCK_STREAM);
  const [sent] = eventFDs(1) as [number];
  closeAll(pass(left, right, [sent, sent], 2));
  const before = holdings();
  assert.equal(pass(left, right, [], 2), []);
  assert.equal(receiveWithFDs(right, Buffer.alloc(8), 2, []), -EAGAIN);
  assertNothingLeft(before);
  closeAll([left, right, sent]);
});

descriptors('are found behind credentials that the peer has the kernel put first', () => {
  const [left, right] = pair(SOCK_SEQPACKET);
  const theirCopy = duplicateFD(right);
  const sent = eventFDs(4);
  const before = holdings();
  assert.ok(setOption(theirCopy, SO_PASSCRED));
  for (const wanted of [0, 1, 2, 3, 8, 40]) {
    const fds: number[] = [];
    sendWithFDs(left, NOTHING, sent);
    assert.is(receiveWithFDs(right, NOTHING, wanted, fds), 0);
    assert.ok(fds.length <= Math.min(wanted, 4));
    if (wanted === 40) assert.is(fds.length, 4);
    closeAll(fds);
    assertNothingLeft(before);
  }
  closeAll([left, right, theirCopy, ...sent]);
});

descriptors('that nobody sent, such as a pidfd that the peer has the kernel add, are closed', () => {
  const [left, right] = pair(SOCK_SEQPACKET);
  const theirCopy = duplicateFD(right);
  const sent = eventFDs(3);
  if (setOption(theirCopy, SO_PASSPIDFD)) {
    const before = holdings();
    for (const [count, wanted] of [
      [0, 1],
      [0, 3],
      [1, 1],
      [1, 3],
      [3, 40],
      [2, 1],
    ] as const) {
      const fds: number[] = [];
      sendWithFDs(left, NOTHING, sent.slice(0, count));
      assert.is(receiveWithFDs(right, NOTHING, wanted, fds), 0);
      assert.is(fds.length, Math.min(count, wanted));
      closeAll(fds);
      assertNothingLeft(before);
    }
  } else {
    console.log('  (this kernel passes no pidfds: that part is not tested)');
  }
  closeAll([left, right, theirCopy, ...sent]);
});

descriptors.run();
