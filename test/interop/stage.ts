/** What a case of mids.test.ts plays on: one message, one gofer, one communicator, one face of the client. */

import { lstatSync, mkdirSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { FDID, type LISAFSClient, type LISAFSStubs, RPCError, type Statx } from '../../runtime/index.js';
import type { PeerKind } from './peers.js';
import type { Session } from './session.js';

/** The asynchronous stubs of a client, or the synchronous ones in their clothes. */
export type Calls = Pick<
  LISAFSStubs,
  { [K in keyof LISAFSStubs]: K extends `${string}Sync` | 'call' ? never : K }[keyof LISAFSStubs]
>;
export type Face = 'asynchronous' | 'synchronous';
export type Over = 'channels' | 'the socket';

/** No user, no group: who makes a file stays its owner. */
export const NOBODY = 0xffff_ffff;
export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_TRUNC = 0o1000;

/** The FDIDs of a response, wherever in it they stand, and the descriptors that it donated. */
function collect(value: unknown, fdids: FDID[], close: (() => void)[]): void {
  if (typeof value !== 'object' || value === null) return;
  if ('release' in value && 'close' in value) close.push(() => (value.close as () => void)());
  for (const [key, inner] of Object.entries(value)) {
    if (['controlFD', 'openFD', 'newFD', 'boundSocketFD'].includes(key)) fdids.push(inner as FDID);
    else if (!ArrayBuffer.isView(inner)) collect(inner, fdids, close);
  }
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

/** The names that are in `these` more often than in `those`, as often as that. */
function moreIn(these: readonly string[], those: readonly string[]): string[] {
  const left = [...those];
  return these.filter((name) => {
    const at = left.indexOf(name);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/**
 * Calls after which gVisor itself keeps a descriptor: BindAt one of the socket's file, LinkAt in 2022 that of its
 * target, today one of the target's directory. A socket that was bound it closes whenever Go's runtime collects it.
 */
const KEEPING = new Set(['bindAt', 'linkAt']);

let stages = 0;

export class Stage {
  readonly kind: PeerKind;
  readonly client: LISAFSClient;
  readonly over: Over;
  readonly face: Face;
  /** The message on trial: what errors must name. */
  readonly message: string;
  readonly session: Session;
  /** A directory of the test's own, as this process sees it. */
  readonly path: string;
  /** The calls. What their responses bring is closed at the end. */
  readonly ask: Calls;
  readonly #name: string;
  readonly #fdids: FDID[] = [];
  readonly #close: (() => void)[] = [];
  #serverKeeps = false;
  #dir: FDID | undefined;

  constructor(session: Session, over: Over, face: Face, message: string) {
    this.session = session;
    this.kind = session.gofer.runsc.kind;
    this.client = session.client;
    this.over = over;
    this.face = face;
    this.message = message;
    this.#name = `t${stages++}`;
    this.path = join(session.path, this.#name);
    this.ask = this.#recording();
  }

  /** The directory's control FD. */
  get dir(): FDID {
    return this.#dir!;
  }

  /** Where a file of the directory is. */
  at(...names: string[]): string {
    return join(this.path, ...names);
  }

  /** The path of a file of the directory as the server sees it: what goes into a socket's address there. */
  served(name: string): string {
    return `/${this.#name}/${name}`;
  }

  #recording(): Calls {
    const { client, face } = this;
    const record = <T>(resp: T): T => {
      collect(resp, this.#fdids, this.#close);
      return resp;
    };
    const call = async (name: string, req: unknown): Promise<unknown> => {
      this.#serverKeeps ||= KEEPING.has(name);
      const stub = Reflect.get(client, face === 'synchronous' ? `${name}Sync` : name) as (req: unknown) => unknown;
      return record(await (req === undefined ? Reflect.apply(stub, client, []) : stub.call(client, req)));
    };
    return new Proxy({} as Calls, {
      get: (_, name: string) => (req: unknown) => call(name, req),
    });
  }

  /** Makes the directory, runs `body`, closes what is still open, and holds the server to what it held before. */
  async play(body: (stage: Stage) => Promise<void>): Promise<void> {
    mkdirSync(this.path);
    const { pid } = this.session.gofer;
    const before = serverHoldings(pid);
    try {
      this.#dir = await this.walk(this.#name, this.session.root);
      await body(this);
    } finally {
      for (const close of this.#close) close();
      if (this.client.connected) await this.client.close({ fds: this.#fdids });
      rmSync(this.path, { recursive: true, force: true });
    }
    if (this.#serverKeeps) return;
    // It closes what it has donated after it has answered.
    for (let i = 0; i < 1000 && moreIn(serverHoldings(pid), before).length > 0; i++) await sleep(10);
    const after = serverHoldings(pid);
    assert.equal(moreIn(after, before), [], 'what it holds more than before');
    const gone = moreIn(before, after).filter((name) => !name.startsWith('socket:'));
    assert.equal(gone, [], 'what it held before and no longer does');
  }

  /** A control FD of one file of a directory; by default of the test's own. */
  async walk(name: string, dirFD: FDID = this.dir): Promise<FDID> {
    const { inodes } = await this.ask.walk({ dirFD, path: [name] });
    assert.is(inodes.length, 1, `${name} is not there`);
    return inodes[0]!.controlFD;
  }

  /** An open FD of one file of the directory. The descriptor that was donated with it is closed at the end. */
  async open(name: string, flags: number): Promise<FDID> {
    return (await this.ask.openAt({ fd: await this.walk(name), flags })).openFD;
  }

  /** What makes `name` in the directory, for those that make files. */
  create(name: string, mode = 0o640): { dirFD: FDID; uid: number; gid: number; mode: number; name: string } {
    return { dirFD: this.dir, uid: NOBODY, gid: NOBODY, mode, name };
  }

  /** The call must fail with this errno, and the error must name its message. */
  async fails(code: string, call: Promise<unknown>, message = this.message): Promise<void> {
    const outcome = await call.then(
      () => new Error(`${message} succeeds, instead of failing with ${code}`),
      (error: Error) => error,
    );
    if (!(outcome instanceof RPCError)) throw outcome;
    assert.is(outcome.code, code, outcome.message);
    assert.is(outcome.syscall, message);
    assert.ok(outcome.errno < 0);
  }

  /** Whatever takes a name takes single path components alone. */
  async refusesNames(call: (name: string) => Promise<unknown>): Promise<void> {
    for (const name of ['', '.', '..', 'a/b', '/a', 'a/']) await this.fails('EINVAL', call(name));
    await this.fails('ENAMETOOLONG', call('n'.repeat(256)));
  }

  /** What takes a control FD takes no other, and none that does not exist. */
  async wantsControlFD(call: (fd: FDID) => Promise<unknown>): Promise<void> {
    await this.fails('EBADF', call(UNKNOWN));
    await this.fails('EBADF', call(HUGE));
    await this.fails('EINVAL', call(await this.#anOpenFD()));
  }

  /** What takes an open FD takes no other, and none that does not exist. */
  async wantsOpenFD(call: (fd: FDID) => Promise<unknown>): Promise<void> {
    await this.fails('EBADF', call(UNKNOWN));
    await this.fails('EBADF', call(HUGE));
    await this.fails('EINVAL', call(this.dir));
  }

  async #anOpenFD(): Promise<FDID> {
    return (await this.ask.openAt({ fd: this.dir, flags: O_RDONLY })).openFD;
  }
}

/** FDIDs that no server has given. */
export const UNKNOWN = FDID(1_000_000);
export const HUGE = FDID(0xffff_ffff_ffff_ffffn);

/** One thing to show about a message. */
export interface Case {
  readonly title: string;
  /** True for one that starts a gofer of gVisor's for itself, whoever serves the stage. */
  readonly startsGofer?: true;
  readonly run: (stage: Stage) => Promise<void>;
}

const MAJOR_SHIFT = 8n;

function majorOf(dev: bigint): number {
  return Number(((dev >> MAJOR_SHIFT) & 0xfffn) | ((dev >> 32n) & ~0xfffn));
}

function minorOf(dev: bigint): number {
  return Number((dev & 0xffn) | ((dev >> 12n) & ~0xffn));
}

const BASIC_STATS = 0x7ff;
const STATX_BTIME = 0x800;

function nanoseconds({ sec, nsec }: { sec: bigint; nsec: number }): bigint {
  return sec * 1_000_000_000n + BigInt(nsec);
}

/** Sectors of 512 bytes in a block of the filesystem. */
const BLOCK_SECTORS = 8n;

/**
 * While ext4 writes a new file back it takes a block from those reserved and adds it to those in use: for a moment it
 * is counted twice or not at all, and two looks at it differ. So one block more or less is taken for the count there
 * is.
 */
function settledBlocks(blocks: bigint, truth: bigint): bigint {
  const difference = blocks - truth;
  return difference >= -BLOCK_SECTORS && difference <= BLOCK_SECTORS ? truth : blocks;
}

/** Every field of a Statx is what the kernel says of the file at `path`. */
export function sameStat(stat: Statx, path: string, kind: PeerKind): void {
  const truth = lstatSync(path, { bigint: true });
  assert.equal(
    {
      mode: BigInt(stat.mode),
      ino: stat.ino,
      size: stat.size,
      nlink: BigInt(stat.nlink),
      uid: BigInt(stat.uid),
      gid: BigInt(stat.gid),
      blocks: settledBlocks(stat.blocks, truth.blocks),
      blksize: BigInt(stat.blksize),
      atime: nanoseconds(stat.atime),
      mtime: nanoseconds(stat.mtime),
      ctime: nanoseconds(stat.ctime),
      dev: [stat.devMajor, stat.devMinor],
      rdev: [stat.rdevMajor, stat.rdevMinor],
    },
    {
      mode: truth.mode,
      ino: truth.ino,
      size: truth.size,
      nlink: truth.nlink,
      uid: truth.uid,
      gid: truth.gid,
      blocks: truth.blocks,
      blksize: truth.blksize,
      atime: truth.atimeNs,
      mtime: truth.mtimeNs,
      ctime: truth.ctimeNs,
      dev: [majorOf(truth.dev), minorOf(truth.dev)],
      rdev: [majorOf(truth.rdev), minorOf(truth.rdev)],
    },
  );
  assert.is(stat.mask & BASIC_STATS, BASIC_STATS);
  // The gofer of 2022 asks fstat(2), which knows of no birth.
  if (kind === 'debian') assert.equal([stat.mask, stat.btime.sec], [BASIC_STATS, 0n]);
  else if ((stat.mask & STATX_BTIME) !== 0) assert.is(nanoseconds(stat.btime), truth.birthtimeNs);
}
