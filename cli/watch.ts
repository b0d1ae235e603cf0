/** Waits for files to be saved. */

import { watch, type FSWatcher } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';

/** Editors write a file in several steps: it is looked at when it has been quiet for so long. */
const QUIET_MS = 30;

/**
 * Calls `onSave`, one call at a time, whenever one of the files was saved; resolves when `signal` fires, after the call
 * in progress. Folders are watched, not files: most editors put a new file in the place of the old one. Rejects with
 * what node:fs says when a folder cannot be watched.
 */
export async function watchFiles(
  files: readonly string[],
  onSave: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const watchers: FSWatcher[] = [];
  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const schedule = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      running = running.then(onSave);
      running.catch(() => undefined);
    }, QUIET_MS);
  };
  try {
    await new Promise<void>((done, fail) => {
      signal.addEventListener('abort', () => done(), { once: true });
      for (const [folder, names] of grouped(files)) {
        const watcher = watch(folder, (_event, name) => {
          if (name === null || names.has(name)) schedule();
        });
        watcher.on('error', fail);
        watchers.push(watcher);
      }
      if (signal.aborted) done();
    });
  } finally {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
    await running;
  }
}

/** The names of the files by their folders. */
function grouped(files: readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
  const folders = new Map<string, Set<string>>();
  for (const file of files.map((path) => resolve(path))) {
    const names = folders.get(dirname(file)) ?? new Set();
    folders.set(dirname(file), names.add(basename(file)));
  }
  return folders;
}
