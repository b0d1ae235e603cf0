/** `lisafs ls`: what is in a mount's directories. */

import { parseCommand } from './arguments.js';
import { entriesIn, entryAt, jsonOf, shownEntry, shownMode, shownTime, type Entry, type FileSystem } from './entry.js';
import { Failures } from './failure.js';
import { MOUNT_USAGE, TARGET_OPTIONS, TARGET_USAGE, withMount } from './target.js';
import { shownJSON, shownName, write, writtenName } from './terminal.js';

const USAGE = `usage: lisafs ls ${MOUNT_USAGE} [options] [PATH …]

Lists the directories at PATH in the mount, by default its root.

${TARGET_USAGE}
  -l, --long         permissions, links, owner, group, size and time as well
  -a, --all          names that begin with a dot as well
  -d, --directory    the directories themselves, not what is in them
  --json             one JSON object a line; a byte of a name that is not UTF-8 is U+DC00 and its value
  -h, --help         this text

Exit status: 0, 1 if something could not be listed, 2 for a mistake in the command.
`;

const OPTIONS = {
  ...TARGET_OPTIONS,
  long: { type: 'boolean', short: 'l', default: false },
  all: { type: 'boolean', short: 'a', default: false },
  directory: { type: 'boolean', short: 'd', default: false },
  json: { type: 'boolean', default: false },
} as const;

type How = { readonly long: boolean; readonly all: boolean; readonly directory: boolean; readonly json: boolean };

export async function lsCommand(args: readonly string[]): Promise<number> {
  const command = parseCommand(args, USAGE, OPTIONS);
  if (command === undefined) return 0;
  const { values } = command;
  const paths = command.positionals.length === 0 ? ['/'] : command.positionals;
  const failures = new Failures('ls');
  await withMount(values, async ({ fs }) => {
    for (const [i, path] of paths.entries()) {
      try {
        const title = paths.length > 1 && !values.json ? `${i > 0 ? '\n' : ''}${shownName(path)}:\n` : '';
        await list(fs, path, title, values);
      } catch (error) {
        failures.tell(error);
      }
    }
  });
  return failures.status;
}

async function list(fs: FileSystem, path: string, title: string, how: How): Promise<void> {
  const itself = await entryAt(fs, path);
  const isDirectory = itself.stat.isDirectory() || (itself.target !== undefined && (await leadsToDirectory(fs, path)));
  const inside = isDirectory && !how.directory;
  const entries = inside ? await entriesIn(fs, path, how.all) : [itself];
  if (inside) await write(title);
  if (how.json) await write(...entries.map((entry) => `${shownJSON(jsonOf(entry))}\n`));
  else if (how.long) await write(...longLines(entries));
  else await write(...entries.flatMap(shortLine));
}

async function leadsToDirectory(fs: FileSystem, path: string): Promise<boolean> {
  return fs.stat(path).then(
    (stat) => stat.isDirectory(),
    () => false,
  );
}

function shortLine(entry: Entry): (string | Buffer)[] {
  return [process.stdout.isTTY ? shownEntry({ ...entry, target: undefined }) : writtenName(entry.name), '\n'];
}

/** Columns as wide as their widest, numbers to the right. */
function longLines(entries: readonly Entry[]): string[] {
  const rows = entries.map(({ stat }) => [
    shownMode(stat),
    ...[stat.nlink, stat.uid, stat.gid, stat.size].map(String),
    shownTime(stat.mtime),
  ]);
  const widths = [0, 1, 2, 3, 4, 5].map((i) => Math.max(0, ...rows.map((row) => row[i]!.length)));
  return entries.map((entry, i) => {
    const columns = rows[i]!.map((text, column) => text.padStart(widths[column]!));
    return `${columns.join(' ')} ${shownEntry(entry)}\n`;
  });
}
