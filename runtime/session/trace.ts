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
import { sleepSync } from './sleep.js';

type WriteLine = (line: string) => void;

const STDERR_FD = 2;

/** How long until a pipe that is full is written to again. */
const FULL_PIPE_MS = 1;

/** Writes a line whole. Blocks while a pipe that does not block is full, as a descriptor that does would. */
function writeAll(fd: number, line: string): void {
  let rest: Uint8Array = Buffer.from(line);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      sleepSync(FULL_PIPE_MS);
    }
  }
}

/** Traces to a descriptor, until it cannot be written to: nobody reads it (EPIPE), or the disk is full. */
function traceToFD(fd: number): () => void {
  const end = traceTo((line) => {
    try {
      writeAll(fd, line);
    } catch (error) {
      end();
      process.emitWarning(`LISAFS_TRACE has ended: ${(error as Error).message}`, 'LISAFSWarning', 'LISAFS_TRACE');
    }
  });
  return end;
}

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
  if (wanted === '1') return traceToFD(STDERR_FD);
  const fd = openSync(wanted, 'a');
  const end = traceToFD(fd);
  return () => {
    end();
    closeSync(fd);
  };
}

traceByEnvironment(process.env.LISAFS_TRACE);
