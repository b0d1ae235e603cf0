/** FileHandle over an open FD, with the methods of node:fs/promises' own. */

import { EventEmitter } from 'node:events';
import type { BigIntStats, ReadStream, Stats, TimeLike, WriteStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { createInterface, type Interface } from 'node:readline';
import type { ReadableStream } from 'node:stream/web';
import type { FDID } from '../session/lisafs.js';
import { outOfRange, wrongType, wrongValue } from '../wire/invalid.js';
import { integer, modeOf, ownerOf, timespecOf } from './client-arguments.js';
import { bytesIn, type Content, type Position } from './client-content.js';
import { codedError, naming } from './client-errors.js';
import { readAll, writeAll, type ReadFileOptions, type WriteData, type WriteFileOptions } from './client-file.js';
import type { Tree } from './client-resolve.js';
import { setOwner, setStat } from './client-set-stat.js';
import { statsOf } from './client-stats.js';
import { handleReadStream, handleWriteStream } from './client-streams.js';

const WEB_STREAM_CHUNK_BYTES = 16384;
const DEFAULT_READ_BYTES = 16384;

type View = NodeJS.ArrayBufferView;

/** An open file as a handle gets it. */
export interface OpenFile {
  readonly tree: Tree;
  readonly openFD: FDID;
  readonly controlFD: FDID;
  readonly content: Content;
  readonly writable: boolean;
  /** Whether each write must be on storage before it is done (O_SYNC). */
  readonly syncWrites: boolean;
  /** The file's size when it was opened: a hint for reading it whole. */
  readonly size: number;
}

interface Range {
  readonly offset?: number | null;
  readonly length?: number | null;
  readonly position?: Position;
}

/** Closes what a handle that was dropped held, and says so, as Node does with its own. */
const dropped = new FinalizationRegistry<{ tree: Tree; fds: readonly FDID[] }>(({ tree, fds }) => {
  tree.closeLater(fds);
  process.emitWarning('A FileHandle of client.fs was dropped without close(); it is closed now', {
    type: 'LISAFSWarning',
    code: 'LISAFS_DROPPED_HANDLE',
  });
});

/** The part of `view` that an offset and a length choose, which must lie within it. */
function partOf(view: View, offset: unknown, length: unknown): Uint8Array {
  const start = offset === undefined || offset === null ? 0 : integer(offset, 'offset', 0, Number.MAX_SAFE_INTEGER);
  const room = view.byteLength - start;
  const size = typeof length === 'number' ? length : room;
  if (room < 0) throw outOfRange('offset', `<= ${view.byteLength}`, start);
  if (size < 0) throw outOfRange('length', '>= 0', size);
  if (size > room) throw outOfRange('length', `<= ${room}`, size);
  return bytesIn(view).subarray(start, start + size);
}

/** node:fs takes an integer that is not negative as a position, and all else as the file's own. */
function positionOf(position: unknown): Position {
  return Number.isSafeInteger(position) && (position as number) >= 0 ? (position as number) : null;
}

function checkViews(views: unknown): readonly View[] {
  if (!Array.isArray(views) || !views.every((view) => ArrayBuffer.isView(view))) {
    throw wrongType('buffers', 'an array of ArrayBufferViews', views);
  }
  return views as View[];
}

/**
 * A file that `open` opened. It holds an open FD and a control FD at the server, and the donated descriptor if there is
 * one; close() gives all back. Content goes by the descriptor where there is one, and everything else by the server: a
 * donated descriptor carries the rights of this process, not the server's.
 */
export class ClientFileHandle extends EventEmitter {
  readonly #file: OpenFile;
  #open = true;
  #calls = 0;
  #idle: (() => void) | undefined;
  #closing: Promise<void> | undefined;
  #locked = false;
  /** Whether there was a SetStat, for which a server may have opened the file for writing. */
  #changed = false;

  /** Takes ownership of the FDIDs and of the content. */
  constructor(file: OpenFile) {
    super();
    this.#file = file;
    dropped.register(this, { tree: file.tree, fds: this.#fds }, this);
  }

  /** What is to be closed; the root's control FD is not the handle's. */
  get #fds(): FDID[] {
    const { tree, openFD, controlFD } = this.#file;
    return controlFD === tree.root.fd ? [openFD] : [openFD, controlFD];
  }

  /** The donated descriptor's number; -1 where the server donated none, and after close. */
  get fd(): number {
    return this.#open ? this.#file.content.fd : -1;
  }

  /** Runs one call; close waits for it. */
  async #during<T>(name: string, work: (file: OpenFile) => Promise<T>): Promise<T> {
    if (!this.#open) throw Object.assign(codedError('EBADF', 'file closed'), { syscall: name });
    this.#calls++;
    try {
      return await work(this.#file);
    } finally {
      if (--this.#calls === 0) this.#idle?.();
    }
  }

  read(
    first?: View | (Range & { buffer?: View }) | null,
    second?: unknown,
    length?: unknown,
    position?: unknown,
  ): Promise<unknown> {
    return this.#during('read', async ({ content }) => {
      const options = ArrayBuffer.isView(first) ? { offset: second, length, position } : (first ?? {});
      const buffer = ArrayBuffer.isView(first) ? first : (first?.buffer ?? Buffer.alloc(DEFAULT_READ_BYTES));
      if (!ArrayBuffer.isView(buffer)) throw wrongType('buffer', 'a Buffer, TypedArray or DataView', buffer);
      const range = typeof second === 'object' && second !== null ? second : options;
      const { offset, length: size, position: at } = range as Record<string, unknown>;
      if (size === 0) return { bytesRead: 0, buffer };
      if (buffer.byteLength === 0) throw wrongValue('buffer', 'one with room to read to', buffer);
      return { bytesRead: await content.read(partOf(buffer, offset, size), positionOf(at)), buffer };
    });
  }

  write(data: View | string, second?: unknown, third?: unknown, position?: unknown): Promise<unknown> {
    return this.#during('write', async (file) => {
      if (typeof data === 'string') {
        const bytes = Buffer.from(data, (third ?? 'utf8') as BufferEncoding);
        return { bytesWritten: await this.#write(file, bytes, positionOf(second)), buffer: data };
      }
      if (!ArrayBuffer.isView(data)) throw wrongType('buffer', 'a string, Buffer, TypedArray or DataView', data);
      if (data.byteLength === 0) return { bytesWritten: 0, buffer: data };
      const isRange = typeof second === 'object' && second !== null;
      const range = (isRange ? second : { offset: second, length: third, position }) as Record<string, unknown>;
      const bytes = partOf(data, range['offset'], range['length']);
      return { bytesWritten: await this.#write(file, bytes, positionOf(range['position'])), buffer: data };
    });
  }

  async #write({ content, syncWrites }: OpenFile, bytes: Uint8Array, position: Position): Promise<number> {
    const count = await content.write(bytes, position);
    if (syncWrites) await content.sync();
    return count;
  }

  readv(buffers: readonly View[], position?: unknown): Promise<unknown> {
    return this.#during('readv', async ({ content }) => {
      const bytesRead = await content.readv(checkViews(buffers), positionOf(position));
      return { bytesRead, buffers };
    });
  }

  writev(buffers: readonly View[], position?: unknown): Promise<unknown> {
    return this.#during('writev', async ({ content, syncWrites }) => {
      if (checkViews(buffers).length === 0) return { bytesWritten: 0, buffers };
      const bytesWritten = await content.writev(buffers, positionOf(position));
      if (syncWrites) await content.sync();
      return { bytesWritten, buffers };
    });
  }

  readFile(options?: ReadFileOptions | string | null): Promise<string | Buffer> {
    return this.#during('readFile', ({ content, size }) => readAll(content, size, options));
  }

  writeFile(data: WriteData, options?: WriteFileOptions | string | null): Promise<void> {
    return this.#during('writeFile', (file) => writeAll((bytes) => this.#write(file, bytes, null), data, options));
  }

  appendFile(data: WriteData, options?: WriteFileOptions | string | null): Promise<void> {
    return this.writeFile(data, options);
  }

  stat(options?: { bigint?: boolean | undefined }): Promise<Stats | BigIntStats> {
    return this.#during('fstat', async ({ tree, openFD }) => {
      const stat = await naming('fstat', () => tree.client.fstat({ fd: openFD }));
      return statsOf(stat, options?.bigint);
    });
  }

  sync(): Promise<void> {
    return this.#during('fsync', ({ content }) => content.sync());
  }

  datasync(): Promise<void> {
    return this.#during('fdatasync', ({ content }) => content.datasync());
  }

  truncate(len = 0): Promise<void> {
    return this.#during('ftruncate', ({ content }) => {
      const size = Math.max(0, integer(len, 'len', -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER));
      return content.truncate(size);
    });
  }

  chmod(mode: number | string): Promise<void> {
    return this.#set('fchmod', ({ tree, controlFD }) => setStat(tree.client, controlFD, { mode: modeOf(mode) }));
  }

  chown(uid: number, gid: number): Promise<void> {
    return this.#set('fchown', ({ tree, controlFD }) =>
      setOwner(tree.client, controlFD, ownerOf(uid, 'uid'), ownerOf(gid, 'gid')),
    );
  }

  utimes(atime: TimeLike, mtime: TimeLike): Promise<void> {
    return this.#set('futime', ({ tree, controlFD }) => {
      const times = { atime: timespecOf(atime, 'atime'), mtime: timespecOf(mtime, 'mtime') };
      return setStat(tree.client, controlFD, times);
    });
  }

  #set(syscall: string, work: (file: OpenFile) => Promise<void>): Promise<void> {
    return this.#during(syscall, async (file) => {
      this.#changed = true;
      await naming(syscall, async () => work(file));
    });
  }

  createReadStream(options?: object): ReadStream {
    return handleReadStream(this as unknown as FileHandle, options);
  }

  createWriteStream(options?: object): WriteStream {
    return handleWriteStream(this as unknown as FileHandle, options);
  }

  readLines(options?: object): Interface {
    return createInterface({ input: this.createReadStream(options), crlfDelay: Infinity });
  }

  /** The rest of the file as a web stream of bytes, whatever `options` say. The handle stays the caller's to close. */
  readableWebStream(_options?: object): ReadableStream {
    if (!this.#open || this.#locked) {
      throw codedError('ERR_INVALID_STATE', `Invalid state: The FileHandle is ${this.#open ? 'locked' : 'closed'}`);
    }
    this.#locked = true;
    return new globalThis.ReadableStream({
      pull: async (controller) => {
        const chunk = new Uint8Array(WEB_STREAM_CHUNK_BYTES);
        const count = await this.#during('read', ({ content }) => content.read(chunk, null));
        if (count > 0) controller.enqueue(chunk.subarray(0, count));
        else controller.close();
      },
    });
  }

  /**
   * Waits for calls in progress, then closes the FDIDs and the descriptor. A file that was open for writing is closed
   * at the server when this resolves, so that it can be executed; others a little later, many by one call.
   */
  close(): Promise<void> {
    if (this.#open) {
      this.#open = false;
      this.#closing = this.#close();
      this.emit('close');
    }
    return this.#closing!;
  }

  async #close(): Promise<void> {
    if (this.#calls > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    const { tree, content, writable } = this.#file;
    dropped.unregister(this);
    content.close();
    if (writable || this.#changed) await tree.close(this.#fds);
    else tree.closeLater(this.#fds);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
