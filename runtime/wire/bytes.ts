/** A message's run of bytes: whose memory it is, and how to read into one's own. */

import type { Payload } from './payload.js';

const EMPTY = new Uint8Array(0);

/**
 * Holds a byte field of a message. Unmarshalling copies the bytes once, out of memory that the peer can change: into
 * the caller's buffer where one was given with `into`, else into a buffer of the holder's own, which a reused message
 * fills anew (so keep a copy of what must outlive the next use). With `inPlace` they are shown where they came, and
 * nothing is copied.
 */
export class ByteField {
  /** How many bytes there are. */
  size = 0;
  #buffer: Uint8Array = EMPTY;
  /**
   * Whose memory the buffer is: this object's own, the caller's to be filled, somebody's value that is only shown, or
   * the message's.
   */
  #kind: 'own' | 'target' | 'value' | 'place' = 'own';

  /** The bytes themselves: the caller's memory or the holder's, not the peer's. */
  get value(): Uint8Array {
    return this.#buffer.length === this.size ? this.#buffer : this.#buffer.subarray(0, this.size);
  }

  set value(data: Uint8Array) {
    this.#buffer = data;
    this.size = data.length;
    this.#kind = 'value';
  }

  /** From now on received bytes go to the start of `target`, allocating nothing; more than fit there is malformed. */
  into(target: Uint8Array): void {
    this.#buffer = target;
    this.size = 0;
    this.#kind = 'target';
  }

  /** From now on received bytes are shown where they came: in memory that the peer can change, until the next call. */
  inPlace(): void {
    this.#buffer = EMPTY;
    this.size = 0;
    this.#kind = 'place';
  }

  /** Copies `size` bytes at `at`, which are known to be there. False if the caller's buffer is too small for them. */
  receive(payload: Payload, at: number, size: number): boolean {
    if (this.#kind === 'place') {
      this.#buffer = payload.run(at, size);
      this.size = size;
      return true;
    }
    if (this.#kind === 'value' || size > this.#buffer.length) {
      if (this.#kind === 'target') return false;
      this.#buffer = new Uint8Array(size);
      this.#kind = 'own';
    }
    if (size > 0) this.#buffer.set(payload.run(at, size));
    this.size = size;
    return true;
  }
}
