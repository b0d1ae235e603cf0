/** How client.fs finds files: symlinks, `..`, the mount's root, names that are not UTF-8, and renames by others. */

import { mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { needingRunsc } from '../interop/peers.js';
import { withFS, type Stage } from './client-stage.js';

const paths = suite('client.fs: paths');

/** What a rejected call's error says. */
async function failureOf(work: Promise<unknown>): Promise<Record<string, unknown>> {
  try {
    await work;
  } catch (error) {
    const { message, code, errno, syscall, path, dest } = error as Error & Record<string, unknown>;
    return { message, code, errno, syscall, path, dest };
  }
  throw new assert.Assertion({
    message: 'it succeeds',
    operator: 'is',
    expects: 'an error',
    actual: 'none',
    details: '',
    generated: false,
  });
}

function test(name: string, body: (stage: Stage) => Promise<void>): void {
  for (const kind of ['debian', 'current'] as const) {
    needingRunsc(paths, kind)(`${kind}: ${name}`, () => withFS(kind, 'donated', body));
  }
}

test('errors are those of node:fs, to the letter', async ({ fs }) => {
  assert.equal(await failureOf(fs.open('/var/log/x')), {
    message: "ENOENT: no such file or directory, open '/var/log/x'",
    code: 'ENOENT',
    errno: -2,
    syscall: 'open',
    path: '/var/log/x',
    dest: undefined,
  });
  const { message, path, dest } = await failureOf(fs.rename('a', 'b'));
  assert.equal([message, path, dest], ["ENOENT: no such file or directory, rename 'a' -> 'b'", 'a', 'b']);
});

test('forty symlinks are followed, and not one more', async ({ fs, path }) => {
  writeFileSync(join(path, 'link0'), 'the end');
  for (let i = 1; i <= 41; i++) symlinkSync(`link${i - 1}`, join(path, `link${i}`));
  assert.is(await fs.readFile('link40', 'utf8'), 'the end');
  assert.is((await failureOf(fs.readFile('link41'))).code, 'ELOOP');
  assert.is((await fs.lstat('link41')).isSymbolicLink(), true);
});

test('a loop is ELOOP, and a loop through directories is', async ({ fs, path }) => {
  symlinkSync('self', join(path, 'self'));
  symlinkSync('/b/there', join(path, 'a'));
  mkdirSync(join(path, 'b'));
  symlinkSync('../a', join(path, 'b/there'));
  for (const name of ['self', 'self/x', 'a', 'b/there/', '/a/../b/there/x']) {
    assert.is((await failureOf(fs.stat(name))).code, 'ELOOP', name);
  }
});

test('nothing leads out of the mount', async ({ fs, path }) => {
  symlinkSync('/etc/passwd', join(path, 'absolute'));
  symlinkSync('../../../../../../etc/passwd', join(path, 'relative'));
  symlinkSync('/', join(path, 'top'));
  writeFileSync(join(path, 'here'), 'inside');
  assert.is((await failureOf(fs.readFile('absolute'))).code, 'ENOENT');
  assert.is((await failureOf(fs.readFile('relative'))).code, 'ENOENT');
  assert.is((await failureOf(fs.readFile('/../../etc/passwd'))).code, 'ENOENT');
  assert.is(await fs.readFile('top/../../here', 'utf8'), 'inside');
  assert.is(await fs.realpath('top/../top/here'), '/here');
  mkdirSync(join(path, 'sub'));
  symlinkSync('/here', join(path, 'sub/absolute'));
  assert.is(await fs.readFile('sub/absolute', 'utf8'), 'inside');
  await fs.mkdir('/etc');
  await fs.writeFile('absolute', 'made within');
  assert.is(await fs.readFile('/etc/passwd', 'utf8'), 'made within');
});

test('names that are not UTF-8 survive every way', async ({ fs, path }) => {
  const raw = Buffer.from([0x2f, 0x66, 0xff, 0xc3, 0x28, 0x80]);
  await fs.writeFile(raw, 'odd');
  assert.equal(readdirSync(path, 'buffer'), [raw.subarray(1)]);
  assert.equal(await fs.readdir('/', 'buffer'), [raw.subarray(1)]);
  const [name] = await fs.readdir('/');
  assert.is(await fs.readFile(name!, 'utf8'), 'odd');
  await fs.symlink(name!, 'link');
  assert.equal(await fs.readlink('link', 'buffer'), raw.subarray(1));
  assert.equal(await fs.realpath('link', 'buffer'), raw);
  assert.is(await fs.readFile('link', 'utf8'), 'odd');
  await fs.mkdir(Buffer.concat([raw, Buffer.from('d')]));
  const below = await fs.readdir('/', { recursive: true });
  assert.is(below.length, 3);
  await fs.rm(name!);
  assert.is((await failureOf(fs.stat(name!))).path, name);
});

test('a path may be a URL', async ({ fs }) => {
  await fs.writeFile(pathToFileURL('/with space'), 'x');
  assert.equal(await fs.readdir('/'), ['with space']);
  assert.is(await fs.readFile(pathToFileURL('/with space'), 'utf8'), 'x');
});

test('what is no path is refused as node:fs refuses it', async ({ fs }) => {
  for (const [path, code] of [
    ['a\0b', 'ERR_INVALID_ARG_VALUE'],
    [Buffer.from([0]), 'ERR_INVALID_ARG_VALUE'],
    [undefined, 'ERR_INVALID_ARG_TYPE'],
    [7, 'ERR_INVALID_ARG_TYPE'],
  ] as const) {
    assert.is((await failureOf(fs.stat(path as string))).code, code);
    assert.is((await failureOf(fs.rename('a', path as string))).code, code);
  }
});

test('recursive readdir goes into symlinks to directories, as node:fs does, unless it gives types', async ({ fs }) => {
  await fs.mkdir('a/b', { recursive: true });
  await fs.writeFile('a/b/file', '');
  await fs.symlink('a', 'link');
  assert.equal((await fs.readdir('/', { recursive: true })).sort(), [
    'a',
    'a/b',
    'a/b/file',
    'link',
    'link/b',
    'link/b/file',
  ]);
  const entries = await fs.readdir('/', { recursive: true, withFileTypes: true });
  assert.equal(entries.map(({ name }) => name).sort(), ['a', 'b', 'file', 'link']);
});

test('what others rename is found under its new name at once, and not under its old', async ({ fs, path }) => {
  mkdirSync(join(path, 'a/b'), { recursive: true });
  for (let i = 0; i < 20; i++) {
    writeFileSync(join(path, 'a/b/file'), `round ${i}`);
    assert.is(await fs.readFile('a/b/file', 'utf8'), `round ${i}`);
    renameSync(join(path, 'a'), join(path, 'z'));
    assert.is((await failureOf(fs.readFile('a/b/file'))).code, 'ENOENT');
    assert.is(await fs.readFile('z/b/file', 'utf8'), `round ${i}`);
    renameSync(join(path, 'z'), join(path, 'a'));
  }
});

test('a thousand entries are listed, and sixteen hundred components walked', async ({ fs }) => {
  const names = Array.from({ length: 1000 }, (_, i) => `${'n'.repeat(i % 200)}${i}`);
  await fs.mkdir('many');
  await Promise.all(names.map((name) => fs.writeFile(`many/${name}`, '')));
  assert.equal(await fs.readdir('many'), names.sort());
  const deep = Array(800).fill('d').join('/');
  assert.is(await fs.mkdir(deep, { recursive: true }), 'd');
  assert.is((await fs.stat(`${deep}/${Array(800).fill('..').join('/')}`)).ino, (await fs.stat('/')).ino);
  await fs.rm('d', { recursive: true });
  assert.equal(await fs.readdir('/'), ['many']);
});

paths.run();
