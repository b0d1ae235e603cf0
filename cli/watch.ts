/** Waits for files to be saved. */

import { unwatchFile, watchFile } from 'node:fs';
import { resolve } from 'node:path';

/** Editors write a file in several steps: it is looked at when it has been quiet for so long. */
const QUIET_MS = 30;
/** How often a file is looked at. */
const LOOK_MS = 100;

/**
 * Calls `onSave`, one call at a time, whenever one of the files was saved; resolves when `signal` fires, after the call
 * in progress. Rejects when a call does, with its error.
 *
 * Files are looked at now and then (stat(2)): the kernel's news (inotify(7)) are of an inode, and end with it, where an
 * editor puts a new file in the place of the old one, a checkout makes the folder anew, or a name is a symlink.
 */
export async function watchFiles(
  files: readonly string[],
  onSave: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const paths = files.map((path) => resolve(path));
  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let schedule = (): void => undefined;
  try {
    await new Promise<void>((done, fail) => {
      schedule = () => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          running = running.then(onSave);
          running.catch(fail);
        }, QUIET_MS);
      };
      signal.addEventListener('abort', () => done(), { once: true });
      for (const path of paths) watchFile(path, { interval: LOOK_MS }, schedule);
      if (signal.aborted) done();
    });
  } finally {
    clearTimeout(timer);
    for (const path of paths) unwatchFile(path, schedule);
    await running;
  }
}
