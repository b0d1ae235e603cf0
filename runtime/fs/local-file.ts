/** An open file of a local directory. */

import { allocateStorage, readAt, syncFile, writeAt } from '../os/content.js';
import { closeFD, duplicateFD } from '../os/descriptor.js';
import type { DirectoryEntry, Opened, OpenFile, Statx } from '../session/backend.js';
import { entriesOf } from './local-entries.js';
import { statBytesOf, statOf } from './local-stat.js';

export class LocalOpenFile implements OpenFile {
  readonly answersAtOnce = true;
  readonly #fd: number;

  /** Takes ownership of the descriptor. */
  constructor(fd: number) {
    this.#fd = fd;
  }

  close(): void {
    closeFD(this.#fd);
  }

  stat(into?: Statx): Statx | number {
    return statOf(this.#fd, into);
  }

  statBytes(): Uint8Array | number {
    return statBytesOf(this.#fd);
  }

  read(target: Uint8Array, offset: number | bigint): number {
    return readAt(this.#fd, target, offset);
  }

  write(source: Uint8Array, offset: number | bigint): number {
    return writeAt(this.#fd, source, offset);
  }

  sync(): number {
    return syncFile(this.#fd);
  }

  allocate(mode: number, offset: bigint, length: bigint): number {
    return allocateStorage(this.#fd, mode, offset, length);
  }

  /** Nothing is held back here that could be flushed. */
  flush(): void {}

  readEntries(size: number, rewind: boolean): DirectoryEntry[] | number {
    return entriesOf(this.#fd, size, rewind);
  }
}

/**
 * What was opened, with a copy of its descriptor for the client if it shall have one. A copy that cannot be had is
 * left out.
 */
export function openedFile(fd: number, donate: boolean): Opened {
  return { file: new LocalOpenFile(fd), hostFD: donate ? duplicateFD(fd) : -1 };
}
