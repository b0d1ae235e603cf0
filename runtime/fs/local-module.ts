/** A local directory for servers whose handlers run in threads of their own: see ServeModule. */

import type { Backend } from '../session/backend.js';
import type { ServeModule } from '../session/threaded-server.js';
import { localDirectory } from './local-directory.js';
import type { LocalDirectoryOptions } from './local-options.js';

interface LocalDirectoryData {
  readonly path: string;
  readonly options: LocalDirectoryOptions;
}

/** What each thread serves. */
export default function inThread({ path, options }: LocalDirectoryData): { root: Backend } {
  return { root: localDirectory(path, options) };
}

/**
 * A directory of this machine for `serve`, as localDirectory, served by threads of the server's own:
 * `serve({ listen, ...localDirectoryModule('/srv/data') })`. That is the lowest latency there is, for gVisor's clients,
 * too.
 */
export function localDirectoryModule(
  path: string,
  options: LocalDirectoryOptions = {},
): Pick<ServeModule, 'module' | 'moduleData'> {
  const moduleData: LocalDirectoryData = { path, options };
  return { module: new URL(import.meta.url), moduleData };
}
