/** Unlinks that meet walks which answer later. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FDID } from '../../runtime/index.js';
import { ControlFD } from '../../runtime/session/fd-table.js';
import { unlinkAt } from '../../runtime/session/lisafs-names.js';
import { LISAFSSession } from '../../runtime/session/lisafs-session.js';
import { walk } from '../../runtime/session/lisafs-walk.js';
import { NodeTree } from '../../runtime/session/node-tree.js';

const test = suite('unlinks beside walks');

const directoryStat = { mode: 0o40755 };
const fileStat = { mode: 0o100644 };
const turn = (): Promise<void> => new Promise(setImmediate);

/** A session on a directory with a file `f`, which is found a turn later, and the FDID of that directory. */
function started(unlink: () => void): { session: LISAFSSession; dirFD: FDID } {
  const session = new LISAFSSession(new NodeTree(), {} as never, { maxMessageSize: 1 << 20, supportedMs: [] });
  const root = { walk: () => turn().then(() => ({ file: {}, stat: fileStat })), unlink };
  session.tree.root.retain();
  return { session, dirFD: session.fds.add(new ControlFD(root as never, session.tree.root, directoryStat.mode)) };
}

/** Ends what is under way when it is told to. */
function held(): { end: () => void; ended: Promise<void> } {
  let end!: () => void;
  const ended = new Promise<void>((resolve) => (end = resolve));
  return { end, ended };
}

async function walkTo(session: LISAFSSession, dirFD: FDID): Promise<FDID> {
  const { inodes } = await walk(session, { dirFD, path: ['f'] } as never);
  return inodes[0]!.controlFD;
}

test('one waits for what is in progress on a name that was not known when it came', async () => {
  let isUnlinked = false;
  const { session, dirFD } = started(() => void (isUnlinked = true));
  const [listing, changing] = [held(), held()];
  const listed = session.reading(session.fds.control(dirFD), () => listing.ended);
  const unlinked = unlinkAt(session, { dirFD, name: 'f', flags: 0 } as never);
  // A step of a walk waits for nobody who waits.
  const file = session.fds.control(await walkTo(session, dirFD));
  const changed = session.tree.locks.runNested([file.node.writing], () => changing.ended);
  listing.end();
  await listed;
  await turn();
  assert.not(isUnlinked);
  changing.end();
  await changed;
  await unlinked;
  assert.ok(isUnlinked);
  assert.ok(file.node.deleted);
});

test('what a walk has found is told that its name is gone, though the walk has not answered', async () => {
  const { session, dirFD } = started(() => undefined);
  const walked = walkTo(session, dirFD);
  await unlinkAt(session, { dirFD, name: 'f', flags: 0 } as never);
  const { node } = session.fds.control(await walked);
  assert.ok(node.deleted);
  assert.is(session.tree.root.child('f'), undefined);
});

test.run();
