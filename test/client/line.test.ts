/** The line in which calls wait: whose turn it is, and who is let in. */

import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Waiter, WaitingLine } from '../../runtime/session/waiting-line.js';
import { waitersEnded } from '../../runtime/transport/waiter.js';
import { connect, FDID, type RPCError } from '../../runtime/index.js';
import { MID } from '../peers/clients.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { ScriptedPeer, type Request } from '../peers/scripted.js';

const line = suite('waiting line');

const makeWaiter = (caller: object): Waiter => ({ caller, before: undefined, after: undefined, list: undefined });

/** The same, as plainly as it can be said: callers in turn, each with a list. */
class Model {
  callers: { caller: object; waiters: Waiter[] }[] = [];

  push(waiter: Waiter): void {
    const found = this.callers.find(({ caller }) => caller === waiter.caller);
    if (found === undefined) this.callers.push({ caller: waiter.caller, waiters: [waiter] });
    else found.waiters.push(waiter);
  }

  shift(): Waiter | undefined {
    const next = this.callers.shift();
    const waiter = next?.waiters.shift();
    if (next !== undefined && next.waiters.length > 0) this.callers.push(next);
    return waiter;
  }

  remove(waiter: Waiter): boolean {
    for (const { waiters } of this.callers) {
      const at = waiters.indexOf(waiter);
      if (at < 0) continue;
      waiters.splice(at, 1);
      this.callers = this.callers.filter((one) => one.waiters.length > 0);
      return true;
    }
    return false;
  }

  get length(): number {
    return this.callers.reduce((sum, { waiters }) => sum + waiters.length, 0);
  }
}

const CALLERS = Array.from({ length: 4 }, () => ({}));

const step = fc.oneof(
  fc.record({ do: fc.constant('push' as const), which: fc.nat(3) }),
  fc.record({ do: fc.constant('shift' as const), which: fc.constant(0) }),
  fc.record({ do: fc.constant('remove' as const), which: fc.nat(30) }),
);

line('is what its model is, whatever is done', () => {
  const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const [real, model] = [new WaitingLine(), new Model()];
    const all: Waiter[] = [];
    for (const { do: what, which } of steps) {
      if (what === 'push') {
        const waiter = makeWaiter(CALLERS[which]!);
        all.push(waiter);
        real.push(waiter);
        model.push(waiter);
      } else if (what === 'shift') {
        assert.is(real.shift(), model.shift());
      } else if (all.length > 0) {
        const waiter = all[which % all.length]!;
        assert.is(real.remove(waiter), model.remove(waiter));
      }
      assert.is(real.length, model.length);
    }
    while (model.length > 0) assert.is(real.shift(), model.shift());
    assert.is(real.shift(), undefined);
  });
  fc.assert(property, { numRuns: 500 });
});

line('lets in as many as may wait, and a caller with less than its share beyond them', () => {
  const [greedy, modest] = [{}, {}];
  const real = new WaitingLine();
  while (real.hasRoom(greedy, 10)) real.push(makeWaiter(greedy));
  assert.is(real.length, 10);
  while (real.hasRoom(modest, 10)) real.push(makeWaiter(modest));
  assert.is(real.length, 15);
  assert.not(real.hasRoom(greedy, 10));
  assert.not(real.hasRoom(greedy, 0));
});

line.run();

const turns = suite('callers');

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => void setTimeout(resolve, 1));
}

turns('take turns, however many calls each has made; a call over the bound is ENOBUFS', async () => {
  const before = holdings();
  const peer = new ScriptedPeer();
  const client = await connect({ fd: peer.clientFD, channels: 0, maxQueued: 20 });
  await client.mount();
  const held: Request[] = [];
  peer.script = (request) => request.mid === MID.FStat && held.push(request) > 0;
  const [one, two] = [client.caller(), client.caller()];
  const calls = [client.fstat({ fd: FDID(1) })];
  for (let i = 0; i < 20; i++) calls.push(one.fstat({ fd: FDID(100 + i) }));
  for (let i = 0; i < 3; i++) calls.push(two.fstat({ fd: FDID(200 + i) }));
  const refused = await one.fstat({ fd: FDID(1) }).catch((error: RPCError) => error);
  assert.is((refused as RPCError).code, 'ENOBUFS');
  assert.match((refused as RPCError).message, /23 calls wait already \(maxQueued: 20\)/);
  const order: number[] = [];
  while (order.length < calls.length) {
    await until(() => held.length > 0);
    const request = held.shift()!;
    order.push(request.payload.readUInt32LE());
    request.reply(MID.FStat, Buffer.alloc(144));
  }
  await Promise.all(calls);
  assert.equal(order.slice(0, 8), [1, 100, 200, 101, 201, 102, 202, 103]);
  assert.equal(
    order.slice(8),
    Array.from({ length: 16 }, (_, i) => 104 + i),
  );
  await client.disconnect();
  peer.close();
  await waitersEnded();
  assertNothingLeft(before);
});

turns('with maxQueued 0 no call waits, and those that need not still go', async () => {
  const peer = new ScriptedPeer();
  const client = await connect({ fd: peer.clientFD, channels: 0, maxQueued: 0 });
  await client.mount();
  const calls = Array.from({ length: 3 }, () =>
    client.flush({ fd: FDID(1) }).then(
      () => 'ok',
      (error: RPCError) => error.code,
    ),
  );
  assert.equal(await Promise.all(calls), ['ok', 'ENOBUFS', 'ENOBUFS']);
  await client.disconnect();
  peer.close();
});

turns('give their defaults to their calls, sync ones too; both signals end a call', async () => {
  const peer = new ScriptedPeer();
  const client = await connect({ fd: peer.clientFD, channels: 0 });
  await client.mount();
  peer.script = () => true;
  const codeOf = (call: Promise<unknown>): Promise<string> =>
    call.then(
      () => 'ok',
      (error: RPCError) => error.code,
    );
  const [all, one] = [new AbortController(), new AbortController()];
  const caller = client.caller({ timeout: 20, signal: all.signal });
  const first = codeOf(caller.flush({ fd: FDID(1) }));
  const second = codeOf(caller.flush({ fd: FDID(1) }, { timeout: Infinity, signal: one.signal }));
  const third = codeOf(caller.flush({ fd: FDID(1) }, { timeout: Infinity }));
  assert.throws(
    () => caller.flushSync({ fd: FDID(1) }),
    (error: RPCError) => error.code === 'ETIMEDOUT',
  );
  assert.is(await first, 'ETIMEDOUT');
  one.abort();
  assert.is(await second, 'ABORT_ERR');
  all.abort();
  assert.is(await third, 'ABORT_ERR');
  await client.disconnect();
  peer.close();
});

turns.run();
