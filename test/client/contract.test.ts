/**
 * The contracts of the client of 2021, sentence by sentence (`lisafs/client.go`), against a scripted peer.
 * Each row is run four ways: asynchronous and synchronous, over the socket alone and over a channel.
 *
 * test/client/CONTRACTS.md says how each was seen to fail.
 */

import { Worker } from 'node:worker_threads';
import { once } from 'node:events';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, MID, RPCError, type LISAFSClient } from '../../runtime/index.js';
import { SOCK_STREAM } from '../../runtime/os/socket.js';
import { waitersEnded } from '../../runtime/transport/waiter.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { MAX_MESSAGE, pair, ScriptedPeer } from '../peers/scripted.js';
import { follow, type ScriptName } from '../peers/scripts.js';
import type { ScriptedWorkerData } from '../peers/scripted-worker.js';

const STATX = 144;
const FD = new Uint8Array(8);

/** What a call came to: the response's size and the descriptors, or the error's code. */
type Outcome = { size: number; fds: number[] } | { code: string };

/** One way of making a raw call. */
type MakeCall = (mid: number, payload: Uint8Array, wantFDs?: number) => Promise<Outcome>;

function codeOf(error: unknown): string {
  assert.instance(error, RPCError);
  return (error as RPCError).code;
}

function asynchronous(client: LISAFSClient): MakeCall {
  return async (mid, payload, wantFDs = 0) => {
    const fds = new Int32Array(wantFDs);
    try {
      return { size: (await client.sndRcvMessage(mid, payload, fds)).length, fds: [...fds] };
    } catch (error) {
      assert.equal([...fds], Array(wantFDs).fill(-1), 'no descriptor comes with an error');
      return { code: codeOf(error) };
    }
  };
}

function synchronous(client: LISAFSClient): MakeCall {
  return async (mid, payload, wantFDs = 0) => {
    const fds = new Int32Array(wantFDs);
    try {
      return { size: client.sndRcvMessageSync(mid, payload, fds).length, fds: [...fds] };
    } catch (error) {
      assert.equal([...fds], Array(wantFDs).fill(-1), 'no descriptor comes with an error');
      return { code: codeOf(error) };
    }
  };
}

interface Row {
  readonly sentence: string;
  readonly script: ScriptName;
  readonly run: (call: MakeCall, client: LISAFSClient, over: 'socket' | 'channel') => Promise<void>;
}

/** A row whose one call has this outcome. */
function fails(sentence: string, script: ScriptName, code: string, mid: number = MID.FStat, wantFDs = 0): Row {
  return {
    sentence,
    script,
    run: async (call) => assert.equal(await call(mid, FD, wantFDs), { code }),
  };
}

/** A row whose one call, over a channel, fails with EIO and leaves one channel fewer. */
function killsChannel(sentence: string, script: ScriptName): Row {
  return {
    sentence,
    script,
    run: async (call, client, over) => {
      if (over === 'socket') return;
      const { channels } = client;
      assert.equal(await call(MID.FStat, FD), { code: 'EIO' });
      assert.is(client.channels, channels - 1);
    },
  };
}

async function succeeds(call: MakeCall, mid: number = MID.Flush): Promise<void> {
  assert.equal(await call(mid, FD), { size: mid === MID.Flush ? 0 : STATX, fds: [] });
}

const { closeSync } = await import('node:fs');

const rows: Row[] = [
  {
    sentence: 'A message that the server does not support is EOPNOTSUPP and is not sent',
    script: 'honest',
    run: async (call, client) => {
      assert.not(client.isSupported(MID.RenameAt2));
      assert.equal(await call(MID.RenameAt2, FD), { code: 'EOPNOTSUPP' });
      assert.equal(await call(MID.Error, FD), { code: 'EOPNOTSUPP' });
      assert.equal(await call(65535, FD), { code: 'EOPNOTSUPP' });
    },
  },
  {
    sentence: 'A payload larger than the maximum message size is EIO and is not sent; the largest is sent',
    script: 'honest',
    run: async (call) => {
      assert.equal(await call(MID.Flush, new Uint8Array(MAX_MESSAGE + 1)), { code: 'EIO' });
      assert.equal(await call(MID.Flush, new Uint8Array(MAX_MESSAGE)), { size: 0, fds: [] });
    },
  },
  {
    sentence: 'More than 255 wanted descriptors are EINVAL; an unsupported message and a large payload come before',
    script: 'honest',
    run: async (call) => {
      assert.equal(await call(MID.Flush, FD, 256), { code: 'EINVAL' });
      assert.equal(await call(MID.RenameAt2, FD, 256), { code: 'EOPNOTSUPP' });
      assert.equal(await call(MID.Flush, new Uint8Array(MAX_MESSAGE + 1), 256), { code: 'EIO' });
      assert.equal(await call(MID.Flush, FD, 255), { size: 0, fds: Array(255).fill(-1) });
    },
  },
  fails('A response with another MID than the request is EINVAL', 'wrongMID', 'EINVAL'),
  fails('Descriptors with such a response are closed', 'wrongMIDWithFDs', 'EINVAL', MID.Connect, 1),
  fails("MID 0 is an error, the server's errno", 'errno', 'ENOENT'),
  fails('An error above 4095 is a code of the protocol', 'declaredError', 'E4097'),
  fails('An error of no number is EIO', 'errnoZero', 'EIO'),
  fails('An error that is too short is EIO', 'shortError', 'EIO'),
  fails('Descriptors that come with an error are closed', 'errorWithFDs', 'EACCES', MID.Connect, 1),
  {
    sentence: 'A response that does not unmarshal is EIO, and the communicator goes on',
    script: 'shortResponse',
    run: async (call, client) => {
      const fstat = client.fstat({ fd: 1 as number as never });
      assert.is(codeOf(await fstat.catch((error: unknown) => error)), 'EIO');
      await succeeds(call);
    },
  },
  {
    sentence: 'Bytes after a response are ignored',
    script: 'longResponse',
    run: async (_call, client) => {
      assert.is((await client.fstat({ fd: 1 as number as never })).size, 0n);
    },
  },
  {
    sentence: 'A response larger than the maximum message size is EIO, and the communicator goes on',
    script: 'oversizedResponse',
    run: async (call, client) => {
      const { channels } = client;
      assert.equal(await call(MID.FStat, FD), { code: 'EIO' });
      assert.is(client.channels, channels);
      await succeeds(call);
    },
  },
  {
    sentence: "A wanted descriptor is delivered, once and close-on-exec, and is the caller's",
    script: 'oneFD',
    run: async (call) => {
      const outcome = await call(MID.Connect, FD, 1);
      assert.ok('fds' in outcome && outcome.fds[0]! >= 0);
      closeSync((outcome as { fds: number[] }).fds[0]!);
    },
  },
  {
    sentence: 'Wanted descriptors that did not come read -1',
    script: 'noFD',
    run: async (call) => assert.equal(await call(MID.Connect, FD, 2), { size: 0, fds: [-1, -1] }),
  },
  {
    sentence: 'Announced descriptors that did not come read -1',
    script: 'announcedFDsMissing',
    run: async (call, client) => {
      const { channels } = client;
      assert.equal(await call(MID.Connect, FD, 1), { size: 0, fds: [-1] });
      assert.is(client.channels, channels);
    },
  },
  {
    sentence: 'Descriptors beyond those wanted are closed',
    script: 'threeFDs',
    run: async (call) => {
      const outcome = await call(MID.Connect, FD, 1);
      assert.ok('fds' in outcome && outcome.fds.length === 1);
      closeSync((outcome as { fds: number[] }).fds[0]!);
    },
  },
  {
    sentence: 'Descriptors that were not wanted at all are closed',
    script: 'fdsUnasked',
    run: async (call) => succeeds(call, MID.FStat),
  },
  {
    sentence: 'A channel that was shut down fails its call with EIO and is not used again',
    script: 'channelShut',
    run: async (call, client, over) => {
      if (over === 'socket') return;
      const { channels } = client;
      assert.equal(await call(MID.FStat, FD), { code: 'EIO' });
      assert.is(client.channels, channels - 1, 'the dead channel is gone');
      await succeeds(call);
      for (let i = 1; i < channels; i++) assert.equal(await call(MID.FStat, FD), { code: 'EIO' });
      assert.is(client.channels, 0);
      // With no channel left the socket carries on.
      await succeeds(call, MID.FStat);
    },
  },
  killsChannel('A response of 1 to 3 bytes on a channel kills the channel', 'dataLenThree'),
  killsChannel('A response that says that it is larger than its window kills the channel', 'dataLenHuge'),
  {
    sentence: 'A server that hangs up during a call: EIO, then and for ever, with the hang-up as its cause',
    script: 'hangUp',
    run: async (call, client) => {
      assert.equal(await call(MID.FStat, FD), { code: 'EIO' });
      assert.equal(await call(MID.Flush, FD), { code: 'EIO' });
      assert.not(client.connected);
      const error = await client.flush({ fd: 1 as number as never }).catch((caught: unknown) => caught as RPCError);
      assert.match(String((error as RPCError).cause), /closed its end/);
      // The first end of a connection is the one that counts.
      await client.disconnect();
      const again = await client.flush({ fd: 1 as number as never }).catch((caught: unknown) => caught as RPCError);
      assert.match(String((again as RPCError).cause), /closed its end/);
    },
  },
];

const contracts = suite('contracts');

function inProcess(row: Row, over: 'socket' | 'channel'): void {
  contracts(`${row.sentence} (${over}, asynchronous)`, async () => {
    const before = holdings();
    const peer = new ScriptedPeer();
    const client = await connect({ fd: peer.clientFD, channels: over === 'channel' ? 2 : 0 });
    await client.mount();
    follow(peer, row.script);
    try {
      await row.run(asynchronous(client), client, over);
    } finally {
      await client.disconnect();
      peer.close();
      await waitersEnded();
    }
    assertNothingLeft(before);
  });
}

/** A synchronous call blocks its thread, so its peer has another. */
function inThread(row: Row, over: 'socket' | 'channel'): void {
  contracts(`${row.sentence} (${over}, synchronous)`, async () => {
    const before = holdings();
    const [ours, theirs] = pair(SOCK_STREAM);
    const data: ScriptedWorkerData = { fd: theirs, script: row.script, grant: 2 };
    const worker = new Worker(new URL('../peers/scripted-worker.js', import.meta.url), { workerData: data });
    await once(worker, 'message');
    const client = await connect({ fd: ours, channels: over === 'channel' ? 2 : 0 });
    client.mountSync();
    const exited = once(worker, 'exit');
    try {
      await row.run(synchronous(client), client, over);
    } finally {
      await client.disconnect();
      await exited;
    }
    assertNothingLeft(before);
  });
}

for (const row of rows) {
  for (const over of ['socket', 'channel'] as const) {
    inProcess(row, over);
    inThread(row, over);
  }
}

contracts.run();
