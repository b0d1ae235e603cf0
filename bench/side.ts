/** One side of a comparison, as the bench sees it: a process that makes calls when it is told to. */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface SideSpec {
  readonly name: string;
  /** The program: a module of bench/sides without its extension, or a command. */
  readonly program: string | readonly [string, ...string[]];
  readonly args?: readonly string[];
  /** Both of its processes on cpu 0. */
  readonly pinned?: boolean;
  /** False for what is not JavaScript. */
  readonly countsBytes?: boolean;
  /** Told with the results. */
  readonly flags?: string;
}

export function moduleOf(program: string): string {
  return fileURLToPath(new URL(`./sides/${program}.js`, import.meta.url));
}

/** The processes that a process has started. */
export function childrenOf(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((tid) =>
    readFileSync(`/proc/${pid}/task/${tid}/children`, 'utf8').split(' '),
  );
  return children.filter((text) => text.trim() !== '').map(Number);
}

function commandOf({ program, args = [], pinned }: SideSpec): [string, ...string[]] {
  const command: [string, ...string[]] =
    typeof program === 'string' ? [process.execPath, moduleOf(program), ...args] : [...program, ...args];
  return pinned === true ? ['taskset', '-c', '0', ...command] : command;
}

/** How long a side may take over one command before the bench gives up. */
const PATIENCE_MS = 180_000;

export class Side {
  readonly spec: SideSpec;
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #lines: Interface;
  readonly #exited: Promise<unknown>;

  private constructor(spec: SideSpec) {
    const [command, ...args] = commandOf(spec);
    this.spec = spec;
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdin!.on('error', () => undefined);
    this.#exited = once(this.#child, 'close').catch((error: Error) => error);
    this.#lines = createInterface({ input: this.#child.stdout! });
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  /** Starts it; resolves when it can take commands. */
  static async start(spec: SideSpec): Promise<Side> {
    const side = new Side(spec);
    try {
      await side.#answer('start');
      return side;
    } catch (error) {
      await side.end();
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Gives a command; resolves to its answer. */
  ask<T>(name: string, argument?: number): Promise<T> {
    this.#child.stdin!.write(`${name}${argument === undefined ? '' : ` ${argument}`}\n`);
    return this.#answer(name) as Promise<T>;
  }

  async #answer(name: string): Promise<unknown> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE_MS);
    const { value, done } = await this.#answers.next();
    clearTimeout(timer);
    if (done) throw new Error(`${this.spec.name} ended, or was too slow, at ${name}`);
    const answer = JSON.parse(value) as { error?: string };
    if (answer.error !== undefined) throw new Error(`${this.spec.name}: ${answer.error}`);
    return answer;
  }

  /** Nanoseconds a call, the mean of so many. */
  async batch(calls: number): Promise<number> {
    return (await this.ask<{ ns: number }>('batch', calls)).ns / calls;
  }

  async end(): Promise<void> {
    this.#child.stdin!.end('end\n');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
    await this.#exited;
    clearTimeout(timer);
    this.#lines.close();
  }
}
