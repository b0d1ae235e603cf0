/** `serveFS`: anything that looks like node:fs/promises, served. */

import * as nodeFS from 'node:fs/promises';
import type { Backend, Found } from '../session/backend.js';
import { ENOTDIR } from '../wire/errno.js';
import { failure } from '../session/failure.js';
import { wrongType, wrongValue } from '../wire/invalid.js';
import { foundAt } from './serve-fs-control.js';
import { ask } from './serve-fs-errors.js';
import type { NodeFS, ServeFSOptions } from './serve-fs-object.js';
import { S_IFDIR, S_IFREG, typeOf } from './serve-fs-stat.js';
import { ObjectTree } from './serve-fs-tree.js';

export type * from './serve-fs-object.js';

const CHANGING: readonly (keyof NodeFS)[] = [
  'chmod',
  'chown',
  'lchown',
  'link',
  'lutimes',
  'mkdir',
  'open',
  'rename',
  'rmdir',
  'symlink',
  'truncate',
  'unlink',
  'utimes',
  'writeFile',
];

class ServedFS implements Backend {
  readonly readOnly: boolean;
  readonly #fs: NodeFS;
  readonly #root: string;
  readonly #tree: ObjectTree;

  constructor(fs: NodeFS, options: ServeFSOptions) {
    const { root = '/', readOnly, rawNames = fs === (nodeFS as NodeFS) ? 'buffers' : 'none' } = options;
    this.readOnly = readOnly ?? !CHANGING.some((name) => fs[name] !== undefined);
    this.#fs = fs;
    this.#root = root;
    this.#tree = new ObjectTree(fs, rawNames, options);
  }

  async mount(): Promise<Found> {
    const fs = this.#fs;
    const options = { bigint: true };
    const stats = await ask(() =>
      fs.stat === undefined ? fs.lstat!(this.#root, options) : fs.stat(this.#root, options),
    );
    if (typeOf(stats) !== S_IFDIR && typeOf(stats) !== S_IFREG) throw failure(ENOTDIR);
    return foundAt(this.#tree, this.#tree.root, stats);
  }
}

/**
 * Any object with methods of node:fs/promises, for `serve`: memfs' `fs.promises`, ZenFS' `promises`, node:fs/promises
 * itself, or one that is written by hand and has only some of the methods. What a missing method would do is refused
 * with EOPNOTSUPP; an object that has no method to change anything is read-only.
 *
 * Files are known by their names, which follow the renames of clients. Symlinks are told to clients and never followed:
 * every directory on the way to a file is looked at before the object is asked. Between the look and the asking
 * somebody else who changes the object can still put a symlink there, so a directory of this machine that others write
 * to is for `localDirectory`. Files are open as the object opens them; where it has no `open`, they are read and
 * written whole. Inode numbers are the object's, or made up where it has none. Owners and permissions are recorded and
 * not enforced, unless the object does. Times are set to what a double of seconds can hold.
 *
 * Throws a TypeError for an object that has neither `stat` nor `lstat`.
 */
export function serveFS(fs: NodeFS, options: ServeFSOptions = {}): Backend {
  if (typeof fs !== 'object' || fs === null) throw wrongType('fs', 'an object with methods of node:fs/promises', fs);
  if (fs.stat === undefined && fs.lstat === undefined) throw wrongValue('fs', 'an object with `stat` or `lstat`', fs);
  if (options.root?.startsWith('/') === false) throw wrongValue('root', 'an absolute path', options.root);
  return new ServedFS(fs, options);
}
