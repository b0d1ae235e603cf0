/** A process that has as many descriptors open as it may. */

import { closeSync, openSync } from 'node:fs';

/** Opens files until no more may be. Dispose of it before anything is asserted: a failure needs descriptors. */
export function fillTable(): Disposable {
  const fds: number[] = [];
  try {
    for (;;) fds.push(openSync('/dev/null', 'r'));
  } catch {
    // Full.
  }
  return { [Symbol.dispose]: () => fds.forEach((fd) => closeSync(fd)) };
}
