/**
 * A process whose root directory is a directory of a test's, in which it does operations with node:fs: there, absolute
 * symlinks and `..` lead where they lead in a mount. Needs root.
 */

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as promises from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import koffi from 'koffi';
import type { ClientFS } from '../../runtime/fs/client-fs.js';
import { execute, type Detail, type Operation, type Outcome } from './client-operations.js';

const SELF = fileURLToPath(import.meta.url);

interface Request {
  readonly operation: Operation;
  readonly detail: Detail;
}

/** node:fs in a root directory of its own. */
export class Twin {
  /** Its root directory. */
  readonly root: string;
  readonly #child: ChildProcess;

  private constructor(root: string, child: ChildProcess) {
    this.root = root;
    this.#child = child;
  }

  static async start(root: string): Promise<Twin> {
    const child = fork(SELF, ['twin', root], { serialization: 'advanced' });
    await once(child, 'message');
    return new Twin(root, child);
  }

  async do(operation: Operation, detail: Detail = 'twin'): Promise<Outcome> {
    const answer = once(this.#child, 'message');
    this.#child.send({ operation, detail } satisfies Request);
    const [outcome] = (await answer) as [Outcome];
    return outcome;
  }

  async end(): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.disconnect();
    await gone;
  }
}

/** Undoes what sending did: Buffers arrive as plain Uint8Arrays. */
function revive(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (Array.isArray(value)) return value.map(revive);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revive(inner)]));
}

function serve(root: string): void {
  const chroot = koffi.load(null).func('int chroot(const char *path)') as (path: string) => number;
  const local = { ...promises, createReadStream: fs.createReadStream, createWriteStream: fs.createWriteStream };
  if (chroot(root) !== 0) throw new Error(`cannot make ${root} the root directory`);
  process.chdir('/');
  process.on('message', async ({ operation, detail }: Request) => {
    process.send!(await execute(local as unknown as ClientFS, revive(operation) as Operation, detail));
  });
  process.send!('ready');
}

if (process.argv[2] === 'twin') serve(process.argv[3]!);
