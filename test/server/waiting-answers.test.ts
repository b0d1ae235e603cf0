/** Calls that had to wait for others, and are let go together: each gets its own answer. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Statx, type FDID } from '../../generated/lisafs/index.js';
import type { ControlFile, OpenFile } from '../../runtime/server.js';
import { ControlFD, OpenFD } from '../../runtime/session/fd-table.js';
import { lisafsHandlers } from '../../runtime/session/lisafs-handlers.js';
import { LISAFSSession } from '../../runtime/session/lisafs-session.js';
import { NodeTree } from '../../runtime/session/node-tree.js';

const test = suite('answers to calls that waited');

const S_IFDIR = 0o40755;
const S_IFREG = 0o100644;
const O_RDWR = 2;

/** A file of this many bytes, which answers at once, in the object that it is given. */
function fileOf(size: number): ControlFile & OpenFile {
  const stat = (into = new Statx()): Statx => Object.assign(into, { mode: S_IFREG, size });
  const read = (target: Uint8Array): number => target.fill(size).length;
  return { stat, read, write: () => size, answersAtOnce: true };
}

for (const [what, ask, told] of [
  ['fstat of control FDs', 'fstat', (answer: { size: bigint }) => Number(answer.size)],
  ['pwrite', 'pwrite', (answer: { count: number }) => answer.count],
  ['pread', 'pread', (answer: { data: Uint8Array }) => answer.data[0]],
] as const) {
  test(`${what} are not mixed up, where the filesystem answers at once`, async () => {
    const tree = new NodeTree();
    const session = new LISAFSSession(tree, {} as never, { maxMessageSize: 1 << 20, supportedMs: [] });
    let answerSlow = (): void => undefined;
    const slow = new Promise<void>((resolve) => (answerSlow = resolve));
    const directory: ControlFile = {
      stat: () => -1,
      setStat: () => slow.then(() => ({ failureMask: 0, failureErrNo: 0 })),
      rename: () => undefined,
    };
    tree.root.retain();
    const root = session.fds.add(new ControlFD(directory, tree.root, S_IFDIR));
    const fds = [1, 2].map((size): FDID => {
      const file = fileOf(size);
      const control = new ControlFD(file, tree.root.obtainChild(`${size}`), S_IFREG);
      return session.fds.add(ask === 'fstat' ? control : new OpenFD(control, file, O_RDWR));
    });
    const handlers = lisafsHandlers(session) as Record<string, (req: object, context: object) => unknown>;
    // What changes a file holds up what moves names, and that holds up all that comes after it.
    const held = handlers['setStat']!({ fd: root, mask: 0 }, {});
    const moved = handlers['renameAt']!({ oldDir: root, newDir: root, oldName: 'x', newName: 'y' }, {});
    const asked = fds.map((fd) => handlers[ask]!({ fd, count: 9, offset: 0n, data: Buffer.alloc(9) }, {}));
    answerSlow();
    const answers = (await Promise.all(asked)) as never[];
    assert.equal(answers.map(told), [1, 2]);
    await Promise.all([held, moved]);
  });
}

test.run();
