/**
 * A server that destroys what it shares: writes random bytes and states into the window (descriptor 3), and random
 * datagrams with random descriptors into the FD channel (descriptor 4), as fast as it can, until that hangs up.
 * Arguments: the seed, and how calls are answered: 'never honestly' or 'now and then'.
 */

import { ALL_WAITERS, futexWake } from '../../../runtime/os/futex.js';
import { sendWithFDs } from '../../../runtime/os/socket.js';
import { hasHungUp } from '../../../runtime/os/poll.js';
import { openPacketWindow, type PacketWindow } from '../../../runtime/transport/packet-window.js';
import { CHANNEL_HEADER_BYTES } from '../../../runtime/wire/header.js';
import { Random } from '../random.js';

const window = openPacketWindow({ fd: 3, offset: 0, length: 65536 }) as PacketWindow;
const random = new Random(Number(process.argv[2]));
const honestNowAndThen = process.argv[3] === 'now and then';
const { bytes, capacity } = window.datagram;

const sizes = [0, 1, 3, 4, 5, 148, capacity - 1, capacity, capacity + 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

function scribble(): void {
  for (let i = random.below(64); i > 0; i--) bytes[random.below(capacity)] = random.below(256);
  for (let i = 0; i < CHANNEL_HEADER_BYTES; i++) if (random.below(2) === 0) bytes[i] = random.below(256);
  Atomics.store(window.header, 1, sizes[random.below(sizes.length)]! | 0);
}

/** Any state, but most often the one that gives the turn back. */
function flip(): void {
  const state = [0, 0, 0, 0, 1, 2, 3, random.word()][random.below(8)]!;
  Atomics.store(window.header, 0, state | 0);
  if (random.below(2) === 0) futexWake(window.address, random.below(2) === 0 ? 1 : ALL_WAITERS);
}

function donate(): void {
  const fds = Array.from({ length: random.below(4) }, () => random.below(3));
  sendWithFDs(4, new Uint8Array(random.below(3)), fds);
}

console.log('ready');
for (let i = 0; ; i++) {
  scribble();
  if (!honestNowAndThen || random.below(4) > 0) flip();
  else if (Atomics.compareExchange(window.header, 0, 1, 0) === 1) futexWake(window.address, 1);
  if (random.below(8) === 0) donate();
  if (i % 256 === 0 && hasHungUp(4)) break;
}
