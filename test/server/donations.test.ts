/** Handlers that donate what they had better not, or too late; and answers that are no promises, but can be awaited. */

import { openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FDID, type RPCError } from '../../runtime/index.js';
import type { CallContext, LISAFSHandlers } from '../../runtime/server.js';
import { closeFD } from '../../runtime/os/descriptor.js';
import { served } from './handlers.js';

const someFD = (): number => openSync('/dev/null', 'r');

const donations = suite('donations');

for (const channels of [0, 1]) {
  const over = channels === 0 ? 'over the socket' : 'over a channel';
  const codeOf = (error: RPCError): string => error.code;

  donations(`that come after the answer reach nobody, ${over}`, async () => {
    const kept: CallContext[] = [];
    let answer = (): void => undefined;
    const handlers: LISAFSHandlers = {
      connect(_req, context) {
        kept.push(context);
        return {};
      },
      async connectWithCreds(_req, context) {
        kept.push(context);
        await new Promise<void>((resolve) => (answer = resolve));
        return {};
      },
    };
    await served(handlers, channels, async ({ client, faults }) => {
      const first = { fd: FDID(1), sockType: 1 };
      const second = { ...first, uid: 0, gid: 0 };
      const socketOf = async (call: Promise<{ socket?: unknown }>): Promise<unknown> => (await call).socket;
      // While nothing is asked, and while the next call is being answered.
      assert.is(await socketOf(client.connect(first)), undefined);
      kept[0]!.donate(someFD());
      assert.is(await socketOf(client.connect(first)), undefined);
      const next = socketOf(client.connectWithCreds(second));
      while (kept.length < 3) await delay(1);
      kept[1]!.donate(someFD());
      answer();
      assert.is(await next, undefined);
      kept[2]!.donate(someFD());
      assert.is(kept[2]!.room?.(0, 8), undefined);
      assert.is(await socketOf(client.connect(first)), undefined);
      const late = 'Error: a descriptor was donated in vain, its answer was sent; it is closed';
      assert.equal(faults, [`Connect: ${late}`, `Connect: ${late}`, `ConnectWithCreds: ${late}`]);
    });
  });

  donations(`with a response that brings none reach nobody, ${over}`, async () => {
    const kept: CallContext[] = [];
    let answer = (): void => undefined;
    const handlers: LISAFSHandlers = {
      flush(_req, context) {
        kept.push(context);
        context.donate(someFD());
      },
      async fsync(_req, context) {
        kept.push(context);
        await new Promise<void>((resolve) => (answer = resolve));
      },
      readLinkAt(_req, context) {
        kept.push(context);
        return { target: 'there' };
      },
    };
    await served(handlers, channels, async ({ client, faults }) => {
      await client.flush({ fd: FDID(1) });
      const synced = client.fsync({ fds: [] });
      while (kept.length < 2) await delay(1);
      answer();
      await synced;
      await client.readLinkAt({ fd: FDID(1) });
      // One that was answered later is nobody else's afterwards.
      assert.not.ok(kept.slice(2).includes(kept[1]!));
      assert.is(kept[1]!.room?.(0, 8), undefined);
      kept[1]!.donate(someFD());
      const vain =
        'Error: a descriptor was donated in vain, its response brings none, as the schema has it; it is closed';
      assert.equal(faults, [`Flush: ${vain}`, `FSync: ${vain}`]);
    });
  });

  donations(`of what is no descriptor are faults, and the connection lives on ${over}`, async () => {
    const given: number[] = [];
    const handlers: LISAFSHandlers = {
      connect(_req, { donate }) {
        given.forEach(donate);
        return {};
      },
    };
    await served(handlers, channels, async ({ client, faults }) => {
      const ask = async (): Promise<unknown> => (await client.connect({ fd: FDID(1), sockType: 1 })).socket;
      for (const bad of [-1, 1.5, NaN]) {
        given.splice(0, given.length, someFD(), bad);
        assert.is(await ask().catch(codeOf), 'EREMOTEIO');
      }
      given.splice(0, given.length, ...Array.from({ length: 300 }, someFD));
      assert.is(await ask().catch(codeOf), 'EREMOTEIO');
      for (const fd of given.slice(254)) closeFD(fd);
      assert.is(faults.length, 4);
      // A number that names nothing cannot be told from one that does before it is sent. It is told of once.
      given.splice(0, given.length, 1_000_000);
      for (let i = 0; i < 2; i++) assert.is(await ask(), undefined);
      assert.is(faults.length, 5);
      assert.match(faults[4]!, /^Connect: .*descriptor 1000000, which it donates, is not open/u);
      given.length = 0;
      assert.is(await ask(), undefined);
    });
  });

  donations(`and answers that can only be awaited arrive ${over}`, async () => {
    const thenable = (act: (done: (value: unknown) => void, failed: (error: Error) => void) => void): never =>
      // oxlint-disable-next-line unicorn/no-thenable
      ({ then: act }) as never;
    const handlers: LISAFSHandlers = {
      flush: () => thenable((done) => setTimeout(done, 1)),
      fsync: () => thenable((_done, failed) => failed(Object.assign(new Error('none'), { code: 'ENOENT' }))),
      readLinkAt: () => thenable((done) => done({ target: 'there' })),
      close: () => thenable(() => assert.unreachable('of a then')),
    };
    await served(handlers, channels, async ({ client, faults }) => {
      assert.is(await client.flush({ fd: FDID(1) }), undefined);
      assert.is(await client.fsync({ fds: [] }).catch(codeOf), 'ENOENT');
      assert.is((await client.readLinkAt({ fd: FDID(1) })).target, 'there');
      assert.is(await client.close({ fds: [] }).catch(codeOf), 'EREMOTEIO');
      assert.is(faults.length, 1);
    });
  });
}

donations.run();
