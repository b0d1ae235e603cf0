/**
 * Watches a socket (descriptor 3) that says nothing until it is told to. Argument: what is done with the watch.
 *
 *   idle      nothing: the process must end by itself, the watch open
 *   held      holds it until input comes, then holds it no more and must end by itself
 *   throws    holds it and throws from its callback
 *   late      nothing, and has input waiting while Node takes its loop apart
 *   collected loses every reference to it, then collects garbage until input comes
 */

import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { signalEventFD } from '../../../runtime/os/descriptor.js';
import { Watch } from '../../../runtime/os/poll.js';

const [what] = process.argv.slice(2);
let fired = false;

function watch(): void {
  const watched: Watch = new Watch(3, true, () => {
    if (fired) return;
    fired = true;
    console.log('fired');
    watched.hold(false);
    watched.want(false, false);
    if (what === 'throws') throw new Error('thrown by a callback');
  });
  if (what === 'held' || what === 'throws') watched.hold(true);
}

watch();
console.log('watching');
if (what === 'collected') {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let i = 0; i < 10; i++) {
    collect();
    await turn();
  }
  console.log('collected');
  while (!fired) await turn();
}
process.on('exit', () => {
  if (what === 'late') signalEventFD(3);
  console.log('ended');
});
