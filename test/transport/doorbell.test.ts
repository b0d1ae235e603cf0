/** The doorbell, and what a peer can give in its place. */

import { setTimeout as delay } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { closeFD } from '../../runtime/os/descriptor.js';
import { socket } from '../../runtime/os/libc.js';
import { SOCK_STREAM } from '../../runtime/os/socket.js';
import { Doorbell } from '../../runtime/transport/doorbell.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { pair } from '../peers/scripted.js';

const AF_UNIX = 1;

const doorbell = suite('doorbell');

/** How often a sleeper looks in a tenth of a second. */
async function looksOf(fd: number, act: (bell: Doorbell) => void): Promise<number> {
  const bell = Doorbell.open(fd);
  if (typeof bell === 'number') throw new Error(`refused: ${bell}`);
  let looks = 0;
  bell.add(() => looks++);
  act(bell);
  await delay(100);
  bell.close();
  return looks;
}

doorbell('rings once for each time that it is rung', async () => {
  const before = holdings();
  const [ours, theirs] = pair(SOCK_STREAM);
  const other = Doorbell.open(theirs) as Doorbell;
  assert.is(await looksOf(ours, () => other.ring()), 1);
  other.close();
  assertNothingLeft(before);
});

doorbell('rings no more when the peer has closed it', async () => {
  const [ours, theirs] = pair(SOCK_STREAM);
  assert.ok((await looksOf(ours, () => closeFD(theirs))) <= 1);
});

doorbell('keeps the process alive for who sleeps, also when the peer has closed it', async () => {
  const [ours, theirs] = pair(SOCK_STREAM);
  const bell = Doorbell.open(ours) as Doorbell;
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  const look = (): void => undefined;
  const closed = new Promise<void>((resolve) => bell.add(resolve));
  closeFD(theirs);
  await closed;
  assert.is(timers(), before + 1);
  bell.add(look);
  bell.remove(look);
  assert.is(timers(), before + 1);
  bell.close();
  assert.is(timers(), before);
});

doorbell('does not ring on and on when it is a socket that was never connected', async () => {
  const before = holdings();
  assert.ok((await looksOf(socket(AF_UNIX, SOCK_STREAM, 0), () => undefined)) <= 1);
  assertNothingLeft(before);
});

doorbell.run();
