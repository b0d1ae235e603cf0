import { closeSync, fstatSync, openSync, readFileSync, writeSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  closeFD,
  createEventFD,
  drainEventFD,
  duplicateFD,
  replaceFD,
  setCloseOnExec,
  signalEventFD,
} from '../../runtime/os/descriptor.js';
import { fcntl } from '../../runtime/os/libc.js';
import { pollFD, POLLIN } from '../../runtime/os/poll.js';
import { EBADF } from '../../runtime/wire/errno.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';

const F_GETFD = 1;
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const F_GETFL = 3;
const O_NONBLOCK = 0o4000;
const NO_SUCH_FD = 1_000_000;

const isCloseOnExec = (fd: number): boolean => fcntl(fd, F_GETFD, 0) === FD_CLOEXEC;
const isOpen = (fd: number): boolean => fcntl(fd, F_GETFD, 0) >= 0;

const close = suite('closeFD');

close('closes, and takes negative numbers for none', () => {
  const before = holdings();
  const fd = openSync('/dev/null', 'r');
  closeFD(fd);
  assert.is(isOpen(fd), false);
  closeFD(-1);
  closeFD(-9);
  assertNothingLeft(before);
});

close.run();

const duplicate = suite('duplicateFD');

duplicate('gives a second descriptor of the same file, close-on-exec and above the standard ones', () => {
  const before = holdings();
  const fd = openSync('/dev/null', 'r+');
  const copy = duplicateFD(fd);
  assert.ok(copy > 2 && copy !== fd);
  assert.is(fstatSync(copy).rdev, fstatSync(fd).rdev);
  assert.is(isCloseOnExec(copy), true);
  closeSync(fd);
  assert.is(writeSync(copy, 'x'), 1);
  closeFD(copy);
  assertNothingLeft(before);
});

duplicate('answers -EBADF for what is not open', () => {
  assert.is(duplicateFD(NO_SUCH_FD), -EBADF);
});

duplicate.run();

const replace = suite('replaceFD');

replace('makes a number name another file and closes what it named', () => {
  const before = holdings();
  const [from, to] = [openSync('/proc/self/stat', 'r'), openSync('/dev/null', 'r')];
  assert.is(replaceFD(from, to), 0);
  closeSync(from);
  assert.ok(readFileSync(to, 'utf8').startsWith(String(process.pid)));
  assert.is(isCloseOnExec(to), true);
  closeSync(to);
  assertNothingLeft(before);
});

replace('answers -EBADF and leaves the number alone', () => {
  const to = openSync('/dev/null', 'r');
  assert.is(replaceFD(NO_SUCH_FD, to), -EBADF);
  assert.is(isOpen(to), true);
  closeSync(to);
});

replace.run();

const closeOnExec = suite('setCloseOnExec');

closeOnExec('sets the flag', () => {
  const fd = openSync('/dev/null', 'r');
  fcntl(fd, F_SETFD, 0);
  assert.is(isCloseOnExec(fd), false);
  assert.is(setCloseOnExec(fd), 0);
  assert.is(isCloseOnExec(fd), true);
  closeSync(fd);
});

closeOnExec('answers -EBADF', () => {
  assert.is(setCloseOnExec(NO_SUCH_FD), -EBADF);
});

closeOnExec.run();

const eventFDs = suite('eventfds');

eventFDs('are readable from a signal to a drain, however many signals there were', () => {
  const before = holdings();
  const fd = createEventFD();
  assert.is(isCloseOnExec(fd), true);
  assert.is(fcntl(fd, F_GETFL, 0) & O_NONBLOCK, O_NONBLOCK);
  assert.is(pollFD(fd, POLLIN, 0), 0);
  signalEventFD(fd);
  signalEventFD(fd);
  assert.is(pollFD(fd, POLLIN, 0), POLLIN);
  drainEventFD(fd);
  assert.is(pollFD(fd, POLLIN, 0), 0);
  drainEventFD(fd);
  closeFD(fd);
  assertNothingLeft(before);
});

eventFDs.run();
