/** Descriptors as such: closing, copying, and eventfds. */

import { close, dup3, errno, eventfd, fcntl, read, write } from './libc.js';

const F_GETFD = 1;
const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;
const F_DUPFD_CLOEXEC = 1030;
const FD_CLOEXEC = 1;
const O_CLOEXEC = 0o2000000;
const EFD_CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;

/** Closes a descriptor; negative ones are none. Errors of close(2) leave it closed on Linux and are not reported. */
export function closeFD(fd: number): void {
  if (fd >= 0) close(fd);
}

/** A second descriptor for the same open file, close-on-exec, or -errno. */
export function duplicateFD(fd: number): number {
  const copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  return copy < 0 ? -errno() : copy;
}

/** Makes the number `to` name what `from` names, in one step, closing what it named; 0 or -errno (dup3(2)). */
export function replaceFD(from: number, to: number): number {
  return dup3(from, to, O_CLOEXEC) < 0 ? -errno() : 0;
}

/** Keeps an inherited descriptor from our own children, whose copy of it would hide our hang-up. 0 or -errno. */
export function setCloseOnExec(fd: number): number {
  const flags = fcntl(fd, F_GETFD, 0);
  if (flags < 0) return -errno();
  return fcntl(fd, F_SETFD, flags | FD_CLOEXEC) < 0 ? -errno() : 0;
}

/** Whether an open file is non-blocking; so is none that cannot be asked. */
export function isNonBlocking(fd: number): boolean {
  const flags = fcntl(fd, F_GETFL, 0);
  return flags >= 0 && (flags & O_NONBLOCK) !== 0;
}

/** Makes an open file non-blocking, for all descriptors of it. 0 or -errno. */
export function setNonBlocking(fd: number): number {
  const flags = fcntl(fd, F_GETFL, 0);
  if (flags < 0) return -errno();
  return fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno() : 0;
}

/** An eventfd at 0, non-blocking and close-on-exec, owned by the caller; or -errno. */
export function createEventFD(): number {
  const fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return fd < 0 ? -errno() : fd;
}

const one = Buffer.from(BigUint64Array.of(1n).buffer);
const drained = Buffer.alloc(8);

/** Makes an eventfd readable. */
export function signalEventFD(fd: number): void {
  write(fd, one, 8);
}

/** Makes an eventfd unreadable. */
export function drainEventFD(fd: number): void {
  read(fd, drained, 8);
}
