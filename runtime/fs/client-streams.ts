/**
 * Streams over open files: node:fs's own ReadStream and WriteStream, which take the functions that do their work. So
 * ranges, high-water marks, backpressure, signals and events are Node's.
 */

import { createReadStream, createWriteStream, type PathLike, type ReadStream, type WriteStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

type Done = (error: Error | null, ...results: unknown[]) => void;

/** Opens a file for a stream. */
export type Open = (path: PathLike, flags?: string | number, mode?: number) => Promise<FileHandle>;

/** A stream of a file without a descriptor must have some number: one that no descriptor has. */
const NO_DESCRIPTOR = 2 ** 31 - 1;

function settle(work: Promise<unknown>, done: Done): void {
  work.then(
    (result) => done(null, ...(Array.isArray(result) ? (result as unknown[]) : [])),
    (error: Error) => done(error),
  );
}

/** What a stream asks of node:fs, done on a handle that is opened by `open` or was given. */
function operations(handle: FileHandle | undefined, openFile?: Open): object {
  let file = handle!;
  return {
    open(path: PathLike, flags: string | number, mode: number, done: Done): void {
      const opened = openFile!(path, flags, mode).then((fresh) => {
        file = fresh;
        return [numberOf(fresh)];
      });
      settle(opened, done);
    },
    read(_fd: number, buffer: Buffer, offset: number, length: number, position: number | null, done: Done): void {
      settle(
        file.read(buffer, offset, length, position ?? null).then((r) => [r.bytesRead, r.buffer]),
        done,
      );
    },
    write(_fd: number, buffer: Buffer, offset: number, length: number, position: number | null, done: Done): void {
      settle(
        file.write(buffer, offset, length, position ?? null).then((r) => [r.bytesWritten, r.buffer]),
        done,
      );
    },
    writev(_fd: number, buffers: Buffer[], position: number | undefined, done: Done): void {
      settle(
        file.writev(buffers, position).then((r) => [r.bytesWritten, r.buffers]),
        done,
      );
    },
    fsync: (_fd: number, done: Done): void => settle(file.sync(), done),
    close: (_fd: number, done: Done): void => settle(file.close(), done),
  };
}

function numberOf(handle: FileHandle): number {
  return handle.fd > 0 ? handle.fd : NO_DESCRIPTOR;
}

function objectOf(options: object | string | null | undefined): object {
  return typeof options === 'string' ? { encoding: options } : { ...options };
}

/** createReadStream of node:fs, for a file that `open` opens. */
export function pathReadStream(open: Open, path: PathLike, options?: object | string | null): ReadStream {
  return createReadStream(path, { ...objectOf(options), fs: operations(undefined, open) } as object);
}

/** createWriteStream of node:fs, for a file that `open` opens. */
export function pathWriteStream(open: Open, path: PathLike, options?: object | string | null): WriteStream {
  return createWriteStream(path, { ...objectOf(options), fs: operations(undefined, open) } as object);
}

/** A stream that reads an open file. It closes the handle at its end, and ends when the handle is closed. */
export function handleReadStream(handle: FileHandle, options?: object): ReadStream {
  const stream = createReadStream('', { ...options, fd: numberOf(handle), fs: operations(handle) } as object);
  endWith(handle, () => stream.close());
  return stream;
}

/** A stream that writes an open file, as handleReadStream. */
export function handleWriteStream(handle: FileHandle, options?: object): WriteStream {
  const stream = createWriteStream('', { ...options, fd: numberOf(handle), fs: operations(handle) } as object);
  endWith(handle, () => stream.close());
  return stream;
}

function endWith(handle: FileHandle, end: () => void): void {
  (handle as unknown as NodeJS.EventEmitter).once('close', end);
}
