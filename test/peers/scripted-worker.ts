/** A scripted peer in a thread of its own, for clients that block theirs. */

import { parentPort, workerData } from 'node:worker_threads';
import { waitersEnded } from '../../runtime/transport/waiter.js';
import { ScriptedPeer } from './scripted.js';
import { follow, type ScriptName } from './scripts.js';

export interface ScriptedWorkerData {
  readonly fd: number;
  readonly script: ScriptName;
  readonly grant: number;
}

const { fd, script, grant } = workerData as ScriptedWorkerData;
const peer = new ScriptedPeer(fd);
peer.grant = grant;
follow(peer, script);
peer.hold();
peer.onClose = () => {
  void waitersEnded().then(() => parentPort?.postMessage('closed'));
};
parentPort?.postMessage('ready');
