/** `lisafs bench`: how long calls take on a live mount. */

import { RPCError, Statx, type FDID, type LISAFSClient } from '../runtime/index.js';
import { integerOption, parseCommand } from './arguments.js';
import { Misuse } from './misuse.js';
import { timesOf, timesSync, timesTable, type Times } from './round-trips.js';
import { MOUNT_USAGE, TARGET_OPTIONS, TARGET_USAGE, withMount } from './target.js';
import { Progress, write } from './terminal.js';

const USAGE = `usage: lisafs bench ${MOUNT_USAGE} [options] [PATH]

Measures how long calls on a mount take, one after the other: FStat of the mount's root, blocking and awaited, over a
channel where there is one. With a PATH, reading the file there as well, which must not be empty.

${TARGET_USAGE}
  --calls N          how many of each (5000)
  --json             one JSON object
  -h, --help         this text

The figures are for this machine at this moment; other work on it changes them. Exit status: 0, 1 if a call failed, 2
for a mistake in the command.
`;

const OPTIONS = {
  ...TARGET_OPTIONS,
  calls: { type: 'string', default: '5000' },
  json: { type: 'boolean', default: false },
} as const;

const MAX_CALLS = 10_000_000;
const WARM_UP_SHARE = 10;
const READ_BYTES = [4096, 65_536] as const;
const READ_ONLY = 0;

export async function benchCommand(args: readonly string[]): Promise<number> {
  const command = parseCommand(args, USAGE, OPTIONS);
  if (command === undefined) return 0;
  const { values, positionals } = command;
  const [path, ...others] = positionals;
  if (others.length > 0) throw new Misuse('one file, please');
  const calls = integerOption('calls', values.calls, 1, MAX_CALLS);
  await withMount(values, async (client) => {
    const rows = await measure(client, path, calls);
    if (values.json) {
      const times = Object.fromEntries(rows);
      await write(`${JSON.stringify({ unit: 'us', channels: client.channels, ...times })}\n`);
      return;
    }
    const way = client.channels === 0 ? 'the socket' : 'a channel';
    await write(`${calls} calls of each, over ${way}\n\n`, timesTable(rows));
  });
  return 0;
}

type Rows = (readonly [name: string, times: Times])[];

async function measure(client: LISAFSClient, path: string | undefined, calls: number): Promise<Rows> {
  const progress = new Progress();
  const { root } = await client.mount();
  const rows: Rows = [];
  const stat = new Statx();
  const row = async (name: string, take: (calls: number) => Times | Promise<Times>): Promise<void> => {
    progress.show(() => `measuring ${name}`);
    await take(Math.ceil(calls / WARM_UP_SHARE));
    rows.push([name, await take(calls)]);
  };
  const fd = root.controlFD;
  await row('FStat, blocking', (count) => timesSync(count, () => client.fstatSync({ fd }, stat)));
  await row('FStat, awaited', (count) => timesOf(count, () => client.fstat({ fd })));
  if (path !== undefined) {
    const openFD = await openFile(client, root.controlFD, path);
    for (const bytes of READ_BYTES) {
      const buffer = Buffer.alloc(bytes);
      const read = (): Promise<number> => client.readFD(openFD, buffer, 0);
      if ((await about(path, read())) === 0) throw new Error(`${path}: is empty; name a file that can be read`);
      await row(`read of ${bytes / 1024} KiB`, (count) => timesOf(count, read));
    }
  }
  progress.end();
  return rows;
}

/** Opens a file by the protocol itself; symlinks on the way are not followed. */
async function openFile(client: LISAFSClient, dirFD: FDID, path: string): Promise<FDID> {
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  const { inodes } = await about(path, client.walk({ dirFD, path: names }));
  const inode = inodes.at(-1);
  if (inode === undefined || inodes.length < names.length)
    throw new Error(`${path}: No such file, or a symlink on the way`);
  const { openFD, hostFD } = await about(path, client.openAt({ fd: inode.controlFD, flags: READ_ONLY }));
  hostFD?.close();
  return openFD;
}

/** What a call gives; a failure names the path. */
async function about<T>(path: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw error instanceof RPCError ? Object.assign(error, { path }) : error;
  }
}
