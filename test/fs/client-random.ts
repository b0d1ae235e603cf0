/** Random operations on a small set of names, so that they meet each other's files. Replayable by their seed. */

import { constants } from 'node:fs';
import type { Operation } from './client-operations.js';

/** A small generator of numbers: mulberry32. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A number from 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }
}

const NAMES = ['a', 'b', 'c', 'd', 'naïve', 'two words', '.hidden'];
const RAW = Buffer.from([0x66, 0xff, 0xfe]);
const FLAGS = ['r', 'r+', 'w', 'wx', 'w+', 'wx+', 'a', 'ax', 'a+', 'as', 'rs+', constants.O_CREAT | constants.O_EXCL];
const MODES = [0o644, 0o600, 0o755, 0o4755, 0o2770, 0o000, 0o777];
const TIMES = [0, 1, 1_000_000_000.123456, '86400', 1.5];

function component(random: Random): string {
  const roll = random.next();
  if (roll < 0.03) return '.';
  if (roll < 0.08) return '..';
  if (roll < 0.09) return 'n'.repeat(random.of([255, 256]));
  return random.of(NAMES);
}

function path(random: Random): string | Buffer {
  if (random.chance(0.005)) return random.of(['', '/', '.', '..', '//', 'x'.repeat(5000), 'nul\0']);
  const names = Array.from({ length: 1 + random.below(4) }, () => component(random));
  const text = (random.chance(0.5) ? '/' : '') + names.join(random.chance(0.05) ? '//' : '/');
  const whole = random.chance(0.08) ? `${text}/` : text;
  if (random.chance(0.06)) return Buffer.concat([Buffer.from(`${whole}/`), RAW]);
  return random.chance(0.05) ? Buffer.from(whole) : whole;
}

function data(random: Random): string | Buffer {
  const size = random.of([0, 1, 10, 1000, 5000]);
  return random.chance(0.5) ? Buffer.alloc(size, random.below(256)) : 'é'.repeat(size);
}

function handleCall(random: Random): { method: string; args: readonly unknown[] } {
  const position = random.of([null, 0, 3, 5000]);
  const calls = [
    ['read', Buffer.alloc(20), 0, random.of([0, 10, 20]), position],
    ['write', Buffer.from('0123456789'), 2, 5, position],
    ['write', 'text', position, 'utf8'],
    ['readFile', random.of([undefined, 'utf8', { encoding: 'hex' }])],
    ['writeFile', data(random)],
    ['appendFile', data(random)],
    ['truncate', random.of([0, 5, 100])],
    ['stat', { bigint: random.chance(0.5) }],
    ['chmod', random.of(MODES)],
    ['chown', random.of([-1, 0, 1000]), random.of([-1, 0, 1000])],
    ['utimes', random.of(TIMES), random.of(TIMES)],
    ['sync'],
    ['datasync'],
    ['readv', [Buffer.alloc(3), Buffer.alloc(7)], position],
    ['writev', [Buffer.from('ab'), Buffer.from('cde')], position],
    ['read', Buffer.alloc(4), 0, 5, 0],
  ] as const;
  const [method, ...args] = random.of(calls);
  return { method, args };
}

type Maker = (random: Random) => readonly unknown[];

const pathOnly: Maker = (random) => [path(random)];

const MAKERS: Readonly<Record<string, Maker>> = {
  writeFile: (r) => [path(r), data(r), { flag: r.of(FLAGS), mode: r.of(MODES) }],
  appendFile: (r) => [path(r), data(r)],
  readFile: (r) => [path(r), r.of([undefined, 'utf8', 'latin1', { encoding: 'base64' }])],
  handle: (r) => [path(r), r.of(FLAGS), r.of(MODES)],
  // Not recursive by paths alone: node:fs follows symlinks then, and a few loops make that endless.
  readdir: (r) => [path(r), r.of([undefined, { withFileTypes: true }, 'buffer'])],
  readdirAll: (r) => [path(r), { withFileTypes: true, recursive: true }],
  opendir: (r) => [path(r), r.of([undefined, { recursive: true }])],
  stat: (r) => [path(r), { bigint: r.chance(0.3) }],
  lstat: (r) => [path(r), { bigint: r.chance(0.3) }],
  statfs: pathOnly,
  mkdir: (r) => [path(r), r.of([undefined, r.of(MODES), { mode: 0o700 }])],
  mkdirAll: (r) => [path(r), { recursive: true, mode: r.of([0o755, 0o777]) }],
  rm: (r) => [path(r), { force: r.chance(0.5) }],
  // By paths without `..`: node:fs goes by names, and loses such a path as soon as it has removed a part of it.
  rmAll: (r) => [r.of(NAMES), { recursive: true, force: r.chance(0.5) }],
  rmdir: pathOnly,
  unlink: pathOnly,
  rename: (r) => [path(r), path(r)],
  link: (r) => [path(r), path(r)],
  symlink: (r) => [path(r), path(r)],
  readlink: (r) => [path(r), r.of([undefined, 'buffer'])],
  realpath: (r) => [path(r), r.of([undefined, 'buffer'])],
  truncate: (r) => [path(r), r.of([undefined, 0, 7, 6000])],
  chmod: (r) => [path(r), r.of(MODES)],
  chown: (r) => [path(r), r.of([-1, 0, 1000]), r.of([-1, 0, 1000])],
  lchown: (r) => [path(r), r.of([-1, 0, 1000]), r.of([-1, 0, 1000])],
  utimes: (r) => [path(r), r.of(TIMES), r.of(TIMES)],
  lutimes: (r) => [path(r), r.of(TIMES), r.of(TIMES)],
  access: (r) => [path(r), r.of([undefined, 0, 1, 2, 4, 6])],
  copyFile: (r) => [path(r), path(r), r.of([0, constants.COPYFILE_EXCL, constants.COPYFILE_FICLONE])],
  mkdtemp: pathOnly,
  createReadStream: (r) => [path(r), r.of([{}, { start: 3 }, { start: 2, end: 900 }, { highWaterMark: 10, end: 99 }])],
  createWriteStream: (r) => [
    path(r),
    { flags: r.of(['w', 'a', 'r+', 'wx']) },
    [Buffer.from('one'), Buffer.alloc(3000, 50)],
  ],
};

/** Variants of a method under names of their own. */
const METHODS: Readonly<Record<string, string>> = { readdirAll: 'readdir', mkdirAll: 'mkdir', rmAll: 'rm' };

/** What makes files comes more often than its one name in thirty, so that there is something to work on. */
const OFTEN = ['writeFile', 'mkdir', 'mkdir', 'symlink', 'handle', 'handle', 'mkdirAll', 'writeFile'];
const ALL = [...Object.keys(MAKERS), ...OFTEN];
const ASKING = [
  'readFile',
  'readdir',
  'readdirAll',
  'opendir',
  'stat',
  'lstat',
  'statfs',
  'readlink',
  'realpath',
  'access',
];

function make(random: Random, name: string): Operation {
  const operation = { method: METHODS[name] ?? name, args: MAKERS[name]!(random) };
  if (name !== 'handle') return operation;
  return { ...operation, calls: Array.from({ length: 1 + random.below(6) }, () => handleCall(random)) };
}

/** An operation of any kind. */
export function anyOperation(random: Random): Operation {
  return make(random, random.of(ALL));
}

/** An operation that changes nothing. */
export function askingOperation(random: Random): Operation {
  return make(random, random.of(ASKING));
}
