/** A call whose message is bytes: what SndRcvMessage is in gVisor, for tools and for messages without a schema. */

import { closeAll } from '../transport/donation.js';
import type { Payload } from '../wire/payload.js';
import { putBytes, bytesSize } from '../wire/payload.js';
import type { ClientMethod } from '../wire/protocol.js';

/** A response as bytes, with the caller's array of descriptors. */
export class RawResponse {
  bytes = new Uint8Array(0);
  readonly #fds: Int32Array;

  constructor(fds: Int32Array) {
    this.#fds = fds;
    fds.fill(-1);
  }

  /** Fills the caller's array with what came; the rest of it stays -1. */
  take(fds: readonly number[]): void {
    this.#fds.set(fds);
  }

  /** Closes what came. */
  closeFDs(): void {
    closeAll([...this.#fds].filter((fd) => fd >= 0));
    this.#fds.fill(-1);
  }
}

/** The method of a message known by number only. */
export function rawMethod(mid: number, name: string, fds: Int32Array): ClientMethod<Uint8Array, RawResponse> {
  return {
    mid,
    name,
    donates: [],
    sizeReq: (req) => bytesSize(req, `${name} request`),
    marshalReq: (payload: Payload, at, req) => putBytes(payload, at, req),
    newResp: () => new RawResponse(fds),
    unmarshalResp(payload, at, end, resp) {
      resp.bytes = Uint8Array.prototype.slice.call(payload.bytes, at, end);
      return end;
    },
    formatReq: (req) => `{${req.length} bytes}`,
    formatResp: (resp) => `{${resp.bytes.length} bytes}`,
  };
}
