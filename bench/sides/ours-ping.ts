/** Calls that do nothing to a server of this SDK's: `ours-ping sync`, `ours-ping async`, and then a wait strategy. */

import { connectPing } from '../ours.js';
import { serveSubject } from '../subject.js';
import { tailOf } from '../tail.js';

const [, , face, strategy] = process.argv;

await serveSubject(async () => {
  const client = await connectPing(strategy);
  const end = (): Promise<void> => Promise.resolve(client[Symbol.asyncDispose]());
  if (face === 'async') {
    return {
      asynchronous: true,
      call: () => client.ping(),
      run: async (calls) => {
        for (let i = 0; i < calls; i++) await client.ping();
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
