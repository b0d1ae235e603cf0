/** Calls that are given up at random, under answers that come at random: whose answer is whose, and what is left. */

import { setTimeout as delay } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Echo } from '../../examples/echo/generated/echo/index.js';
import { connect, type RPCError } from '../../runtime/index.js';
import { testPeer } from '../../runtime/testing.js';
import { waitersEnded } from '../../runtime/transport/waiter.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { Random } from '../transport/random.js';

const CALLS = 400;
const givingUp = suite('giving up at random');

/** What may become of a call. */
const OUTCOMES = new Set(['ok', 'ETIMEDOUT', 'ABORT_ERR', 'ENOBUFS']);

for (const channels of [0, 1, 2]) {
  givingUp(`each answer is its own call's, and nothing is left (${channels} channels)`, async () => {
    const before = holdings();
    const seed = Date.now() >>> 0;
    const random = new Random(seed);
    const peer = testPeer(Echo, { channels }).answer('say', async ({ text }) => {
      const answer = { text };
      if (random.below(6) === 0) await delay(random.below(6));
      return answer;
    });
    const client = await connect({ fd: peer.clientFD, protocol: Echo, maxQueued: 100 });
    const callers = [client, client.caller(), client.caller({ timeout: 40 })];

    const call = async (n: number): Promise<string> => {
      await delay(random.below(300));
      const text = `${n} `.repeat(1 + random.below(200));
      const options =
        random.below(2) === 0 ? { timeout: random.below(8) } : { signal: AbortSignal.timeout(random.below(20)) };
      try {
        const resp = await callers[n % callers.length]!.say({ text }, random.below(4) === 0 ? {} : options);
        assert.is(resp.text, text, `seed ${seed}`);
        return 'ok';
      } catch (error) {
        return (error as RPCError).code;
      }
    };
    const outcomes = await Promise.all(Array.from({ length: CALLS }, (_, n) => call(n)));
    const counts = new Map<string, number>();
    for (const outcome of outcomes) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    console.log(`    seed ${seed}: ${[...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ')}`);
    for (const outcome of counts.keys()) assert.ok(OUTCOMES.has(outcome), outcome);
    // Once it is quiet, everything works as ever.
    assert.is(client.channels, channels);
    for (let i = 0; i < 10; i++) assert.is((await client.say({ text: `${i}` })).text, `${i}`);
    assert.is(client.counters.queued, 0);

    await client.disconnect();
    peer.close();
    await waitersEnded();
    assertNothingLeft(before);
  });
}

givingUp.run();
