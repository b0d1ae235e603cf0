/** A client that closes the FDs of its own walk while it is on its way, by guessing what they will be. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LISAFSSession } from '../../runtime/session/lisafs-session.js';
import { walk } from '../../runtime/session/lisafs-walk.js';
import { ControlFD } from '../../runtime/session/fd-table.js';
import { NodeTree } from '../../runtime/session/node-tree.js';

const test = suite('closing FDs of a walk on its way');

test('what is found below a closed FD is still below its directory in the tree', async () => {
  const stat = { mode: 0o40755 };
  const tree = new NodeTree();
  const session = new LISAFSSession(tree, {} as never, { maxMessageSize: 1 << 20, supportedMs: [] });
  const [root, first] = [{}, {}] as { walk: () => Promise<object> }[];
  root!.walk = async () => ({ file: { ...first }, stat });
  first!.walk = async () => {
    session.fds.remove(((rootID as unknown as number) + 1) as never);
    return { file: {}, stat };
  };
  tree.root.retain();
  const rootID = session.fds.add(new ControlFD(root as never, tree.root, stat.mode));
  await walk(session, { dirFD: rootID, path: ['a', 'b'] } as never);
  assert.ok(tree.root.child('a')?.child('b'));
});

test.run();
