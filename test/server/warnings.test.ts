/** That a side without descriptors says so, where somebody waits who cannot know why. */

import { once } from 'node:events';
import { openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, FDID } from '../../runtime/index.js';
import { LISAFSServer, serve } from '../../runtime/server.js';
import { dial } from '../../runtime/transport/dial.js';
import { waitersEnded } from '../../runtime/transport/waiter.js';
import { newDirectory } from '../interop/session.js';
import { fillTable } from '../peers/full-table.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { served } from './handlers.js';

type Warnings = [Error & { code?: string }];

const test = suite('warnings of a full table');

test('a server says that it cannot accept, and does when it can again', async () => {
  const before = holdings();
  const directory = newDirectory();
  const listen = join(directory, 'socket');
  const server = await serve({ listen, protocol: LISAFSServer, handlers: {} });
  const fd = dial(listen)!;
  const warned = once(process, 'warning') as Promise<Warnings>;
  const full = fillTable();
  const [warning] = await warned;
  full[Symbol.dispose]();
  assert.is(warning.code, 'LISAFS_ACCEPT');
  assert.match(warning.message, /EMFILE/);
  const client = await connect({ fd });
  await client.mount();
  await client.disconnect();
  await server.close();
  await waitersEnded();
  rmSync(directory, { recursive: true });
  assertNothingLeft(before);
});

test('a client says that a descriptor was sent which it could not take', async () => {
  let full: Disposable | undefined;
  const handlers = {
    connect(_req: unknown, { donate }: { donate: (fd: number) => void }) {
      donate(openSync('/dev/null', 'r'));
      // Once the server has closed its own, and before the client looks.
      queueMicrotask(() => (full = fillTable()));
      return {};
    },
  };
  await served(handlers, 0, async ({ client }) => {
    const warned = once(process, 'warning') as Promise<Warnings>;
    const { socket } = await client.connect({ fd: FDID(1), sockType: 1 });
    const [warning] = await warned;
    full![Symbol.dispose]();
    assert.is(socket, undefined);
    assert.is(warning.code, 'LISAFS_LOST_FD');
  });
});

test.run();
