/**
 * Imports a module (argument: its URL) and then prints what was loaded for it, one URL or path a line: ES modules as
 * the loader resolved them, what was required, and native code.
 */

import { createRequire, register } from 'node:module';
import { MessageChannel } from 'node:worker_threads';

/** Runs in the loader's thread: tells of every module before it is loaded. */
const HOOKS = `
  let port;
  export function initialize(data) { port = data.port; }
  export async function load(url, context, next) {
    port.postMessage(url);
    return next(url, context);
  }
`;

const { port1, port2 } = new MessageChannel();
const loaded = new Set<string>();
port1.on('message', (url: string) => loaded.add(url));
register(`data:text/javascript,${encodeURIComponent(HOOKS)}`, {
  data: { port: port2 },
  transferList: [port2],
});

await import(process.argv[2]!);
// Messages of the loader's thread come in turns of the event loop: the last of them is this module's own.
const LAST = `data:text/javascript,${encodeURIComponent('export {}')}`;
await import(LAST);
while (!loaded.has(LAST)) await new Promise((resolve) => setImmediate(resolve));
port1.close();

for (const path of Object.keys(createRequire(import.meta.url).cache)) loaded.add(path);
const { sharedObjects } = process.report.getReport() as unknown as { sharedObjects: string[] };
for (const path of sharedObjects) if (path.endsWith('.node')) loaded.add(path);
for (const name of loaded) if (name !== LAST) console.log(name);
