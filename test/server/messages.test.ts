/**
 * The cases that real gofers are held to, message by message, against our own server: it passes what gVisor's passes.
 */

import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MID, NAMES, type RPCError } from '../../runtime/index.js';
import { contentCases } from '../interop/cases-content.js';
import { inodeCases } from '../interop/cases-inodes.js';
import { socketCases } from '../interop/cases-sockets.js';
import { treeCases } from '../interop/cases-tree.js';
import { xattrCases } from '../interop/cases-xattrs.js';
import { needingRunsc } from '../interop/peers.js';
import type { Session } from '../interop/session.js';
import { type Face, NOBODY, O_RDWR, type Over, Stage } from '../interop/stage.js';
import { assertNothingLeft, holdings, type Holdings } from '../peers/leaks.js';
import { startServed } from './serving.js';

/** From here on MIDs are the SDK's own, of which there may be more. */
const FIRST_EXTENSION_MID = 65280;

const cases = new Map([...inodeCases, ...contentCases, ...treeCases, ...socketCases, ...xattrCases]);
const SOCK_STREAM = 1;
const ARGS = ['--host-uds=all', '--host-fifo=open'];

/** What gVisor's server does by a panic ours does by what it checks: an FD's kind, and a count that is no size. */
const PANICS_IN_GVISOR = /is a panic in gVisor/;

function nameOf(mid: number): string {
  return NAMES.get(mid) ?? `MID ${mid}`;
}

/** What stays the same for so many looks, 20 ms apart, is taken to be at rest. */
const QUIET_LOOKS_COUNT = 25;

/**
 * An idle server of ours leaves its waiting to a thread, which opens descriptors of its own as it starts. They are to
 * be there before a case counts the server's descriptors.
 */
async function untilServerIdles(pid: number): Promise<void> {
  let known = -1;
  for (let quiet = 0; quiet < QUIET_LOOKS_COUNT; quiet++) {
    const count = readdirSync(`/proc/${pid}/fd`).length;
    if (count !== known) quiet = 0;
    known = count;
    await sleep(20);
  }
}

for (const over of ['channels', 'the socket'] as const satisfies readonly Over[]) {
  for (const face of ['asynchronous', 'synchronous'] as const satisfies readonly Face[]) {
    const test = suite(`messages, ours, over ${over}, ${face}`);
    let before: Holdings | undefined;
    let session: Session | undefined;

    const open = async (): Promise<Session> => {
      if (session !== undefined) return session;
      before = holdings();
      session = await startServed({
        args: ARGS,
        channels: over === 'channels' ? 2 : 0,
        sync: face === 'synchronous',
      });
      await untilServerIdles(session.gofer.pid);
      return session;
    };

    test('every message is served', async () => {
      const { mounted, client } = await open();
      assert.equal(
        mounted.supportedMs.filter((mid) => mid < FIRST_EXTENSION_MID),
        [...NAMES.keys()].filter((mid) => mid !== MID.Error),
      );
      assert.is(client.channels, over === 'channels' ? 2 : 0);
    });

    const testOnGofer = needingRunsc(test, 'current');
    for (const [mid, list] of cases) {
      for (const { title, startsGofer, run } of list.filter((each) => !PANICS_IN_GVISOR.test(each.title))) {
        const add = startsGofer ? testOnGofer : test;
        add(`${nameOf(mid)} ${title}`, async () => new Stage(await open(), over, face, nameOf(mid)).play(run));
      }
    }

    test('what is a panic in gVisor is an errno here', async () => {
      const { client, root } = await open();
      const create = { dirFD: root, uid: NOBODY, gid: NOBODY, mode: 0o600 };
      const bound = await client.bindAt({ ...create, sockType: SOCK_STREAM, name: 'bound' });
      bound.socket?.close();
      const made = await client.openCreateAt({ ...create, flags: O_RDWR, name: 'file' });
      made.hostFD?.close();
      const failing = [
        ['EINVAL', () => client.fstat({ fd: bound.boundSocketFD })],
        ['ENOBUFS', () => client.pread({ fd: made.newFD, offset: 0, count: client.maxMessageSize - 7 })],
        ['ENOBUFS', () => client.pread({ fd: made.newFD, offset: 0, count: 0xffff_ffff })],
      ] as const;
      for (const [code, call] of failing) {
        const error = await call().catch((caught: unknown) => caught);
        assert.is((error as RPCError).code, code);
      }
      assert.is((await client.pread({ fd: made.newFD, offset: 0, count: client.maxMessageSize - 8 })).data.length, 0);
    });

    test('nothing is left behind, and the server ends with the client', async () => {
      await session?.end();
      assert.equal(await session?.gofer.exited, { code: 0, signal: null });
      assert.is(session?.gofer.stderr, '');
      assertNothingLeft(before!);
    });

    test.run();
  }
}
