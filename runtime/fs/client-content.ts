/**
 * An open file's bytes: through a donated descriptor where the server gave one, which costs no call to it, else by
 * PRead and PWrite. Both have a position of their own, as an open file has.
 */

import { fdatasync, fsync, ftruncate, read, readv, write, writev } from 'node:fs';
import { fcntl } from '../os/libc.js';
import type { FDID, LISAFSClient } from '../session/lisafs.js';
import type { HostFD } from '../wire/protocol.js';
import { EINVAL, failure, naming } from './client-errors.js';
import { setStat } from './client-set-stat.js';

const F_GETFL = 3;
const F_SETFL = 4;
const O_APPEND = 0o2000;
const O_NONBLOCK = 0o4000;

type Buffers = readonly NodeJS.ArrayBufferView[];

/** Where to read or write: at a position, or at the file's own, which then moves. */
export type Position = number | bigint | null;

/** How an open file's bytes are reached. Its errors are node:fs's own. */
export interface Content {
  /** The descriptor in this process; -1 if there is none. */
  readonly fd: number;
  /** Returns how many bytes were read: 0 at the end, and before it perhaps fewer than asked for. */
  read(target: Uint8Array, position: Position): Promise<number>;
  readv(targets: Buffers, position: Position): Promise<number>;
  /** Returns how many bytes were written. */
  write(data: Uint8Array, position: Position): Promise<number>;
  writev(data: Buffers, position: Position): Promise<number>;
  sync(): Promise<void>;
  datasync(): Promise<void>;
  truncate(size: number): Promise<void>;
  /** Gives the descriptor back. Precondition: no call is running. */
  close(): void;
}

/** Calls a function of node:fs that takes a callback with a count. */
function counted(start: (done: (error: Error | null, count: number) => void) => void): Promise<number> {
  return new Promise((resolve, reject) => start((error, count) => (error ? reject(error) : resolve(count))));
}

/** As counted, for a callback without one. */
async function finished(start: (done: (error: Error | null) => void) => void): Promise<void> {
  await counted((done) => start((error) => done(error, 0)));
}

/** A view of any kind as bytes. */
export function bytesIn(view: NodeJS.ArrayBufferView): Uint8Array {
  return view instanceof Uint8Array ? view : new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** A donated descriptor. node:fs does the work, and gives its own errors. */
export class HostContent implements Content {
  readonly #hostFD: HostFD;

  /**
   * Takes ownership of `hostFD`. `append`: every write goes to the end. Servers drop O_APPEND from the flags, so it is
   * set here; it belongs to the open file, which is this call's alone. They set O_NONBLOCK as well, which is taken
   * back: node:fs waits for a FIFO, in a thread of its pool.
   */
  constructor(hostFD: HostFD, append: boolean) {
    this.#hostFD = hostFD;
    const flags = fcntl(hostFD.fd, F_GETFL, 0);
    if (flags >= 0) fcntl(hostFD.fd, F_SETFL, (flags & ~O_NONBLOCK) | (append ? O_APPEND : 0));
  }

  get fd(): number {
    return this.#hostFD.fd;
  }

  read(target: Uint8Array, position: Position): Promise<number> {
    return counted((done) => read(this.fd, target, 0, target.length, position, done));
  }

  readv(targets: Buffers, position: Position): Promise<number> {
    return counted((done) => readv(this.fd, targets, position as number, done));
  }

  write(data: Uint8Array, position: Position): Promise<number> {
    return counted((done) => write(this.fd, data, 0, data.length, position as number, done));
  }

  writev(data: Buffers, position: Position): Promise<number> {
    return counted((done) => writev(this.fd, data, position as number, done));
  }

  sync(): Promise<void> {
    return finished((done) => fsync(this.fd, done));
  }

  datasync(): Promise<void> {
    return finished((done) => fdatasync(this.fd, done));
  }

  truncate(size: number): Promise<void> {
    return finished((done) => ftruncate(this.fd, size, done));
  }

  close(): void {
    this.#hostFD.close();
  }
}

/** What RemoteContent reads and writes by. */
export interface RemoteFile {
  readonly openFD: FDID;
  readonly controlFD: FDID;
  readonly writable: boolean;
  /**
   * Whether every write goes to the end. It is asked for the end and then written there, since no message does both:
   * what others write in between is overwritten.
   */
  readonly append: boolean;
}

/** An open FD without a descriptor. Calls that move the position are done one after the other. */
export class RemoteContent implements Content {
  readonly fd = -1;
  readonly #client: LISAFSClient;
  readonly #file: RemoteFile;
  #position = 0n;
  #last: Promise<unknown> = Promise.resolve();

  constructor(client: LISAFSClient, file: RemoteFile) {
    this.#client = client;
    this.#file = file;
  }

  read(target: Uint8Array, position: Position): Promise<number> {
    return naming('read', () => this.#at(position, (offset) => this.#client.readFD(this.#file.openFD, target, offset)));
  }

  readv(targets: Buffers, position: Position): Promise<number> {
    return naming('read', () => this.#at(position, (offset) => this.#readAll(targets, offset)));
  }

  async #readAll(targets: Buffers, offset: bigint): Promise<number> {
    let done = 0;
    for (const target of targets) {
      const count = await this.#client.readFD(this.#file.openFD, bytesIn(target), offset + BigInt(done));
      done += count;
      if (count < target.byteLength) break;
    }
    return done;
  }

  write(data: Uint8Array, position: Position): Promise<number> {
    return naming('write', () => this.#writing(position, (offset) => this.#writeAll([data], offset)));
  }

  writev(data: Buffers, position: Position): Promise<number> {
    return naming('write', () => this.#writing(position, (offset) => this.#writeAll(data, offset)));
  }

  async #writeAll(data: Buffers, offset: bigint): Promise<number> {
    let done = 0;
    for (const each of data) {
      await this.#client.writeFD(this.#file.openFD, bytesIn(each), offset + BigInt(done));
      done += each.byteLength;
    }
    return done;
  }

  /** Writes; at the end, if the file says so, wherever that is by then. The position moves only if it was asked for. */
  async #writing(position: Position, work: (offset: bigint) => Promise<number>): Promise<number> {
    if (!this.#file.append) return this.#at(position, work);
    return this.#inTurn(async () => {
      const end = (await this.#client.fstat({ fd: this.#file.openFD })).size;
      const count = await work(end);
      if (position === null) this.#position = end + BigInt(count);
      return count;
    });
  }

  /** Works at a position, or at the file's own as soon as that is known, and moves that on. */
  async #at(position: Position, work: (offset: bigint) => Promise<number>): Promise<number> {
    if (position !== null) return work(BigInt(position));
    return this.#inTurn(async () => {
      const count = await work(this.#position);
      this.#position += BigInt(count);
      return count;
    });
  }

  #inTurn(work: () => Promise<number>): Promise<number> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async sync(): Promise<void> {
    await naming('fsync', () => this.#client.fsync({ fds: [this.#file.openFD] }));
  }

  async datasync(): Promise<void> {
    await naming('fdatasync', () => this.#client.fsync({ fds: [this.#file.openFD] }));
  }

  async truncate(size: number): Promise<void> {
    await naming('ftruncate', async () => {
      if (!this.#file.writable) throw failure(EINVAL);
      await setStat(this.#client, this.#file.controlFD, { size });
    });
  }

  close(): void {}
}
