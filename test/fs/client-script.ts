/** Operations for what random ones seldom meet: done first, in this order. */

import { constants } from 'node:fs';
import type { Operation } from './client-operations.js';

function op(method: string, ...args: readonly unknown[]): Operation {
  return { method, args };
}

/** What each path-taking method says of paths that end in unusual ways. */
const ENDINGS = ['dir', 'dir/', 'dir/.', 'dir/..', 'file', 'file/', 'file/.', 'file/..', 'link', 'link/', 'dangling'];
const MORE_ENDINGS = [
  'dangling/',
  'none',
  'none/',
  'none/.',
  'none/none',
  'file/none',
  'slashed',
  'self',
  'self/x',
  '/',
  '.',
  '',
];

function onEndings(make: (path: string) => readonly Operation[]): Operation[] {
  return [...ENDINGS, ...MORE_ENDINGS].flatMap(make);
}

/** Makes the files that the endings name. */
const FRESH = op('fresh');

/** Every method on every ending; a method that changes something gets the tree anew each time. */
const ON_ENDINGS: readonly Operation[] = [
  FRESH,
  ...onEndings((path) =>
    [
      op('stat', path),
      op('lstat', path),
      op('readlink', path),
      op('realpath', path),
      op('access', path, constants.X_OK),
      op('readdir', path),
      op('opendir', path),
      op('readFile', path),
      op('truncate', path, 5),
      op('handle', path, 'r+'),
      op('handle', path, constants.O_DIRECTORY),
      op('handle', path, constants.O_NOFOLLOW),
    ].map((each) => (each.method === 'handle' ? { ...each, calls: [{ method: 'readFile', args: ['utf8'] }] } : each)),
  ),
  ...[
    (path: string) => op('mkdir', path),
    (path: string) => op('mkdir', path, { recursive: true }),
    (path: string) => op('mkdir', `${path}/below`, { recursive: true }),
    (path: string) => op('rmdir', path),
    (path: string) => op('unlink', path),
    (path: string) => op('rm', path),
    (path: string) => op('writeFile', path, 'new'),
    (path: string) => op('writeFile', path, 'new', { flag: 'wx' }),
    (path: string) =>
      op('writeFile', path, 'new', { flag: constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW }),
    (path: string) => op('rename', path, 'made'),
    (path: string) => op('rename', path, 'made/'),
    (path: string) => op('rename', path, path),
    (path: string) => op('rename', 'file', path),
    (path: string) => op('rename', 'dir', path),
    (path: string) => op('link', path, 'hard'),
    (path: string) => op('link', path, 'file'),
    (path: string) => op('link', 'file', path),
    (path: string) => op('symlink', 'target', path),
    (path: string) => op('copyFile', path, 'made'),
    (path: string) => op('copyFile', 'file', path),
    (path: string) => op('copyFile', path, path),
    (path: string) => op('chmod', path, 0o711),
    (path: string) => op('lutimes', path, 5, 6),
    (path: string) => op('lchown', path, 5, 6),
  ].flatMap((make) => onEndings((path) => [make(path), FRESH])),
];

/** What a chown takes away, copies onto oneself, ranges of streams, executing, odd arguments. */
const RARE: readonly Operation[] = [
  FRESH,
  op('chmod', 'file', 0o6755),
  op('chown', 'file', -1, -1),
  op('stat', 'file'),
  op('chmod', 'file', '4711'),
  { method: 'handle', args: ['file', 'r'], calls: [{ method: 'chown', args: [-1, -1] }] },
  op('stat', 'file'),
  op('chmod', 'file', 0o644),
  op('access', 'file', constants.X_OK),
  op('access', 'file', 8),
  op('chmod', 'file', 0o010),
  op('access', 'file', constants.X_OK),
  op('link', 'file', 'hard'),
  op('copyFile', 'file', 'hard'),
  op('copyFile', 'file', 'file'),
  op('copyFile', 'file', 'hard', constants.COPYFILE_EXCL),
  op('readFile', 'hard', 'utf8'),
  op('createReadStream', 'file', { start: 3, end: 8 }),
  op('createReadStream', 'file', { start: 3 }),
  op('createWriteStream', 'file', { flags: 'r+', start: 4 }, [Buffer.from('XY'), Buffer.from('Z')]),
  op('createWriteStream', 'file', { flags: 'a' }, [Buffer.from('end')]),
  op('readFile', 'file', 'utf8'),
  op('utimes', 'file', -5, new Date(-5000)),
  op('utimes', 'file', 'soon', 1),
  op('chmod', 'file', '9'),
  op('chmod', 'file', -1),
  op('chown', 'file', 1.5, 0),
  op('chown', 'file', 0, '0'),
  op('truncate', 'file', -4),
  op('truncate', 'file', 1.5),
  op('handle', 'file', 'rw'),
  op('readFile', 'file', 'utf9'),
  op('mkdir', 'none', { recursive: 'yes' }),
  op('rm', 'file', { maxRetries: -1 }),
  op('symlink', '', 'made'),
  op('symlink', 'x'.repeat(4096), 'made'),
  op('symlink', 'x'.repeat(4095), 'made'),
  op('stat', 'made'),
  op('symlink', 'x', 'y', 'wrong'),
  op('lchmod', 'file', 0o600),
  op('rmdir', 'dir', { recursive: true }),
  op('rm', '/', { recursive: true }),
  op('rename', 'link', 'link/x'),
  op('mkdir', 'dir/deep/er', { recursive: true }),
  op('rename', 'dir', 'dir/deep/er/x'),
  op('rename', 'dir/deep', 'dir'),
  op('rename', 'file/', 'n'.repeat(256)),
];

/** Targets of symlinks that say that they are directories, or lead to such. */
const TARGETS = ['self/', 'none/', 'none/x/', 'file/', 'file/x/', 'file', 'slashed', 'slashed/', 'slashed/x/', 'dir/'];
const MORE_TARGETS = [
  'dir/none/',
  'link/',
  'link/none/',
  '../',
  './',
  '/',
  'none/../',
  'file/../',
  'dir/..',
  'pointer/',
];

/** Opening through a symlink with each of them, in each way. */
const ON_TARGETS: readonly Operation[] = [...TARGETS, ...MORE_TARGETS].flatMap((target) =>
  ['r', 'r+', 'a', 'w', 'wx'].flatMap((flags) => [
    FRESH,
    op('symlink', target, 'pointer'),
    { ...op('handle', 'pointer', flags), calls: [{ method: 'readFile', args: ['utf8'] }] },
    { ...op('handle', 'pointer/', flags), calls: [{ method: 'readFile', args: ['utf8'] }] },
  ]),
);

/** Arguments that are not what they should be. */
const WRONG: readonly Operation[] = [
  FRESH,
  ...[5, true].flatMap((options) => [
    op('writeFile', 'file', 'x', options),
    op('appendFile', 'file', 'x', options),
    op('readFile', 'file', options),
    op('readdir', 'dir', options),
    op('readlink', 'link', options),
  ]),
  ...[5, null, []].flatMap((options) => [op('rm', 'none', options), op('rmdir', 'none', options)]),
  ...[null, '1', 1.5].map((length) => op('truncate', 'file', length)),
  ...['stat', 'lstat'].map((method) => op(method, 'file', { bigint: 1 })),
  op('statfs', 'file', { bigint: 1 }),
  op('readFile', 'file', 'buffer'),
  { ...op('handle', 'file', 'r'), calls: [{ method: 'stat', args: [{ bigint: 1 }] }] },
];

/** All of it. */
export const SCRIPT: readonly Operation[] = [...ON_ENDINGS, ...RARE, ...ON_TARGETS, ...WRONG, FRESH];
