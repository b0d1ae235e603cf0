/** Descriptors on their way with a response, by number: each has one owner at any time. */

import { closeFD, setNonBlocking } from '../os/descriptor.js';
import { EBADF } from '../wire/errno.js';

/** Closes descriptors that nobody gets any more, and empties the list. */
export function closeAll(fds: number[]): void {
  for (const fd of fds) closeFD(fd);
  fds.length = 0;
}

/**
 * Makes what is to be donated non-blocking, as gVisor's server does (`lisafs/handlers.go`). Returns the first number
 * that is no open descriptor, and so cannot be sent; -1 where there is none.
 */
export function prepareDonation(fds: readonly number[]): number {
  let bad = -1;
  for (const fd of fds) if (setNonBlocking(fd) === -EBADF && bad < 0) bad = fd;
  return bad;
}
