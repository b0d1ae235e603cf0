/** Where the real gVisor peers are, and what happens to tests that need one which is missing. */

import { execFileSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Callback, Test } from 'uvu';

/**
 * - `debian`: `runsc` of Debian's package of that name, from December 2022.
 * - `current`: `runsc` as test/interop/build.sh builds it.
 * - `2021`: gVisor's file server of October 2021, built likewise; it speaks the 2021 dialect.
 */
export type PeerKind = 'debian' | 'current' | '2021';

export interface Peer {
  readonly kind: PeerKind;
  readonly path: string;
  readonly version: string;
}

const root = fileURLToPath(new URL('../../../', import.meta.url));
const BUILD = 'run test/interop/build.sh';

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What build.sh has built under this name, if it has: 'goclient', 'goclient-debian' and so on. */
export function findBuilt(name: string): string | undefined {
  const path = join(root, '.cache', name);
  return isExecutable(path) ? path : undefined;
}

/** The version of gVisor's module that a go.mod requires. */
function requiredVersion(goMod: string): string {
  const match = /gvisor\.dev\/gvisor (\S+)/.exec(readFileSync(join(root, 'test/interop', goMod), 'utf8'));
  if (!match) throw new Error(`test/interop/${goMod} does not require gvisor.dev/gvisor`);
  return match[1]!;
}

/** Debian's runsc, or why there is none: `runsc` may well be another one. */
function lookUpDebian(): Peer | string {
  const install = "install Debian's package runsc";
  const path = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'runsc'))
    .find(isExecutable);
  if (path === undefined) return `no runsc in PATH; ${install}`;
  const [, version = 'unknown'] =
    /^runsc version (\S+)/.exec(execFileSync(path, ['--version'], { encoding: 'utf8' })) ?? [];
  if (!version.startsWith('0.0~2022')) return `${path} is version ${version}, not one of 2022; ${install}`;
  return { kind: 'debian', path, version };
}

function lookUpBuilt(kind: PeerKind, name: string, goMod: string): Peer | string {
  const path = findBuilt(name);
  return path === undefined ? `no .cache/${name}; ${BUILD}` : { kind, path, version: requiredVersion(goMod) };
}

function lookUp(kind: PeerKind): Peer | string {
  if (process.getuid?.() !== 0) return 'a real gVisor peer needs root: it mounts and changes its root directory';
  switch (kind) {
    case 'debian':
      return lookUpDebian();
    case 'current':
      return lookUpBuilt(kind, 'runsc-current', 'go.mod');
    case '2021':
      return lookUpBuilt(kind, 'gofer2021', 'gofer2021/go.mod');
  }
}

const known = new Map<PeerKind, Peer | string>();

function remember(kind: PeerKind): Peer | string {
  const found = known.get(kind) ?? lookUp(kind);
  known.set(kind, found);
  return found;
}

/** The peer, if it is on this machine and can be started. */
export function findRunsc(kind: PeerKind): Peer | undefined {
  const found = remember(kind);
  return typeof found === 'string' ? undefined : found;
}

/** Why findRunsc finds nothing, and what to do about it. */
export function whyNoRunsc(kind: PeerKind): string | undefined {
  const found = remember(kind);
  return typeof found === 'string' ? `${kind}: ${found}` : undefined;
}

const reported = new Set<string>();

/**
 * Registers tests of a suite that need a real peer: `const test = needingRunsc(suite, 'debian')`, then
 * `test(name, body)`. Without the peer each is skipped, and the reason is printed; under CI each fails.
 */
export function needingRunsc<T>(suite: Test<T>, kind: PeerKind): (name: string, body: Callback<T>) => void {
  return needing(suite, whyNoRunsc(kind));
}

/** The same for tests that need something else as well: `reason` says why they cannot run, if they cannot. */
export function needing<T>(suite: Test<T>, reason: string | undefined): (name: string, body: Callback<T>) => void {
  if (reason === undefined) return (name, body) => suite(name, body);
  if (process.env['CI']) {
    return (name) =>
      suite(name, () => {
        throw new Error(`no peer, and under CI there must be one: ${reason}`);
      });
  }
  if (!reported.has(reason)) console.log(`skipped: ${reason}`);
  reported.add(reason);
  return (name, body) => suite.skip(name, body);
}
