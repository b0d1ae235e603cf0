/** Random calls, right and wrong, on what earlier calls brought. The same seed makes the same calls. */

import { Random } from '../../runtime/wire/random.js';
import type { FDID } from '../../runtime/index.js';
import { Both, type Twin } from './side-by-side.js';
import { HUGE, NOBODY, UNKNOWN } from './stage.js';

const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_IFLNK = 0o120000;
const S_IFCHR = 0o020000;
const MOST_FDS = 60;
/** STATX_ATIME and STATX_MTIME. */
const TIMES = 0x20 | 0x40;

/** Few, so that they meet. */
const NAMES = ['a', 'b', 'c', 'dir', 'sub', 'file', 'link', 'ü', '\udcff\udcfe', ' ', 'n'.repeat(255)];
const BAD_NAMES = ['', '.', '..', 'a/b', '/', 'n'.repeat(256), `${'é'.repeat(128)}`];
const TARGETS = [
  'a',
  '../b',
  '/etc/passwd',
  'dir/file',
  '.',
  '\udcff',
  't'.repeat(300),
  'x'.repeat(4095),
  'x'.repeat(4096),
  '',
];
const MODES = [0o644, 0o600, 0o777, 0o000, 0o4755, 0o2755, 0o1777];
const OWNERS = [NOBODY, 0, 1000, 65534];
/** Not those of trusted., for which gVisor's server has dropped the privilege. */
const XATTRS = ['user.a', 'user.b', 'user.', 'nonsense', '', 'user.' + 'x'.repeat(251)];
const VALUES = ['', 'v', '\udcff\0\udc80', 'v'.repeat(2000)];

type Step = () => Promise<void>;

export class RandomCalls {
  readonly #random: Random;
  readonly #both: Both;
  readonly #root: Twin;
  readonly #twins: Twin[] = [];
  /** Inodes, on our side, that may have several names. */
  readonly #linked = new Set<bigint>();
  readonly #steps: readonly Step[];

  constructor(both: Both, seed: number) {
    this.#both = both;
    this.#random = new Random(seed);
    const [a, b] = both.sessions;
    this.#root = { ids: [a.root, b.root], kind: 'control', type: S_IFDIR };
    this.#steps = [...this.#walks(), ...this.#names(), ...this.#contents(), ...this.#attributes(), () => this.#close()];
  }

  async run(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      await this.#pick(this.#steps)();
      while (this.#twins.length > MOST_FDS) await this.#close();
    }
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#random.below(list.length)]!;
  }

  #chance(outOf: number): boolean {
    return this.#random.below(outOf) === 0;
  }

  #name(): string {
    return this.#chance(12) ? this.#pick(BAD_NAMES) : this.#pick(NAMES);
  }

  /** Mostly an FD of the right kind and type; now and then any other, or one that is none. */
  #fd(kind: 'control' | 'open', ...types: number[]): readonly [FDID, FDID] {
    if (this.#chance(40)) return this.#pick([UNKNOWN, HUGE, 0 as FDID].map((id) => [id, id] as const));
    const all = [this.#root, ...this.#twins];
    const right = all.filter((twin) => twin.kind === kind && (types.length === 0 || types.includes(twin.type)));
    return this.#pick(right.length === 0 || this.#chance(15) ? all : right).ids;
  }

  async #call(name: string, requestOf: (side: 0 | 1) => object): Promise<void> {
    const { made } = await this.#both.call(name, requestOf);
    this.#twins.push(...made);
  }

  /** A call on one FD, with the same further fields for both servers. */
  #on(name: string, field: string, ids: readonly [FDID, FDID], rest: object = {}): Promise<void> {
    return this.#call(name, (side) => ({ [field]: ids[side], ...rest }));
  }

  /**
   * Closes an FD, unless its file may be deleted: gVisor's server then forgets the name, whichever file has it by now,
   * and takes that one's FDs for those of a file that is still there.
   */
  async #close(): Promise<void> {
    const [twin] = this.#twins.splice(this.#random.below(this.#twins.length + 1), 1);
    if (twin === undefined || (await this.#mayBeDeleted(twin.ids[1]))) return;
    await this.#both.call('close', (side) => ({ fds: [twin.ids[side]] }));
  }

  /** Asks our server alone. A file with several names may have lost the one that this FD is for. */
  async #mayBeDeleted(fd: FDID): Promise<boolean> {
    const stat = await this.#both.sessions[1].client.fstat({ fd }).catch(() => undefined);
    return stat === undefined || stat.nlink === 0 || this.#linked.has(stat.ino);
  }

  #walks(): Step[] {
    const path = (): string[] => Array.from({ length: this.#random.below(4) }, () => this.#name());
    const walk: Step = () => this.#on('walk', 'dirFD', this.#fd('control', S_IFDIR), { path: path() });
    return [
      walk,
      walk,
      walk,
      () =>
        this.#on('walkStat', 'dirFD', this.#fd('control', S_IFDIR), {
          path: this.#chance(2) ? ['', ...path()] : path(),
        }),
      () => this.#on('openAt', 'fd', this.#fd('control', S_IFREG, S_IFDIR), { flags: this.#openFlags() }),
      () => this.#on('openAt', 'fd', this.#fd('control', S_IFREG), { flags: this.#openFlags() }),
      () => this.#list(),
      () => this.#on('readLinkAt', 'fd', this.#fd('control', S_IFLNK)),
    ];
  }

  #openFlags(): number {
    return this.#pick([0, 0, 1, 2, 2, 2, 3, 0o1001, 0o1002, 0o1000, 0o2001, 0o100 | 2]);
  }

  /** Reads a directory to its end in pieces of some size. */
  async #list(): Promise<void> {
    const directory = this.#fd('control', S_IFDIR);
    const opened = await this.#both.call('openAt', (side) => ({ fd: directory[side], flags: 0 }));
    const [twin] = opened.made;
    if (twin === undefined) return;
    await this.#both.call('getdents64', (side) => ({ dirFD: twin.ids[side], count: -this.#everything }));
    await this.#both.call('getdents64', (side) => ({ dirFD: twin.ids[side], count: this.#everything }));
    const count = this.#pick([0, 1, 23, 24, 100, 280, 300]);
    await this.#both.call('getdents64', (side) => ({ dirFD: twin.ids[side], count: -count }));
    await this.#both.call('getdents64', (side) => ({ dirFD: twin.ids[side], count }));
    await this.#both.call('close', (side) => ({ fds: [twin.ids[side]] }));
  }
  readonly #everything = 65536;

  #names(): Step[] {
    const create = (): object => ({
      uid: this.#pick(OWNERS),
      gid: this.#pick(OWNERS),
      mode: this.#pick(MODES),
      name: this.#name(),
    });
    const making = (name: string, more: () => object = () => ({})): Step => {
      return () => this.#on(name, 'dirFD', this.#fd('control', S_IFDIR), { ...create(), ...more() });
    };
    const nodeType = (): number => this.#pick([S_IFREG, S_IFREG, S_IFCHR, 0o060000, 0o010000, 0o140000, 0]);
    return [
      making('openCreateAt', () => ({ flags: this.#openFlags() })),
      making('openCreateAt', () => ({ flags: this.#openFlags() })),
      making('mkdirAt'),
      making('mkdirAt'),
      making('mknodAt', () => ({ mode: nodeType() | this.#pick(MODES), minor: this.#random.below(2), major: 0 })),
      making('symlinkAt', () => ({ target: this.#pick(TARGETS) })),
      () => this.#link(),
      () =>
        this.#on('unlinkAt', 'dirFD', this.#fd('control', S_IFDIR), { name: this.#name(), flags: this.#unlinkFlags() }),
      () => this.#rename('renameAt', {}),
      () => this.#rename('renameAt', {}),
      () => this.#rename('renameAt2', { flags: this.#pick([0, 1, 2, 3, 4, 8]) }),
    ];
  }

  #unlinkFlags(): number {
    return this.#pick([0, 0, 0x200, 0x200, 0x1]);
  }

  async #link(): Promise<void> {
    const target = this.#fd('control', S_IFREG, S_IFLNK);
    const stat = await this.#both.sessions[1].client.fstat({ fd: target[1] }).catch(() => undefined);
    if (stat !== undefined) this.#linked.add(stat.ino);
    const directory = this.#fd('control', S_IFDIR);
    const name = this.#name();
    await this.#call('linkAt', (side) => ({ dirFD: directory[side], target: target[side], name }));
  }

  #rename(call: string, more: object): Promise<void> {
    const [from, to] = [this.#fd('control', S_IFDIR), this.#fd('control', S_IFDIR)];
    const names = { oldName: this.#name(), newName: this.#name() };
    return this.#call(call, (side) => ({ oldDir: from[side], newDir: to[side], ...names, ...more }));
  }

  #contents(): Step[] {
    const offset = (): bigint => this.#pick([0n, 1n, 4095n, 70_000n, 1n << 62n, 1n << 63n, (1n << 64n) - 1n]);
    const write: Step = () =>
      this.#on('pwrite', 'fd', this.#fd('open', S_IFREG), {
        offset: this.#chance(4) ? offset() : BigInt(this.#random.below(5000)),
        data: this.#random.bytes(64),
      });
    return [
      write,
      write,
      () =>
        this.#on('pread', 'fd', this.#fd('open', S_IFREG), {
          offset: this.#chance(4) ? offset() : BigInt(this.#random.below(5000)),
          count: this.#pick([0, 1, 100, 70_000]),
        }),
      () => this.#sync(),
      () =>
        this.#on('fallocate', 'fd', this.#fd('open', S_IFREG), {
          mode: 0,
          offset: this.#pick([0n, 100n, 1n << 63n]),
          length: this.#pick([0n, 1n, 10_000n, 1n << 63n]),
        }),
    ];
  }

  #sync(): Promise<void> {
    const fds = [this.#fd('open'), this.#fd('open')];
    return this.#call('fsync', (side) => ({ fds: fds.map((ids) => ids[side]) }));
  }

  /**
   * A control FD of anything but a device. gVisor's server cannot open a whiteout, and what it holds instead is no good
   * for these calls: they fail there with EBADF, and work on ours.
   */
  #plain(): readonly [FDID, FDID] {
    return this.#chance(30) ? [UNKNOWN, UNKNOWN] : this.#plainTwin().ids;
  }

  #plainTwin(): Twin {
    return this.#pick([this.#root, ...this.#twins].filter(({ kind, type }) => kind === 'control' && type !== S_IFCHR));
  }

  /**
   * A symlink's times are set by its name on gVisor's server, so not once it is deleted; ours has the symlink itself.
   */
  #setStat(): Promise<void> {
    const { ids, type } = this.#plainTwin();
    const change = this.#change();
    const mask = type === S_IFLNK ? change.mask & ~TIMES : change.mask;
    return this.#on('setStat', 'fd', this.#chance(30) ? [UNKNOWN, UNKNOWN] : ids, { ...change, mask });
  }

  #attributes(): Step[] {
    const any = (): readonly [FDID, FDID] => this.#fd('control');
    return [
      () => this.#on('fstat', 'fd', this.#fd(this.#chance(2) ? 'open' : 'control')),
      () => this.#on('fstatFS', 'fd', any()),
      () => this.#setStat(),
      () => this.#setStat(),
      () =>
        this.#on('fgetXattr', 'fd', this.#plain(), {
          name: this.#pick(XATTRS),
          bufSize: this.#pick([0, 1, 100, 70_000]),
        }),
      () =>
        this.#on('fsetXattr', 'fd', this.#plain(), {
          name: this.#pick(XATTRS),
          value: this.#pick(VALUES),
          flags: this.#pick([0, 0, 1, 2, 3]),
        }),
      () => this.#on('flistXattr', 'fd', this.#plain(), { size: this.#pick([0, 1, 1000, 70_000]) }),
      () => this.#on('fremoveXattr', 'fd', this.#plain(), { name: this.#pick(XATTRS) }),
      () => this.#on('connect', 'fd', any(), { sockType: this.#pick([1, 2, 3]) }),
    ];
  }

  #change() {
    const time = (): object => ({
      sec: this.#pick([0n, 1n, -5n, 999_999_999n]),
      nsec: this.#pick([0n, 1n, 999_999_999n, (1n << 30n) - 2n, 1_000_000_000n]),
    });
    const bits = [0x2, 0x8, 0x10, 0x20, 0x40, 0x200].filter(() => this.#chance(3));
    return {
      mask: bits.reduce((mask, bit) => mask | bit, this.#chance(40) ? 0x1 : 0),
      mode: this.#pick(MODES) | this.#pick([0, S_IFREG]),
      uid: this.#pick(OWNERS),
      gid: this.#pick(OWNERS),
      size: this.#pick([0n, 5n, 100_000n, 1n << 62n, 1n << 63n]),
      atime: time(),
      mtime: time(),
    };
  }
}
