/** FSync of many FDs at once. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fsync } from '../../runtime/session/lisafs-io.js';

const test = suite('FSync');

test('syncs each file once, with a turn of the event loop between two', async () => {
  const synced: string[] = [];
  const open = (id: number): object => ({
    file: {
      sync: (): number => {
        synced.push(`${id}`);
        return 0;
      },
    },
  });
  const session = { fds: { open }, reading: (fd: unknown, body: (fd: unknown) => unknown) => body(fd) };
  setImmediate(() => synced.push('turn'));
  await fsync(session as never, { fds: [1, 1, 2, 1, 2] } as never);
  assert.equal(synced, ['1', 'turn', '2']);
});

test.run();
