/**
 * A client of the store, which outlives its server: `node dist/examples/kv/client.js PATH COMMAND`, with
 *
 *     get KEY | put KEY VALUE | keys | log
 *     count KEY N    writes 1 to N under KEY, whatever becomes of the server meanwhile
 */

import { channel } from 'node:diagnostics_channel';
import { connect, RPCError, type ConnectionEvent, type ReconnectingClient } from 'lisafs';
import { KV, type KVStubs } from './generated/kv/index.js';

const [path = '/tmp/lisafs-kv.sock', command = 'keys', key = '', value = ''] = process.argv.slice(2);

/** Every call fails with ETIMEDOUT after so long, a server that is being restarted included. */
const DEADLINE_MS = 5000;

channel('lisafs:connection').subscribe((event) => {
  console.error((event as ConnectionEvent).connected ? 'connected again' : 'the server is gone');
});

/**
 * Writes a number. A call in flight when the server goes fails with EIO: it may have been done or not. To write the
 * same again does no harm, so this one is made again; that is for the caller to know.
 */
async function write(kv: ReconnectingClient<KVStubs>, n: number): Promise<void> {
  for (;;) {
    try {
      await kv.put({ key, value: Buffer.from(String(n)) });
      return;
    } catch (error) {
      if (!(error instanceof RPCError) || error.code !== 'EIO') throw error;
    }
  }
}

const commands: Record<string, (kv: ReconnectingClient<KVStubs>) => Promise<string>> = {
  get: async (kv) => Buffer.from((await kv.get({ key })).value).toString(),
  put: async (kv) => `version ${(await kv.put({ key, value: Buffer.from(value) })).version}`,
  keys: async (kv) => (await kv.keys()).keys.join('\n'),
  async log(kv) {
    const { log } = await kv.log();
    await using file = await log!.toFileHandle();
    return file.readFile('utf8');
  },
  async count(kv) {
    for (let n = 1; n <= Number(value); n++) await write(kv, n);
    return `${value} written`;
  },
};

await using kv = await connect({ path, protocol: KV, reconnect: true, callTimeout: DEADLINE_MS });
try {
  const run = commands[command];
  console.log(run === undefined ? `no command '${command}'; there are ${Object.keys(commands)}` : await run(kv));
} catch (error) {
  if (!(error instanceof RPCError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
