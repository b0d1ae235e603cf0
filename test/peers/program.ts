/** Programs of a test's own, each in a process of its own: what sleeps, dies or misbehaves must not do it in here. */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Readable, Writable } from 'node:stream';

/** How a program ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** All lines of its standard output. */
  readonly lines: readonly string[];
  readonly stderr: string;
}

export class Program {
  readonly #process: ChildProcess;
  readonly #closed: Promise<unknown>;
  readonly #lines: string[] = [];
  #taken = 0;
  #stderr = '';
  #told = (): void => undefined;

  /** Starts a compiled test program. `fds` become its descriptors 3, 4, …, and stay the caller's here. */
  constructor(program: URL, args: readonly string[] = [], fds: readonly number[] = [], execArgv: string[] = []) {
    const command = [...execArgv, fileURLToPath(program), ...args];
    this.#process = spawn(process.execPath, command, { stdio: ['pipe', 'pipe', 'pipe', ...fds] });
    this.#closed = once(this.#process, 'close').then(() => this.#told());
    createInterface({ input: this.#process.stdout as Readable }).on('line', (line) => {
      this.#lines.push(line);
      this.#told();
    });
    (this.#process.stderr as Readable).setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    (this.#process.stdin as Writable).on('error', () => undefined);
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** The next line that it prints. Rejects with what it said last if it ends without one. */
  async line(): Promise<string> {
    while (this.#taken === this.#lines.length) {
      if (this.#process.exitCode !== null || this.#process.signalCode !== null) {
        await this.#closed;
        if (this.#taken < this.#lines.length) break;
        throw new Error(`the program ended without a word: ${this.#stderr}`);
      }
      await new Promise<void>((resolve) => (this.#told = resolve));
    }
    return this.#lines[this.#taken++]!;
  }

  /** Writes a line to its standard input. */
  say(text: string): void {
    (this.#process.stdin as Writable).write(`${text}\n`);
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }

  /** Resolves once it has ended by itself; its standard input stays open until then. */
  async ended(): Promise<Ending> {
    await this.#closed;
    const { exitCode: code, signalCode: signal } = this.#process;
    return { code, signal, lines: this.#lines, stderr: this.#stderr };
  }
}
