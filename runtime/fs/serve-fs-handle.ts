/** An open file of an object: a handle, shared by those who opened it together, that can be replaced under them. */

import { failure } from '../session/failure.js';
import { EIO, EINVAL } from '../wire/errno.js';
import { ask, askFor, EFBIG } from './serve-fs-errors.js';
import type { NodeFileHandle, NodeStats } from './serve-fs-object.js';

const O_ACCMODE = 3;
const O_RDONLY = 0;
const O_WRONLY = 1;
const MAX_OFFSET = 0x7fff_ffff_ffff_ffffn;

/** Memory that is full, or a size that the object cannot have, are its RangeErrors. */
async function growing<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await ask(action);
  } catch (error) {
    throw error instanceof RangeError ? failure(EFBIG) : error;
  }
}

/** What no off_t holds is refused as the kernel refuses it. */
function position(offset: number | bigint): number {
  if (offset > MAX_OFFSET) throw failure(EINVAL);
  return Number(offset);
}

export class OpenHandle {
  readonly #access: number;
  readonly #maxSize: number;
  #handle: NodeFileHandle;
  #references = 1;

  /** Takes ownership of `handle`, which was opened with `flags`. */
  constructor(handle: NodeFileHandle, flags: number, maxSize: number) {
    this.#handle = handle;
    this.#access = flags & O_ACCMODE;
    this.#maxSize = maxSize;
  }

  /** True if it was opened for all that `flags` ask for. */
  allows(flags: number): boolean {
    return this.#access === (flags & O_ACCMODE) || this.#access > O_WRONLY;
  }

  get writable(): boolean {
    return this.#access !== O_RDONLY;
  }

  retain(): this {
    this.#references++;
    return this;
  }

  /** Lets go of it; true if it was the last to. */
  release(): boolean {
    if (--this.#references > 0) return false;
    this.#close();
    return true;
  }

  /** Nobody waits for it, and an error of it would be news to nobody: what was written was answered before. */
  #close(): void {
    const handle = this.#handle;
    this.#handle = {};
    if (handle.close !== undefined) void ask(() => handle.close!()).catch(() => undefined);
  }

  replace(handle: NodeFileHandle): void {
    this.#close();
    this.#handle = handle;
  }

  /** Short only at the end of the file. */
  async read(target: Uint8Array, offset: number | bigint): Promise<number> {
    const handle = this.#handle;
    const at = position(offset);
    if (!Number.isSafeInteger(at + target.length)) return 0;
    let size = 0;
    while (size < target.length) {
      const rest = target.length - size;
      const { bytesRead } = await askFor(handle.read && (() => handle.read!(target, size, rest, at + size)));
      if (bytesRead === 0) break;
      if (!(bytesRead > 0 && bytesRead <= rest)) throw failure(EIO);
      size += bytesRead;
    }
    return size;
  }

  /** The object gets bytes of its own: it may keep them, and the request's can change meanwhile. */
  async write(source: Uint8Array, offset: number | bigint): Promise<number> {
    const handle = this.#handle;
    const at = position(offset);
    if (at + source.length > this.#maxSize) throw failure(EFBIG);
    if (source.length === 0) return 0;
    const bytes = Buffer.from(source);
    const write = handle.write && (() => handle.write!(bytes, 0, bytes.length, at));
    const { bytesWritten } = await growing(() => askFor(write));
    if (!(bytesWritten >= 0 && bytesWritten <= bytes.length)) throw failure(EIO);
    return bytesWritten;
  }

  async truncate(size: bigint): Promise<void> {
    const handle = this.#handle;
    if (!this.writable) throw failure(EINVAL);
    if (size > this.#maxSize) throw failure(EFBIG);
    await growing(() => askFor(handle.truncate && (() => handle.truncate!(Number(size)))));
  }

  /** undefined where the handle cannot tell. */
  async stat(): Promise<NodeStats | undefined> {
    const handle = this.#handle;
    return handle.stat === undefined ? undefined : ask(() => handle.stat!({ bigint: true }));
  }

  async sync(): Promise<void> {
    const handle = this.#handle;
    await askFor(handle.sync && (() => handle.sync!()));
  }

  async chmod(mode: number): Promise<void> {
    const handle = this.#handle;
    await askFor(handle.chmod && (() => handle.chmod!(mode)));
  }

  async chown(uid: number, gid: number): Promise<void> {
    const handle = this.#handle;
    await askFor(handle.chown && (() => handle.chown!(uid, gid)));
  }

  async utimes(atime: number, mtime: number): Promise<void> {
    const handle = this.#handle;
    await askFor(handle.utimes && (() => handle.utimes!(atime, mtime)));
  }
}
