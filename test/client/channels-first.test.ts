/** Calls to a server of this SDK's that find all channels busy: they wait for one, unless that takes long. */

import { tracingChannel } from 'node:diagnostics_channel';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, type CallEvent, type RPCError } from '../../runtime/index.js';
import { serve } from '../../runtime/server.js';
import { connectedPair } from '../../runtime/transport/dial.js';
import { waitersEnded } from '../../runtime/transport/waiter.js';
import { Echo, type EchoHandlers } from '../../examples/echo/generated/echo/index.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';

const channelsFirst = suite('channels first');
const CALLS_COUNT = 200;
const PATIENCE_MS = 5000;

/** A client that asks for two channels. */
function connectEcho(fd: number, maxQueued?: number) {
  return connect({ fd, protocol: Echo, channels: 2, ...(maxQueued !== undefined && { maxQueued }) });
}

type EchoClient = Awaited<ReturnType<typeof connectEcho>>;

/** A client with two channels of a server in the same event loop whose `say` is `answer`. */
async function withClient(
  answer: (text: string) => void | Promise<void>,
  body: (client: EchoClient) => Promise<void>,
  maxQueued?: number,
): Promise<void> {
  const before = holdings();
  const [ours, theirs] = connectedPair();
  const handlers = {
    async say({ text }: { text: string }) {
      await answer(text);
      return { text };
    },
  } as unknown as EchoHandlers;
  const server = await serve({ fd: theirs, protocol: Echo, handlers });
  const client = await connectEcho(ours, maxQueued);
  await client.mount();
  assert.is(client.channels, 2);
  try {
    await body(client);
  } finally {
    await client.disconnect();
    await server.close();
    await waitersEnded();
  }
  assertNothingLeft(before);
}

/** What the calls that `body` makes go over. */
async function carriers(body: () => Promise<unknown>): Promise<string[]> {
  const told: string[] = [];
  const channel = tracingChannel<string, CallEvent>('lisafs:call');
  const subscribers = { asyncEnd: ({ communicator }: CallEvent) => void told.push(communicator ?? 'none') };
  channel.subscribe(subscribers as never);
  try {
    await body();
  } finally {
    channel.unsubscribe(subscribers as never);
  }
  return told.sort();
}

channelsFirst('many calls at once that are answered at once take the channels alone', () =>
  withClient(
    () => undefined,
    async (client) => {
      const all = (): Promise<unknown> =>
        Promise.all(Array.from({ length: CALLS_COUNT }, () => client.say({ text: 'x' })));
      const over = await carriers(all);
      assert.is(over.length, CALLS_COUNT);
      assert.is(over.filter((name) => name === 'socket').length, 0);
      assert.is(client.counters.queued, 0);
    },
  ),
);

/** Handlers that answer when they are told to. */
class Held {
  readonly #open = new Map<string, () => void>();
  readonly answer = (text: string): Promise<void> => new Promise((resolve) => void this.#open.set(text, resolve));
  get texts(): string[] {
    return [...this.#open.keys()].sort();
  }
  async until(count: number): Promise<void> {
    const until = performance.now() + PATIENCE_MS;
    while (this.#open.size < count && performance.now() < until)
      await new Promise((resolve) => void setTimeout(resolve, 1));
    assert.is(this.#open.size, count);
  }
  release(): void {
    for (const resolve of this.#open.values()) resolve();
    this.#open.clear();
  }
}

channelsFirst('a call takes the socket where those on the channels last', async () => {
  const held = new Held();
  await withClient(held.answer, async (client) => {
    const over = await carriers(async () => {
      const calls = ['1', '2', '3', '4'].map((text) => client.say({ text }));
      await held.until(3);
      assert.equal(held.texts, ['1', '2', '3']);
      assert.is(client.counters.queued, 1);
      held.release();
      await held.until(1);
      held.release();
      await Promise.all(calls);
    });
    assert.is(over.filter((name) => name === 'socket').length, 1);
  });
});

channelsFirst('a line that is full is no reason to refuse a call while the socket is free', async () => {
  for (const maxQueued of [0, 1]) {
    const held = new Held();
    await withClient(
      held.answer,
      async (client) => {
        const calls = ['1', '2', '3', '4', '5'].slice(0, 4 + maxQueued).map((text) => client.say({ text }));
        const last = await calls.pop()!.catch((error: RPCError) => error.code);
        assert.is(last, 'ENOBUFS');
        await held.until(3);
        held.release();
        if (maxQueued > 0) await held.until(1);
        held.release();
        await Promise.all(calls);
      },
      maxQueued,
    );
  }
});

channelsFirst.run();
