/** A peer that was closed, and whose handlers answer nevertheless. */

import { setTimeout as delay } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, FDID, MID, type LISAFSClient } from '../../runtime/index.js';
import { LISAFSServer, type LISAFSHandlers } from '../../runtime/server.js';
import { testPeer, type TestPeer } from '../../runtime/testing.js';
import { waitersEnded } from '../../runtime/transport/waiter.js';
import type { Payload } from '../../runtime/wire/payload.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';

const closed = suite('a closed test peer');

async function joined(peer: TestPeer<LISAFSHandlers>): Promise<LISAFSClient> {
  const client = await connect({ fd: peer.clientFD, channels: 1 });
  await client.mount();
  return client;
}

closed('does not write what comes late where its channel was: another may be there', async () => {
  const before = holdings();
  let answer = (): void => undefined;
  const gate = new Promise<void>((resolve) => (answer = resolve));
  const windows: Payload[] = [];
  const protocol: typeof LISAFSServer = {
    ...LISAFSServer,
    dispatch(handlers, mid, payload, payloadLen, context) {
      if (mid === MID.ReadLinkAt) windows.push(payload);
      return LISAFSServer.dispatch(handlers, mid, payload, payloadLen, context);
    },
  };
  const first = testPeer(protocol, { channels: 1 }).answer('readLinkAt', async () => {
    await gate;
    return { target: 'late' };
  });
  const gone = await joined(first);
  const failed = gone.readLinkAt({ fd: FDID(1) }).catch(() => undefined);
  while (windows.length === 0) await delay(1);
  first.close();
  await gone.disconnect();
  await failed;

  const ask = async (): Promise<[TestPeer<LISAFSHandlers>, LISAFSClient, ArrayBufferLike]> => {
    const peer = testPeer(protocol, { channels: 1 }).answer('readLinkAt', { target: 'there' });
    const client = await joined(peer);
    assert.is((await client.readLinkAt({ fd: FDID(7) })).target, 'there');
    return [peer, client, windows.at(-1)!.view.buffer];
  };
  const memory = windows[0]!.view.buffer;
  const [second, client, other] = await ask();
  assert.is.not(other, memory, 'the window is used again while its handler is at work');
  const was = Buffer.from(windows.at(-1)!.bytes.subarray(0, 8));
  answer();
  await delay(1);
  assert.equal(Buffer.from(windows.at(-1)!.bytes.subarray(0, 8)), was);
  // Once it has answered, the next peer has its window, so it was let go of.
  const [third, last, again] = await ask();
  assert.is(again, memory, 'the window was not freed');
  await last.disconnect();
  third.close();
  await client.disconnect();
  second.close();
  await waitersEnded();
  assertNothingLeft(before);
});

closed.run();
