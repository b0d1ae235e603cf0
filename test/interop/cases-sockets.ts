/** Cases of the messages about Unix sockets in the file system: MIDs 21, 29-32. */

import { once } from 'node:events';
import { chmodSync, lstatSync, readdirSync, writeFileSync } from 'node:fs';
import { connect as connectTo, createServer, type Server, type Socket } from 'node:net';
import { type ConnectReqInit, type FDID, type HostFD, MID } from '../../runtime/index.js';
import * as assert from 'uvu/assert';
import { setTimeout as sleep } from 'node:timers/promises';
import { descriptorFlags, peerCredentials } from './kernel.js';
import { withSession } from './session.js';
import { type Case, O_RDWR, sameStat, type Stage } from './stage.js';

const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_SEQPACKET = 5;

/** A server of this process on a socket in the stage's directory: it says everything twice. */
async function doubling(t: Stage, name: string): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('data', (data) => socket.write(`${data.toString()}${data.toString()}`));
    socket.on('end', () => socket.end());
  });
  server.listen(t.at(name));
  await once(server, 'listening');
  return server;
}

async function closeServer(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}

/** Says `text` to the other end and waits for `answer`; closes the socket. */
async function converse(socket: Socket, text: string, answer: string): Promise<void> {
  socket.setEncoding('utf8');
  socket.write(text);
  let heard = '';
  while (heard.length < answer.length) heard += ((await once(socket, 'data')) as [string])[0];
  assert.is(heard, answer);
  const closed = once(socket, 'close');
  socket.end();
  await closed;
}

function donated(fd: HostFD | undefined): HostFD {
  assert.ok(fd, 'no descriptor was donated');
  assert.equal(descriptorFlags(fd!.fd), { accessMode: O_RDWR, nonBlocking: true, closeOnExec: true });
  return fd!;
}

type Connecting = (t: Stage, req: ConnectReqInit) => Promise<{ socket: HostFD | undefined }>;

const connecting = (connect: Connecting): Case[] => [
  {
    title: 'donates a connected socket, and data flows both ways',
    async run(t) {
      const server = await doubling(t, 's');
      try {
        const { socket } = await connect(t, { fd: await t.walk('s'), sockType: SOCK_STREAM });
        await converse(donated(socket).toSocket(), 'hello', 'hellohello');
      } finally {
        await closeServer(server);
      }
    },
  },
  {
    title: 'is ECONNREFUSED where nobody listens, EPROTOTYPE and ENXIO for another type',
    async run(t) {
      const server = await doubling(t, 's');
      const fd = await t.walk('s');
      try {
        for (const sockType of [SOCK_DGRAM, SOCK_SEQPACKET]) await t.fails('EPROTOTYPE', connect(t, { fd, sockType }));
        for (const sockType of [0, 3, 0xffff_ffff]) await t.fails('ENXIO', connect(t, { fd, sockType }));
      } finally {
        await closeServer(server);
      }
      // Node removes the socket with the server; the server's node of it stays.
      await t.fails('ENOENT', connect(t, { fd, sockType: SOCK_STREAM }));
      const { child } = await t.ask.bindAt({ ...t.create('silent'), sockType: SOCK_STREAM });
      await t.fails('ECONNREFUSED', connect(t, { fd: child.controlFD, sockType: SOCK_STREAM }));
    },
  },
  {
    title: 'is ENOTSOCK for other files, EINVAL once deleted; wants a control FD',
    async run(t) {
      writeFileSync(t.at('file'), '');
      await t.fails('ENOTSOCK', connect(t, { fd: await t.walk('file'), sockType: SOCK_STREAM }));
      await t.fails('ENOTSOCK', connect(t, { fd: t.dir, sockType: SOCK_STREAM }));
      const { child } = await t.ask.bindAt({ ...t.create('s'), sockType: SOCK_STREAM });
      await t.ask.unlinkAt({ dirFD: t.dir, flags: 0, name: 's' });
      await t.fails('EINVAL', connect(t, { fd: child.controlFD, sockType: SOCK_STREAM }));
      await t.wantsControlFD((fd) => connect(t, { fd, sockType: SOCK_STREAM }));
    },
  },
];

const connect: Case[] = [
  ...connecting((t, req) => t.ask.connect(req)),
  {
    title: 'is EPERM where host sockets are not allowed; in 2022 they cannot be walked to either',
    startsGofer: true,
    run: (t) =>
      withSession({ runsc: t.kind, hostUDS: false }, async ({ client, root, path }) => {
        const server = createServer().listen(`${path}/s`);
        await once(server, 'listening');
        try {
          const walking = t.face === 'synchronous' ? async () => client.walkSync(walk) : () => client.walk(walk);
          const walk = { dirFD: root, path: ['s'] };
          if (t.kind === 'debian') return await t.fails('EPERM', walking(), 'Walk');
          const req = { fd: (await walking()).inodes[0]!.controlFD, sockType: SOCK_STREAM };
          await t.fails(
            'EPERM',
            t.face === 'synchronous' ? (async () => client.connectSync(req))() : client.connect(req),
          );
          return undefined;
        } finally {
          await closeServer(server);
        }
      }),
  },
];

interface Listening {
  readonly bound: FDID;
  readonly control: FDID;
  readonly socket: HostFD | undefined;
}

/**
 * The server sets O_NONBLOCK on what it donates, and it has donated this socket; when, is its own affair. Until then it
 * would wait for ever for somebody to connect.
 */
async function untilNonBlocking(fd: number): Promise<void> {
  while (!descriptorFlags(fd).nonBlocking) await sleep(5);
}

/** A socket that the server has bound and listens on. */
async function listening(t: Stage, name: string, mode = 0o700): Promise<Listening> {
  const { boundSocketFD, child, socket } = await t.ask.bindAt({ ...t.create(name, mode), sockType: SOCK_STREAM });
  await t.ask.listen({ fd: boundSocketFD, backlog: 5 });
  return { bound: boundSocketFD, control: child.controlFD, socket };
}

const ANYBODY = { uid: 65534, gid: 65533 };

const connectWithCreds: Case[] = [
  ...connecting((t, req) => t.ask.connectWithCreds({ ...req, uid: 0, gid: 0 })),
  {
    title: 'connects in the name of the user and the group, and with no more rights than theirs',
    async run(t) {
      // Whoever connects must be let in to the directory.
      chmodSync(t.session.path, 0o755);
      const open = await listening(t, 'open', 0o777);
      const mine = await listening(t, 'mine', 0o700);
      const { socket } = await t.ask.connectWithCreds({ fd: open.control, sockType: SOCK_STREAM, ...ANYBODY });
      const connection = donated((await t.ask.accept({ fd: open.bound })).connection);
      const { uid, gid } = peerCredentials(connection.fd);
      assert.equal({ uid, gid }, ANYBODY);
      donated(socket);
      const refused = t.ask.connectWithCreds({ fd: mine.control, sockType: SOCK_STREAM, ...ANYBODY });
      await t.fails('EACCES', refused);
      await t.ask.connectWithCreds({ fd: mine.control, sockType: SOCK_STREAM, uid: 0, gid: 0 });
    },
  },
];

const bindAt: Case[] = [
  {
    title: 'makes a socket of each type with exactly this mode and owner, and donates it',
    async run(t) {
      for (const sockType of [SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET]) {
        const name = `s${sockType}`;
        const { child, socket } = await t.ask.bindAt({ ...t.create(name, 0o726), uid: 12, gid: 34, sockType });
        const { mode, uid, gid } = lstatSync(t.at(name));
        assert.equal([mode, uid, gid], [0o140726, 12, 34]);
        sameStat(child.stat, t.at(name), t.kind);
        donated(socket);
      }
    },
  },
  {
    title: 'is EADDRINUSE for whatever exists, ENXIO for other types, EINVAL where the path fits no address',
    async run(t) {
      writeFileSync(t.at('file'), '');
      await t.fails('EADDRINUSE', t.ask.bindAt({ ...t.create('file'), sockType: SOCK_STREAM }));
      for (const sockType of [0, 3]) await t.fails('ENXIO', t.ask.bindAt({ ...t.create('x'), sockType }));
      const longest = 107 - t.served('').length;
      await t.fails('EINVAL', t.ask.bindAt({ ...t.create('n'.repeat(longest + 1)), sockType: SOCK_STREAM }));
      await t.ask.bindAt({ ...t.create('n'.repeat(longest)), sockType: SOCK_STREAM });
      assert.is(readdirSync(t.path).length, 2);
    },
  },
  {
    title: 'is ENOTDIR in a file; refuses names and FDIDs',
    async run(t) {
      writeFileSync(t.at('file'), '');
      const file = await t.walk('file');
      await t.fails('ENOTDIR', t.ask.bindAt({ ...t.create('x'), dirFD: file, sockType: SOCK_STREAM }));
      for (const name of ['', '.', '..', 'a/b']) {
        await t.fails('EINVAL', t.ask.bindAt({ ...t.create(name), sockType: SOCK_STREAM }));
      }
      await t.wantsControlFD((dirFD) => t.ask.bindAt({ ...t.create('x'), dirFD, sockType: SOCK_STREAM }));
    },
  },
  {
    title: 'is EPERM where host sockets are not allowed',
    startsGofer: true,
    run: (t) =>
      withSession({ runsc: t.kind, hostUDS: false }, async ({ client, root }) => {
        const req = { ...t.create('s'), dirFD: root, sockType: SOCK_STREAM };
        await t.fails('EPERM', t.face === 'synchronous' ? (async () => client.bindAtSync(req))() : client.bindAt(req));
      }),
  },
];

/** What wants a bound socket FD takes no other, and none that does not exist. */
async function wantsBoundSocketFD(t: Stage, call: (fd: FDID) => Promise<unknown>): Promise<void> {
  await t.wantsOpenFD(call);
  const { openFD } = await t.ask.openAt({ fd: t.dir, flags: 0 });
  await t.fails('EINVAL', call(openFD));
}

const listen: Case[] = [
  {
    title: 'lets anybody connect',
    async run(t) {
      await listening(t, 's');
      const socket = connectTo(t.at('s'));
      await once(socket, 'connect');
      socket.destroy();
      await once(socket, 'close');
    },
  },
  {
    title: 'is EOPNOTSUPP for datagrams, EINVAL once deleted; wants a bound socket FD',
    async run(t) {
      const { boundSocketFD } = await t.ask.bindAt({ ...t.create('d'), sockType: SOCK_DGRAM });
      await t.fails('EOPNOTSUPP', t.ask.listen({ fd: boundSocketFD, backlog: 1 }));
      const stream = (await t.ask.bindAt({ ...t.create('s'), sockType: SOCK_STREAM })).boundSocketFD;
      await t.ask.listen({ fd: stream, backlog: -1 });
      await t.ask.unlinkAt({ dirFD: t.dir, flags: 0, name: 's' });
      await t.fails('EINVAL', t.ask.listen({ fd: stream, backlog: 1 }));
      await wantsBoundSocketFD(t, (fd) => t.ask.listen({ fd, backlog: 1 }));
    },
  },
];

const accept: Case[] = [
  {
    title: 'donates a connection, and data flows both ways; the address is left out',
    async run(t) {
      const { bound } = await listening(t, 's');
      const there = connectTo(t.at('s'));
      await once(there, 'connect');
      const { peerAddr, connection } = await t.ask.accept({ fd: bound });
      assert.is(peerAddr, '');
      const here = donated(connection).toSocket();
      there.on('data', (data) => there.write(`<${data.toString()}>`));
      there.on('end', () => there.end());
      await converse(here, 'ping', '<ping>');
      if (!there.closed) await once(there, 'close');
    },
  },
  {
    title: 'is EAGAIN where nobody connects, EINVAL before Listen and once deleted; wants a bound socket FD',
    async run(t) {
      const { bound, socket } = await listening(t, 's');
      await untilNonBlocking(socket!.fd);
      await t.fails('EAGAIN', t.ask.accept({ fd: bound }));
      const { boundSocketFD } = await t.ask.bindAt({ ...t.create('deaf'), sockType: SOCK_STREAM });
      await t.fails('EINVAL', t.ask.accept({ fd: boundSocketFD }));
      await t.ask.unlinkAt({ dirFD: t.dir, flags: 0, name: 's' });
      await t.fails('EINVAL', t.ask.accept({ fd: bound }));
      await wantsBoundSocketFD(t, (fd) => t.ask.accept({ fd }));
    },
  },
];

export const socketCases = new Map<number, Case[]>([
  [MID.Connect, connect],
  [MID.BindAt, bindAt],
  [MID.Listen, listen],
  [MID.Accept, accept],
  [MID.ConnectWithCreds, connectWithCreds],
]);
