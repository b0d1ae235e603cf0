/** Two generated versions of one schema talk to each other, both ways. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, describeServer, type RPCError } from '../../runtime/index.js';
import { serve } from '../../runtime/server.js';
import { extensionHandlers } from '../../runtime/session/extensions.js';
import { agreement } from '../../runtime/session/agreement.js';
import { areCompatible, type Layouts } from '../../runtime/wire/layout.js';
import { FingerprintResp } from '../../generated/extensions/index.js';
import { KINDS, KINDSServer } from './kinds/index.js';
import * as v1 from './store-1/index.js';
import * as v2 from './store-2/index.js';

interface Context {
  directory: string;
  path: string;
  /** What the handlers were asked. */
  asked: object[];
}

const test = suite<Context>('evolution');

test.before.each((context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'lisafs-evolution-'));
  context.path = join(context.directory, 's');
  context.asked = [];
});

test.after.each(({ directory }) => rmSync(directory, { recursive: true }));

const VALUE = new Uint8Array([1, 2, 3]);

function code(expected: string): (error: RPCError) => boolean {
  return (error) => {
    assert.is(error.code, expected, error.message);
    return true;
  };
}

async function rejects(promise: Promise<unknown>, expected: string): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (reason: RPCError) => reason,
  );
  assert.ok(error !== undefined && code(expected)(error), `${expected} was expected`);
}

const handlers1 = (asked: object[]): v1.STOREHandlers => ({
  get: (req) => {
    asked.push(req.toJSON());
    if (req.key === 'none') throw v1.failStoreErrors('NotThere');
    return { value: VALUE };
  },
  put: (req) => {
    asked.push(req.toJSON());
    return { version: 7 };
  },
  count: () => ({ count: 3 }),
  flush: () => undefined,
  touch: () => undefined,
});

const handlers2 = (asked: object[]): v2.STOREHandlers => ({
  get: (req) => {
    asked.push(req.toJSON());
    if (req.key === 'none') throw v2.failStoreErrors('NotThere');
    if (req.key === 'old') throw v2.failStoreErrors('TooOld');
    return { value: VALUE, version: 9n, isLast: true };
  },
  put: (req) => {
    asked.push(req.toJSON());
    return { version: 8 };
  },
  count: () => ({ count: 3 }),
  drop: () => undefined,
  touch: () => ({ version: 10 }),
});

for (const channels of [0, 2]) {
  test(`a new client and an old server, over ${channels} channels`, async ({ path, asked }) => {
    await using _server = await serve({ listen: path, protocol: v1.STOREServer, handlers: handlers1(asked), channels });
    await using client = await connect({ path, protocol: v2.STORE });
    const got = await client.get({ key: 'a', since: 5n });
    assert.equal([[...got.value], got.version, got.isLast], [[1, 2, 3], undefined, undefined]);
    assert.is((await client.put({ key: 'a', value: VALUE, ttl: 60 })).version, 7n);
    assert.equal(asked, [{ key: 'a' }, { key: 'a', value: '010203' }], 'optional fields are ignored');
    assert.is((await client.touch({ key: 'a' })).version, undefined, 'an empty response lacks them');
    await rejects(client.count(), 'EPROTO');
    await rejects(client.drop({ key: 'a' }), 'EOPNOTSUPP');
    await rejects(client.get({ key: 'none' }), 'NotThere');
    assert.equal(
      [v2.MID.Get, v2.MID.Count, v2.MID.Drop].map((mid) => client.isSupported(mid)),
      [true, false, false],
    );
  });

  test(`an old client and a new server, over ${channels} channels`, async ({ path, asked }) => {
    await using _server = await serve({ listen: path, protocol: v2.STOREServer, handlers: handlers2(asked), channels });
    await using client = await connect({ path, protocol: v1.STORE });
    assert.equal([...(await client.get({ key: 'a' })).value], [1, 2, 3], 'what comes after is ignored');
    assert.is((await client.put({ key: 'a', value: VALUE })).version, 8n);
    assert.equal(asked, [
      { key: 'a', since: undefined },
      { key: 'a', value: '010203', ttl: undefined },
    ]);
    await client.touch({ key: 'a' });
    await rejects(client.count(), 'EPROTO');
    await rejects(client.flush({ hard: 1 }), 'EOPNOTSUPP');
    await rejects(client.get({ key: 'none' }), 'NotThere');
    await rejects(client.get({ key: 'old' }), 'E5001');
  });
}

test('the refusal says what to do', async ({ path, asked }) => {
  await using _server = await serve({ listen: path, protocol: v1.STOREServer, handlers: handlers1(asked) });
  await using client = await connect({ path, protocol: v2.STORE });
  const error = await client.count().catch((reason: Error) => reason);
  const advice = 'the server has another layout of it; generate both sides from one schema';
  assert.is((error as Error).message, `EPROTO: protocol error, Count: ${advice}`);
});

test('a server of another protocol is told at mount', async ({ path, asked }) => {
  await using _server = await serve({ listen: path, protocol: v1.STOREServer, handlers: handlers1(asked) });
  const error = await connect({ path, protocol: KINDS }).catch((reason: Error) => reason);
  assert.is((error as Error).message, 'EPROTO: protocol error, Mount: the server speaks "STORE", not KINDS');
});

test('a server that does not list Fingerprint is trusted', async ({ path, asked }) => {
  const messages = [2, 256, 257, 258];
  await using _server = await serve({ listen: path, protocol: v1.STOREServer, handlers: handlers1(asked), messages });
  await using client = await connect({ path, protocol: v2.STORE });
  assert.not.ok(client.isSupported(65280));
  await rejects(client.count(), 'EIO');
});

test('a server describes itself', async ({ path }) => {
  const maxMessageSize = 4096;
  await using _server = await serve({ listen: path, protocol: KINDSServer, handlers: {}, maxMessageSize });
  await using client = await connect({ path, protocol: KINDS });
  const description = await describeServer(client);
  assert.equal(description, JSON.parse(JSON.stringify(KINDSServer.describe())));
  assert.ok(JSON.stringify(description).length > 2 * maxMessageSize, 'it came in several parts');
});

test.run();

const layouts = suite('layouts');

layouts('go together when one begins the other', () => {
  assert.ok(areCompatible([1], [1]));
  assert.ok(areCompatible([1], [1, 2, 3]));
  assert.ok(areCompatible([1, 2], [1, 2, 3]));
  assert.not.ok(areCompatible([1, 2], [1, 3]));
  assert.not.ok(areCompatible([2], [1]));
  assert.not.ok(areCompatible([], [1]));
});

/** What a client with these layouts refuses of a server with those; how often it asks. */
function refused(ours: Layouts, theirs: Layouts, room: number): { refused: number[]; asked: number } {
  const server = { name: 'P', fingerprint: 1n, layouts: theirs, describe: () => ({}) as never };
  const { fingerprint } = extensionHandlers(server, room);
  const asking = agreement({ name: 'P', fingerprint: 2n, layouts: ours });
  let [step, asked] = [asking.next(), 0];
  for (; !step.done; asked++) {
    const answer = fingerprint!(step.value as never, {} as never);
    step = asking.next(Object.assign(new FingerprintResp(), answer));
  }
  return { refused: [...step.value], asked };
}

layouts('of many messages come in several answers, each compared once', () => {
  const many = (change: number): Layouts =>
    new Map(Array.from({ length: 500 }, (_, i) => [256 + i, [[i], [i, i % 100 === 7 ? change : 0]]]));
  const { refused: mids, asked } = refused(many(1), many(2), 4096);
  assert.equal(mids, [263, 363, 463, 563, 663]);
  assert.ok(asked > 1, `${asked} requests`);
  assert.equal(refused(many(1), many(1), 1 << 20), { refused: [], asked: 1 });
});

layouts('a server that sends its client in circles is not followed', () => {
  const asking = agreement({ name: 'P', fingerprint: 2n, layouts: new Map() });
  asking.next();
  const answer = (next: number): FingerprintResp => Object.assign(new FingerprintResp(), { protocol: 'P', next });
  assert.not.ok(asking.next(answer(300)).done);
  assert.ok(asking.next(answer(300)).done);
});

layouts.run();
