/**
 * Permissions exactly as asked. A new file's are less the umask of the process, which belongs to the program and not to
 * this SDK, and to change it even for a moment would change what its other threads make. So what the umask took away
 * is given back afterwards. A program that only serves, as the command does, sets its umask to 0, and this does
 * nothing.
 */

import { readAt } from '../os/content.js';
import { closeFD } from '../os/descriptor.js';
import { changeMode, getXattr } from '../os/inode.js';
import { AT_FDCWD, O_RDONLY, openAt } from '../os/open.js';

const PERMISSIONS = 0o777;
const NO_ROOM = new Uint8Array(0);

/** What /proc/self/status says of the umask is among its first lines. */
const status = Buffer.alloc(4096);

/**
 * The umask, without process.umask(), which sets it to 0 for a moment to learn it. Or -errno, and never an exception:
 * a client can have all descriptors used up, and whoever makes a file has some to close then.
 */
function umask(): number {
  const fd = openAt(AT_FDCWD, '/proc/self/status', O_RDONLY);
  if (fd < 0) return fd;
  const size = readAt(fd, status, 0);
  closeFD(fd);
  if (size < 0) return size;
  const match = /^Umask:\s*([0-7]+)$/m.exec(status.toString('latin1', 0, size));
  return match === null ? 0 : Number.parseInt(match[1]!, 8);
}

/**
 * Gives a new file the permissions that it was made with but that the umask took. `mode` is what it has, `asked` what
 * it should have. A directory with a default ACL has no umask applied: there the ACL says what new files get.
 * Returns 0 or -errno.
 */
export function undoUmask(directoryFD: number, fd: number, mode: number, asked: number): number {
  const missing = asked & ~mode & PERMISSIONS;
  if (missing === 0) return 0;
  const mask = umask();
  if (mask < 0) return mask;
  const taken = missing & mask;
  if (taken === 0 || getXattr(directoryFD, 'system.posix_acl_default', NO_ROOM) >= 0) return 0;
  return changeMode(fd, (mode & 0o7777) | taken);
}
