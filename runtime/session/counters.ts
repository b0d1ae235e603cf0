/** Counters of one client's calls: what monitoring asks for, at the price of three additions a call. */

/** What is counted of each message, in this order. */
const CALLS = 0;
const ERRORS = 1;
const SENT = 2;
const RECEIVED = 3;
const FIELDS_COUNT = 4;

/** Counts of one message, or of all. */
export interface MessageCounters {
  /** Calls that have ended. */
  readonly calls: number;
  /** Those of them that failed, for whatever reason. */
  readonly errors: number;
  /** Bytes of payloads, requests and responses. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/** A client's counters at one time. */
export interface Counters extends MessageCounters {
  /** Calls that wait for a communicator now, and the most that ever did. */
  readonly queued: number;
  readonly maxQueued: number;
  /** By MID; messages that were never called are left out. */
  readonly messages: ReadonlyMap<number, MessageCounters>;
}

export class CallCounts {
  /** Where a message's numbers begin, by MID; those that were not known at mount share what begins at 0. */
  #at = new Uint32Array(0);
  #mids: number[] = [];
  /** Doubles, which count to 2^53. */
  #numbers = new Float64Array(FIELDS_COUNT);
  maxQueued = 0;

  /** Gives each of these messages numbers of its own; those that had some keep them. */
  learn(mids: readonly number[]): void {
    this.#mids = [...new Set([...this.#mids, ...mids])];
    const before = this.#numbers;
    const at = new Uint32Array(this.#mids.reduce((most, mid) => Math.max(most, mid), 0) + 1);
    this.#mids.forEach((mid, i) => (at[mid] = (i + 1) * FIELDS_COUNT));
    this.#at = at;
    this.#numbers = new Float64Array((this.#mids.length + 1) * FIELDS_COUNT);
    this.#numbers.set(before);
  }

  /** Counts a call that has ended: with the size of its response, or a negative number, and its errno or 0. */
  note(mid: number, sent: number, received: number, errno: number): void {
    const at = this.#at[mid] ?? 0;
    const numbers = this.#numbers;
    numbers[at]!++;
    numbers[at + SENT]! += sent;
    if (received > 0) numbers[at + RECEIVED]! += received;
    if (errno !== 0) numbers[at + ERRORS]!++;
  }

  #read(at: number): MessageCounters {
    const [calls, errors, bytesSent, bytesReceived] = this.#numbers.subarray(at, at + FIELDS_COUNT);
    return { calls: calls!, errors: errors!, bytesSent: bytesSent!, bytesReceived: bytesReceived! };
  }

  #sum(field: number): number {
    let sum = 0;
    for (let at = field; at < this.#numbers.length; at += FIELDS_COUNT) sum += this.#numbers[at]!;
    return sum;
  }

  /** What has been counted, with how many wait now. */
  snapshot(queued: number): Counters {
    const messages = new Map<number, MessageCounters>();
    for (const mid of this.#mids) {
      const counters = this.#read(this.#at[mid]!);
      if (counters.calls > 0) messages.set(mid, counters);
    }
    return {
      calls: this.#sum(CALLS),
      errors: this.#sum(ERRORS),
      bytesSent: this.#sum(SENT),
      bytesReceived: this.#sum(RECEIVED),
      queued,
      maxQueued: this.maxQueued,
      messages,
    };
  }
}
