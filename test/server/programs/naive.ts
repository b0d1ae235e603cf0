/**
 * A server that walks by path, as one is quickly written: what the attack must catch. `naive ROOT`, on descriptor 3.
 */

import * as fs from 'node:fs';
import { join } from 'node:path';
import { openedFile } from '../../../runtime/fs/local-file.js';
import { statOf } from '../../../runtime/fs/local-stat.js';
import { O_NOFOLLOW, O_PATH } from '../../../runtime/os/open.js';
import {
  type Backend,
  type ControlFile,
  type Created,
  type Found,
  type Opened,
  serve,
  type Statx,
} from '../../../runtime/server.js';

class NaiveFile implements ControlFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  stat(): Statx | number {
    const fd = fs.openSync(this.#path, O_PATH | O_NOFOLLOW);
    const stat = statOf(fd);
    fs.closeSync(fd);
    return stat;
  }

  walk(name: string): Found {
    const file = new NaiveFile(join(this.#path, name));
    return { file, stat: file.stat() as Statx };
  }

  open(flags: number): Opened {
    return openedFile(fs.openSync(this.#path, flags), false);
  }

  create(name: string, { mode }: { mode: number }, flags: number): Created {
    const fd = fs.openSync(join(this.#path, name), flags | fs.constants.O_CREAT | fs.constants.O_EXCL, mode);
    return { ...this.walk(name), opened: openedFile(fd, false) };
  }

  mkdir(name: string): Found {
    fs.mkdirSync(join(this.#path, name));
    return this.walk(name);
  }

  unlink(name: string, flags: number): void {
    if (flags === 0) fs.unlinkSync(join(this.#path, name));
    else fs.rmdirSync(join(this.#path, name));
  }

  rename(oldName: string, newDirectory: ControlFile, newName: string): void {
    fs.renameSync(join(this.#path, oldName), join((newDirectory as NaiveFile).#path, newName));
  }
}

const [root = ''] = process.argv.slice(2);
const backend: Backend = {
  mount() {
    const file = new NaiveFile(root);
    return { file, stat: file.stat() as Statx };
  },
};
const server = await serve({ fd: 3, root: backend });
await server.closed;
