/** A server that answers at once makes no objects: not for the call, its request, its answer, nor for waiting. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, FDID, Statx, type LISAFSClient } from '../../runtime/index.js';
import { serve } from '../../runtime/server.js';
import { newPair } from '../interop/session.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';

const module = new URL('./programs/counted.js', import.meta.url);
const CALLS = 50_000;
/** The thread's own affairs, such as asking the time now and then. The smallest object for each call is twice that. */
const MOST_BYTES = 400_000;

const allocation = suite('what serving allocates');

async function served(body: (client: LISAFSClient) => void): Promise<void> {
  const before = holdings();
  const [ours, theirs] = newPair();
  const server = await serve({ fd: theirs, module, channels: 1 });
  const client = await connect({ fd: ours, channels: 1 });
  try {
    await client.mount();
    body(client);
  } finally {
    await client.disconnect();
    await server.closed;
  }
  assertNothingLeft(before);
}

const [flush, stat] = [{ fd: FDID(1) }, new Statx()];
const MESSAGES: Readonly<Record<string, (client: LISAFSClient) => void>> = {
  'a request without an answer': (client) => void client.flushSync(flush),
  'a request with an answer': (client) => void client.fstatSync(flush, stat),
};

for (const [what, call] of Object.entries(MESSAGES)) {
  allocation(`${what} costs the server no byte`, () =>
    served((client) => {
      const taken = (): number => Number(client.readLinkAtSync(flush).target);
      // Until V8 has compiled it all for speed, it allocates where it does not have to.
      const windows: number[] = [];
      for (let i = 0; i < 20; i++) {
        taken();
        for (let calls = 0; calls < CALLS; calls++) call(client);
        windows.push(taken());
        if (windows.at(-1)! < MOST_BYTES) return;
      }
      assert.unreachable(`bytes for ${CALLS} calls each: ${windows.join(', ')}`);
    }),
  );
}

allocation.run();
