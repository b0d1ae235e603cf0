/** `lisafs stat`: all that a mount knows of a file. */

import { parseCommand } from './arguments.js';
import { entryAt, jsonOf, kindName, shownEntry, shownMode, shownTime, type Entry } from './entry.js';
import { Failures } from './failure.js';
import { Misuse } from './misuse.js';
import { MOUNT_USAGE, TARGET_OPTIONS, TARGET_USAGE, withMount } from './target.js';
import { shownJSON, styled, write } from './terminal.js';

const USAGE = `usage: lisafs stat ${MOUNT_USAGE} [--json] PATH …

Tells what the mount knows of the files at PATH. A symlink is not followed.

${TARGET_USAGE}
  --json             one JSON object a line; a byte of a name that is not UTF-8 is U+DC00 and its value
  -h, --help         this text

Exit status: 0, 1 if something could not be looked up, 2 for a mistake in the command.
`;

export async function statCommand(args: readonly string[]): Promise<number> {
  const command = parseCommand(args, USAGE, { ...TARGET_OPTIONS, json: { type: 'boolean', default: false } });
  if (command === undefined) return 0;
  if (command.positionals.length === 0) throw new Misuse('one file at least, please');
  const failures = new Failures('stat');
  await withMount(command.values, async ({ fs }) => {
    for (const path of command.positionals) {
      try {
        const entry = await entryAt(fs, path);
        await write(command.values.json ? `${shownJSON(jsonOf(entry))}\n` : shown(entry));
      } catch (error) {
        failures.tell(error);
      }
    }
  });
  return failures.status;
}

function shown(entry: Entry): string {
  const { stat } = entry;
  const octal = (Number(stat.mode) & 0o7777).toString(8).padStart(4, '0');
  const nanoseconds = (ns: bigint): string => String(((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n);
  const time = (date: Date, ns: bigint): string => `${shownTime(date)}.${nanoseconds(ns).padStart(9, '0')}`;
  const rows: readonly (readonly [string, string])[] = [
    ['File', shownEntry(entry)],
    ['Kind', kindName(stat)],
    ['Size', `${stat.size} bytes in ${stat.blocks} blocks of 512`],
    ['Inode', `${stat.ino} on device ${device(stat.dev)}, ${stat.nlink} link${stat.nlink === 1n ? '' : 's'}`],
    ['Mode', `${octal} ${shownMode(stat)}, user ${stat.uid}, group ${stat.gid}`],
    ['Accessed', time(stat.atime, stat.atimeNs)],
    ['Modified', time(stat.mtime, stat.mtimeNs)],
    ['Changed', time(stat.ctime, stat.ctimeNs)],
  ];
  return rows.map(([label, value]) => `${styled('dim', label.padStart(9))}  ${value}\n`).join('');
}

/** `8:1` of a device number in the kernel's present form (`gnu_dev_major` in glibc). */
function device(dev: bigint): string {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xffff_f000n);
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xffff_ff00n);
  return `${major}:${minor}`;
}
