/** `lisafs inspect`: what a server is. */

import { withSession, MID_REFLECTION, type Session } from './any-protocol.js';
import { integerOption, parseCommand } from './arguments.js';
import { Misuse } from './misuse.js';
import { timesOf, timesSync, timesTable, type Times } from './round-trips.js';
import { MOUNT_USAGE, TARGET_OPTIONS, TARGET_USAGE } from './target.js';
import { shownJSON, shownName, shownSize, styled, write } from './terminal.js';

const USAGE = `usage: lisafs inspect ${MOUNT_USAGE} [options]

Tells what a server speaks and supports, its limits, and how fast it answers. A server of this SDK describes its
protocol itself; of another, such as gVisor's, it is taken to be LISAFS, or what --schema says.

${TARGET_USAGE}
  --schema FILE      the protocol's schema
  --calls N          how many round trips to measure (1000); 0 for none
  --json             one JSON object
  -h, --help         this text

Exit status: 0, 1 if the server does not answer, 2 for a mistake in the command.
`;

const OPTIONS = {
  ...TARGET_OPTIONS,
  schema: { type: 'string' },
  calls: { type: 'string', default: '1000' },
  json: { type: 'boolean', default: false },
} as const;

const MAX_CALLS = 1_000_000;
const MID_FSTAT = 3;
/** Beyond the end of every description: the answer is short. */
const FAR = Buffer.from('ffffffff', 'hex');
const FIRST_EXTENSION = 65280;

export async function inspectCommand(args: readonly string[]): Promise<number> {
  const command = parseCommand(args, USAGE, OPTIONS);
  if (command === undefined) return 0;
  if (command.positionals.length > 0) throw new Misuse(`what is ${command.positionals[0]}? The server is an option`);
  const { values } = command;
  const calls = integerOption('calls', values.calls, 0, MAX_CALLS);
  await withSession(values, async (session) => {
    const times = calls === 0 ? [] : await roundTrips(session, calls);
    await write(values.json ? `${shownJSON(facts(session, times))}\n` : shown(session, times));
  });
  return 0;
}

type Row = readonly [name: string, times: Times];

/** Something small to ask, as bytes: a part of the description that is not there, or what is known of the root. */
function question({
  description,
  mounted,
  supported,
}: Session): { mid: number; name: string; bytes: Uint8Array } | undefined {
  if (supported.includes(MID_REFLECTION)) return { mid: MID_REFLECTION, name: 'Reflection', bytes: FAR };
  if (description.name !== 'LISAFS' || !supported.includes(MID_FSTAT)) return undefined;
  const { root } = mounted as { root: { controlFD: number | string } };
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(root.controlFD));
  return { mid: MID_FSTAT, name: 'FStat', bytes };
}

async function roundTrips(session: Session, calls: number): Promise<Row[]> {
  const { client } = session;
  const asked = question(session);
  if (asked === undefined) return [];
  const { mid, bytes, name } = asked;
  await client.sndRcvMessage(mid, bytes);
  return [
    [`${name}, blocking`, timesSync(calls, () => client.sndRcvMessageSync(mid, bytes))],
    [`${name}, awaited`, await timesOf(calls, () => client.sndRcvMessage(mid, bytes))],
  ];
}

/** Every message that the description or the server knows, and which of the two. */
function messages({
  description,
  supported,
}: Session): { mid: number; name: string; supported: boolean; doc: string }[] {
  const known = description.messages.map(({ mid, name, doc }) => ({
    mid,
    name,
    doc,
    supported: supported.includes(mid),
  }));
  const strange = supported
    .filter((mid) => mid < FIRST_EXTENSION && !description.messages.some((message) => message.mid === mid))
    .map((mid) => ({ mid, name: '?', doc: 'The description does not have it.', supported: true }));
  return [...known, ...strange].sort((a, b) => a.mid - b.mid);
}

function extensions({ supported }: Session): number[] {
  return supported.filter((mid) => mid >= FIRST_EXTENSION);
}

function facts(session: Session, times: readonly Row[]): object {
  const { client, description, source } = session;
  return {
    protocol: description.name,
    fingerprint: description.fingerprint,
    description: source,
    maxMessageSize: client.maxMessageSize,
    channels: client.channels,
    messages: messages(session).map(({ mid, name, supported }) => ({ mid, name, supported })),
    extensions: extensions(session),
    roundTrips: { unit: 'us', ...Object.fromEntries(times) },
  };
}

const DOC_WIDTH = 72;

function shown(session: Session, times: readonly Row[]): string {
  const { client, description, source } = session;
  const all = messages(session);
  const supported = all.filter((message) => message.supported);
  const rows: readonly (readonly [string, string])[] = [
    ['protocol', `${styled('bold', shownName(description.name))}, schema ${shownName(description.fingerprint)}`],
    ['known from', source === 'server' ? 'the server itself' : source],
    ['largest message', `${client.maxMessageSize} bytes (${shownSize(client.maxMessageSize)})`],
    ['channels', client.channels === 0 ? 'none: calls go over the socket' : String(client.channels)],
    ['extensions', extensions(session).join(', ') || 'none'],
    ['messages', `${supported.length} of ${all.filter(({ mid }) => mid !== 0).length} supported`],
  ];
  const width = Math.max(...all.map(({ name }) => name.length));
  const list = all
    .filter(({ mid }) => mid !== 0)
    .map(({ mid, name, doc, supported: is }) => {
      const sentence = shownName(doc.replaceAll('\n', ' ').split(/(?<=\.)\s/u)[0] ?? '');
      const text = sentence.length > DOC_WIDTH ? `${sentence.slice(0, DOC_WIDTH - 1)}…` : sentence;
      const line = `  ${String(mid).padStart(5)}  ${shownName(name).padEnd(width)}  ${is ? text : 'not supported'}`;
      return `${is ? line : styled('dim', line)}\n`;
    });
  const head = rows.map(([label, value]) => `${styled('dim', label.padStart(15))}  ${value}\n`).join('');
  const table = times.length === 0 ? '' : `\n${timesTable(times)}`;
  return `${head}\n${list.join('')}${table}`;
}
