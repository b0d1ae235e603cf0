/**
 * LISAFS_TRACE: calls as strace prints them, one line each when it has ended. `1` writes to standard error, a path to
 * that file, at its end.
 *
 *     [4711] OpenAt({fd=3, flags=0x0}) = {openFD=5} <0.000034 channel 0, 16 + 8 bytes>
 *     [4712] serve OpenAt({fd=3, flags=0x0}) = -1 ENOENT (no such file or directory) <0.000021 16 + 0 bytes>
 */

import { closeSync, openSync, writeSync } from 'node:fs';
import { getSystemErrorMap } from 'node:util';
import { CALL, SERVE, type CallEvent } from './observe.js';

type WriteLine = (line: string) => void;

const STDERR_FD = 2;

/** `= {openFD=5}`, or as strace shows a failure. */
function outcome(event: CallEvent): string {
  if (event.error === undefined) return event.formatResponse();
  const description = getSystemErrorMap().get(-event.errno)?.[1];
  return `-1 ${event.code ?? 'EREMOTEIO'}${description === undefined ? '' : ` (${description})`}`;
}

/** How it went: seconds as strace -T shows them, the communicator, the sizes of both payloads. */
function circumstances({ duration = 0, communicator, requestBytes, responseBytes }: CallEvent): string {
  const by = communicator === undefined ? '' : `${communicator}, `;
  return `<${(duration / 1000).toFixed(6)} ${by}${requestBytes} + ${responseBytes} bytes>`;
}

/** Prints the events of one tracing channel. The request is formatted at once: its owner may use it anew. */
function follow(channel: typeof CALL, prefix: string, write: WriteLine): () => void {
  const requests = new WeakMap<CallEvent, string>();
  const print = (event: CallEvent): void => {
    const request = requests.get(event) ?? event.formatRequest();
    write(`[${process.pid}] ${prefix}${event.name}(${request}) = ${outcome(event)} ${circumstances(event)}\n`);
  };
  const subscribers = {
    start: (event: CallEvent): void => void requests.set(event, event.formatRequest()),
    end: (event: CallEvent): void => {
      if (event.isSync) print(event);
    },
    asyncStart: (): void => undefined,
    asyncEnd: print,
    error: (): void => undefined,
  };
  channel.subscribe(subscribers);
  return () => channel.unsubscribe(subscribers);
}

/** Prints every call of this thread's clients, and every request that its servers answer. Returns what ends it. */
export function traceTo(write: WriteLine): () => void {
  const ends = [follow(CALL, '', write), follow(SERVE, 'serve ', write)];
  return () => ends.forEach((end) => end());
}

/** Traces as the environment asks for. A file that cannot be opened throws, as node:fs does. */
export function traceByEnvironment(wanted: string | undefined): (() => void) | undefined {
  if (wanted === undefined || wanted === '' || wanted === '0') return undefined;
  if (wanted === '1') return traceTo((line) => void writeSync(STDERR_FD, line));
  const fd = openSync(wanted, 'a');
  const end = traceTo((line) => void writeSync(fd, line));
  return () => {
    end();
    closeSync(fd);
  };
}

traceByEnvironment(process.env.LISAFS_TRACE);
