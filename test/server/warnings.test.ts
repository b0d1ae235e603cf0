/** That a side without descriptors says so, where somebody waits who cannot know why. */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect } from '../../runtime/index.js';
import { LISAFSServer, serve } from '../../runtime/server.js';
import { dial } from '../../runtime/transport/dial.js';
import { waitersEnded } from '../../runtime/transport/waiter.js';
import { newDirectory } from '../interop/session.js';
import { fillTable } from '../peers/full-table.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { Program } from '../peers/program.js';

/** The next warning of this kind; others may come from what earlier tests have left to the collector. */
function warningOf(code: string): Promise<Error> {
  return new Promise((resolve) => {
    const told = (warning: Error & { code?: string }): void => {
      if (warning.code !== code) return;
      process.off('warning', told);
      resolve(warning);
    };
    process.on('warning', told);
  });
}

const test = suite('warnings of a full table');

test('a server says that it cannot accept, and does when it can again', async () => {
  const before = holdings();
  const directory = newDirectory();
  const listen = join(directory, 'socket');
  const server = await serve({ listen, protocol: LISAFSServer, handlers: {} });
  const fd = dial(listen)!;
  const warned = warningOf('LISAFS_ACCEPT');
  const full = fillTable();
  const warning = await warned;
  full[Symbol.dispose]();
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
  const { code, lines, stderr } = await new Program(new URL('./programs/lost-fd.js', import.meta.url)).ended();
  assert.is(code, 0, stderr);
  assert.equal(JSON.parse(lines[0]!), { socket: null, warnings: ['LISAFS_LOST_FD'] });
});

test.run();
