/** Where a command's server is: `--connect PATH`, `--spawn COMMAND` or `--fd N`, and the client for it. */

import { connect, RPCError, type ConnectOptions, type LISAFSClient } from '../runtime/index.js';
import { integerOption } from './arguments.js';
import { words } from './failure.js';
import { Misuse } from './misuse.js';

export const TARGET_OPTIONS = {
  connect: { type: 'string' },
  spawn: { type: 'string' },
  fd: { type: 'string' },
  channels: { type: 'string' },
  timeout: { type: 'string' },
} as const;

export const TARGET_USAGE = `\
  --connect PATH     the server that listens at this Unix socket; @NAME is an abstract name
  --spawn COMMAND    start the server, by sh; it finds its end of a socket pair as descriptor 3
  --fd N             the server at the other end of the inherited, connected socket N
  --channels N       how many channels to ask for, 0 to 4 (one for each cpu, but at least 2)
  --timeout MS       how long to wait for each answer of the server (10000)
`;

export const MOUNT_USAGE = `(--connect PATH | --spawn COMMAND | --fd N)`;

export interface TargetValues {
  readonly connect?: string | undefined;
  readonly spawn?: string | undefined;
  readonly fd?: string | undefined;
  readonly channels?: string | undefined;
  readonly timeout?: string | undefined;
}

const MAX_CHANNELS_COUNT = 4;
const DEFAULT_TIMEOUT_MS = 10_000;
const MAX_TIMEOUT_MS = 2 ** 31 - 1;
const MAX_FD = 2 ** 31 - 1;

/** What to connect to. Throws Misuse unless exactly one place is named. */
export function connectOptions({ connect: path, spawn, fd, channels, timeout }: TargetValues): ConnectOptions {
  if ([path, spawn, fd].filter((given) => given !== undefined).length !== 1) {
    throw new Misuse('one of --connect, --spawn and --fd, please');
  }
  if (path === '') throw new Misuse('--connect: the path of a socket, please');
  const ms = timeout === undefined ? DEFAULT_TIMEOUT_MS : integerOption('timeout', timeout, 1, MAX_TIMEOUT_MS);
  const common = {
    ...(channels !== undefined && { channels: integerOption('channels', channels, 0, MAX_CHANNELS_COUNT) }),
    timeout: ms,
    callTimeout: ms,
  };
  if (path !== undefined) return { ...common, path: path.replace(/^@/, '\0') };
  if (fd !== undefined) return { ...common, fd: integerOption('fd', fd, 0, MAX_FD) };
  return { ...common, spawn: ['/bin/sh', '-c', spawn!] };
}

/** Connects by `how`, and says where to if that fails. */
export async function connectTo<C>(values: TargetValues, how: (options: ConnectOptions) => Promise<C>): Promise<C> {
  const options = connectOptions(values);
  try {
    return await how(options);
  } catch (error) {
    const place = values.connect ?? values.spawn ?? `descriptor ${values.fd}`;
    const errno: unknown = error instanceof Error && Reflect.get(error, 'errno');
    const why = typeof errno === 'number' ? words(errno) : undefined;
    if (why === undefined || !(error instanceof Error)) throw error;
    error.message = `cannot connect to ${place}: ${why}`;
    throw error;
  }
}

/** What mount gives. Where the answer is none, the server may be of another kind altogether. */
export async function mounting<T>(mount: Promise<T>): Promise<T> {
  try {
    return await mount;
  } catch (error) {
    if (error instanceof RPCError && error.code === 'EIO') error.message += '; is this a server of LISAFS or its like?';
    throw error;
  }
}

/** Connects and mounts, does the work, and disconnects, however the work ended. */
export async function withMount<T>(values: TargetValues, work: (client: LISAFSClient) => Promise<T>): Promise<T> {
  const client = await connectTo(values, (options) => connect(options));
  try {
    await mounting(client.mount());
    return await work(client);
  } finally {
    await client.disconnect();
  }
}
