/** The client of LISAFS: beside the stubs, what every user of a gofer needs (`lisafs/client.go`, `client_file.go`). */

import {
  CloseMethod,
  LISAFS,
  PReadMethod,
  PWriteMethod,
  type LISAFSStubs,
  type MountReqInit,
} from '../../generated/lisafs/client.js';
import {
  PReadResp,
  PWriteResp,
  type FDID,
  type MountResp,
  type PReadReqInit,
  type PWriteReqInit,
} from '../../generated/lisafs/messages.js';
import { EIO, RPCError } from '../wire/errno.js';
import { CLOSE_BATCH_COUNT } from '../wire/limits.js';
import type { Client } from './client-class.js';
import { ClientCore } from './client.js';
import { isPutOff } from './late-answer.js';

/** What a PWrite request and a PRead response hold beside the data. */
const PWRITE_REQ_BYTES = 20;
const PREAD_RESP_BYTES = 8;

export class LISAFSCore extends ClientCore {
  readonly #toClose: FDID[] = [];

  /**
   * Closes an FDID, some time: FDIDs are gathered, and a hundred of them closed by one Close; or now, with all that
   * were gathered, if `flush`. Resolves when the Close that it caused, if any, is answered.
   */
  async closeFD(fd: FDID, flush = false): Promise<void> {
    this.#toClose.push(fd);
    for (const fds of this.#batches(flush)) {
      await this.call(CloseMethod, { fds }).catch((error: unknown) => this.#putBack(fds, error));
    }
  }

  /** As closeFD; blocks the thread if it causes a Close. */
  closeFDSync(fd: FDID, flush = false): void {
    this.#toClose.push(fd);
    for (const fds of this.#batches(flush)) {
      try {
        this.callSync(CloseMethod, { fds });
      } catch (error) {
        this.#putBack(fds, error);
      }
    }
  }

  /** What to close now, a Close for each. Those that stayed open because one failed are more than one may be for. */
  *#batches(flush: boolean): Generator<FDID[]> {
    while (this.#toClose.length >= (flush ? 1 : CLOSE_BATCH_COUNT)) yield this.#toClose.splice(0, CLOSE_BATCH_COUNT);
  }

  /**
   * Where there was no room for the call, or no answer in time, they are open still as far as is known here, and closed
   * with those to come. To close one twice does nothing.
   */
  #putBack(fds: FDID[], error: unknown): never {
    if (isPutOff(error)) this.#toClose.unshift(...fds);
    throw error;
  }

  /**
   * Reads an open FD from `offset` into `target`, in as many calls as the maximum message size asks for; each copies
   * once, straight into `target`. Resolves to the count of bytes, less than `target` holds only at the file's end.
   */
  async readFD(fd: FDID, target: Uint8Array, offset: number | bigint = 0): Promise<number> {
    const resp = new PReadResp();
    let done = 0;
    for (const req of this.#readRequests(fd, target, offset, resp)) {
      await this.callInto(PReadMethod, req, resp);
      done += resp.dataSize;
    }
    return done;
  }

  /** As readFD, blocking the thread. */
  readFDSync(fd: FDID, target: Uint8Array, offset: number | bigint = 0): number {
    const resp = new PReadResp();
    let done = 0;
    for (const req of this.#readRequests(fd, target, offset, resp)) {
      this.callSync(PReadMethod, req, resp);
      done += resp.dataSize;
    }
    return done;
  }

  /** The requests that fill `target`, each made after the answer to the one before has come into `resp`. */
  *#readRequests(fd: FDID, target: Uint8Array, offset: number | bigint, resp: PReadResp): Generator<PReadReqInit> {
    const most = this.maxMessageSize - PREAD_RESP_BYTES;
    for (let done = 0; done < target.length; done += resp.dataSize) {
      const count = Math.min(target.length - done, most);
      resp.dataInto(target.subarray(done, done + count));
      yield { fd, offset: BigInt(offset) + BigInt(done), count };
      if (resp.dataSize === 0) return;
    }
  }

  /**
   * Writes all of `data` to an open FD from `offset` on, in as many calls as the maximum message size asks for. Rejects
   * with EIO if the server says that it wrote nothing, or more than it got; what was written before that stays.
   */
  async writeFD(fd: FDID, data: Uint8Array, offset: number | bigint = 0): Promise<void> {
    const resp = new PWriteResp();
    for (const req of this.#writeRequests(fd, data, offset, resp)) await this.callInto(PWriteMethod, req, resp);
  }

  /** As writeFD, blocking the thread. */
  writeFDSync(fd: FDID, data: Uint8Array, offset: number | bigint = 0): void {
    const resp = new PWriteResp();
    for (const req of this.#writeRequests(fd, data, offset, resp)) this.callSync(PWriteMethod, req, resp);
  }

  *#writeRequests(fd: FDID, data: Uint8Array, offset: number | bigint, resp: PWriteResp): Generator<PWriteReqInit> {
    const most = this.maxMessageSize - PWRITE_REQ_BYTES;
    for (let done = 0; done < data.length;) {
      const chunk = data.subarray(done, done + most);
      yield { fd, offset: BigInt(offset) + BigInt(done), data: chunk };
      const written = resp.count;
      if (written === 0n || written > BigInt(chunk.length)) {
        throw new RPCError(EIO, 'PWrite', `the server says that it wrote ${written} of ${chunk.length} bytes`);
      }
      done += Number(written);
    }
  }
}

/** A client that speaks LISAFS. */
export type LISAFSClient = Client<LISAFSStubs, MountReqInit, MountResp> &
  Pick<LISAFSCore, 'closeFD' | 'closeFDSync' | 'readFD' | 'readFDSync' | 'writeFD' | 'writeFDSync'>;

export { LISAFS };
/** What a filesystem over this client names: fs stands on session, not on generated code. */
export {
  MID,
  type Dirent64,
  type FDID,
  type Inode,
  type OpenAtResp,
  type OpenCreateAtResp,
  type StatFS,
  type Statx,
  type StatxTimestamp,
} from '../../generated/lisafs/messages.js';
