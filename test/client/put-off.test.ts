/** FDIDs whose Close found no room for one more call: they are closed with the next, and lost by none. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CloseReq, unmarshalCloseReq } from '../../runtime/index.js';
import { Tree } from '../../runtime/fs/client-resolve.js';
import { waitersEnded } from '../../runtime/transport/waiter.js';
import { Payload } from '../../runtime/wire/payload.js';
import { connect, FDID, MID, type LISAFSClient, type RPCError } from '../peers/clients.js';
import { assertNothingLeft, holdings, type Holdings } from '../peers/leaks.js';
import { ScriptedPeer, u32, type Request } from '../peers/scripted.js';

const EBADF = 9;
const fd = FDID(1);

interface Context {
  before: Holdings;
  peer: ScriptedPeer;
  client: LISAFSClient;
  /** What is answered by `answer` alone: while there is one, no other call can be made. */
  held: Request[];
}

const closes = suite<Context>('closes that are put off');

closes.before.each(async (context) => {
  context.before = holdings();
  context.peer = new ScriptedPeer();
  context.peer.supported = [MID.Mount, MID.FStat, MID.Close];
  context.client = await connect({ fd: context.peer.clientFD, channels: 0, maxQueued: 0 });
  await context.client.mount();
  context.held = [];
  context.peer.script = (request) => request.mid === MID.FStat && context.held.push(request) > 0;
});

closes.after.each(async ({ before, peer, client }) => {
  await client.disconnect();
  peer.close();
  await waitersEnded();
  assertNothingLeft(before);
});

/** Has a call hold the one communicator until the body is done. */
async function busy({ peer, client, held }: Context, body: () => Promise<void>): Promise<void> {
  const call = client.fstat({ fd });
  while (held.length === 0) await new Promise((resolve) => void setTimeout(resolve, 1));
  await body();
  held.shift()!.reply(MID.FStat, Buffer.alloc(144));
  await call;
  assert.not.ok(peer.seen.some(({ mid }) => mid === MID.Close));
}

/** The FDIDs of each Close that the server has got. */
function closed(peer: ScriptedPeer): number[][] {
  const requests = peer.seen.filter(({ mid }) => mid === MID.Close);
  return requests.map(({ payload }) => {
    const req = new CloseReq();
    const copy = Payload.alloc(payload.length);
    copy.bytes.set(payload);
    unmarshalCloseReq(copy, 0, payload.length, req);
    return [...req.fds].map(Number);
  });
}

function codeOf(error: RPCError): string {
  return error.code;
}

closes('go with the next, by closeFD', async (context) => {
  const { peer, client } = context;
  await busy(context, async () => {
    assert.is(await client.closeFD(FDID(7), true).catch(codeOf), 'ENOBUFS');
  });
  await client.closeFD(FDID(9), true);
  assert.equal(closed(peer), [[7, 9]]);
});

closes('are a hundred at most, however many were put off', async (context) => {
  const { peer, client } = context;
  await busy(context, async () => {
    for (let i = 0; i < 250; i++) await client.closeFD(FDID(i + 1)).catch(() => undefined);
  });
  await client.closeFD(FDID(251), true);
  const all = closed(peer);
  assert.ok(all.every((fds) => fds.length <= 100));
  assert.equal(
    all.flat(),
    Array.from({ length: 251 }, (_, i) => i + 1),
  );
});

closes('are not made again where the server refuses them', async ({ peer, client }) => {
  peer.script = (request) => {
    if (request.mid === MID.Close) request.reply(0, u32(EBADF));
    return request.mid === MID.Close;
  };
  assert.is(await client.closeFD(FDID(7), true).catch(codeOf), 'EBADF');
  assert.is(await client.closeFD(FDID(8), true).catch(codeOf), 'EBADF');
  assert.equal(closed(peer), [[7], [8]]);
});

closes('go soon, by client.fs', async (context) => {
  const { peer, client } = context;
  const tree = new Tree(client, fd);
  await busy(context, () => tree.close([FDID(7), FDID(8)]));
  while (closed(peer).length === 0) await new Promise((resolve) => void setTimeout(resolve, 1));
  assert.equal(closed(peer), [[7, 8]]);
});

closes.run();
