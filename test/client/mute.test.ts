/** That a server which answers Mount, and then no more, cannot keep a client mounting for ever. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, type RPCError } from '../../runtime/index.js';
import { LISAFSServer } from '../../runtime/server.js';
import { testPeer } from '../../runtime/testing.js';

const MUTE_MS = 50;
const PATIENCE_MS = 5000;

const mute = suite('a server that falls mute');

for (const [name, mid, outcome] of [
  ['Channel', 2, 'mounted'],
  ['Fingerprint', 65280, 'ETIMEDOUT'],
  ['Doorbell', 65282, 'mounted'],
] as const) {
  mute(`at ${name} is waited for as long as mount may take`, async () => {
    using peer = testPeer({
      ...LISAFSServer,
      names: new Map([...LISAFSServer.names, [mid, name]]),
      dispatch: (handlers, asked, ...rest) =>
        asked === mid ? new Promise<number>(() => undefined) : LISAFSServer.dispatch(handlers, asked, ...rest),
    });
    const client = await connect({ fd: peer.clientFD });
    const began = performance.now();
    const timer = setTimeout(() => void client.disconnect(), PATIENCE_MS);
    const result = await client.mount({ timeout: MUTE_MS }).then(
      () => 'mounted',
      (error: RPCError) => error.code,
    );
    clearTimeout(timer);
    assert.ok(performance.now() - began < PATIENCE_MS / 2, `${performance.now() - began} ms`);
    assert.is(result, outcome);
    await client.disconnect();
  });
}

mute.run();
