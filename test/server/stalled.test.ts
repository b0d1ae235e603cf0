/** Clients that ask and do not read: the server ends all the same. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { closeFD } from '../../runtime/os/descriptor.js';
import { sendNow } from '../../runtime/os/socket.js';
import { localDirectory, serve } from '../../runtime/server.js';
import { putSockHeader, SOCK_HEADER_BYTES } from '../../runtime/wire/header.js';
import { newPair } from '../interop/session.js';

const MID_MOUNT = 1;

const test = suite('clients that stall');

function header(payloadLen: number): Buffer {
  const bytes = Buffer.alloc(SOCK_HEADER_BYTES);
  putSockHeader(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, payloadLen, MID_MOUNT);
  return bytes;
}

test('a server ends though a client does not take its answers', async () => {
  const [ours, theirs] = newPair();
  const root = mkdtempSync(join(tmpdir(), 'lisafs-stalled-'));
  const server = await serve({ fd: theirs, root: localDirectory(root) });
  const request = header(0);
  while (sendNow(ours, request, request.length) > 0) await new Promise(setImmediate);
  const closing = server.close().then(() => 'ended');
  assert.is(await Promise.race([closing, delay(60_000, 'hangs', { ref: false })]), 'ended');
  closeFD(ours);
  rmSync(root, { recursive: true });
});

test.run();
