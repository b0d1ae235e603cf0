/**
 * A memory that is stepped through, and a search of all orders in which programs can step through it.
 *
 * A program is plain synchronous code, so it cannot be halted between two accesses. It is run anew instead: what its
 * accesses gave so far is played back to it from a log, and the first access that is not in the log ends the run. The
 * search does that access on the memory, adds what it gave to the log, and goes on from there, for every order.
 */

import type { Bell } from '../../runtime/transport/endpoint.js';
import { CONN_STATE, type TurnWords } from '../../runtime/transport/turn-words.js';

/** One access: what it does to the memory, and what it gives. */
interface Access {
  readonly name: string;
  /** Returns the result, or undefined while the program has to wait. `self` is the program's number. */
  step(memory: Memory, self: number): number | undefined;
}

/** All that the programs share. */
export interface Memory {
  readonly words: number[];
  /** For each program: whether it sleeps on connState. */
  readonly asleep: boolean[];
  /** For each program: how many rings it has not heard yet. */
  readonly rings: number[];
  /** For each program: stores that nobody else sees yet, where the memory is not sequentially consistent. */
  readonly delayed: { readonly word: number; readonly value: number; isRipe: boolean }[][];
}

/** Where a program stands: before an access, or at its end; and what all that it will ever do depends on. */
interface Standing {
  readonly next: Access | string;
  /** Equal for two logs after which the program is in the same state. */
  readonly key: string;
}

/** What ends a run of a program at its first access without a result. */
class Pause {
  constructor(readonly access: Access) {}
}

/** The words as a program sees them, and its bells. */
export class Stepped implements TurnWords {
  readonly #log: readonly number[];
  readonly #isDelayed: boolean;
  #at = 0;
  #mark = '';
  #markAt = 0;

  /** With `isDelayed` others see a store only after the access that follows the next load, as without a fence. */
  constructor(log: readonly number[], isDelayed: boolean) {
    this.#log = log;
    this.#isDelayed = isDelayed;
  }

  /**
   * Says that all that the program does from here on depends on `key` alone, and not on what it read before: so that
   * orders which have led to the same state are not told apart.
   */
  mark(key: string): void {
    this.#mark = key;
    this.#markAt = this.#at;
  }

  get key(): string {
    return `${this.#mark}:${this.#log.slice(this.#markAt).join()}`;
  }

  #access(name: string, step: Access['step']): number {
    if (this.#at === this.#log.length) throw new Pause({ name, step });
    return this.#log[this.#at++]!;
  }

  load(word: number): number {
    return this.#access(`load ${word}`, ({ words, delayed }, self) => {
      const own = delayed[self]!.findLast((store) => store.word === word);
      for (const store of delayed[self]!) store.isRipe = true;
      return own === undefined ? words[word]! : own.value;
    });
  }

  peek(word: number): number {
    return this.#access(`peek ${word}`, ({ words, delayed }, self) => {
      const own = delayed[self]!.findLast((store) => store.word === word);
      return own === undefined ? words[word]! : own.value;
    });
  }

  store(word: number, value: number): void {
    this.#access(`store ${word}`, ({ words, delayed }, self) => {
      if (this.#isDelayed) delayed[self]!.push({ word, value, isRipe: false });
      else words[word] = value;
      return 0;
    });
  }

  storePlain(word: number, value: number): void {
    this.#access(`store ${word} plainly`, ({ words }) => (words[word] = value));
  }

  compareExchange(word: number, from: number, to: number): number {
    return this.#access(`swap ${word}`, ({ words }) => {
      const before = words[word]!;
      if (before === from) words[word] = to;
      return before;
    });
  }

  exchange(word: number, to: number): number {
    return this.#access(`exchange ${word}`, ({ words }) => {
      const before = words[word]!;
      words[word] = to;
      return before;
    });
  }

  /** Two steps, as in the kernel: to compare and fall asleep, and to be woken. No time passes: nobody is rescued. */
  wait(expected: number): void {
    const slept = this.#access('fall asleep', ({ words, asleep }, self) => {
      asleep[self] = words[CONN_STATE] === expected;
      return asleep[self] ? 1 : 0;
    });
    if (slept === 1) this.#access('be woken', ({ asleep }, self) => (asleep[self] ? undefined : 0));
  }

  wake(): boolean {
    const woken = this.#access('wake', ({ asleep }) => {
      const isOneAsleep = asleep.includes(true);
      asleep.fill(false);
      return isOneAsleep ? 1 : 0;
    });
    return woken === 1;
  }

  /** The bell that wakes program `other`. */
  bellOf(other: number): Bell {
    return {
      ring: () => {
        this.#access('ring', ({ rings }) => ++rings[other]!);
      },
    };
  }

  /** Waits for a ring, and hears all that have come. */
  hear(): void {
    this.#access('hear', ({ rings }, self) => {
      if (rings[self] === 0) return undefined;
      rings[self] = 0;
      return 0;
    });
  }
}

/** Runs on a memory; returns what it came to. It throws where something is wrong. */
export type Program = (memory: Stepped) => string;

interface State {
  readonly memory: Memory;
  readonly logs: readonly (readonly number[])[];
}

export interface Findings {
  /** How many states there are. */
  readonly states: number;
  /** What the programs came to, joined by a slash: every combination that there is. */
  readonly outcomes: ReadonlySet<string>;
  /** Where nobody can go on and somebody is not done: the accesses that they wait in. */
  readonly stuck: ReadonlySet<string>;
}

/** Where a program stands after its log. */
function run(program: Program, log: readonly number[], isDelayed: boolean): Standing {
  const memory = new Stepped(log, isDelayed);
  try {
    const outcome = program(memory);
    return { next: outcome, key: outcome };
  } catch (error) {
    if (error instanceof Pause) return { next: error.access, key: memory.key };
    throw error;
  }
}

function copy({ words, asleep, rings, delayed }: Memory): Memory {
  return {
    words: [...words],
    asleep: [...asleep],
    rings: [...rings],
    delayed: delayed.map((own) => own.map((store) => ({ ...store }))),
  };
}

/** Goes through every order in which the programs' accesses can follow each other, from a memory of zeros. */
export function explore(programs: readonly Program[], isDelayed = false): Findings {
  const each = <T>(value: () => T): T[] => programs.map(value);
  const memory: Memory = {
    words: [0, 0, 0, 0],
    asleep: each(() => false),
    rings: each(() => 0),
    delayed: each(() => []),
  };
  const seen = new Set<string>();
  const outcomes = new Set<string>();
  const stuck = new Set<string>();
  const left: State[] = [{ memory, logs: each(() => []) }];
  for (let state = left.pop(); state !== undefined; state = left.pop()) {
    const { logs } = state;
    const at = programs.map((program, i) => run(program, logs[i]!, isDelayed));
    const key = JSON.stringify([state.memory, at.map((standing) => standing.key)]);
    if (seen.has(key)) continue;
    seen.add(key);
    const next = at.flatMap((standing, i) =>
      typeof standing.next === 'string' ? [] : (step(state, i, standing.next) ?? []),
    );
    left.push(...next);
    if (next.length > 0) continue;
    const names = at.map((standing) => (typeof standing.next === 'string' ? standing.next : standing.next.name));
    const isOver = at.every((standing) => typeof standing.next === 'string');
    (isOver ? outcomes : stuck).add(names.join(' / '));
  }
  return { states: seen.size, outcomes, stuck };
}

/** The state after one program's access; undefined where it has to wait. */
function step({ memory, logs }: State, self: number, access: Access): State | undefined {
  const after = copy(memory);
  const stores = after.delayed[self]!;
  for (const { word, value } of stores.filter(({ isRipe }) => isRipe)) after.words[word] = value;
  after.delayed[self] = stores.filter(({ isRipe }) => !isRipe);
  const result = access.step(after, self);
  if (result === undefined) return undefined;
  return { memory: after, logs: logs.map((log, i) => (i === self ? [...log, result] : log)) };
}
