/** `lisafs cat`: files of a mount, to standard output. */

import { parseCommand } from './arguments.js';
import { Failures } from './failure.js';
import { Misuse } from './misuse.js';
import { MOUNT_USAGE, TARGET_OPTIONS, TARGET_USAGE, withMount } from './target.js';
import { outputHasFailed, write } from './terminal.js';

const USAGE = `usage: lisafs cat ${MOUNT_USAGE} PATH …

Writes the files at PATH in the mount to standard output, as they are.

${TARGET_USAGE}
  -h, --help         this text

Exit status: 0, 1 if something could not be read, 2 for a mistake in the command.
`;

export async function catCommand(args: readonly string[]): Promise<number> {
  const command = parseCommand(args, USAGE, TARGET_OPTIONS);
  if (command === undefined) return 0;
  if (command.positionals.length === 0) throw new Misuse('one file at least, please');
  const failures = new Failures('cat');
  await withMount(command.values, async ({ fs }) => {
    for (const path of command.positionals) {
      try {
        for await (const chunk of fs.createReadStream(path)) {
          await write(chunk as Buffer);
          if (outputHasFailed()) return;
        }
      } catch (error) {
        failures.tell(withPath(error, path));
      }
    }
  });
  return failures.status;
}

/** Reading names no path: a directory opens, and reading it then fails. */
function withPath(error: unknown, path: string): unknown {
  return error instanceof Error && !('path' in error) && 'errno' in error ? Object.assign(error, { path }) : error;
}
