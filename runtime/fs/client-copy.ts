/** copyFile, as libuv does it: the server has no message for it, so the bytes come here and go back. */

import { constants } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { ENOTSUP, nodeError } from './client-errors.js';
import type { ClientFileHandle } from './client-handle.js';
import { openFile } from './client-open.js';
import { unlink } from './client-names.js';
import type { Tree } from './client-resolve.js';

const { COPYFILE_EXCL, COPYFILE_FICLONE_FORCE, O_CREAT, O_EXCL, O_RDONLY, O_WRONLY } = constants;
const PIECE_BYTES = 1024 * 1024;
const PERMISSION_BITS = 0o7777;

/** Copies a file's content and mode. What fails rejects as one call, `copyfile`, and leaves no new file behind. */
export async function copyFile(tree: Tree, from: string, to: string, mode = 0): Promise<void> {
  try {
    await copy(tree, from, to, mode);
  } catch (error) {
    const { errno, cause } = error as { errno?: number; cause?: unknown };
    if (errno === undefined) throw error;
    throw nodeError(-errno, 'copyfile', from, to, cause);
  }
}

async function copy(tree: Tree, from: string, to: string, mode: number): Promise<void> {
  const source = await openFile(tree, from, O_RDONLY, 0);
  try {
    const stat = (await source.stat({ bigint: true })) as BigIntStats;
    const isExclusive = (mode & COPYFILE_EXCL) !== 0;
    const permissions = Number(stat.mode) & PERMISSION_BITS;
    const target = await openFile(tree, to, O_WRONLY | O_CREAT | (isExclusive ? O_EXCL : 0), permissions);
    try {
      const isSame = !isExclusive && (await isSameFile(stat, target));
      if (!isSame) await fill(source, target, permissions, mode);
    } catch (error) {
      await target.close();
      await unlink(tree, to).catch(() => undefined);
      throw error;
    }
    await target.close();
  } finally {
    await source.close();
  }
}

async function isSameFile({ dev, ino }: BigIntStats, target: ClientFileHandle): Promise<boolean> {
  const stat = (await target.stat({ bigint: true })) as BigIntStats;
  return stat.ino === ino && stat.dev === dev;
}

async function fill(
  source: ClientFileHandle,
  target: ClientFileHandle,
  permissions: number,
  mode: number,
): Promise<void> {
  await target.truncate(0);
  await target.chmod(permissions);
  // No message shares a file's storage with another file.
  if ((mode & COPYFILE_FICLONE_FORCE) !== 0) throw nodeError(ENOTSUP, 'copyfile');
  const buffer = Buffer.allocUnsafeSlow(PIECE_BYTES);
  for (;;) {
    const { bytesRead } = (await source.read(buffer, 0, buffer.length, null)) as { bytesRead: number };
    if (bytesRead === 0) return;
    await target.writeFile(buffer.subarray(0, bytesRead));
  }
}
