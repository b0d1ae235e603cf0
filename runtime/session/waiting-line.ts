/**
 * Those who wait for a turn: each caller's in the order in which they came, and the callers in turn, so that one who
 * asks for a thousand things at once holds up another's one thing by one turn.
 */

/**
 * One that waits. It stands in one line at most, and can leave from anywhere in it. A shape and no class: to make what
 * extends one takes 300 instructions more, for each call, which could wait even where it need not.
 */
export interface Waiter {
  /** Whose it is: compared by identity. */
  readonly caller: object;
  /** The line's own: the waiters of the same caller before and after it, and the list in which they stand. */
  before: Waiter | undefined;
  after: Waiter | undefined;
  list: CallerList | undefined;
}

/** The waiters of one caller, first to last. */
export interface CallerList {
  first: Waiter | undefined;
  last: Waiter | undefined;
  count: number;
}

export class WaitingLine<W extends Waiter> {
  /** Callers that wait, the next first. */
  readonly #lists = new Map<object, CallerList>();
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /**
   * Whether one more of this caller's is let in, where `most` may wait. When so many do, a caller that has less than
   * its share of them still is.
   */
  hasRoom(caller: object, most: number): boolean {
    if (this.#length < most) return true;
    const count = this.#lists.get(caller)?.count ?? 0;
    const callers = this.#lists.size + (count === 0 ? 1 : 0);
    return count < Math.floor(most / callers);
  }

  push(waiter: W): void {
    let list = this.#lists.get(waiter.caller);
    if (list === undefined) this.#lists.set(waiter.caller, (list = { first: undefined, last: undefined, count: 0 }));
    waiter.list = list;
    waiter.before = list.last;
    if (list.last === undefined) list.first = waiter;
    else list.last.after = waiter;
    list.last = waiter;
    list.count++;
    this.#length++;
  }

  /** Takes the next: the first of the caller whose turn it is, whose next turn is after all others'. */
  shift(): W | undefined {
    for (const [caller, list] of this.#lists) {
      const waiter = list.first as W;
      this.remove(waiter);
      if (list.count > 0 && this.#lists.size > 1) {
        this.#lists.delete(caller);
        this.#lists.set(caller, list);
      }
      return waiter;
    }
    return undefined;
  }

  /** Takes one out from wherever it stands. False if it does not wait here. */
  remove(waiter: W): boolean {
    const { list, before, after } = waiter;
    if (list === undefined) return false;
    if (before === undefined) list.first = after;
    else before.after = after;
    if (after === undefined) list.last = before;
    else after.before = before;
    waiter.list = waiter.before = waiter.after = undefined;
    this.#length--;
    if (--list.count === 0) this.#lists.delete(waiter.caller);
    return true;
  }
}
