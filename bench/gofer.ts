/** gVisor's server and client as the bench starts them. */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeFD } from '../runtime/os/descriptor.js';
import { SOCK_STREAM, socketPair } from '../runtime/os/socket.js';
import { startGofer, type Gofer } from '../test/interop/gofer.js';
import { built } from './build.js';

export function newPair(): [number, number] {
  const pair = socketPair(SOCK_STREAM);
  if (typeof pair === 'number') throw new Error(`socketpair: errno ${-pair}`);
  return pair;
}

/** `runsc gofer` on a directory, and the client's end of its socket. */
export function goferOn(root: string): { gofer: Gofer; fd: number } {
  const [fd, theirs] = newPair();
  try {
    return { fd, gofer: startGofer({ runsc: 'current', root, socketFD: theirs }) };
  } finally {
    closeFD(theirs);
  }
}

/**
 * gVisor's client on a socket, which it takes over. It reads this process's standard input and answers on its output:
 * from here on it is the side that is driven.
 */
export function goClientOn(fd: number, args: readonly string[]): ChildProcess {
  try {
    return spawn(built('client'), ['3', ...args], { stdio: ['inherit', 'inherit', 'inherit', fd] });
  } finally {
    closeFD(fd);
  }
}

/** Waits until the driven client has ended, then ends its server. */
export async function untilEnded(client: ChildProcess, end: () => unknown): Promise<void> {
  const [code] = (await once(client, 'close')) as [number | null];
  await end();
  process.exitCode = code ?? 1;
}
