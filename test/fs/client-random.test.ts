/**
 * client.fs against node:fs: thousands of random operations, each done by client.fs on a tree that a gofer serves, and
 * by node:fs on a twin of that tree; and what changes nothing, by both on the very same tree. Results and errors must
 * be equal, and so must the two trees in the end.
 *
 *     CLIENT_FS_SEED=123 CLIENT_FS_COUNT=20000 npx uvu dist/test/fs client-random
 */

import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect, isDeepStrictEqual } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { needingRunsc, type PeerKind } from '../interop/peers.js';
import { execute, SET_BEFORE_MS, type Operation, type Outcome } from './client-operations.js';
import { anyOperation, askingOperation, Random } from './client-random.js';
import { SCRIPT } from './client-script.js';
import { withFS, type Stage } from './client-stage.js';
import { Twin } from './client-twin.js';

const SEED = Number(process.env['CLIENT_FS_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const COUNT = Number(process.env['CLIENT_FS_COUNT'] ?? 3000);
/** How often the trees are compared: 1 finds the operation after which they differ. */
const EVERY = Number(process.env['CLIENT_FS_EVERY'] ?? 500);

function show(value: unknown): string {
  return inspect(value, { depth: 6, breakLength: 160, maxStringLength: 300, maxArrayLength: 40 });
}

/** What a gofer's answers may leave out or get otherwise, and node:fs does not. */
function comparable(outcome: Outcome, kind: PeerKind): unknown {
  if (!('value' in outcome) || typeof outcome.value !== 'object' || outcome.value === null) return outcome;
  if (kind !== 'debian' || !('birthtimeMs' in outcome.value)) return outcome;
  // The gofer of 2022 does not know when a file was made.
  const { birthtime: _b, birthtimeMs: _ms, birthtimeNs: _ns, ...rest } = outcome.value as Record<string, unknown>;
  return rest;
}

/**
 * With a Buffer's path, and below a directory whose name is not UTF-8, node:fs itself gets lost when it is to recurse.
 * And until Node 24 it loses a letter of the empty prefix of a temporary directory.
 */
function isLostByNode({ method, args }: Operation, theirs: Outcome): boolean {
  if (method === 'mkdtemp' && args[0] === '') return true;
  const [path, options] = args as [unknown, { recursive?: boolean } | undefined];
  return options?.recursive === true && (Buffer.isBuffer(path) || JSON.stringify(theirs).includes('\ufffd'));
}

function check(number: number, operation: Operation, ours: Outcome, theirs: Outcome, kind: PeerKind): void {
  const [mine, truth] = [comparable(ours, kind), comparable(theirs, kind)];
  if (isDeepStrictEqual(mine, truth) || isLostByNode(operation, theirs)) return;
  const what = `seed ${SEED}, operation ${number}: ${show(operation)}`;
  throw new Error(`${what}\nclient.fs: ${show(mine)}\n  node:fs: ${show(truth)}`);
}

/** A tree as data: every file with what is recorded about it and its content. */
function snapshot(root: string): Record<string, unknown> {
  const tree: Record<string, unknown> = {};
  const add = (path: Buffer, name: string): void => {
    const stat = lstatSync(path);
    const { mode, uid, gid } = stat;
    const mtime = stat.mtimeMs < SET_BEFORE_MS ? stat.mtimeMs : 'now';
    const node = { mode, uid, gid, mtime };
    if (stat.isDirectory()) {
      tree[name] = node;
      for (const child of readdirSync(path, { encoding: 'buffer' })) {
        add(Buffer.concat([path, Buffer.from('/'), child]), `${name}/${child.toString('latin1')}`);
      }
    } else if (stat.isSymbolicLink()) tree[name] = { ...node, target: readlinkSync(path, 'latin1') };
    else tree[name] = { ...node, nlink: stat.nlink, content: readFileSync(path, 'latin1') };
  };
  add(Buffer.from(root), '');
  return tree;
}

const random = suite('client.fs against node:fs');

/**
 * gVisor's servers keep a descriptor per link: that of 2022 the file's, today's the directory's that it opens for it.
 */
const SERVER_LEAKS = 'LinkAt';

const CONFIGURATIONS = [
  ['debian', 'donated'],
  ['current', 'donated'],
  ['current', 'undonated'],
] as const;

/** Does the operations on both, and compares. `twin` has the same files, `same` is on the very directory. */
async function compare({ fs, path }: Stage, kind: PeerKind, twin: Twin, same: Twin): Promise<void> {
  const numbers = new Random(SEED);
  let failed = 0;
  for (let i = 0; i < SCRIPT.length + COUNT; i++) {
    const operation = SCRIPT[i] ?? anyOperation(numbers);
    const [ours, theirs] = [await execute(fs, operation), await twin.do(operation)];
    check(i, operation, ours, theirs, kind);
    if (i % EVERY === 0) assert.equal(snapshot(path), snapshot(twin.root), `after ${i}: ${show(operation)}`);
    if (i < SCRIPT.length) continue;
    if ('error' in ours) failed++;
    if (i % 4 > 0) continue;
    const asking = askingOperation(numbers);
    const truth = await same.do(asking, 'all');
    check(i, asking, await execute(fs, asking, 'all'), truth, kind);
  }
  assert.equal(snapshot(path), snapshot(twin.root));
  assert.ok(COUNT < 100 || (failed < COUNT * 0.9 && failed > COUNT * 0.1), `${failed} of ${COUNT} failed`);
}

for (const [kind, content] of CONFIGURATIONS) {
  const name = `${kind}, ${content}: ${SCRIPT.length} chosen and ${COUNT} random operations, seed ${SEED}`;
  needingRunsc(random, kind)(name, async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'lisafs-twin-'));
    const twin = await Twin.start(elsewhere);
    const body = async (stage: Stage): Promise<void> => {
      const same = await Twin.start(stage.path);
      try {
        await compare(stage, kind, twin, same);
      } finally {
        await same.end();
      }
    };
    try {
      await withFS(kind, content, body, SERVER_LEAKS);
    } finally {
      await twin.end();
      rmSync(elsewhere, { recursive: true, force: true });
    }
  });
}

random.run();
