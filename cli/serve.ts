/** `lisafs serve`: a directory for gVisor, or for this SDK's client. */

import { parseArgs } from 'node:util';
import { localDirectoryModule, serve, type LocalDirectoryOptions, type ServePlace } from '../runtime/server.js';
import { Misuse } from './misuse.js';
import { ONE_CLIENT } from './one-client.js';

export const SERVE_USAGE = `usage: lisafs serve (--listen PATH | --fd N) [options] DIR

Serves DIR by LISAFS.

  --listen PATH      listen at a Unix socket, for any number of clients; the socket is removed at the end
  --fd N             serve the one client on the inherited, connected socket N; exit when it hangs up
  --mode OCTAL       the permissions of the socket at PATH: who may connect (600)
  --allow-uid UID    let only this user connect, whatever the permissions say; can be repeated
  --read-only        refuse every change, and keep the descriptors of opened files from clients: with one they could
                     open the file anew to write it
  --donate           give clients those descriptors also with --read-only
  --no-donate        keep those descriptors from clients in any case
  --host-uds=WHAT    Unix sockets in DIR: none, open, create or all (none)
  --host-fifo=WHAT   FIFOs in DIR: none or open (none)
  --threads N        serve in N threads, each connection in one of them (1)
  -h, --help         this text

SIGINT and SIGTERM end it, after the calls in progress. Exit status: 0 at such an end and at the hang-up of the one
client, 1 if it cannot serve, 2 for a mistake in the command.
`;

const MAX_THREADS = 64;

interface ServeCommand {
  readonly place: ServePlace;
  readonly directory: string;
  readonly options: LocalDirectoryOptions;
  readonly threads: number;
}

const OPTIONS = {
  listen: { type: 'string' },
  fd: { type: 'string' },
  mode: { type: 'string' },
  'allow-uid': { type: 'string', multiple: true },
  'read-only': { type: 'boolean' },
  donate: { type: 'boolean' },
  'no-donate': { type: 'boolean' },
  'host-uds': { type: 'string' },
  'host-fifo': { type: 'string' },
  threads: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

function integer(option: string, text: string, radix: number, most: number): number {
  const value = /^[0-9]+$/.test(text) ? Number.parseInt(text, radix) : Number.NaN;
  if (value <= most && value.toString(radix) === text.replace(/^0+(?=.)/, '')) return value;
  throw new Misuse(
    `--${option} ${text}: not ${radix === 8 ? 'an octal number' : 'a number'} from 0 to ${most.toString(radix)}`,
  );
}

function oneOf<T extends string>(option: string, text: string | undefined, choices: readonly [T, ...T[]]): T {
  const [usual] = choices;
  const choice = choices.find((known) => known === (text ?? usual));
  if (choice === undefined) throw new Misuse(`--${option}=${text}: not one of ${choices.join(', ')}`);
  return choice;
}

/** What the arguments ask for, or undefined for the help. Throws Misuse. */
function parse(args: readonly string[]): ServeCommand | undefined {
  const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  if (values.help) return undefined;
  const [directory, ...others] = positionals;
  if (directory === undefined || others.length > 0) throw new Misuse('one directory to serve, please');
  const { listen, fd, mode, donate, 'no-donate': keep, 'allow-uid': allowUIDs } = values;
  if ((listen === undefined) === (fd === undefined)) throw new Misuse('one of --listen and --fd, please');
  if (fd !== undefined && (mode ?? allowUIDs) !== undefined)
    throw new Misuse('--mode and --allow-uid go with --listen');
  if (donate && keep) throw new Misuse('one of --donate and --no-donate, please');
  const options = {
    readOnly: values['read-only'] ?? false,
    ...((donate || keep) && { donate: donate ?? false }),
    hostUDS: oneOf('host-uds', values['host-uds'], ['none', 'open', 'create', 'all']),
    hostFIFO: oneOf('host-fifo', values['host-fifo'], ['none', 'open']),
  } as const;
  const threads = integer('threads', values.threads ?? '1', 10, MAX_THREADS);
  if (fd !== undefined) return { directory, options, threads, place: { fd: integer('fd', fd, 10, 0x7fff_ffff) } };
  const place = {
    listen: listen!,
    ...(mode !== undefined && { mode: integer('mode', mode, 8, 0o777) }),
    ...(allowUIDs && { allowUIDs: allowUIDs.map((uid) => integer('allow-uid', uid, 10, 0xffff_fffe)) }),
  };
  return { directory, options, threads, place };
}

/** Serves until it is told to end or, with --fd, the client hangs up. Resolves to the exit status. */
export async function serveCommand(args: readonly string[]): Promise<number> {
  const command = parse(args);
  if (command === undefined) {
    process.stdout.write(SERVE_USAGE);
    return 0;
  }
  // Files get the permissions that clients ask for. This process makes no others.
  process.umask(0);
  const { directory, options, place, threads } = command;
  const alone = 'fd' in place && ONE_CLIENT;
  const server = await serve({ ...place, ...alone, ...localDirectoryModule(directory, options), threads });
  const end = (): void => void server.close();
  process.on('SIGINT', end).on('SIGTERM', end);
  await server.closed;
  process.off('SIGINT', end).off('SIGTERM', end);
  return 0;
}
