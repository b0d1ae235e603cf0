/**
 * A copy of runsc that starts our gofer instead of its own.
 *
 * runsc starts its gofer, and its sandbox, by executing `/proc/self/exe`, a string of 14 bytes in the binary (`ExePath`
 * in `runsc/specutils`). In the copy another path of 14 bytes stands there: that of a script beside the copy, which
 * starts our gofer for a gofer, and for all else the runsc that was copied. Should the string be used for anything
 * else, too, then all of those come by the script as well: none of runsc's own gofers can be started by mistake.
 */

import {
  accessSync,
  chmodSync,
  constants,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { Misuse } from './misuse.js';
import { quoted } from './shell-word.js';

const SELF = '/proc/self/exe';
/** Found from the current directory, where a path from the root would be too long. */
const FROM_WITHIN = './lisafs-gofer';

export interface InstallOptions {
  readonly runsc: string | undefined;
  readonly module: string | undefined;
}

/** Makes or replaces the copy in a directory; returns what to say of it. */
export function installGofer(directory: string, { runsc = findRunsc(), module }: InstallOptions): string {
  const original = resolve(runsc);
  const binary = readFileSync(original);
  const fromRoot = join(directory, 'gofer');
  const isShort = fromRoot.length <= SELF.length;
  const path = isShort ? fromRoot.padStart(SELF.length, '/') : FROM_WITHIN;
  replaceAll(binary, SELF, path, original);
  const copy = join(directory, 'runsc');
  if (copy === original) throw new Misuse(`--install ${directory}: that is where the runsc to copy is`);
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  checkReachable(directory);
  const script = join(directory, 'gofer.sh');
  // Today's runsc reads where the link points, and wants that to be executable by everybody.
  replaceProgram(script, launcher(original, module && resolve(module)));
  const link = isShort ? fromRoot : join(directory, FROM_WITHIN);
  rmSync(link, { force: true });
  symlinkSync(script, link);
  replaceProgram(copy, binary);
  return `made ${copy}, to be run from ${isShort ? 'anywhere' : `within ${directory}`}\n`;
}

/** Puts a program where an older one may stand, and may be running: it is there whole or not at all. */
function replaceProgram(path: string, content: string | Buffer): void {
  const made = `${path}.${process.pid}`;
  try {
    writeFileSync(made, content, { flag: 'wx' });
    chmodSync(made, 0o755);
    renameSync(made, path);
  } finally {
    rmSync(made, { force: true });
  }
}

/** runsc starts its sandbox, and with it the script, as a user without rights (`runsc/sandbox/sandbox.go`: nobody). */
function checkReachable(directory: string): void {
  for (let path = realpathSync(directory), last = ''; path !== last; last = path, path = dirname(path)) {
    if ((statSync(path).mode & 0o001) === 0) {
      throw new Error(`${path} is not for everybody, and runsc starts its sandbox as nobody; chmod o+x ${path}`);
    }
  }
}

function findRunsc(): string {
  const path = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'runsc'));
  const found = path.find(isExecutable);
  if (found === undefined) throw new Misuse('no runsc in PATH; name one with --runsc');
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function replaceAll(binary: Buffer, from: string, to: string, shown: string): void {
  let at = binary.indexOf(from);
  if (at < 0)
    throw new Error(`${shown} does not start its gofer by ${from}, or was changed already; name another runsc`);
  for (; at >= 0; at = binary.indexOf(from, at + to.length)) binary.write(to, at, 'latin1');
}

/** runsc's command is the first word that is no flag; flags before it are words of their own, with `=`. */
function launcher(runsc: string, module: string | undefined): string {
  // The very program that runs now.
  const main = realpathSync(process.argv[1]!);
  const gofer = [process.execPath, main, 'gofer', ...(module === undefined ? [] : ['--module', module]), '--'];
  return `#!/bin/sh
# Made by lisafs gofer --install. Starts our gofer where runsc would start its own, and else runsc.
for word; do
  case $word in
    -*) ;;
    gofer) exec ${gofer.map(quoted).join(' ')} "$@" ;;
    *) break ;;
  esac
done
exec ${quoted(runsc)} "$@"
`;
}
