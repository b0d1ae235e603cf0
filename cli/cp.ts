/** `lisafs cp`: files to a mount and back. */

import { posix } from 'node:path';
import { parseCommand } from './arguments.js';
import { Copy, joined, LOCAL, type Place, type Watcher } from './copying.js';
import type { FileSystem } from './entry.js';
import { Failures } from './failure.js';
import { interruptible } from './interrupt.js';
import { Misuse } from './misuse.js';
import { MOUNT_USAGE, TARGET_OPTIONS, TARGET_USAGE, withMount } from './target.js';
import { nameOfBytes, Progress, shownName, shownSize, write } from './terminal.js';

const USAGE = `usage: lisafs cp ${MOUNT_USAGE} [options] SOURCE … TARGET

Copies files. A path that begins with a colon is one of the mount: \`lisafs cp --connect S :/etc/hosts .\` fetches a
file, \`lisafs cp --connect S -r src :/\` brings a directory. Permissions are kept; set-user-ID and its like are not.
A file takes its place when it is whole: what stood there before stays until then, also where the copy is interrupted.

${TARGET_USAGE}
  -r, --recursive    directories with all that is in them; symlinks stay symlinks
  -p, --preserve     keep the times as well
  -v, --verbose      tell of each file
  -h, --help         this text

Exit status: 0, 1 if something was not copied, 2 for a mistake in the command.
`;

const OPTIONS = {
  ...TARGET_OPTIONS,
  recursive: { type: 'boolean', short: 'r', default: false },
  preserve: { type: 'boolean', short: 'p', default: false },
  verbose: { type: 'boolean', short: 'v', default: false },
} as const;

export async function cpCommand(args: readonly string[]): Promise<number> {
  const command = parseCommand(args, USAGE, OPTIONS);
  if (command === undefined) return 0;
  const { values, positionals } = command;
  const sources = positionals.slice(0, -1);
  const target = positionals.at(-1);
  if (target === undefined || sources.length === 0) throw new Misuse('what to copy, and where to, please');
  if (!positionals.some(isRemote)) throw new Misuse('no path is of the mount; those that are begin with a colon, :/x');
  const failures = new Failures('cp');
  const report = new Report(failures, values.verbose);
  await interruptible((signal) =>
    withMount(values, async ({ fs }) => {
      const to = placeOf(target, fs);
      const into = await isDirectory(to);
      if (sources.length > 1 && !into) throw new Misuse(`${target} is no directory, and there is more than one source`);
      const copy = new Copy({ recursive: values.recursive, times: values.preserve, signal }, report);
      for (const source of sources) {
        const name = posix.basename(source.replace(/^:/, ''));
        const inside = into && name !== '' && name !== '.' && name !== '..';
        const place = inside ? { side: to.side, path: joined(to.path, Buffer.from(name)) } : to;
        await copy.start(placeOf(source, fs), place).catch((error: unknown) => signal.aborted || report.failed(error));
        if (signal.aborted) return report.failed(new Error('interrupted; nothing is half done'));
      }
    }),
  );
  report.end();
  return failures.status;
}

function isRemote(path: string): boolean {
  return path.startsWith(':');
}

function placeOf(path: string, fs: FileSystem): Place {
  return isRemote(path)
    ? { side: fs, path: Buffer.from(path.slice(1) || '/') }
    : { side: LOCAL, path: Buffer.from(path) };
}

async function isDirectory({ side, path }: Place): Promise<boolean> {
  return side.stat(path).then(
    (stat) => stat.isDirectory(),
    () => false,
  );
}

class Report implements Watcher {
  readonly #progress = new Progress();
  readonly #began = performance.now();
  #files = 0;
  #bytes = 0;

  constructor(
    private readonly failures: Failures,
    private readonly verbose: boolean,
  ) {}

  bytes(count: number, path: Buffer, done: number, size: number): void {
    this.#bytes += count;
    this.#progress.show(() => {
      const rate = this.#bytes / ((performance.now() - this.#began) / 1000);
      const all = `${this.#files} file${this.#files === 1 ? '' : 's'}, ${shownSize(this.#bytes)}`;
      const share = size > 0 ? `${Math.min(100, Math.floor((done / size) * 100))}% of ${shownSize(size)}` : '';
      return `${all}, ${shownSize(Math.round(rate))}/s  ${share}  ${shownName(nameOfBytes(path))}`;
    });
  }

  done(path: Buffer): void {
    this.#files++;
    if (!this.verbose) return;
    this.#progress.end();
    void write(`${shownName(nameOfBytes(path))}\n`);
  }

  failed(error: unknown): void {
    this.#progress.end();
    this.failures.tell(error);
  }

  end(): void {
    this.#progress.end();
  }
}
