/**
 * The same call to gVisor's own server and to ours, on two directories that began equal, and what differs in the
 * answers.
 */

import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { FDID } from '../../runtime/index.js';
import { descriptorFlags } from './kernel.js';
import type { Session } from './session.js';

/** One FD of each server, which the same calls brought. */
export interface Twin {
  readonly ids: readonly [FDID, FDID];
  readonly kind: 'control' | 'open';
  /** S_IF…, as the servers said when it was made. */
  readonly type: number;
}

/** An answer with all that may differ taken out of it, and what else it brought. */
interface Answer {
  readonly shown: unknown;
  readonly fdids: FDID[];
  readonly types: number[];
}

const FDIDS = ['controlFD', 'openFD', 'newFD'];
/** Inode numbers and places in a directory are the file system's; storage is taken whenever it likes. */
const FREE = ['ino', 'off', 'blocks', 'blocksFree', 'blocksAvailable', 'filesFree'];
const TIMES = ['atime', 'mtime', 'ctime', 'btime'];
/** Times before this are not of now: somebody has set them. */
const LONG_AGO = 1_000_000_000n;
const S_IFMT = 0o170000;

function showTime({ sec, nsec }: { sec: bigint; nsec: number }): string {
  return sec > LONG_AGO ? 'now' : `${sec}.${nsec}`;
}

class Reader {
  readonly fdids: FDID[] = [];
  readonly types: number[] = [];

  show(value: unknown, name = ''): unknown {
    if (FDIDS.includes(name)) {
      this.fdids.push(value as FDID);
      return 'an FDID';
    }
    if (FREE.includes(name)) return value === 0n ? 0 : 'some';
    if (TIMES.includes(name)) return showTime(value as { sec: bigint; nsec: number });
    if (name === 'mode') this.types.push((value as number) & S_IFMT);
    if (typeof value === 'bigint') return value.toString();
    if (typeof value !== 'object' || value === null) return value;
    if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex');
    if (Array.isArray(value)) return value.map((each) => this.show(each));
    if ('release' in value) return this.#showDescriptor(value as unknown as { fd: number; close(): void });
    return Object.fromEntries(fieldsOf(value).map((field) => [field, this.show(Reflect.get(value, field), field)]));
  }

  #showDescriptor(donated: { fd: number; close(): void }): unknown {
    const flags = descriptorFlags(donated.fd);
    donated.close();
    return { flags };
  }
}

/** A message's fields are accessors, in part: its JSON has them all, and the descriptors are beside them. */
function fieldsOf(value: object): string[] {
  const json = 'toJSON' in value ? Object.keys((value.toJSON as () => object)()) : [];
  return [...new Set([...json, ...Object.keys(value).filter((key) => !key.startsWith('_'))])];
}

export class Both {
  readonly sessions: readonly [Session, Session];
  /** The calls so far, for the message of a failure. */
  readonly #history: string[] = [];
  readonly counts = new Map<string, number>();

  constructor(sessions: readonly [Session, Session]) {
    this.sessions = sessions;
  }

  async #ask(side: 0 | 1, name: string, request: object): Promise<Answer> {
    const { client } = this.sessions[side];
    const reader = new Reader();
    try {
      const call = Reflect.get(client, name) as (req: object) => Promise<unknown>;
      const response = await call.call(client, request);
      return { shown: reader.show(response), fdids: reader.fdids, types: reader.types };
    } catch (error) {
      return { shown: { code: (error as { code?: string }).code ?? String(error) }, fdids: [], types: [] };
    }
  }

  /**
   * Makes a call to both and compares the answers. Returns the FDs that they brought, and how it ended: 'ok' or a code.
   */
  async call(name: string, requestOf: (side: 0 | 1) => object): Promise<{ made: Twin[]; outcome: string }> {
    const answers = await Promise.all([this.#ask(0, name, requestOf(0)), this.#ask(1, name, requestOf(1))]);
    const [gvisor, ours] = answers;
    const shown = gvisor.shown as { code?: string } | undefined;
    const outcome = shown?.code ?? 'ok';
    this.#history.push(`${name} ${JSON.stringify(requestOf(0), replaceBigint)}: ${outcome}`);
    this.counts.set(`${name} ${outcome}`, (this.counts.get(`${name} ${outcome}`) ?? 0) + 1);
    assert.equal(
      ours.shown,
      gvisor.shown,
      `the answers differ; the last calls:\n${this.#history.slice(-12).join('\n')}\n`,
    );
    return { made: this.#twins(gvisor, ours), outcome };
  }

  /** An answer with an open FD has it last, after the inode it belongs to if there is one. */
  #twins(gvisor: Answer, ours: Answer): Twin[] {
    return gvisor.fdids.map((id, i) => ({
      ids: [id, ours.fdids[i]!],
      kind: i < gvisor.types.length ? 'control' : 'open',
      type: gvisor.types[i] ?? gvisor.types.at(-1) ?? 0,
    }));
  }
}

function replaceBigint(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return `<${value.length} bytes>`;
  if (typeof value === 'string' && value.length > 40) return `${value.slice(0, 20)}… ${value.length} long`;
  return typeof value === 'bigint' ? value.toString() : value;
}

/** A tree as text, one line a file: what must be equal in the end. Names are latin1, so that each byte shows. */
export function describeTree(root: string): string[] {
  const lines: string[] = [];
  const links = new Map<bigint, string>();
  const visit = (directory: Buffer, shown: string): void => {
    const names = readdirSync(directory, { encoding: 'buffer' }).sort(Buffer.compare);
    for (const name of names) {
      const path = Buffer.concat([directory, Buffer.from('/'), name]);
      const label = join(shown, name.toString('latin1'));
      lines.push(`${label} ${describeFile(path, label, links)}`);
      if (lstatSync(path).isDirectory()) visit(path, label);
    }
  };
  visit(Buffer.from(root), '');
  return lines;
}

function describeFile(path: Buffer, label: string, links: Map<bigint, string>): string {
  const stat = lstatSync(path, { bigint: true });
  const first = links.get(stat.ino) ?? label;
  links.set(stat.ino, first);
  const facts = [stat.mode.toString(8), stat.uid, stat.gid, stat.nlink, `same as ${first}`];
  const times = [stat.atimeNs, stat.mtimeNs].map((ns) => (ns / 1_000_000_000n > LONG_AGO ? 'now' : String(ns)));
  if (stat.isSymbolicLink()) facts.push(readlinkSync(path, { encoding: 'latin1' }));
  else if (stat.isFile())
    facts.push(
      String(stat.size),
      readFileSync(path)
        .subarray(0, 1 << 16)
        .toString('base64'),
    );
  return [...facts, ...times].join(' ');
}
