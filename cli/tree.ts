/** `lisafs tree`: a mount's directories, drawn. */

import { integerOption, parseCommand } from './arguments.js';
import { below, entriesIn, entryAt, jsonOf, shownEntry, type Entry, type FileSystem } from './entry.js';
import { Failures } from './failure.js';
import { Misuse } from './misuse.js';
import { MOUNT_USAGE, TARGET_OPTIONS, TARGET_USAGE, withMount } from './target.js';
import { outputHasFailed, shownJSON, write } from './terminal.js';

const USAGE = `usage: lisafs tree ${MOUNT_USAGE} [options] [PATH]

Draws what is below the directory at PATH in the mount, by default its root. Symlinks are not followed.

${TARGET_USAGE}
  -a, --all          names that begin with a dot as well
  -L, --level N      only N directories deep
  --json             one JSON object a line, a directory before what is in it; a byte of a name that is not
                     UTF-8 is U+DC00 and its value
  -h, --help         this text

Exit status: 0, 1 if something could not be listed, 2 for a mistake in the command.
`;

const OPTIONS = {
  ...TARGET_OPTIONS,
  all: { type: 'boolean', short: 'a', default: false },
  level: { type: 'string', short: 'L' },
  json: { type: 'boolean', default: false },
} as const;

const MAX_LEVEL = 4096;

export async function treeCommand(args: readonly string[]): Promise<number> {
  const command = parseCommand(args, USAGE, OPTIONS);
  if (command === undefined) return 0;
  const { values, positionals } = command;
  const [path = '/', ...others] = positionals;
  if (others.length > 0) throw new Misuse('one directory, please');
  const depth = values.level === undefined ? MAX_LEVEL : integerOption('level', values.level, 1, MAX_LEVEL);
  const failures = new Failures('tree');
  await withMount(values, async ({ fs }) => {
    const drawing = new Drawing(fs, failures, { all: values.all, json: values.json, depth });
    const root = await entryAt(fs, path).catch((error: unknown) => failures.tell(error));
    if (root !== undefined) await drawing.draw(root);
  });
  return failures.status;
}

class Drawing {
  #directories = 0;
  #files = 0;

  constructor(
    private readonly fs: FileSystem,
    private readonly failures: Failures,
    private readonly how: { readonly all: boolean; readonly json: boolean; readonly depth: number },
  ) {}

  async draw(root: Entry): Promise<void> {
    await this.#line('', root);
    if (root.stat.isDirectory()) await this.#inside(root.path, '', 1);
    if (this.how.json) return;
    const count = (number: number, one: string, many: string): string => `${number} ${number === 1 ? one : many}`;
    const directories = count(this.#directories, 'directory', 'directories');
    await write(`\n${directories}, ${count(this.#files, 'file', 'files')}\n`);
  }

  async #inside(directory: string, indent: string, level: number): Promise<void> {
    if (level > this.how.depth || outputHasFailed()) return;
    let entries: Entry[] = [];
    try {
      entries = await entriesIn(this.fs, directory, this.how.all);
    } catch (error) {
      this.failures.tell(error);
    }
    for (const [i, entry] of entries.entries()) {
      const last = i === entries.length - 1;
      await this.#line(`${indent}${last ? '└── ' : '├── '}`, entry);
      if (!entry.stat.isDirectory()) {
        this.#files++;
        continue;
      }
      this.#directories++;
      await this.#inside(below(directory, entry.name), `${indent}${last ? '    ' : '│   '}`, level + 1);
    }
  }

  #line(before: string, entry: Entry): Promise<void> {
    return write(this.how.json ? `${shownJSON(jsonOf(entry))}\n` : `${before}${shownEntry(entry)}\n`);
  }
}
