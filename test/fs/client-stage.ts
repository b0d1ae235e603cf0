/** A gofer on a directory of its own, and client.fs on it: with the descriptors that it donates, and without. */

import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { clientFS, type ClientFS } from '../../runtime/fs/client-fs.js';
import type { FDID, LISAFSClient } from '../../runtime/index.js';
import type { PeerKind } from '../interop/peers.js';
import { withSession, type Session } from '../interop/session.js';

/** How content travels: by donated descriptors, or by PRead and PWrite. */
export type Content = 'donated' | 'undonated';

export interface Stage {
  readonly fs: ClientFS;
  readonly session: Session;
  /** The served directory. */
  readonly path: string;
}

/** The calls that make FDIDs. */
const MAKERS = ['walk', 'openAt', 'openCreateAt', 'mkdirAt', 'symlinkAt', 'linkAt'] as const;
const FDID_FIELDS = ['controlFD', 'openFD', 'newFD'];

function fdidsIn(value: unknown): FDID[] {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return [];
  const entries = Object.entries(value);
  return entries.flatMap(([key, inner]) => (FDID_FIELDS.includes(key) ? [inner as FDID] : fdidsIn(inner)));
}

/** The FDIDs that are not closed yet, of all that were made through it. */
type Outstanding = Set<FDID>;

/** A client that counts FDIDs, and to which, `undonated`, nothing is donated: what came is closed. */
function watched(client: LISAFSClient, content: Content, outstanding: Outstanding): LISAFSClient {
  type Call = (request: { fds: FDID[] }) => Promise<{ hostFD?: unknown }>;
  const overrides: Record<string | symbol, Call> = {};
  for (const name of MAKERS) {
    overrides[name] = async (request) => {
      const resp = await (client[name] as unknown as Call)(request);
      for (const fdid of fdidsIn(resp)) outstanding.add(fdid);
      return content === 'undonated' ? withoutFD(resp) : resp;
    };
  }
  overrides['close'] = (request) => {
    for (const fdid of request.fds) assert.ok(outstanding.delete(fdid), `FDID ${fdid} is closed that is not open`);
    return (client.close as unknown as Call)(request);
  };
  return new Proxy(client, {
    get(target, key) {
      const value: unknown = Object.hasOwn(overrides, key) ? overrides[key] : Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

function withoutFD<T extends { hostFD?: unknown }>(resp: T): T {
  (resp.hostFD as { close(): void } | undefined)?.close();
  resp.hostFD = undefined;
  return resp;
}

/** What the server holds open, by name; what its language's runtime opens for itself is left out. */
function serverHoldings(pid: number): string[] {
  const names: string[] = [];
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    try {
      names.push(readlinkSync(`/proc/${pid}/fd/${fd}`));
    } catch {
      // Closed meanwhile.
    }
  }
  return names.filter((name) => !name.startsWith('anon_inode:')).sort();
}

/**
 * What the server holds that it did not hold before. It may hold less: what it donated at mount it closes afterwards.
 */
function serverLeft(pid: number, before: readonly string[]): string[] {
  const known = [...before];
  return serverHoldings(pid).filter((name) => {
    const at = known.indexOf(name);
    if (at >= 0) known.splice(at, 1);
    return at < 0;
  });
}

/** FDIDs are closed a little later, many at once. */
async function eventually(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !isSo(); i++) await sleep(10);
}

/**
 * Runs `body` with client.fs on a new directory. Afterwards every FDID must be closed, and this process and the server
 * must hold what they held before; the server, unless it is known to keep something itself.
 */
export async function withFS(
  kind: PeerKind,
  content: Content,
  body: (stage: Stage) => Promise<void>,
  serverLeaks = '',
): Promise<void> {
  process.umask(0o022);
  await withSession({ runsc: kind }, async (session) => {
    const { client, root, path, gofer } = session;
    const before = serverHoldings(gofer.pid);
    const outstanding: Outstanding = new Set();
    const fs = clientFS(watched(client, content, outstanding), root);
    await body({ fs, session, path });
    await eventually(() => outstanding.size === 0);
    assert.is(outstanding.size, 0, 'FDIDs are left');
    if (serverLeaks !== '') return;
    await eventually(() => serverLeft(gofer.pid, before).length === 0);
    assert.equal(serverLeft(gofer.pid, before), []);
  });
}
