/** In whose name this thread's system calls are made. */

import { errno, syscallSetIDs } from './libc.js';
import { SYSCALL } from './platform.js';

/**
 * Runs `body`, which must not wait, with another effective user and group. The plain system calls change the calling
 * thread alone, other than libc's functions, which would change the whole process meanwhile. What this process may not
 * change stays as it is. Ends the process if it could not be changed back: it must not go on as somebody else.
 */
export function asUser<T>(uid: number, gid: number, body: () => T): T {
  const [ownUID, ownGID] = [process.geteuid!(), process.getegid!()];
  // The group first, and last back: with the user goes the right to change it.
  const changedGID = gid !== ownGID && set(SYSCALL.setresgid, gid) === 0;
  const changedUID = uid !== ownUID && set(SYSCALL.setresuid, uid) === 0;
  try {
    return body();
  } finally {
    const backUID = !changedUID || set(SYSCALL.setresuid, ownUID) === 0;
    const backGID = !changedGID || set(SYSCALL.setresgid, ownGID) === 0;
    if (!backUID || !backGID) process.abort();
  }
}

/** Changes the effective of three; -1 leaves the others as they are. */
function set(call: number, id: number): number {
  return syscallSetIDs(call, -1, id, -1) < 0 ? -errno() : 0;
}
