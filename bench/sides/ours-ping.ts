/**
 * Calls that do nothing to a server of this SDK's: `ours-ping sync`, `ours-ping async`, and then a wait strategy; or
 * `ours-ping many COUNT`, with so many of them under way at once.
 */

import { connectPing, type PingClient } from '../ours.js';
import { serveSubject } from '../subject.js';
import { tailOf } from '../tail.js';

const [, , face, argument] = process.argv;
const strategy = face === 'many' ? undefined : argument;
const atOnce = face === 'many' ? Number(argument) : 1;

/** Makes as many calls, one after the other, as are left by others who do the same. */
async function callOn(client: PingClient, calls: { left: number }): Promise<void> {
  while (calls.left-- > 0) await client.ping();
}

await serveSubject(async () => {
  const client = await connectPing(strategy);
  const end = (): Promise<void> => Promise.resolve(client[Symbol.asyncDispose]());
  if (face !== 'sync') {
    return {
      asynchronous: true,
      call: () => client.ping(),
      run: async (count) => {
        const calls = { left: count };
        await Promise.all(Array.from({ length: atOnce }, () => callOn(client, calls)));
      },
      end,
    };
  }
  return {
    asynchronous: false,
    call: () => client.pingSync(),
    run: (calls) => {
      for (let i = 0; i < calls; i++) client.pingSync();
    },
    extras: { tail: (calls) => tailOf(() => client.pingSync(), calls) },
    end,
  };
});
