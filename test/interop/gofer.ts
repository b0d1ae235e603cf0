/**
 * Starts gVisor's own file server, unmodified, on one end of a socket pair.
 *
 *     unshare -m --propagation private RUNSC [flags] gofer --io-fds=3 --spec-fd=4 --mounts-fd=5 …
 *
 * unshare and runsc replace themselves instead of forking, so one process does it all. It mounts what it serves over
 * /proc and pivots there: hence the mount namespace of its own, which ends with the process and takes every mount
 * along.
 */

import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { findRunsc, whyNoRunsc, type Peer, type PeerKind } from './peers.js';

export interface GoferOptions {
  readonly runsc: PeerKind;
  /** The directory to serve, somewhere below the system's directory for temporary files. */
  readonly root: string;
  /** The server's end. It stays the caller's, who closes it afterwards: until then our end sees no hang-up. */
  readonly socketFD: number;
  /** Whether clients may connect to and bind Unix sockets (default true). In 2021 they may, always. */
  readonly hostUDS?: boolean;
  /** Refuses every change with EROFS (default false). Not in 2021. */
  readonly readonly?: boolean;
  /** Donates a descriptor of the root with Mount (default false). Current only. */
  readonly directFS?: boolean;
}

export interface GoferExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Gofer {
  readonly runsc: Peer;
  /** The process that serves, and the only one: what `kill -9` has to hit. */
  readonly pid: number;
  /** The same process as Node knows it: for a client that shall own it. */
  readonly process: ChildProcess;
  /** Settles when it has ended, has been reaped and its files are gone. A hang-up of the client ends it with code 0. */
  readonly exited: Promise<GoferExit>;
  /** What it has written to its standard error so far. */
  readonly stderr: string;
  /** Kills it, unless it has ended, and waits for that. */
  stop(): Promise<GoferExit>;
}

/** A gofer may only be let loose on what a test has made. */
function temporaryRoot(root: string): string {
  const path = realpathSync(root);
  if (!path.startsWith(realpathSync(tmpdir()) + sep))
    throw new Error(`will not serve ${path}: it is not below ${tmpdir()}`);
  return path;
}

/** The part of an OCI config.json that a gofer looks at. */
function ociSpec(root: string, options: GoferOptions): string {
  // Without these a current gofer with directfs lets its client have nothing but the root's descriptor: its seccomp
  // filter kills it on the first Channel. They say that this root needs the calls all the same.
  const annotations = {
    'dev.gvisor.spec.rootfs.source': root,
    'dev.gvisor.spec.rootfs.type': 'bind',
    'dev.gvisor.spec.rootfs.directfs': 'off',
  };
  return JSON.stringify({
    ociVersion: '1.0.2',
    process: { user: { uid: 0, gid: 0 }, args: ['/none'], cwd: '/' },
    root: { path: root, readonly: options.readonly ?? false },
    mounts: [],
    ...(options.directFS ? { annotations } : {}),
  });
}

function goferArguments(peer: Peer, root: string, bundle: string, options: GoferOptions): string[] {
  if (peer.kind === '2021') return ['3', root];
  const isCurrent = peer.kind === 'current';
  return [
    `--host-uds=${(options.hostUDS ?? true) ? 'all' : 'none'}`,
    '--host-fifo=open',
    ...(isCurrent ? [`--directfs=${options.directFS ?? false}`] : []),
    'gofer',
    `--bundle=${bundle}`,
    '--io-fds=3',
    '--spec-fd=4',
    '--mounts-fd=5',
    // The current one wants a descriptor for asking its parent to open mounts (there are none), how each mount is
    // served (the root: by LISAFS, with no overlay), and the container's name.
    ...(isCurrent ? ['--rpc-fd=6', '--gofer-mount-confs=lisafs:none', 'lisafs-test'] : []),
  ];
}

/** What is left to do for each gofer that has not ended. */
const running = new Map<ChildProcess, () => void>();

process.on('exit', () => {
  for (const [child, cleanUp] of running) {
    child.kill('SIGKILL');
    cleanUp();
  }
});

class RunningGofer implements Gofer {
  readonly runsc: Peer;
  readonly pid: number;
  readonly process: ChildProcess;
  readonly exited: Promise<GoferExit>;
  #stderr = '';

  constructor(runsc: Peer, child: ChildProcess, pid: number, cleanUp: () => void) {
    this.runsc = runsc;
    this.process = child;
    this.pid = pid;
    running.set(child, cleanUp);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.exited = new Promise((settle) => {
      child.on('close', (code, signal) => {
        running.delete(child);
        cleanUp();
        settle({ code, signal });
      });
    });
  }

  get stderr(): string {
    return this.#stderr;
  }

  stop(): Promise<GoferExit> {
    this.process.kill('SIGKILL');
    return this.exited;
  }
}

/** Starts a gofer and returns at once; its first answer shows that it serves. Throws if the peer is missing. */
export function startGofer(options: GoferOptions): Gofer {
  const peer = findRunsc(options.runsc);
  if (!peer) throw new Error(whyNoRunsc(options.runsc));
  const root = temporaryRoot(options.root);
  const bundle = mkdtempSync(join(tmpdir(), `lisafs-gofer-${process.pid}-`));
  const cleanUp = (): void => rmSync(bundle, { recursive: true, force: true });
  const config = join(bundle, 'config.json');
  writeFileSync(config, ociSpec(root, options));
  const spec = openSync(config, 'r');
  const mounts = openSync(join(bundle, 'mounts.json'), 'w');
  try {
    const stdio: StdioOptions = ['ignore', 'ignore', 'pipe', options.socketFD, spec, mounts, 'ignore'];
    const args = ['-m', '--propagation', 'private', peer.path, ...goferArguments(peer, root, bundle, options)];
    const child = spawn('unshare', args, { stdio, cwd: bundle });
    child.on('error', () => {}); // Shows as a missing pid.
    if (child.pid === undefined) throw new Error('cannot start unshare, from the package util-linux');
    return new RunningGofer(peer, child, child.pid, cleanUp);
  } catch (error) {
    cleanUp();
    throw error;
  } finally {
    closeSync(spec);
    closeSync(mounts);
  }
}
