/** Servers whose own code does what it had better not do. */

import { setTimeout as delay } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, FDID, type RPCError } from '../../runtime/index.js';
import { LISAFSServer, serve, type LISAFSHandlers, type RunningServer } from '../../runtime/server.js';
import { newPair } from '../interop/session.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { served, type Served } from './handlers.js';

const faults = suite('faults of a server');

for (const channels of [0, 1]) {
  const over = channels === 0 ? 'the socket' : 'a channel';

  faults(`what onFault throws reaches the process, and the client its answer over ${over}`, async () => {
    const before = holdings();
    const [ours, theirs] = newPair();
    const thrown: unknown[] = [];
    process.setUncaughtExceptionCaptureCallback((error) => thrown.push(error));
    const bug = (): never => {
      throw new Error('of the handler');
    };
    const handlers: LISAFSHandlers = { fsync: bug, flush: async () => bug() };
    const onFault = (): never => {
      throw new Error('of onFault');
    };
    const server = await serve({ fd: theirs, protocol: LISAFSServer, handlers, onFault });
    const client = await connect({ fd: ours, channels, callTimeout: 1000 });
    try {
      await client.mount();
      const codeOf = (error: RPCError): string => error.code;
      assert.is(await client.fsync({ fds: [] }).catch(codeOf), 'EREMOTEIO');
      assert.is(await client.flush({ fd: FDID(1) }).catch(codeOf), 'EREMOTEIO');
      await delay(1);
      assert.equal(thrown.map(String), ['Error: of onFault', 'Error: of onFault']);
    } finally {
      await client.disconnect();
      await server.closed;
      process.setUncaughtExceptionCaptureCallback(null);
    }
    assertNothingLeft(before);
  });

  faults(`a handler that closes its server still answers over ${over}`, async () => {
    const before = holdings();
    const [ours, theirs] = newPair();
    const handlers: LISAFSHandlers = {
      fsync() {
        void server.close();
      },
    };
    const server: RunningServer = await serve({ fd: theirs, protocol: LISAFSServer, handlers });
    const client = await connect({ fd: ours, channels });
    await client.mount();
    assert.is(await client.fsync({ fds: [] }).catch(String), undefined);
    await server.closed;
    await client.disconnect();
    assertNothingLeft(before);
  });

  faults(`a response that is too large is told of once over ${over}`, async () => {
    const handlers: LISAFSHandlers = { readLinkAt: () => ({ target: 'x'.repeat(60_000) }) };
    const asked = async ({ client, faults: told }: Served): Promise<void> => {
      const ask = client.readLinkAt.bind(client);
      for (let i = 0; i < 2; i++) {
        assert.is(await ask({ fd: FDID(1) }).catch((error: RPCError) => error.code), 'EIO');
      }
      assert.is(told.length, 1);
      assert.match(told[0]!, /^ReadLinkAt: RPCError: EIO: .*the response has 60002 bytes, and may have 32\d\d\d$/u);
    };
    await served(handlers, channels, asked, { maxMessageSize: 32768 });
  });
}

faults.run();
