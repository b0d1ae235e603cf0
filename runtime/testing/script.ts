/** What a test peer answers with: responses, faults, and either of them later. */

import { errnoNumber, type ErrnoName } from '../session/failure.js';
import type { CallContext } from '../wire/protocol.js';

/** Something that no honest server does, or that any server may. Made by `fault`. */
export class Fault {
  readonly kind: 'hangUp' | 'wrongMID' | 'malformed' | 'never' | 'error';
  readonly errno: number;

  constructor(kind: Fault['kind'], errno = 0) {
    this.kind = kind;
    this.errno = errno;
  }
}

/** A response whose descriptors are not sent along. */
export class WithoutDescriptors<T> {
  readonly answer: T;

  constructor(answer: T) {
    this.answer = answer;
  }
}

/** An answer that comes later. Made by `after`. */
export class Delayed<T> {
  readonly ms: number;
  readonly answer: T;

  constructor(ms: number, answer: T) {
    this.ms = ms;
    this.answer = answer;
  }
}

/** Gives an answer, or a fault, `ms` milliseconds after the request has come. */
export function after<T>(ms: number, answer: T): Delayed<T> {
  return new Delayed(ms, answer);
}

/** The faults that a peer can be told to have, each in answer to one request. */
export const fault = {
  /** Hangs up instead of answering: all calls fail with EIO. */
  hangUp: (): Fault => new Fault('hangUp'),
  /** Answers with the MID of another message: the call fails with EINVAL. */
  wrongMID: (): Fault => new Fault('wrongMID'),
  /** Answers with one byte that is no response: the call fails with EIO. A response without fields cannot be wrong. */
  malformed: (): Fault => new Fault('malformed'),
  /** Does not answer, for as long as the connection lasts. */
  never: (): Fault => new Fault('never'),
  /** Answers with an errno, by name or number, or with a code of the protocol. */
  error: (code: ErrnoName | number): Fault => new Fault('error', errnoNumber(code)),
  /** Answers as told, but sends none of the descriptors that the answer donates: their fields are undefined. */
  withoutDescriptors: <T>(answer: T): WithoutDescriptors<T> => new WithoutDescriptors(answer),
} as const;

type Handler = (req: never, context: CallContext) => unknown;

/** What the answer to message `Name` can be: a response, or what a handler of it would be. */
export type PlainAnswer<Handlers, Name extends keyof Handlers> =
  NonNullable<Handlers[Name]> extends infer H extends Handler ? H | Awaited<ReturnType<H>> : never;

/** What a peer can be told to answer to message `Name`. */
export type Scripted<Handlers, Name extends keyof Handlers> =
  | PlainAnswer<Handlers, Name>
  | Fault
  | WithoutDescriptors<PlainAnswer<Handlers, Name>>
  | Delayed<PlainAnswer<Handlers, Name> | Fault | WithoutDescriptors<PlainAnswer<Handlers, Name>>>;
