/**
 * Who has a descriptor of a file can take a lease on it, and then others wait in the kernel for as long as
 * /proc/sys/fs/lease-break-time says, unless they had said that they do not: a client must not hold up those beside it.
 */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FDID, RPCError } from '../../runtime/index.js';
import { fcntl } from '../../runtime/os/libc.js';
import { EAGAIN, EINVAL, EISDIR, ELOOP, ENXIO } from '../../runtime/wire/errno.js';
import type { Session } from '../interop/session.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { startServed, type ServedOptions } from './serving.js';

const O_WRONLY = 1;
const O_RDWR = 2;
const O_TRUNC = 0o1000;
const O_NONBLOCK = 0o4000;
const F_GETFL = 3;
const F_SETLEASE = 1024;
const F_RDLCK = 0;
const F_UNLCK = 2;
const STATX_SIZE = 0x200;
const EACCES = 13;
const ETXTBSY = 26;
const TOO_LARGE = 2n ** 63n;
const SOME_TIME = { sec: 0, nsec: 0 };

// The kernel tells the holder that somebody wants the lease to end, which would end the process.
process.on('SIGIO', () => undefined);

async function serving(options: ServedOptions, body: (session: Session) => Promise<void>): Promise<void> {
  const before = holdings();
  const session = await startServed(options);
  try {
    await body(session);
  } finally {
    await session.end();
  }
  assertNothingLeft(before);
}

async function controlFD({ client, root }: Session, name: string): Promise<FDID> {
  return (await client.walk({ dirFD: root, path: [name] })).inodes[0]!.controlFD;
}

/** What resizing gives: 0 or an errno. */
async function resize({ client }: Session, fd: FDID, size: number | bigint): Promise<number> {
  const rest = { mode: 0, uid: 0, gid: 0, atime: SOME_TIME, mtime: SOME_TIME };
  return (await client.setStat({ fd, mask: STATX_SIZE, size, ...rest })).failureErrNo;
}

const leases = suite('leases');

for (const channels of [0, 1]) {
  leases(`are waited for by nobody, over ${channels === 0 ? 'the socket' : 'a channel'}`, () =>
    serving({ channels }, async (session) => {
      const { client, path } = session;
      writeFileSync(join(path, 'file'), 'as it was');
      const fd = await controlFD(session, 'file');
      const { hostFD } = await client.openAt({ fd, flags: 0 });
      assert.is(fcntl(hostFD!.fd, F_SETLEASE, F_RDLCK), 0);
      assert.is(await resize(session, fd, 1), EAGAIN);
      for (const flags of [O_WRONLY, O_RDWR, O_WRONLY | O_TRUNC]) {
        assert.is(await client.openAt({ fd, flags }).catch(({ code }: RPCError) => code), 'EAGAIN');
      }
      assert.is(readFileSync(join(path, 'file'), 'utf8'), 'as it was');
      assert.is(fcntl(hostFD!.fd, F_SETLEASE, F_UNLCK), 0);
      assert.is(await resize(session, fd, 2), 0);
      assert.is(readFileSync(join(path, 'file'), 'utf8'), 'as');
      const { hostFD: writable } = await client.openAt({ fd, flags: O_RDWR });
      assert.is(fcntl(writable!.fd, F_GETFL, 0) & O_NONBLOCK, O_NONBLOCK, "as gVisor's client asks for it");
      hostFD!.close();
      writable!.close();
    }),
  );
}

leases('or not, what cannot be resized says why, and is not opened for it', () =>
  serving({ args: ['--host-fifo=open'] }, async (session) => {
    const at = (name: string): string => join(session.path, name);
    execFileSync('mkfifo', [at('fifo')]);
    mkdirSync(at('directory'));
    writeFileSync(at('file'), 'four');
    symlinkSync('file', at('symlink'));
    copyFileSync('/bin/sleep', at('program'));
    chmodSync(at('program'), 0o755);
    const socket = createServer().listen(at('socket'));
    await once(socket, 'listening');
    const program = spawn(at('program'), ['1000']);
    await once(program, 'spawn');
    const wrong = { fifo: EINVAL, directory: EISDIR, symlink: ELOOP, socket: ENXIO, program: ETXTBSY };
    for (const [name, errno] of Object.entries(wrong)) {
      assert.is(await resize(session, await controlFD(session, name), 1), errno, name);
    }
    const file = await controlFD(session, 'file');
    assert.is(await resize(session, file, TOO_LARGE), EINVAL);
    // Root may write what its permissions let nobody write.
    chmodSync(at('file'), 0);
    assert.is(await resize(session, file, 2), process.getuid!() === 0 ? 0 : EACCES);
    program.kill();
    await once(program, 'close');
    await new Promise((closed) => socket.close(closed));
  }),
);

leases.run();
