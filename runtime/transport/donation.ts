/** Descriptors on their way with a response, by number: each has one owner at any time. */

import { closeFD, setNonBlocking } from '../os/descriptor.js';

/** Closes descriptors that nobody gets any more, and empties the list. */
export function closeAll(fds: number[]): void {
  for (const fd of fds) closeFD(fd);
  fds.length = 0;
}

/** Makes what is to be donated non-blocking, as gVisor's server does (`lisafs/handlers.go`). */
export function prepareDonation(fds: readonly number[]): void {
  for (const fd of fds) setNonBlocking(fd);
}
