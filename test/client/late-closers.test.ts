/** What an answer has made that comes when its caller has gone: a protocol of one's own gives it back, too. */

import { setTimeout as delay } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect } from '../../runtime/index.js';
import { testPeer } from '../../runtime/testing.js';
import { waitersEnded } from '../../runtime/transport/waiter.js';
import { KINDS, Key, Slot, type DropReq, type KINDSHandlers, type ReleaseReq } from '../generated/kinds/index.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';

const closers = suite('closers of late answers');

/** Calls `maybe`, gives up, has it answered with this, and tells what was given back: `count` identifiers. */
async function givenBack(
  count: number,
  answer: () => Awaited<ReturnType<NonNullable<KINDSHandlers['maybe']>>>,
): Promise<{
  keys: (number | bigint)[][];
  slots: (number | bigint)[];
}> {
  const before = holdings();
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const keys: (number | bigint)[][] = [];
  const slots: (number | bigint)[] = [];
  const peer = testPeer(KINDS, { channels: 1 })
    .answer('maybe', async () => {
      await gate;
      return answer();
    })
    .answer('drop', (req: DropReq) => void keys.push([...req.keys]))
    .answer('release', (req: ReleaseReq) => {
      slots.push(req.slot);
      return { slot: req.slot };
    });
  const client = await connect({ fd: peer.clientFD, protocol: KINDS, channels: 1 });
  await client.mount();
  const error = await client.maybe({ timeout: 1 }).catch((reason: unknown) => reason as { code?: unknown });
  assert.is((error as { code?: unknown }).code, 'ETIMEDOUT');
  open();
  const lastLook = performance.now() + 10_000;
  while (slots.length + keys.flat().length < count && performance.now() < lastLook) await delay(1);
  await client.disconnect();
  peer.close();
  await waitersEnded();
  assertNothingLeft(before);
  return { keys, slots };
}

closers('the request that the schema marks gets them, in as many calls as it takes', async () => {
  const { keys, slots } = await givenBack(6, () => ({
    slot: Slot(7),
    key: Key(1),
    keys: [Key(2), Key(3)],
    part: { key: Key(2n ** 64n - 1n), keys: [Key(5)] },
  }));
  // Two calls, on two communicators perhaps.
  assert.equal(new Set(keys.flat()), new Set([1, 2, 3, 2n ** 64n - 1n, 5]));
  assert.ok(keys.every((each) => each.length <= 3));
  assert.equal(slots, [7]);
});

closers('an optional one that is missing is none', async () => {
  assert.equal(await givenBack(1, () => ({ slot: Slot(8) })), { keys: [], slots: [8] });
});

closers('one for which there is no room at first gets them later', async () => {
  const before = holdings();
  const peer = testPeer(KINDS, { channels: 0 });
  const gates: (() => void)[] = [];
  const dropped: (number | bigint)[] = [];
  peer
    .answer('maybe', async () => {
      await new Promise<void>((resolve) => gates.push(resolve));
      return { slot: Slot(1), key: Key(9) };
    })
    .answer('drop', (req: DropReq) => void dropped.push(...req.keys))
    .answer('release', (req: ReleaseReq) => ({ slot: req.slot }));
  const client = await connect({ fd: peer.clientFD, protocol: KINDS, channels: 0, maxQueued: 1 });
  await client.mount();
  await client.maybe({ timeout: 1 }).catch(() => undefined);
  // The one that waits is the one that may.
  const second = client.maybe();
  while (gates.length < 1) await delay(1);
  gates[0]!();
  while (gates.length < 2) await delay(1);
  const others = [client.maybe().catch(() => undefined)];
  gates[1]!();
  await second;
  while (gates.length < 3) await delay(1);
  gates[2]!();
  const lastLook = performance.now() + 10_000;
  while (dropped.length < 1 && performance.now() < lastLook) await delay(1);
  assert.equal(dropped, [9]);
  await Promise.all(others);
  await client.disconnect();
  peer.close();
  await waitersEnded();
  assertNothingLeft(before);
});

closers.run();
