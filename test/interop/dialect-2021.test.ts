/** The dialect of 2021 against the file server that spoke it. */

import { execFileSync } from 'node:child_process';
import { lstatSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FDID, LISAFS2021, MID } from '../../generated/lisafs-2021/index.js';
import { connect, RPCError } from '../../runtime/index.js';
import { closeFD } from '../../runtime/os/descriptor.js';
import { receiveNow, sendNow } from '../../runtime/os/socket.js';
import { EAGAIN } from '../../runtime/wire/errno.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import type { Gofer } from './gofer.js';
import { needingRunsc } from './peers.js';
import { goferOn, newDirectory } from './session.js';

const connect2021 = (fd: number, channels?: number) =>
  connect({ fd, protocol: LISAFS2021, ...(channels !== undefined && { channels }) });
type Client2021 = Awaited<ReturnType<typeof connect2021>>;

/** As of 2021: no more channels than cpus, two at least and four at most. */
const CHANNELS_LIMIT = Math.min(Math.max(2, availableParallelism()), 4);
const MAX_MESSAGE_BYTES = 1024 * 1024;
const FSTAT = 3;

interface Connected {
  readonly client: Client2021;
  readonly gofer: Gofer;
  readonly path: string;
}

async function withClient(channels: number | undefined, body: (connected: Connected) => Promise<void>): Promise<void> {
  const before = holdings();
  const path = newDirectory();
  const { gofer, fd } = goferOn(path, { runsc: '2021' });
  const client = await connect2021(fd, channels);
  try {
    await body({ client, gofer, path });
  } finally {
    await client.disconnect();
    await gofer.stop();
    rmSync(path, { recursive: true });
  }
  assertNothingLeft(before);
}

async function fails(code: string, call: () => unknown): Promise<void> {
  try {
    await call();
  } catch (error) {
    assert.instance(error, RPCError);
    assert.is((error as RPCError).code, code, (error as RPCError).message);
    return;
  }
  assert.unreachable(`succeeds, instead of failing with ${code}`);
}

const dialect = suite('the dialect of 2021');
const test = needingRunsc(dialect, '2021');

for (const face of ['asynchronous', 'synchronous'] as const) {
  const mount = async (client: Client2021, path: string) =>
    face === 'synchronous' ? client.mountSync(path) : client.mount(path);

  for (const channels of [undefined, 0, 1, 2]) {
    const title = channels === undefined ? 'as many channels as there are cpus' : `${channels} channels`;

    test(`mounts with ${title}, ${face}`, () =>
      withClient(channels, async ({ client, path }) => {
        assert.is(client.protocol, 'LISAFS2021');
        const { root, maxMessageSize, supportedMs } = await mount(client, '/');
        assert.is(client.channels, channels ?? CHANNELS_LIMIT);
        assert.is(maxMessageSize, client.maxMessageSize);
        assert.ok(maxMessageSize >= MAX_MESSAGE_BYTES / 2);
        assert.ok([MID.Mount, MID.Channel].every((mid) => supportedMs.includes(mid) && client.isSupported(mid)));
        const truth = lstatSync(path, { bigint: true });
        assert.equal([root.stat.ino, BigInt(root.stat.mode)], [truth.ino, truth.mode]);
        assert.type(root.controlFD, 'number');
        assert.ok(root.controlFD > 0 && root.controlFD <= 0xffff_ffff);
      }));
  }

  test(`one channel more than the limit is ENOSYS, ${face}`, () =>
    withClient(0, async ({ client }) => {
      await mount(client, '/');
      const channel = async () => (face === 'synchronous' ? client.channelSync() : client.channel());
      for (let i = 0; i < CHANNELS_LIMIT; i++) {
        const { dataFD, fdSocket, dataLengthNumber } = await channel();
        assert.ok(dataFD && fdSocket && dataLengthNumber >= client.maxMessageSize);
        dataFD!.close();
        fdSocket!.close();
      }
      await fails('ENOSYS', channel);
      assert.ok(client.connected, 'a failing call of the user is no reason to give up');
    }));

  test(`gives up as a whole where a channel cannot be had, ${face}`, async () => {
    // The limit on channels depends on the machine; one on descriptors does not.
    await withClient(2, async ({ client, gofer }) => {
      await fails('EINVAL', () => mount(client, 'relative'));
      // Now that it has answered it has opened what it needs. One more for the root, and not enough for a channel.
      const open = readdirSync(`/proc/${gofer.pid}/fd`).length;
      execFileSync('prlimit', [`--pid=${gofer.pid}`, `--nofile=${open + 2}`]);
      await fails('EMFILE', () => mount(client, '/'));
      assert.not(client.connected);
      assert.is(client.channels, 0);
      assert.equal(await gofer.exited, { code: 0, signal: null });
    });
    if (CHANNELS_LIMIT === 4) return;
    await withClient(4, async ({ client }) => {
      await fails('ENOSYS', () => mount(client, '/'));
      assert.not(client.connected);
    });
  });

  test(`a path that is not absolute is EINVAL, one that is gone ENOENT; it is cleaned; twice is EBUSY, ${face}`, () =>
    withClient(0, async ({ client, path }) => {
      writeFileSync(`${path}/file`, 'abc');
      await fails('EINVAL', () => mount(client, 'file'));
      await fails('EINVAL', () => mount(client, ''));
      await fails('ENOENT', () => mount(client, '/gone'));
      const { root } = await mount(client, '/x/..//./file');
      assert.is(root.stat.size, 3n);
      await fails('EBUSY', () => mount(client, '/'));
    }));

  test(`the client refuses everything else before Mount with EOPNOTSUPP, ${face}`, () =>
    withClient(0, async ({ client }) => {
      await fails('EOPNOTSUPP', async () => (face === 'synchronous' ? client.channelSync() : client.channel()));
      await fails('EOPNOTSUPP', async () =>
        face === 'synchronous'
          ? client.sndRcvMessageSync(FSTAT, Buffer.alloc(4))
          : client.sndRcvMessage(FSTAT, Buffer.alloc(4)),
      );
      assert.ok((await mount(client, '/')).supportedMs.length > 20);
    }));

  test(`FDIDs and string lengths are of 32 bits, ${face}`, () =>
    withClient(2, async ({ client, path }) => {
      writeFileSync(`${path}/file`, 'abc');
      const { root } = await mount(client, '/');
      const send = async (mid: number, payload: Uint8Array): Promise<Buffer> =>
        Buffer.from(
          face === 'synchronous' ? client.sndRcvMessageSync(mid, payload) : await client.sndRcvMessage(mid, payload),
        );
      const stat = await send(FSTAT, u32(root.controlFD));
      assert.is(stat.length, STATX_BYTES);
      assert.is(stat.readBigUInt64LE(INO_AT), lstatSync(path, { bigint: true }).ino);
      await fails('EBADF', () => send(FSTAT, u32(FDID(0xffff_ffff))));
      assert.throws(() => FDID(0x1_0000_0000), RangeError);
    }));
}

/** Sends a message by hand, as no client of ours would, and returns the errno of the answer, 0 where it is none. */
async function errnoOf(fd: number, mid: number, payload: Uint8Array): Promise<number> {
  const message = Buffer.concat([u32(payload.length), u32(mid), payload]);
  assert.is(sendNow(fd, message, message.length), message.length);
  const answer = Buffer.alloc(4096);
  for (;;) {
    const count = receiveNow(fd, answer, answer.length);
    if (count !== -EAGAIN) {
      assert.ok(count >= HEADER_BYTES);
      return answer.readUInt16LE(4) === MID.Error ? answer.readUInt32LE(HEADER_BYTES) : 0;
    }
    await sleep(1);
  }
}

test('before Mount the server itself says EINVAL to everything else', async () => {
  const before = holdings();
  const path = newDirectory();
  const { gofer, fd } = goferOn(path, { runsc: '2021' });
  const { EINVAL, EBUSY } = constants.errno;
  assert.is(await errnoOf(fd, MID.Channel, Buffer.alloc(0)), EINVAL);
  assert.is(await errnoOf(fd, FSTAT, u32(1)), EINVAL);
  assert.is(await errnoOf(fd, MID.Mount, path2021('relative')), EINVAL);
  assert.is(await errnoOf(fd, MID.Mount, path2021('/')), 0);
  assert.is(await errnoOf(fd, MID.Mount, path2021('/')), EBUSY);
  closeFD(fd);
  await gofer.exited;
  rmSync(path, { recursive: true });
  assertNothingLeft(before);
});

const STATX_BYTES = 144;
const INO_AT = 32;
const HEADER_BYTES = 8;

function u32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
}

/** A MountReq of 2021. */
function path2021(path: string): Buffer {
  return Buffer.concat([u32(Buffer.byteLength(path)), Buffer.from(path)]);
}

dialect.run();
