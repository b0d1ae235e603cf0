/** That a server which answers Mount, and then no more, cannot keep a client mounting for ever. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, type RPCError } from '../../runtime/index.js';
import { LISAFSServer, type LISAFSHandlers } from '../../runtime/server.js';
import { testPeer, type TestPeer } from '../../runtime/testing.js';

const MUTE_MS = 50;
const PATIENCE_MS = 5000;
const CHANNEL = 2;

const mute = suite('a server that falls mute');

/** A server that does this when it is asked for a channel. */
function atChannel(act: () => Promise<number>): TestPeer<LISAFSHandlers> {
  return testPeer({
    ...LISAFSServer,
    names: new Map([...LISAFSServer.names, [CHANNEL, 'Channel']]),
    dispatch: (handlers, asked, ...rest) =>
      asked === CHANNEL ? act() : LISAFSServer.dispatch(handlers, asked, ...rest),
  });
}

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

mute('at Channel is waited for until the signal fires, and no longer', async () => {
  using peer = atChannel(() => new Promise<number>(() => undefined));
  const client = await connect({ fd: peer.clientFD });
  const abort = new AbortController();
  const mounting = client.mount({ signal: abort.signal }).then(
    () => 'mounted',
    (error: Error) => error.name,
  );
  setTimeout(() => abort.abort(), MUTE_MS);
  assert.is(await mounting, 'AbortError');
  await client.disconnect();
});

mute('by hanging up at Channel leaves nothing that is mounted', async () => {
  using peer = atChannel(() => {
    peer.close();
    return new Promise<number>(() => undefined);
  });
  const client = await connect({ fd: peer.clientFD });
  const error = await client.mount().then(
    () => assert.unreachable('mounted'),
    (thrown: RPCError) => thrown,
  );
  assert.is(error?.code, 'EIO');
  await client.disconnect();
});

mute.run();
