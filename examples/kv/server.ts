/**
 * Serves a key-value store: `node dist/examples/kv/server.js PATH FILE`. Started again it has what it had. With
 * LISAFS_TRACE=1 it prints every request.
 */

import { fstatSync, openSync } from 'node:fs';
import { fail, serve } from 'lisafs/server';
import { failKVErrors, KV } from './generated/kv/index.js';
import { Store } from './store.js';

const [listen = '/tmp/lisafs-kv.sock', file = '/tmp/lisafs-kv.log'] = process.argv.slice(2);
const store = new Store(file);

const server = await serve({
  listen,
  protocol: KV,
  handlers: {
    get: ({ key }) => store.entries.get(key) ?? fail('ENOENT'),
    put({ key, value, ifVersion }) {
      const version = store.entries.get(key)?.version ?? 0n;
      if (ifVersion !== undefined && ifVersion !== version) failKVErrors('VersionDiffers');
      return store.put(key, value);
    },
    keys: () => ({ keys: [...store.entries.keys()].sort() }),
    log(_req, context) {
      const fd = openSync(file, 'r');
      context.donate(fd);
      return { size: fstatSync(fd).size };
    },
  },
});
console.log(`listening at ${listen}`);

process.once('SIGTERM', () => void server.close().then(() => store.close()));
