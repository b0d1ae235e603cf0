/** The owner of a descriptor that a server donated. */

import { createReadStream, createWriteStream, fstatSync, type ReadStream, type WriteStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { Socket } from 'node:net';
import { inspect } from 'node:util';
import { closeFD, isNonBlocking, replaceFD } from '../os/descriptor.js';
import { EAGAIN, EBADF, RPCError } from '../wire/errno.js';
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

/**
 * Node makes FileHandles only of paths. So: one for any path, then its number is made to name our file, in one step
 * (dup3(2)). To reopen through /proc would give another open file, and ask the file's permissions again.
 */
async function openAs(fd: number): Promise<FileHandle> {
  const handle = await open('/dev/null');
  const error = replaceFD(fd, handle.fd);
  if (error === 0) return handle;
  await handle.close();
  throw new RPCError(-error, 'dup3');
}

export class DonatedFD implements HostFD {
  #fd = -1;
  readonly #from: string;

  /** Takes ownership of `fd`. `from` is the call that brought it: `OpenAt`. */
  constructor(fd: number, from: string) {
    this.#from = from;
    this.#own(fd);
  }

  #own(fd: number): void {
    this.#fd = fd;
    dropped.register(this, { fd, from: this.#from }, this);
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
    this.#checkOpen('release');
    const fd = this.#fd;
    this.#fd = -1;
    dropped.unregister(this);
    return fd;
  }

  async toFileHandle(): Promise<FileHandle> {
    this.#checkWaits('toFileHandle');
    const fd = this.release();
    try {
      const handle = await openAs(fd);
      closeFD(fd);
      return handle;
    } catch (error) {
      this.#own(fd);
      throw error;
    }
  }

  createReadStream(options: { start?: number; end?: number; highWaterMark?: number } = {}): ReadStream {
    this.#checkWaits('createReadStream');
    return this.#given(createReadStream('', { ...options, fd: this.#fd }));
  }

  createWriteStream(options: { start?: number; highWaterMark?: number } = {}): WriteStream {
    this.#checkWaits('createWriteStream');
    return this.#given(createWriteStream('', { ...options, fd: this.#fd }));
  }

  toSocket(): Socket {
    this.#checkOpen('toSocket');
    return this.#given(new Socket({ fd: this.#fd, readable: true, writable: true }));
  }

  /** What owns the descriptor from now on: made before it is let go, since one that cannot be made owns nothing. */
  #given<Owner>(owner: Owner): Owner {
    this.release();
    return owner;
  }

  #checkOpen(use: string): void {
    if (this.#fd < 0) throw new RPCError(EBADF, use, 'the descriptor was closed or given away before');
  }

  /**
   * Node's files wait inside of read(2), so one that does not let them fails where it has nothing yet. The flag is of
   * the open file, which is the server's too, so it is not ours to clear.
   */
  #checkWaits(use: string): void {
    this.#checkOpen(use);
    if (fstatSync(this.#fd).isFile() || !isNonBlocking(this.#fd)) return;
    throw new RPCError(EAGAIN, use, 'a pipe, socket or device that does not block; use toSocket()');
  }

  [inspect.custom](): string {
    return `HostFD { fd: ${this.#fd} }`;
  }
}
