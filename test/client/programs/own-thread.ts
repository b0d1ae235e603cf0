/**
 * A synchronous call to a server of the same thread, where the kernel does not tell of the sockets: they are of another
 * network namespace than this process is by now. Says what comes of the call. Needs root.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import { memfs } from 'memfs';
import { connect, connectSync, type RPCError } from '../../../runtime/index.js';
import { SOCK_STREAM } from '../../../runtime/os/socket.js';
import { peerInode } from '../../../runtime/os/socket-peer.js';
import { serve, serveFS } from '../../../runtime/server.js';
import { pair } from '../../peers/scripted.js';

const CLONE_NEWNET = 0x4000_0000;
const unshare = koffi.load(null).func('int unshare(int flags)') as (flags: number) => number;

const folder = mkdtempSync(join(tmpdir(), 'lisafs-own-thread-'));
const path = join(folder, 'socket');
const [ours, theirs] = pair(SOCK_STREAM);
const server = await serve({ listen: path, root: serveFS(memfs({ '/a': '' }).fs.promises) });
const accepted = await connect({ path });
await accepted.mount();
const early = connectSync({ path });
if (unshare(CLONE_NEWNET) !== 0 || peerInode(ours) !== undefined) throw new Error('the kernel still tells');
server.add(theirs);
const paired = await connect({ fd: ours });
for (const client of [accepted, early, paired]) {
  try {
    client.mountSync({ timeout: 2000 });
    console.log('answered');
  } catch (error) {
    console.log((error as RPCError).code);
  }
}
await Promise.all([accepted, early, paired].map((client) => client.disconnect()));
await server.close();
rmSync(folder, { recursive: true });
