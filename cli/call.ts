/** `lisafs call`: any method of any server, with JSON. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, readlinkSync } from 'node:fs';
import { RPCError } from '../runtime/index.js';
import { withSession, type Session } from './any-protocol.js';
import { parseCommand } from './arguments.js';
import { JsonCodec, WrongValue, type Json } from './json-codec.js';
import { Misuse } from './misuse.js';
import { WrongSchema } from './schema-file.js';
import { MOUNT_USAGE, TARGET_OPTIONS, TARGET_USAGE } from './target.js';
import { shownJSON, shownName, write } from './terminal.js';

const USAGE = `usage: lisafs call ${MOUNT_USAGE} [options] METHOD JSON [METHOD JSON …]

Mounts, calls one method after the other on the same connection, and writes a response a line. A method is named as in
the schema (OpenAt), as its stub (openAt), or by its MID (7). JSON is the request: {} where it asks for nothing.

A string "$0.root.controlFD" stands for that part of Mount's response, "$1…" for the first call's, and so on; a string
that begins with a dollar sign is written with two. Numbers above 2^53 are strings of digits. Strings and bytes that are
not UTF-8 are {"hex": "00ff"}. lisafs inspect lists the methods.

${TARGET_USAGE}
  --schema FILE      the protocol's schema; without it the server is asked, and one that does not tell speaks LISAFS
  --mount JSON       Mount's request
  --fd-out COMMAND   run COMMAND, by sh, with the descriptors that the last response donated as 3, 4 and so on
  --json             one JSON object a line, for each call: {mid, name, response, donated}; for one that failed, which
                     is the last, {mid, name, error: {code, errno, message}}
  -h, --help         this text

Donated descriptors are told of on standard error, with --json in \`donated\`, as what they are open on, and closed.
Exit status: 0, 1 if a call failed, 2 for a mistake in the command, or that of COMMAND.
`;

const OPTIONS = {
  ...TARGET_OPTIONS,
  schema: { type: 'string' },
  mount: { type: 'string' },
  'fd-out': { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

type Message = Session['description']['messages'][number];

/** A descriptor that came, by the name of its field. */
interface Donated {
  readonly name: string;
  readonly fd: number;
}

interface Call {
  readonly method: string;
  readonly request: Json;
}

export async function callCommand(args: readonly string[]): Promise<number> {
  const command = parseCommand(args, USAGE, OPTIONS);
  if (command === undefined) return 0;
  const { values, positionals } = command;
  const calls = callsOf(positionals);
  const mount = values.mount === undefined ? undefined : parsedJson('--mount', values.mount);
  if (mount !== undefined && (typeof mount !== 'object' || mount === null || Array.isArray(mount))) {
    throw new Misuse('--mount: an object, please');
  }
  try {
    return await withSession({ ...values, mount: mount as { readonly [name: string]: Json } | undefined }, (session) =>
      new Caller(session, values.json).all(calls, values['fd-out']),
    );
  } catch (error) {
    if (!(error instanceof WrongSchema)) throw error;
    for (const line of error.lines) process.stderr.write(`${line}\n`);
    return 1;
  }
}

function callsOf(words: readonly string[]): Call[] {
  if (words.length === 0) throw new Misuse('a method to call, please');
  const calls: Call[] = [];
  for (let i = 0; i < words.length; i += 2) {
    calls.push({ method: words[i]!, request: parsedJson(words[i]!, words[i + 1] ?? '{}') });
  }
  return calls;
}

function parsedJson(what: string, text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new Misuse(`${what}: the request is not JSON: ${(error as Error).message}`);
  }
}

class Caller {
  readonly #codec: JsonCodec;
  /** Mount's response, then each call's. */
  readonly #answers: Json[];

  constructor(
    private readonly session: Session,
    private readonly json: boolean,
  ) {
    this.#codec = new JsonCodec(session.description);
    this.#answers = [session.mounted];
  }

  async all(calls: readonly Call[], command: string | undefined): Promise<number> {
    for (const [i, call] of calls.entries()) {
      const fds = await this.#one(call);
      try {
        if (command === undefined || i < calls.length - 1) continue;
        const status = await runWith(
          fds.map(({ fd }) => fd),
          command,
        );
        if (status !== 0) return status;
      } finally {
        for (const { fd } of fds) closeSync(fd);
      }
    }
    return 0;
  }

  /** Calls, writes the response, and gives the descriptors, which are the caller's to close. */
  async #one({ method, request }: Call): Promise<Donated[]> {
    const message = this.#message(method);
    const payload = this.#codec.encode(message.req, this.#filled(request, message.name));
    const respFDs = new Int32Array(message.donates.length);
    const bytes = await this.session.client
      .sndRcvMessage(message.mid, payload, respFDs)
      .catch((error: unknown) => this.#failed(message, error));
    const fds = message.donates.map((name, i) => ({ name, fd: respFDs[i]! })).filter(({ fd }) => fd >= 0);
    try {
      const answer = this.#codec.decode(message.resp, bytes);
      this.#answers.push(answer);
      await this.#tell(message, answer, fds);
      return fds;
    } catch (error) {
      for (const { fd } of fds) closeSync(fd);
      throw error;
    }
  }

  async #tell({ mid, name }: Message, response: Json, fds: readonly Donated[]): Promise<void> {
    const donated = fds.map((one) => [one.name, readlinkSync(`/proc/self/fd/${one.fd}`)] as const);
    if (this.json) {
      await write(`${shownJSON({ mid, name, response, donated: Object.fromEntries(donated) })}\n`);
      return;
    }
    await write(`${shownJSON(response, process.stdout.isTTY ? 2 : 0)}\n`);
    for (const [field, target] of donated) process.stderr.write(`${field}: ${shownName(target)}\n`);
  }

  async #failed({ mid, name }: Message, error: unknown): Promise<never> {
    if (this.json && error instanceof RPCError) {
      const { code, errno, message } = error;
      await write(`${shownJSON({ mid, name, error: { code, errno, message } })}\n`);
    }
    throw error;
  }

  #message(name: string): Message {
    const { messages, name: protocol } = this.session.description;
    const found = messages.find((one) => one.mid !== 0 && [one.name, one.stub, String(one.mid)].includes(name));
    if (found !== undefined) return found;
    const names = messages.filter(({ mid }) => mid > 2).map((one) => one.name);
    throw new Misuse(`${protocol} has no method ${name}; it has ${shownName(names.join(', '))}`);
  }

  /** The request with what it takes of earlier responses. */
  #filled(value: Json, where: string): Json {
    if (typeof value === 'string') return this.#reference(value, where);
    if (Array.isArray(value)) return value.map((element: Json, i) => this.#filled(element, `${where}[${i}]`));
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).map(
      ([name, part]) => [name, this.#filled(part, `${where}.${name}`)] as const,
    );
    return Object.fromEntries(entries);
  }

  #reference(text: string, where: string): Json {
    if (!text.startsWith('$')) return text;
    if (text.startsWith('$$')) return text.slice(1);
    const [, number, path] = /^\$(\d+)((?:\.\w+)*)$/u.exec(text) ?? [];
    const answer = number === undefined ? undefined : this.#answers[Number(number)];
    let part: Json | undefined = answer;
    for (const name of path?.split('.').slice(1) ?? []) {
      const has = typeof part === 'object' && part !== null && Object.hasOwn(part, name);
      part = has ? (part as { readonly [name: string]: Json })[name] : undefined;
    }
    if (part !== undefined) return part;
    throw new WrongValue(`${where}: no response has ${text} (a string that begins with $ is written with two)`);
  }
}

/** Runs a command with these descriptors as 3, 4, …; gives its exit status. */
async function runWith(fds: readonly number[], command: string): Promise<number> {
  const child = spawn('/bin/sh', ['-c', command], { stdio: ['inherit', 'inherit', 'inherit', ...fds] });
  const [code] = (await once(child, 'close')) as [number | null];
  return code ?? 1;
}
