/** Reading and writing at offsets, by whatever an offset can be. */

import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readAt, writeAt } from '../../runtime/os/content.js';
import { EINVAL } from '../../runtime/wire/errno.js';

interface Context {
  folder: string;
  fd: number;
}

const content = suite<Context>('content');

content.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'lisafs-content-'));
  context.fd = openSync(join(context.folder, 'file'), 'w+');
});

content.after.each(({ folder, fd }) => {
  closeSync(fd);
  rmSync(folder, { recursive: true });
});

content('is read and written at an offset, a number or a bigint', ({ fd }) => {
  assert.is(writeAt(fd, Buffer.from('abcdef'), 2), 6);
  assert.is(writeAt(fd, Buffer.from('XY'), 4n), 2);
  const target = Buffer.alloc(8, 0xa5);
  assert.is(readAt(fd, target, 0), 8);
  assert.is(target.toString('latin1'), '\0\0abXYef');
  assert.is(readAt(fd, target, 6n), 2);
  assert.is(target.toString('latin1'), 'efabXYef');
});

content('ends where the file does', ({ fd }) => {
  assert.is(readAt(fd, Buffer.alloc(8), 0), 0);
  assert.is(readAt(fd, Buffer.alloc(8), 2 ** 53), 0);
  assert.is(readAt(fd, Buffer.alloc(8), 2n ** 53n + 1n), 0);
});

content('has no offset that is larger than a file can be', ({ fd }) => {
  const bytes = Buffer.alloc(1);
  for (const offset of [2n ** 63n, 2n ** 64n - 1n, 2 ** 63, 1e300, Infinity]) {
    assert.is(readAt(fd, bytes, offset), -EINVAL, `read at ${offset}`);
    assert.is(writeAt(fd, bytes, offset), -EINVAL, `write at ${offset}`);
    // Nothing is nothing, wherever.
    assert.is(readAt(fd, bytes.subarray(1), offset), 0);
  }
  assert.is(writeAt(fd, bytes, 2n ** 63n - 2n), -constants.errno.EFBIG);
});

content.run();
