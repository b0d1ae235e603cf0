/** `lisafs gofer`: a sandbox's files from this SDK, in the place of runsc's own gofer. */

import { closeSync, writeFile } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import {
  localDirectoryModule,
  serve,
  type Backend,
  type GoferModule,
  type RunningServer,
  type ServerSettings,
} from '../runtime/server.js';
import { parseCommand } from './arguments.js';
import { failureLine } from './failure.js';
import { Flags, logOf, readContract, type ConnectedMount, type Contract, type Log } from './gofer-contract.js';
import { installGofer } from './gofer-install.js';
import { Misuse } from './misuse.js';
import { ONE_CLIENT } from './one-client.js';

const USAGE = `usage: lisafs gofer --install DIR [--runsc PATH] [--module FILE]
       lisafs gofer [--module FILE] -- ARGUMENTS

Serves the files of a gVisor sandbox, in the place of the gofer that is part of runsc.

  --install DIR      make DIR/runsc, a copy of runsc that starts this gofer instead of its own; use it as runsc, from
                     within DIR, or from anywhere if the whole path of DIR has at most 8 characters
  --runsc PATH       the runsc to copy (the one in PATH)
  --module FILE      ask this module's default export what to serve at each mount (type GoferModule of lisafs/server);
                     otherwise that is the directory that config.json names
  -h, --help         this text

runsc's own gofer keeps itself in: it sees its mounts alone, has few rights, and may make few system calls. This one
does not: what the sandbox gets to see is up to its code.

The second form is what that copy runs, with what runsc says to a gofer. It ends when the sandbox does. Failures are
told in the file of runsc's --log. Run runsc as root, and today's with --directfs=false.

Exit status: 0, 1 if it cannot serve or install, 2 for a mistake in the command.
`;

type OnFault = NonNullable<ServerSettings['onFault']>;

const OPTIONS = {
  install: { type: 'string' },
  runsc: { type: 'string' },
  module: { type: 'string' },
} as const;

export async function goferCommand(args: readonly string[]): Promise<number> {
  const end = args.indexOf('--');
  const ours = end < 0 ? args : args.slice(0, end);
  const command = parseCommand(ours, USAGE, OPTIONS);
  if (command === undefined) return 0;
  const { install, runsc, module } = command.values;
  if (command.positionals.length > 0) throw new Misuse(`${command.positionals[0]}: what runsc says comes after --`);
  if (install !== undefined) {
    if (end >= 0) throw new Misuse('--install does not serve: nothing after --');
    process.stdout.write(installGofer(resolve(install), { runsc, module }));
    return 0;
  }
  if (end < 0) throw new Misuse('--install DIR, or what runsc says to its gofer after --');
  if (runsc !== undefined) throw new Misuse('--runsc goes with --install');
  return serveSandbox(new Flags(args.slice(end + 1)), module);
}

/** Serves all mounts until the sandbox has hung up on each. Resolves to the exit status. */
async function serveSandbox(flags: Flags, file: string | undefined): Promise<number> {
  const log = logOf(flags);
  const servers: RunningServer[] = [];
  try {
    const contract = readContract(flags);
    const module = file === undefined ? undefined : await loadModule(file);
    // Files get the permissions that the sandbox asks for: it has a umask of its own.
    process.umask(0);
    for (const mount of contract.mounts) servers.push(await serveMount(mount, contract, module, log));
    await tellMounts(contract);
    await Promise.all(servers.map((server) => server.closed));
    return 0;
  } catch (error) {
    log?.tell(failureLine(error));
    throw error;
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
}

async function loadModule(file: string): Promise<GoferModule> {
  const { default: exported } = (await import(pathToFileURL(resolve(file)).href)) as { default?: unknown };
  if (typeof exported === 'function') return exported as GoferModule;
  throw new Error(`${file}: its default export is not a function (type GoferModule of lisafs/server)`);
}

async function serveMount(
  mount: ConnectedMount,
  { hostUDS, hostFIFO }: Contract,
  module: GoferModule | undefined,
  log: Log | undefined,
): Promise<RunningServer> {
  const { ioFD: fd, ...about } = mount;
  const { source, readOnly } = mount;
  const what = await module?.(about);
  if (what === undefined) {
    // As gVisor's own gofer donates them: to the sandbox's kernel, which opens them anew for nobody.
    const options = { readOnly, donate: true, hostUDS, hostFIFO };
    return serve({ fd, ...ONE_CLIENT, ...localDirectoryModule(source, options) });
  }
  const onFault: OnFault = (error, message) => log?.tell(`the handler of ${message} failed: ${failureLine(error)}`);
  return serve({ onFault, ...ONE_CLIENT, ...what, ...(readOnly && { root: withoutChanges(what.root) }), fd });
}

function withoutChanges(root: Backend): Backend {
  return { readOnly: true, mount: () => root.mount(), close: () => root.close?.() };
}

/** The sandbox reads to the end, so this is the last copy. Its pipe may be full for a while. */
async function tellMounts({ mountsFD, mountsJSON }: Contract): Promise<void> {
  if (mountsFD < 0) return;
  try {
    await promisify(writeFile)(mountsFD, mountsJSON);
  } finally {
    closeSync(mountsFD);
  }
}
