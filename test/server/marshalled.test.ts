/** Handlers that answer with what is in its wire form already. */

import { tracingChannel } from 'node:diagnostics_channel';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, FDID, Statx, type CallEvent, type LISAFSClient, type RPCError } from '../../runtime/index.js';
import { localDirectory, serve, type CallContext, type LISAFSHandlers, type Marshalled } from '../../runtime/server.js';
import { newDirectory, newPair } from '../interop/session.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { served } from './handlers.js';

const marshalled = suite('marshalled answers');
const fd = FDID(1);

/** A ReadLinkAtResp: a string, which is its size in two bytes and its own. */
function linkTo(target: string): Buffer {
  return Buffer.concat([Buffer.from([target.length, target.length >> 8]), Buffer.from(target)]);
}

/** What a client gets that asks where the link leads; the code where it fails. */
async function ask(client: LISAFSClient): Promise<string> {
  return client.readLinkAt({ fd }).then(
    ({ target }) => target,
    (error: RPCError) => error.code,
  );
}

for (const channels of [0, 1]) {
  const over = channels === 0 ? 'over the socket' : 'over a channel';

  marshalled(`are sent as they are, at once or later, ${over}`, async () => {
    const handlers: LISAFSHandlers = {
      readLinkAt: (_req, context) => context.marshalled!(linkTo('there')),
      flistXattr: async (_req, context) => Promise.resolve(context.marshalled!(Buffer.from([1, 0, 1, 0, 120]))),
    };
    await served(handlers, channels, async ({ client, faults }) => {
      assert.is(await ask(client), 'there');
      assert.equal((await client.flistXattr({ fd, size: 0 })).xattrs, ['x']);
      assert.is(client.connected, true);
      assert.equal(faults, []);
    });
  });

  marshalled(`that are none, or are too large, are a fault of the handler's, ${over}`, async () => {
    let kept: Marshalled | undefined;
    let answer = (_context: CallContext): Marshalled => assert.unreachable() as never;
    await served({ readLinkAt: (_req, context) => answer(context) }, channels, async ({ client, faults }) => {
      const answers: readonly ((context: CallContext) => Marshalled)[] = [
        (context) => context.marshalled!(new Uint8Array(1 << 21)),
        (context) => context.marshalled!('there' as never),
        () => 7 as Marshalled,
        (context) => (kept = context.marshalled!(linkTo('once'))),
        () => kept!,
      ];
      const got: string[] = [];
      for (answer of answers) got.push(await ask(client));
      assert.equal(got, ['EREMOTEIO', 'EREMOTEIO', 'EREMOTEIO', 'once', 'EREMOTEIO']);
      const no = 'answer must be an object, or what context.marshalled has given';
      assert.is(faults.length, 4, faults.join('\n'));
      assert.match(faults[0]!, /^ReadLinkAt: RangeError: bytes.length must be at most \d+, not 2097152/u);
      assert.match(faults[1]!, /^ReadLinkAt: TypeError.*bytes must be a Uint8Array/u);
      for (const fault of faults.slice(2)) assert.match(fault, no);
    });
  });

  marshalled(`that no client can read are one's own to find out, ${over}`, async () => {
    const handlers: LISAFSHandlers = { readLinkAt: (_req, context) => context.marshalled!(Buffer.from([9, 0, 120])) };
    await served(handlers, channels, async ({ client }) => assert.is(await ask(client), 'EIO'));
  });

  marshalled(`do not come after the answer, ${over}`, async () => {
    const kept: CallContext[] = [];
    const handlers: LISAFSHandlers = {
      readLinkAt(_req, context) {
        kept.push(context);
        return { target: 'there' };
      },
    };
    await served(handlers, channels, async ({ client }) => {
      assert.is(await ask(client), 'there');
      assert.throws(() => kept[0]!.marshalled!(linkTo('late')), /answered already/u);
      assert.is(await ask(client), 'there');
    });
  });

  marshalled(`of a local file say what its object says, and are objects where they are observed, ${over}`, async () => {
    const before = holdings();
    const directory = newDirectory();
    writeFileSync(join(directory, 'file'), 'content');
    const [ours, theirs] = newPair();
    const server = await serve({ fd: theirs, root: localDirectory(directory), channels });
    const client = await connect({ fd: ours, channels });
    const seen: unknown[] = [];
    const end = (event: object): void => void seen.push((event as CallEvent).result);
    try {
      const { root } = await client.mount();
      const { inodes } = await client.walk({ dirFD: root.controlFD, path: ['file'] });
      const { controlFD, stat: walked } = inodes[0]!;
      const { openFD, hostFD } = await client.openAt({ fd: controlFD, flags: 0 });
      hostFD?.close();
      const plain = [await client.fstat({ fd: controlFD }), await client.fstat({ fd: openFD })];
      tracingChannel('lisafs:serve').subscribe({ end } as never);
      const observed = [await client.fstat({ fd: controlFD }), await client.fstat({ fd: openFD })];
      for (const stat of [...plain, ...observed]) assert.equal(stat, walked);
      assert.is(walked.size, 7n);
      assert.equal([walked.attributes, walked.attributesMask], [0n, 0n]);
      assert.is(seen.length, 2);
      for (const result of seen) assert.instance(result, Statx);
      await client.close({ fds: [controlFD, openFD, root.controlFD] });
    } finally {
      tracingChannel('lisafs:serve').unsubscribe({ end } as never);
      await client.disconnect();
      await server.closed;
      rmSync(directory, { recursive: true });
    }
    assertNothingLeft(before);
  });
}

marshalled.run();
