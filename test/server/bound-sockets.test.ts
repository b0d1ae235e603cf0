/** Sockets that a client binds, what it is given to wait with, and who waits for room in their backlogs. */

import { createConnection } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fcntl } from '../../runtime/os/libc.js';
import { pollFD, POLLIN } from '../../runtime/os/poll.js';
import { codeOf } from '../fs/serve-fs-session.js';
import { startServed } from './serving.js';

const F_GETFL = 3;
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;
const SOCK_STREAM = 1;
const PATIENCE_MS = 10_000;

const bound = suite('bound sockets');

bound('tell the client of connections, and cannot be made to block the server', async () => {
  const session = await startServed({ args: ['--host-uds=all'] });
  const { client, root, path } = session;
  const accept = () => client.accept({ fd: boundSocketFD }, { timeout: PATIENCE_MS });
  const { boundSocketFD, child, socket } = await client.bindAt({
    dirFD: root,
    name: 'socket',
    sockType: SOCK_STREAM,
    uid: 0xffff_ffff,
    gid: 0xffff_ffff,
    mode: 0o700,
  });
  try {
    assert.is(await codeOf(accept()), 'EINVAL');
    await client.listen({ fd: boundSocketFD, backlog: 5 });
    // As gVisor donates it; then it is made to block, for all who share the open file.
    assert.is(fcntl(socket!.fd, F_GETFL, 0) & O_NONBLOCK, O_NONBLOCK);
    assert.is(fcntl(socket!.fd, F_SETFL, 0), 0);
    assert.is(await codeOf(accept()), 'EAGAIN');
    assert.is(pollFD(socket!.fd, POLLIN, 0), 0);
    for (let i = 0; i < 2; i++) {
      const connection = createConnection(join(path, 'socket'));
      assert.is(pollFD(socket!.fd, POLLIN, PATIENCE_MS) & POLLIN, POLLIN);
      (await accept()).connection?.close();
      assert.is(pollFD(socket!.fd, POLLIN, 0) & POLLIN, 0);
      assert.is(await codeOf(accept()), 'EAGAIN');
      connection.destroy();
    }
  } finally {
    socket?.close();
    await client.close({ fds: [boundSocketFD, child.controlFD] });
    await session.end();
  }
});

bound('that have no room for a connection keep nobody else waiting', async () => {
  const session = await startServed({ args: ['--host-uds=all'] });
  const { client, root } = session;
  const owned = { uid: 0xffff_ffff, gid: 0xffff_ffff, mode: 0o700 };
  const { boundSocketFD, child, socket } = await client.bindAt({
    dirFD: root,
    name: 'socket',
    sockType: SOCK_STREAM,
    ...owned,
  });
  const fd = child.controlFD;
  const connecting = () => client.connect({ fd, sockType: SOCK_STREAM }, { timeout: PATIENCE_MS });
  const renaming = (oldName: string, newName: string) =>
    client.renameAt({ oldDir: root, oldName, newDir: root, newName }, { timeout: PATIENCE_MS });
  try {
    // Linux lets one more in than it is told.
    await client.listen({ fd: boundSocketFD, backlog: 0 });
    (await connecting()).socket?.close();
    let isDone = false;
    const second = connecting().finally(() => {
      isDone = true;
    });
    // A rename has the whole tree for itself, and all that comes later waits for it.
    await renaming('socket', 'moved');
    await client.fstat({ fd: root }, { timeout: PATIENCE_MS });
    assert.is(isDone, false);
    (await client.accept({ fd: boundSocketFD })).connection?.close();
    (await second).socket?.close();
    // The socket's name goes while somebody waits for room.
    const third = codeOf(connecting());
    await renaming('moved', 'again');
    await client.unlinkAt({ dirFD: root, name: 'again', flags: 0 });
    assert.is(await third, 'EINVAL');
  } finally {
    socket?.close();
    await client.close({ fds: [boundSocketFD, fd] });
    await session.end();
  }
});

bound.run();
