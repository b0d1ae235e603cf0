/** Where a command's server is: `--connect PATH`, `--spawn COMMAND` or `--fd N`, and the client for it. */

import { connect, type ConnectOptions, type LISAFSClient } from '../runtime/index.js';
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
  --timeout MS       how long to wait for a server that is slow to answer (10000)
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
  const common = {
    ...(channels !== undefined && { channels: integerOption('channels', channels, 0, MAX_CHANNELS_COUNT) }),
    timeout: timeoutOf(timeout),
  };
  if (path !== undefined) return { ...common, path: path.replace(/^@/, '\0') };
  if (fd !== undefined) return { ...common, fd: integerOption('fd', fd, 0, MAX_FD) };
  return { ...common, spawn: ['/bin/sh', '-c', spawn!] };
}

function timeoutOf(timeout: string | undefined): number {
  return timeout === undefined ? DEFAULT_TIMEOUT_MS : integerOption('timeout', timeout, 1, MAX_TIMEOUT_MS);
}

/** Whatever answers, or a failure in words when nothing does in time: a command must not wait for ever. */
export async function inTime<T>(work: Promise<T>, timeout: string | undefined, what: string): Promise<T> {
  const ms = timeoutOf(timeout);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: no answer within ${ms} ms (--timeout)`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
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

/** Connects and mounts, does the work, and disconnects, however the work ended. */
export async function withMount<T>(values: TargetValues, work: (client: LISAFSClient) => Promise<T>): Promise<T> {
  const client = await connectTo(values, (options) => connect(options));
  try {
    await inTime(client.mount(), values.timeout, 'mount');
    return await work(client);
  } finally {
    await client.disconnect();
  }
}
