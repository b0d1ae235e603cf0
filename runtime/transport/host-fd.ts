/** The owner of a descriptor that a server donated. */

import { createReadStream, createWriteStream, type ReadStream, type WriteStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { Socket } from 'node:net';
import { inspect } from 'node:util';
import { closeFD, replaceFD } from '../os/descriptor.js';
import { EBADF, RPCError } from '../wire/errno.js';
import type { HostFD } from '../wire/protocol.js';

/** Closes what was dropped unclosed, and says so: a donated descriptor is worth a line of code. */
const dropped = new FinalizationRegistry<{ fd: number; from: string }>(({ fd, from }) => {
  closeFD(fd);
  process.emitWarning(`A descriptor donated by ${from} was dropped without close(); it is closed now`, {
    type: 'LISAFSWarning',
    code: 'LISAFS_DROPPED_FD',
    detail: 'Close it, declare it with `using`, release() it, or turn it into a FileHandle or a stream.',
  });
});

export class DonatedFD implements HostFD {
  #fd: number;

  /** Takes ownership of `fd`. `from` is the call that brought it: `OpenAt`. */
  constructor(fd: number, from: string) {
    this.#fd = fd;
    dropped.register(this, { fd, from }, this);
  }

  get fd(): number {
    return this.#fd;
  }

  close(): void {
    if (this.#fd >= 0) closeFD(this.release());
  }

  [Symbol.dispose](): void {
    this.close();
  }

  release(): number {
    if (this.#fd < 0) throw new RPCError(EBADF, 'release', 'the descriptor was closed or given away before');
    const fd = this.#fd;
    this.#fd = -1;
    dropped.unregister(this);
    return fd;
  }

  /**
   * Node makes FileHandles only of paths. So: one for any path, then its number is made to name our file, in one step
   * (dup3(2)). To reopen through /proc would give another open file, and ask the file's permissions again.
   */
  async toFileHandle(): Promise<FileHandle> {
    const fd = this.release();
    try {
      const handle = await open('/dev/null');
      const error = replaceFD(fd, handle.fd);
      if (error === 0) return handle;
      await handle.close();
      throw new RPCError(-error, 'dup3');
    } finally {
      closeFD(fd);
    }
  }

  createReadStream(options: { start?: number; end?: number; highWaterMark?: number } = {}): ReadStream {
    return createReadStream('', { ...options, fd: this.release() });
  }

  createWriteStream(options: { start?: number; highWaterMark?: number } = {}): WriteStream {
    return createWriteStream('', { ...options, fd: this.release() });
  }

  toSocket(): Socket {
    return new Socket({ fd: this.release(), readable: true, writable: true });
  }

  [inspect.custom](): string {
    return `HostFD { fd: ${this.#fd} }`;
  }
}
