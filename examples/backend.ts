/**
 * Files of one's own, by the interface that gVisor's gofers have: here each is a function that is called when it is
 * opened, as in /proc. (Where something looks like node:fs already, `serveFS` is less work.)
 *
 *     node dist/examples/backend.js NAME SOCKET
 *     npx lisafs cat --connect SOCKET /versions/node
 */

import { constants } from 'node:fs';
import { fail, serve, Statx } from 'lisafs/server';
import type { Backend, ControlFile, DirectoryEntry, Found, OpenFile, Opened } from 'lisafs/server';

interface Tree {
  readonly [name: string]: Tree | (() => string);
}

const [name, listen] = process.argv.slice(2);
if (name === undefined || listen === undefined) throw new Error('usage: backend.js NAME SOCKET');

const TREE: Tree = {
  name: () => name,
  uptime: () => `${process.uptime()} s\n`,
  memory: () => `${JSON.stringify(process.memoryUsage(), null, 2)}\n`,
  versions: { node: () => process.version, v8: () => process.versions.v8 },
};

const { S_IFDIR, S_IFREG } = constants;
/** What statx(2) calls the basic fields: all but when a file was made. */
const STATX_BASIC_STATS = 0x7ff;
/** Types of directory entries, as readdir(3) has them. */
const [DT_DIR, DT_REG] = [4, 8];

/** Inode numbers: one for each file, for as long as this process lives. */
const inodes = new Map<Tree[string], number>();
function inode(node: Tree[string]): number {
  const known = inodes.get(node) ?? inodes.size + 1;
  inodes.set(node, known);
  return known;
}

function statOf(node: Tree[string], mode: number, size: number): Statx {
  return Object.assign(new Statx(), { mask: STATX_BASIC_STATS, mode, size, ino: inode(node), nlink: 1, blksize: 4096 });
}

/** A file of the tree; whoever opens it sees what it was then. */
class Fact implements ControlFile {
  constructor(private readonly make: () => string) {}

  stat(): Statx {
    return statOf(this.make, S_IFREG | 0o444, Buffer.byteLength(this.make()));
  }

  open(): Opened {
    const content = Buffer.from(this.make());
    const stat = (): Statx => statOf(this.make, S_IFREG | 0o444, content.length);
    const read: OpenFile['read'] = (target, offset) => {
      const rest = content.subarray(Number(offset), Number(offset) + target.length);
      target.set(rest);
      return rest.length;
    };
    return { file: { answersAtOnce: true, read, stat } };
  }
}

class Directory implements ControlFile {
  constructor(private readonly tree: Tree) {}

  stat(): Statx {
    return statOf(this.tree, S_IFDIR | 0o555, 0);
  }

  walk(name: string): Found {
    const node = Object.hasOwn(this.tree, name) ? this.tree[name]! : fail('ENOENT');
    const file = typeof node === 'function' ? new Fact(node) : new Directory(node);
    return { file, stat: file.stat() };
  }

  open(): Opened {
    let left = Object.entries(this.tree);
    const readEntries: OpenFile['readEntries'] = (_size, rewind) => {
      if (rewind) left = Object.entries(this.tree);
      return left.splice(0).map(([entry, node], i): DirectoryEntry => {
        const type = typeof node === 'function' ? DT_REG : DT_DIR;
        return { name: entry, type, ino: inode(node), off: i + 1, devMinor: 0, devMajor: 0 };
      });
    };
    return { file: { readEntries, stat: () => this.stat() } };
  }
}

const root = new Directory(TREE);
const backend: Backend = { readOnly: true, mount: () => ({ file: root, stat: root.stat() }) };

await using server = await serve({ listen, root: backend });
console.log(`serving ${name} at ${listen}`);
process.once('SIGINT', () => void server.close()).once('SIGTERM', () => void server.close());
await server.closed;
