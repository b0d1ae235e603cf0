/** Serving a directory of this machine, as gVisor's own file server does (`runsc/fsgofer`). */

import { closeFD } from '../os/descriptor.js';
import { AT_FDCWD, O_PATH, openAt } from '../os/open.js';
import type { Backend, Found } from '../session/backend.js';
import { RPCError } from '../wire/errno.js';
import { copyOf } from './local-control.js';
import type { LocalDirectoryOptions, LocalOptions } from './local-options.js';

class LocalDirectory implements Backend {
  readonly readOnly: boolean;
  readonly #options: LocalOptions;
  #fd: number;

  /** Takes ownership of the root's descriptor. */
  constructor(fd: number, options: LocalOptions) {
    this.#fd = fd;
    this.#options = options;
    this.readOnly = options.readOnly;
  }

  mount(): Found | number {
    return copyOf(this.#fd, this.#options);
  }

  close(): void {
    closeFD(this.#fd);
    this.#fd = -1;
  }
}

/**
 * A directory of this machine, or a file, for `serve`. The path is walked once, now, and symlinks on it are followed;
 * from then on only what is below is reached, component by component from held descriptors, whatever happens to names
 * meanwhile. Throws an RPCError if it is not there.
 *
 * System calls on the directory are made at once, on the thread that serves: it is meant for local disks, not for file
 * systems that can hang.
 */
export function localDirectory(path: string, options: LocalDirectoryOptions = {}): Backend {
  const fd = openAt(AT_FDCWD, path, O_PATH);
  if (fd < 0) throw new RPCError(-fd, 'open', path);
  const { readOnly = false, donate = !readOnly, hostUDS = 'none', hostFIFO = 'none' } = options;
  return new LocalDirectory(fd, { readOnly, donate, hostUDS, hostFIFO });
}
