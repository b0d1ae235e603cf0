/** Whole sandboxes: gVisor's runsc with a gofer of its own, or with ours. */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Callback, Test } from 'uvu';
import * as assert from 'uvu/assert';
import { MAIN } from '../server/serving.js';
import { findRunsc, needing, whyNoRunsc, type PeerKind } from './peers.js';

export type SandboxKind = Exclude<PeerKind, '2021'>;

export interface SandboxOptions {
  readonly kind: SandboxKind;
  /** gVisor's own gofer, ours, or ours with a module. */
  readonly gofer: 'gvisor' | 'ours' | URL;
  /** For busybox's shell. */
  readonly script: string;
  /** Annotations in config.json. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Fills the directory that is mounted at /bound. */
  readonly plant?: (work: string) => void;
  /** How config.json mounts it, besides. */
  readonly mountOptions?: readonly string[];
  readonly rootReadOnly?: boolean;
  readonly flags?: readonly string[];
}

export interface SandboxResult {
  /** The script's exit status, or runsc's own. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What runsc's log says, with that of our gofer. */
  readonly log: string;
}

const BUSYBOX = '/bin/busybox';
/** What root may do with files. */
const CAPABILITIES = ['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FOWNER', 'CAP_FSETID', 'CAP_MKNOD'];
const PATIENCE_MS = 10_000;

/** As needingRunsc, for tests that run whole sandboxes. */
export function needingSandbox<T>(suite: Test<T>, kind: SandboxKind): (name: string, body: Callback<T>) => void {
  const noBusybox = existsSync(BUSYBOX) ? undefined : `no ${BUSYBOX}; install Debian's package busybox-static`;
  return needing(suite, whyNoRunsc(kind) ?? noBusybox);
}

let sandboxes = 0;

/** A folder with all that belongs to one sandbox: its bundle, its state, its files. */
class Bundle {
  readonly folder = mkdtempSync(join(tmpdir(), 'lisafs-sandbox-'));
  readonly work = join(this.folder, 'work');
  readonly #options: SandboxOptions;

  constructor(options: SandboxOptions) {
    this.#options = options;
    chmodSync(this.folder, 0o755); // Part of runsc runs as nobody.
    mkdirSync(this.work);
    options.plant?.(this.work);
    this.#makeRoot();
    writeFileSync(join(this.folder, 'config.json'), JSON.stringify(this.#config()));
  }

  #makeRoot(): void {
    const bin = join(this.folder, 'root', 'bin');
    mkdirSync(bin, { recursive: true });
    copyFileSync(BUSYBOX, join(bin, 'busybox'));
    chmodSync(join(bin, 'busybox'), 0o755);
    const applets = execFileSync(BUSYBOX, ['--list'], { encoding: 'utf8' }).trim().split('\n');
    for (const applet of applets) if (applet !== 'busybox') symlinkSync('busybox', join(bin, applet));
  }

  #config(): object {
    const { script, annotations = {}, mountOptions = [], rootReadOnly = false } = this.#options;
    const capabilities = { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES };
    const args = ['/bin/sh', '-c', script];
    return {
      ociVersion: '1.0.2',
      annotations,
      process: { user: { uid: 0, gid: 0 }, cwd: '/', env: ['PATH=/bin'], args, capabilities },
      root: { path: 'root', readonly: rootReadOnly },
      mounts: [
        { destination: '/proc', type: 'proc' },
        { destination: '/bound', type: 'bind', source: 'work', options: ['bind', ...mountOptions] },
      ],
      linux: {},
    };
  }

  async run(): Promise<SandboxResult> {
    const { kind, gofer, flags = [] } = this.#options;
    let { path } = findRunsc(kind)!;
    if (gofer !== 'gvisor') {
      const module = gofer === 'ours' ? [] : ['--module', gofer.pathname];
      execFileSync(process.execPath, [MAIN, 'gofer', '--install', this.folder, '--runsc', path, ...module]);
      path = './runsc';
    }
    const usual = ['--root=state', '--platform=ptrace', '--network=none', '--ignore-cgroups', '--log=log'];
    const today = kind === 'current' ? ['--directfs=false', '--overlay2=none'] : [];
    const id = `lisafs-test-${process.pid}-${sandboxes++}`;
    // What runsc mounts for itself goes with the mount namespace.
    const command = ['-m', '--propagation', 'private', path, ...usual, ...today, ...flags, 'run', id];
    const child = spawn('unshare', command, { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => (said[name] += text));
    }
    const [code] = (await once(child, 'close')) as [number | null];
    await this.#assertNothingRuns();
    const log = join(this.folder, 'log');
    return { code, ...said, log: existsSync(log) ? readFileSync(log, 'utf8') : '' };
  }

  /** Every process of the sandbox has our folder among its arguments, or below its working directory. */
  async #assertNothingRuns(): Promise<void> {
    for (let waited = 0; this.#processes().length > 0 && waited < PATIENCE_MS; waited += 10) await sleep(10);
    assert.equal(this.#processes(), [], 'processes left');
    assert.not(readFileSync('/proc/self/mounts', 'utf8').includes(this.folder), 'mounts left');
    const state = existsSync(join(this.folder, 'state')) ? readdirSync(join(this.folder, 'state')) : [];
    assert.equal(
      state.filter((name) => name !== 'null-netns'),
      [],
      'state left',
    );
  }

  #processes(): string[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => {
        try {
          const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
          const isOurs = command.includes(this.folder) || readlinkSync(`/proc/${pid}/cwd`) === this.folder;
          return isOurs ? [`${pid}: ${command}`] : [];
        } catch {
          return []; // It has ended meanwhile.
        }
      });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Runs a sandbox to its end; `look` sees the directory that was at /bound. Fails if anything of it stays behind. */
export async function runSandbox<T>(
  options: SandboxOptions,
  look: (result: SandboxResult, work: string) => T,
): Promise<T> {
  const bundle = new Bundle(options);
  try {
    return look(await bundle.run(), bundle.work);
  } finally {
    bundle.remove();
  }
}
