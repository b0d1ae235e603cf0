/** Waiting for descriptors: poll(2) for a thread that may block, libuv's poll handle for one that may not. */

import { EBUSY, EINTR, RPCError } from '../wire/errno.js';
import { closeFD } from './descriptor.js';
import { epollControl, epollCreate, errno, poll, uvPoll, type PollHandle } from './libc.js';
import { allocScratch, PAGE_BYTES } from './memory.js';

export const POLLIN = 0x1;
export const POLLOUT = 0x4;
export const POLLERR = 0x8;
export const POLLHUP = 0x10;
export const POLLNVAL = 0x20;
export const POLLRDHUP = 0x2000;

/** struct pollfd: fd int, events short, revents short. */
const POLLFD_BYTES = 8;
const REVENTS_AT = 6;
const scratch = allocScratch(PAGE_BYTES);
const view = new DataView(scratch.buffer);

function setPollFD(index: number, fd: number, events: number): void {
  view.setInt32(index * POLLFD_BYTES, fd, true);
  view.setInt16(index * POLLFD_BYTES + 4, events, true);
  view.setInt16(index * POLLFD_BYTES + REVENTS_AT, 0, true);
}

/**
 * Waits for one of `events` on `fd`, at most `timeoutMS` (0: looks only; -1: as long as it takes).
 * Returns the events that hold, 0 after the time or a signal, or -errno.
 */
export function pollFD(fd: number, events: number, timeoutMS: number): number {
  setPollFD(0, fd, events);
  const count = poll(scratch.address, 1, timeoutMS);
  if (count < 0) {
    const error = errno();
    return error === EINTR ? 0 : -error;
  }
  return count === 0 ? 0 : view.getInt16(REVENTS_AT, true);
}

/** As pollFD for two descriptors that become readable, the second of which may be -1. True if either did. */
export function pollEither(first: number, second: number, timeoutMS: number): boolean {
  setPollFD(0, first, POLLIN);
  setPollFD(1, second, POLLIN);
  return poll(scratch.address, 2, timeoutMS) > 0;
}

/** True once the peer of a stream socket has closed or shut down its side, whatever is still unread. */
export function hasHungUp(fd: number): boolean {
  return pollFD(fd, POLLRDHUP, 0) !== 0;
}

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
/** struct epoll_event: events u32, data u64, packed on x86-64 alone; the data is nobody's. */
const INPUT = new Uint8Array(16);
INPUT[0] = POLLIN;

/**
 * A descriptor by which another process can wait for input on `fd`, and do nothing else with it: an epoll instance,
 * readable while `fd` is (epoll(7)). Owned by the caller; or -errno.
 */
export function createInputWaiter(fd: number): number {
  const waiter = epollCreate(EPOLL_CLOEXEC);
  if (waiter < 0) return -errno();
  if (epollControl(waiter, EPOLL_CTL_ADD, fd, INPUT) === 0) return waiter;
  const error = -errno();
  closeFD(waiter);
  return error;
}

/**
 * Calls a callback whose fault must reach neither its caller nor nobody: Node reports what a poll callback throws to
 * nobody, so it is thrown again from where Node does report it.
 */
export function callBack(callback: () => void): void {
  try {
    callback();
  } catch (error) {
    setImmediate(() => {
      throw error;
    });
  }
}

/**
 * A poll callback is a bare call into JavaScript: Node 26 does not run microtasks after it (20 to 24 do), so what
 * awaits a promise that it resolves would sleep on until something else happens. After an immediate they are run
 * everywhere.
 */
function runMicrotasks(): void {
  // That it is called is all.
}

/**
 * The event loop's eye on one descriptor: a libuv poll handle, with its hazards kept in here. One descriptor has one
 * Watch at most. The handle is closed before its descriptor is, and is held for as long as it is open, since one that
 * is collected stops. libuv makes the open file non-blocking.
 */
export class Watch {
  /** By their descriptors. */
  static readonly #open = new Map<number, Watch>();
  /**
   * Closes all of this thread's. An event that is pending while Node takes its loop apart would call into a thread that
   * runs no JavaScript: abort. It is done at the thread's exit; of one that another's exit ends it has to be asked.
   */
  static readonly closeAll = (): void => {
    for (const watch of Watch.#open.values()) watch.close();
  };
  readonly #fd: number;
  readonly #handle: PollHandle;
  readonly #onEvent: () => void;
  #closed = false;
  #readable: boolean;
  #writable = false;

  /** Whether this thread watches `fd`: a second handle for one descriptor would abort the process in libuv. */
  static has(fd: number): boolean {
    return Watch.#open.has(fd);
  }

  /** Watches for a hang-up, and for input where `readable`. Keeps no process alive until `hold`. */
  constructor(fd: number, readable: boolean, onEvent: () => void) {
    if (Watch.has(fd)) throw new RPCError(EBUSY, 'poll', `descriptor ${fd} is watched already`);
    this.#fd = fd;
    this.#onEvent = onEvent;
    this.#readable = readable;
    this.#handle = uvPoll(fd, { readable, writable: false, disconnect: true }, this.#fire);
    this.#handle.unref();
    if (Watch.#open.size === 0) process.on('exit', Watch.closeAll);
    Watch.#open.set(fd, this);
  }

  readonly #fire = (): void => {
    if (this.#closed) return;
    callBack(this.#onEvent);
    setImmediate(runMicrotasks);
  };

  /** Also watches for input, and for room to write, or no longer. */
  want(readable: boolean, writable: boolean): void {
    if (this.#closed || (readable === this.#readable && writable === this.#writable)) return;
    this.#readable = readable;
    this.#writable = writable;
    this.#handle.start({ readable, writable, disconnect: true }, this.#fire);
  }

  /** Keeps the process alive, or no longer. */
  hold(alive: boolean): void {
    if (this.#closed) return;
    if (alive) this.#handle.ref();
    else this.#handle.unref();
  }

  /** Ends the watch; the descriptor may be closed after it. A second time does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#handle.close();
    Watch.#open.delete(this.#fd);
    if (Watch.#open.size === 0) process.off('exit', Watch.closeAll);
  }
}
