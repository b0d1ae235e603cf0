/** What a server can tell of each call that it answered, for an audit log. */

import { errnoName } from '../wire/errno.js';
import type { CallContext } from '../wire/protocol.js';

/** One call, told once its answer has been sent. */
export interface CallRecord {
  /** The message's name: `OpenAt`. `MID 300` for one that is not known. */
  readonly message: string;
  readonly mid: number;
  /** Which of the server's connections it came by: they are counted from 1. */
  readonly connection: number;
  /**
   * The files that it was about, by their paths from the served root as they were when it came, in the order of the
   * request: of a rename the old one and the new one, of a link the file and its new name. ` (deleted)` follows where a
   * client removed the name; `?` stands for an FD that is not known. Empty for a request that was refused before it was
   * read, and for protocols other than LISAFS. A byte that is not UTF-8 is a lone surrogate, as everywhere.
   *
   * A Close or an FSync can name thousands of FDs, one of them many times: each is told of once, and no more than 1024
   * of them or 262144 characters. Where the last path is an ellipsis alone (U+2026), others were left out behind those
   * before it. Of a path of more than 4096 characters the end is told, after an ellipsis: all others begin with `/` or
   * `?`.
   */
  readonly paths: readonly string[];
  /** 0 where it succeeded. */
  readonly errno: number;
  /** The errno's name; undefined where it succeeded. */
  readonly code: string | undefined;
  /** From the request's being read to its answer's being sent, in milliseconds. */
  readonly durationMs: number;
}

export type OnCall = (call: CallRecord) => void;

/** Tells the paths of a request, before its handler sees it. */
export type PathsOf = (request: object) => readonly string[];

const NONE: readonly string[] = [];

/** Puts records together from what a connection and its handlers know of a call. */
export class CallRecorder {
  readonly #connection: number;
  readonly #onCall: OnCall;
  readonly #paths = new WeakMap<CallContext, readonly string[]>();

  constructor(connection: number, onCall: OnCall) {
    this.#connection = connection;
    this.#onCall = onCall;
  }

  /** The same handlers; the paths of what they are asked are noted with the call. */
  noting<Handlers extends object>(handlers: Handlers, pathsOf: PathsOf): Handlers {
    return new Proxy(handlers, {
      get: (target, name): unknown => {
        const handler: unknown = Reflect.get(target, name);
        if (typeof handler !== 'function') return handler;
        return (request: object, context: CallContext): unknown => {
          this.#paths.set(context, pathsOf(request));
          return Reflect.apply(handler, target, [request, context]);
        };
      },
    });
  }

  /** Tells of a call that was answered. `began` is of performance.now(). */
  tell(message: string, mid: number, errno: number, began: number, context: CallContext): void {
    const paths = this.#paths.get(context) ?? NONE;
    this.#paths.delete(context);
    this.#onCall({
      message,
      mid,
      connection: this.#connection,
      paths,
      errno,
      code: errno === 0 ? undefined : errnoName(errno),
      durationMs: performance.now() - began,
    });
  }
}
