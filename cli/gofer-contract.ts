/**
 * What runsc says to its gofer (`runsc/cmd/gofer.go`, `runsc/container/container.go`), by gVisor of 2022 and of today:
 *
 *     [global flags] gofer --bundle DIR --spec-fd=N --mounts-fd=N --io-fds=N --io-fds=N … [more of today's] [ID]
 *
 * The specification is config.json. Each --io-fds is a connected socket to the sandbox: one for the root, then one for
 * each bind mount, in order. Those mounts are to be told to the sandbox, as JSON, on --mounts-fd, or it never starts.
 */

import { readFileSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import type { GoferMount, LocalDirectoryOptions } from '../runtime/server.js';
import { Misuse } from './misuse.js';

type HostUDS = NonNullable<LocalDirectoryOptions['hostUDS']>;
type HostFIFO = NonNullable<LocalDirectoryOptions['hostFIFO']>;

/** A mount, and the socket to serve it on. */
export interface ConnectedMount extends GoferMount {
  readonly ioFD: number;
}

export interface Contract {
  readonly mounts: readonly ConnectedMount[];
  /** What to write to `mountsFD` before anything is served; -1 where runsc wants no such thing. */
  readonly mountsFD: number;
  readonly mountsJSON: string;
  readonly hostUDS: HostUDS;
  readonly hostFIFO: HostFIFO;
}

interface SpecMount {
  readonly destination: string;
  readonly type?: string;
  readonly source?: string;
  readonly options?: readonly string[] | null;
}

interface Spec {
  readonly root: { readonly path: string; readonly readonly?: boolean };
  readonly mounts?: readonly SpecMount[] | null;
  readonly annotations?: Readonly<Record<string, string>> | null;
}

const MAX_FD = 0x7fff_ffff;
const SWITCHES = new Set(['apply-caps', 'setup-root', 'overlay']);

/** runsc's flags, as Go's package flag reads them: one dash or two, `=` or a word of its own. The last one counts. */
export class Flags {
  readonly #values = new Map<string, string[]>();

  constructor(args: readonly string[]) {
    for (let i = 0; i < args.length; i++) {
      const [, name, value] = /^--?([^=-][^=]*)(?:=([^]*))?$/u.exec(args[i]!) ?? [];
      if (name === undefined) continue;
      const isSwitch = SWITCHES.has(name) || (args[i + 1] ?? '-').startsWith('-') || args[i + 1] === 'gofer';
      const given = value ?? (isSwitch ? 'true' : args[++i]!);
      this.#values.set(name, [...this.all(name), given]);
    }
  }

  all(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  last(name: string): string | undefined {
    return this.all(name).at(-1);
  }

  /** One of these, or the first of them where nothing is said. */
  oneOf<T extends string>(name: string, choices: readonly [T, ...T[]]): T {
    const text = this.last(name) ?? choices[0];
    const choice = choices.find((known) => known === text);
    if (choice === undefined) throw new Misuse(`--${name}=${text}: not one of ${choices.join(', ')}`);
    return choice;
  }

  fd(name: string): number {
    const text = this.last(name);
    return text === undefined ? -1 : descriptor(name, text);
  }
}

function descriptor(name: string, text: string): number {
  const fd = /^[0-9]+$/u.test(text) ? Number(text) : Number.NaN;
  if (fd <= MAX_FD) return fd;
  throw new Misuse(`--${name}=${text}: not the number of a descriptor`);
}

/** Where runsc wants to be told of failures: its gofer's standard streams are /dev/null. */
export class Log {
  readonly #fd: number;
  readonly #isJSON: boolean;

  constructor(fd: number, isJSON: boolean) {
    this.#fd = fd;
    this.#isJSON = isJSON;
  }

  tell(text: string): void {
    const entry = { msg: `lisafs gofer: ${text}`, level: 'error', time: new Date().toISOString() };
    writeSync(this.#fd, this.#isJSON ? `${JSON.stringify(entry)}\n` : `${entry.time} ${entry.msg}\n`);
  }
}

export function logOf(flags: Flags): Log | undefined {
  const fd = flags.fd('log-fd');
  return fd < 0 ? undefined : new Log(fd, flags.last('log-format')?.startsWith('json') ?? false);
}

/** What today's gVisor says of how a mount is served: `lisafs:none`, `lisafs:self`, `erofs:memory` and so on. */
interface MountConf {
  readonly isServed: boolean;
  readonly hasOverlay: boolean;
}

function mountConfs(text: string): MountConf[] {
  return text.split(',').map((conf) => {
    const [lower, upper] = conf.split(':');
    return { isServed: lower === 'lisafs', hasOverlay: upper !== 'none' };
  });
}

/** The same for gVisor of 2022, which says it by --overlay and --overlay2 alone. */
function confOf2022(flags: Flags): (isRoot: boolean) => MountConf {
  const [which] = (flags.last('overlay2') ?? 'none').split(':');
  const onAll = which === 'all' || flags.last('overlay') === 'true';
  return (isRoot) => ({ isServed: true, hasOverlay: onAll || (isRoot && which === 'root') });
}

function isBind({ type, options, source }: SpecMount): boolean {
  const isIt = type === 'bind' || (options ?? []).some((option) => option === 'bind' || option === 'rbind');
  return isIt && source !== undefined && source !== '';
}

function readSpec(fd: number): Spec {
  let spec: Partial<Spec> | null;
  try {
    spec = JSON.parse(readFileSync(fd, 'utf8')) as Partial<Spec> | null;
  } catch (error) {
    throw new Error(`--spec-fd=${fd}: no config.json comes from it`, { cause: error });
  }
  if (typeof spec?.root?.path !== 'string') throw new Error(`--spec-fd=${fd}: that config.json has no root.path`);
  return spec as Spec;
}

/** What this gofer cannot do for a sandbox, which would fail later, and elsewhere. */
function refuse(flags: Flags, isToday: boolean): void {
  if (isToday && flags.last('directfs') !== 'false') {
    throw new Error('the sandbox would go around its gofer; run runsc with --directfs=false');
  }
  if (flags.last('sync-userns-fd') !== undefined) {
    throw new Error('a rootless sandbox maps users by its gofer, which this one does not; run runsc as root');
  }
  if (flags.last('dev-io-fd') !== undefined) {
    throw new Error('the sandbox wants devices of the host, which this gofer does not serve; run runsc without them');
  }
}

/** Reads the arguments and config.json. Throws Misuse for arguments that are not runsc's. */
export function readContract(flags: Flags): Contract {
  const bundle = flags.last('bundle');
  const ioFDs = flags.all('io-fds').map((text) => descriptor('io-fds', text));
  const specFD = flags.fd('spec-fd');
  if (bundle === undefined || ioFDs.length === 0 || specFD < 0) {
    throw new Misuse("those are not runsc's arguments: --bundle, --spec-fd and --io-fds belong to them");
  }
  const confs = flags.last('gofer-mount-confs');
  refuse(flags, confs !== undefined);
  const spec = readSpec(specFD);
  const specMounts = (spec.mounts ?? []).map((mount) =>
    mount.source ? { ...mount, source: resolve(bundle, mount.source) } : mount,
  );
  const common = { bundle, annotations: spec.annotations ?? {} };
  const root = {
    ...common,
    destination: '/',
    source: resolve(bundle, spec.root.path),
    readOnly: spec.root.readonly ?? false,
  };
  const binds = specMounts.filter((mount) => isBind(mount) || (confs !== undefined && mount.type === 'erofs'));
  const all: GoferMount[] = [
    root,
    ...binds.map(({ destination, source = '', options }) => ({
      ...common,
      destination,
      source,
      readOnly: options?.includes('ro') ?? false,
    })),
  ];
  const of2022 = confOf2022(flags);
  const told = confs === undefined ? all.map((_, i) => of2022(i === 0)) : mountConfs(confs);
  return {
    mounts: connected(all, told, ioFDs),
    mountsFD: flags.fd('mounts-fd'),
    mountsJSON: JSON.stringify(specMounts),
    hostUDS: flags.oneOf('host-uds', ['none', 'open', 'create', 'all']),
    hostFIFO: flags.oneOf('host-fifo', ['none', 'open']),
  };
}

/** Gives each mount that is served its socket. */
function connected(
  mounts: readonly GoferMount[],
  confs: readonly MountConf[],
  ioFDs: readonly number[],
): ConnectedMount[] {
  if (confs.length !== mounts.length) {
    throw new Error(`config.json has ${mounts.length} mounts with files of the host, and runsc says ${confs.length}`);
  }
  const served = mounts.flatMap((mount, i) => {
    const { isServed, hasOverlay } = confs[i]!;
    return isServed ? [{ ...mount, readOnly: mount.readOnly || hasOverlay }] : [];
  });
  if (served.length !== ioFDs.length) {
    throw new Error(`${served.length} mounts are to be served, on ${ioFDs.length} sockets`);
  }
  return served.map((mount, i) => ({ ...mount, ioFD: ioFDs[i]! }));
}
