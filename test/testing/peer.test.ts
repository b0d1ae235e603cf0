/** The test kit, as its users use it: scripted answers, faults and delays. */

import { openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KINDS } from '../generated/kinds/index.js';
import { Echo } from '../../examples/echo/generated/echo/index.js';
import { connect, FDID, LISAFS, Statx, type RPCError } from '../../runtime/index.js';
import type { CallContext } from '../../runtime/server.js';
import { after, fault, testPeer } from '../../runtime/testing.js';
import { waitersEnded } from '../../runtime/transport/waiter.js';
import { assertNothingLeft, holdings, type Holdings } from '../peers/leaks.js';

const kit = suite<{ before: Holdings }>('test peer');

kit.before.each((context) => {
  context.before = holdings();
});

const PATIENCE_MS = 5000;

kit.after.each(async ({ before }) => {
  // A handler that is still at it keeps its channel until it has answered.
  const until = performance.now() + PATIENCE_MS;
  while (holdings().descriptors.length > before.descriptors.length && performance.now() < until) await delay(1);
  await waitersEnded();
  assertNothingLeft(before);
});

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'ok',
    (error: RPCError) => error.code,
  );
}

for (const channels of [0, 2]) {
  const over = channels === 0 ? 'socket' : 'channel';

  kit(`answers in order, the last for ever, by value or by handler (${over})`, async () => {
    using peer = testPeer(Echo, { channels }).answer('say', { text: 'one' }, ({ text }) => ({ text: `${text}!` }));
    await using client = await connect({ fd: peer.clientFD, protocol: Echo });
    assert.is(client.channels, channels);
    assert.is((await client.say({ text: 'a' })).text, 'one');
    assert.is((await client.say({ text: 'b' })).text, 'b!');
    assert.is((await client.say({ text: 'c' })).text, 'c!');
    assert.equal(peer.requests[1], { name: 'say', mid: 256, text: '{text="b"}', over });
    assert.is(peer.requests.length, 3);
  });

  kit(`has faults, one by one, after which it goes on (${over})`, async () => {
    using peer = testPeer(Echo, { channels }).answer(
      'say',
      fault.error('EACCES'),
      fault.error(4097),
      fault.wrongMID(),
      fault.malformed(),
      { text: 'well' },
    );
    await using client = await connect({ fd: peer.clientFD, protocol: Echo });
    const codes: string[] = [];
    for (let i = 0; i < 5; i++) codes.push(await codeOf(client.say({ text: '' })));
    assert.equal(codes, ['EACCES', 'E4097', 'EINVAL', 'EIO', 'ok']);
    assert.is(client.channels, channels);
  });

  kit(`hangs up in the middle of calls (${over})`, async () => {
    using peer = testPeer(Echo, { channels }).answer('say', { text: 'one' }, fault.hangUp());
    await using client = await connect({ fd: peer.clientFD, protocol: Echo });
    const codes = await Promise.all([1, 2, 3, 4, 5].map(() => codeOf(client.say({ text: '' }))));
    assert.equal(codes.toSorted(), ['EIO', 'EIO', 'EIO', 'EIO', 'ok']);
    assert.not(client.connected);
  });
}

kit('is late, and the client has deadlines for that', async () => {
  using peer = testPeer(Echo).answer('say', after(30, { text: 'late' }), after(1, fault.error('EBUSY')));
  await using client = await connect({ fd: peer.clientFD, protocol: Echo });
  assert.is(await codeOf(client.say({ text: '' }, { timeout: 5 })), 'ETIMEDOUT');
  assert.is(await codeOf(client.say({ text: '' })), 'EBUSY');
});

kit('donates descriptors, or leaves them out', async () => {
  const donate = (_req: unknown, context: CallContext): void => context.donate(openSync('/dev/null', 'r'));
  using peer = testPeer(LISAFS).answer('connect', donate, fault.withoutDescriptors(donate));
  await using client = await connect({ fd: peer.clientFD });
  await client.mount();
  const { socket } = await client.connect({ fd: FDID(1), sockType: 1 });
  assert.ok(socket !== undefined);
  socket.close();
  assert.is((await client.connect({ fd: FDID(1), sockType: 1 })).socket, undefined);
});

kit('refuses what nothing was said of, and speaks any protocol', async () => {
  using peer = testPeer(KINDS);
  await using client = await connect({ fd: peer.clientFD, protocol: KINDS });
  assert.is(await codeOf(client.nothing()), 'EOPNOTSUPP');
  using other = testPeer(LISAFS).answer('fstat', new Statx());
  await using files = await connect({ fd: other.clientFD });
  await files.mount();
  assert.is((await files.fstat({ fd: FDID(1) })).size, 0n);
});

kit('is typed: a wrong answer does not compile', () => {
  const peer = testPeer(Echo);
  // @ts-expect-error a response of another type
  peer.answer('say', { texts: 1 });
  // @ts-expect-error a message that there is not
  peer.answer('shout', { text: '' });
  peer.close();
  void connect({ fd: peer.clientFD }).then((client) => client.disconnect());
});

kit('a call that blocks is EDEADLK at once, never a hang', async () => {
  using peer = testPeer(Echo).answer('say', { text: 'one' });
  await using client = await connect({ fd: peer.clientFD, protocol: Echo });
  assert.throws(
    () => client.saySync({ text: '' }),
    (error: RPCError) => error.code === 'EDEADLK' && /serves it itself/.test(error.message),
  );
  assert.is((await client.say({ text: '' })).text, 'one');
});

kit.run();
