/** The process at the other end, as far as it is known, and what to say when it is gone. */

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

/** How long a child may take to exit after its socket has hung up, before it is killed. */
const EXIT_GRACE_MS = 2000;
/** How long failing calls wait to learn how the child died. */
const STATUS_GRACE_MS = 50;

/** A server that this client started, and owns. */
export class Child {
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;

  constructor(process: ChildProcess) {
    this.#process = process;
    // An idle client keeps no process alive, and neither does its server: it ends with our end of its socket.
    process.unref();
    this.#exited = this.hasExited ? Promise.resolve() : once(process, 'exit').catch(() => undefined);
  }

  get hasExited(): boolean {
    return this.#process.pid === undefined || this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** `the server (pid 71) was killed by SIGKILL`, as soon as it is known. */
  get fate(): string {
    const { pid, exitCode, signalCode } = this.#process;
    if (signalCode !== null) return `the server (pid ${pid}) was killed by ${signalCode}`;
    if (exitCode !== null) return `the server (pid ${pid}) exited with status ${exitCode}`;
    return `the server (pid ${pid}) closed its end of the socket`;
  }

  /** Resolves when the child's end is known, or after a moment too short to matter. */
  async learnFate(): Promise<void> {
    if (!this.hasExited) await Promise.race([this.#exited, delay(STATUS_GRACE_MS)]);
  }

  /** Resolves when the child is gone. It was told to go by the hang-up; it is killed if it does not. */
  async ended(): Promise<void> {
    if (this.hasExited) return;
    this.#process.ref();
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), EXIT_GRACE_MS);
    await this.#exited;
    clearTimeout(timer);
  }
}

/** Why a connection ended: the `cause` of the EIO that its calls fail with. The message is as fresh as its reader. */
export class HangUp extends Error {
  override readonly name = 'HangUp';

  constructor(describe: () => string) {
    super();
    Object.defineProperty(this, 'message', { get: describe, enumerable: false, configurable: true });
  }
}
