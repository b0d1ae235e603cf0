/** Opening a channel: a Channel call brings a window and a socket; the flipcall handshake makes them a communicator. */

import { Channel, type ChannelSettings } from '../transport/channel.js';
import { EAGAIN, EINVAL, EIO, RPCError } from '../wire/errno.js';
import { HANDSHAKE_TIMEOUT_MS } from '../wire/limits.js';
import type { Caller, CallOptions, ChannelFacts, ClientMethod, HostFD } from '../wire/protocol.js';
import { checkSignal, offAbort, onAbort } from './deadline.js';

/** What opening a channel needs of its client. */
export interface ChannelSource {
  readonly caller: Caller;
  /** The method of the protocol's Channel message. */
  readonly method: ClientMethod<Record<never, never>, ChannelFacts>;
  /** The largest payload that a channel has to take. */
  readonly maxMessageSize: () => number;
  readonly isPeerAlive: () => boolean;
  /** How each channel waits: asked anew for each. */
  readonly settings: () => ChannelSettings;
  /** Called when the connection ends. */
  readonly onEnd: Set<() => void>;
}

/**
 * Resolves to a connected channel, owned by the caller. Rejects with the server's errno (ENOMEM: no more), or ours:
 * ETIMEDOUT where it is not given within the options' `timeout`, an AbortError when their signal fires.
 */
export async function openChannel(source: ChannelSource, name: string, options: CallOptions): Promise<Channel> {
  const channel = makeChannel(source, name, await source.caller.call(source.method, {}, options));
  try {
    await connectChannel(channel, source, options);
    return channel;
  } catch (error) {
    channel.destroy();
    throw error;
  }
}

/** As openChannel, blocking the thread. */
export function openChannelSync(source: ChannelSource, name: string, timeout: number | undefined): Channel {
  const channel = makeChannel(source, name, source.caller.callSync(source.method, {}, undefined, { timeout }));
  const result = channel.connectSync();
  if (result === 0) return channel;
  channel.destroy();
  throw new RPCError(EIO, 'Channel', 'the flipcall handshake failed');
}

/** Makes a channel of a response's descriptors. They are closed if it cannot be made, the memfd in any case. */
function makeChannel(
  { method, maxMessageSize, isPeerAlive, settings }: ChannelSource,
  name: string,
  resp: ChannelFacts,
): Channel {
  const donated = resp as unknown as Record<string, HostFD | undefined>;
  const [dataFD, fdSocket] = method.donates.map((field) => donated[field]);
  try {
    if (dataFD === undefined || fdSocket === undefined) {
      throw new RPCError(EIO, 'Channel', 'the server sent too few descriptors');
    }
    const descriptor = { fd: dataFD.fd, offset: resp.dataOffsetNumber, length: resp.dataLengthNumber };
    const channel = Channel.open(name, descriptor, fdSocket.release(), isPeerAlive, settings());
    if (typeof channel !== 'number') return withRoom(channel, maxMessageSize());
    throw new RPCError(-channel, 'Channel', 'the server offered a packet window or a socket that is not safe to use');
  } finally {
    dataFD?.close();
    if (fdSocket !== undefined && fdSocket.fd >= 0) fdSocket.close();
  }
}

/** The channel, unless messages that the server takes do not fit: its calls could not be told from those that do. */
function withRoom(channel: Channel, maxMessageSize: number): Channel {
  if (channel.reserve(maxMessageSize)) return channel;
  channel.destroy();
  throw new RPCError(
    EINVAL,
    'Channel',
    `the packet window has no room for the largest message, ${maxMessageSize} bytes`,
  );
}

/**
 * The handshake without blocking. The connection's end ends it, since the answer can no longer come; and so does time,
 * since a server that answers on the socket and not on a channel would keep mount waiting for ever.
 */
async function connectChannel(
  channel: Channel,
  { isPeerAlive, onEnd }: ChannelSource,
  { signal, timeout = HANDSHAKE_TIMEOUT_MS }: CallOptions,
): Promise<void> {
  if (signal !== undefined) checkSignal(signal);
  const { promise, resolve } = answer();
  onEnd.add(resolve);
  if (signal !== undefined) onAbort(signal, resolve);
  const look = (): void => {
    if (channel.finishConnect() === -EAGAIN) channel.watch(look);
    else resolve();
  };
  if (channel.startConnect() === 0 && isPeerAlive()) {
    const timer = setTimeout(resolve, Math.min(timeout, HANDSHAKE_TIMEOUT_MS));
    channel.watch(look);
    await promise;
    clearTimeout(timer);
  }
  onEnd.delete(resolve);
  if (signal !== undefined) offAbort(signal, resolve);
  if (!channel.connected) throw new RPCError(EIO, 'Channel', 'the flipcall handshake failed');
}

function answer(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
