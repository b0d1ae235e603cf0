/** The examples that serve, each in a process of its own, as a reader starts them. */

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, type LISAFSClient } from '../../runtime/index.js';
import { codeOf } from '../fs/serve-fs-session.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { Program } from '../peers/program.js';

function program(name: string, ...args: string[]): Program {
  return new Program(new URL(`../../examples/${name}.js`, import.meta.url), args);
}

const SIGTERM_ENDS = 'the server ends and removes its socket';

/** Starts an example that serves `what`; gives what it said besides, in the end. */
async function serving(
  name: string,
  what: (folder: string) => string,
  body: (client: LISAFSClient, served: string) => Promise<void>,
): Promise<readonly string[]> {
  const before = holdings();
  const folder = mkdtempSync(join(tmpdir(), 'lisafs-example-'));
  const [served, socket] = [what(folder), join(folder, 'socket')];
  const server = program(name, served, socket);
  try {
    assert.is(await server.line(), `serving ${served} at ${socket}`);
    const client = await connect({ path: socket });
    await client.mount();
    await body(client, served);
    await client.disconnect();
    process.kill(server.pid, 'SIGTERM');
    const { code, lines, stderr } = await server.ended();
    assert.equal([code, stderr, existsSync(socket)], [0, '', false], SIGTERM_ENDS);
    return lines.slice(1);
  } finally {
    server.kill();
    await server.ended();
    rmSync(folder, { recursive: true });
    assertNothingLeft(before);
  }
}

function plant(folder: string): string {
  const root = join(folder, 'root');
  mkdirSync(join(root, 'src'), { recursive: true });
  writeFileSync(join(root, 'src', 'code'), 'code');
  writeFileSync(join(root, '.env'), 'SECRET=1');
  writeFileSync(join(root, 'file'), 'content');
  return root;
}

const test = suite('examples that serve');

test('directory: serves a directory', async () => {
  await serving('directory', plant, async ({ fs }, root) => {
    assert.equal((await fs.readdir('/')).sort(), ['.env', 'file', 'src']);
    await fs.writeFile('/src/code', 'new code', { mode: 0o666 });
    assert.is(readFileSync(join(root, 'src', 'code'), 'utf8'), 'new code');
  });
});

test('memory: serves memfs, and mounts it in the same process', async () => {
  const { code, lines, stderr } = await program('memory').ended();
  assert.equal([code, stderr], [0, '']);
  assert.equal(lines, [
    'memfs, served and mounted in one process',
    '',
    'written through the mount',
    'written behind it',
    'from-memfs',
    'from-the-client',
    'hello.txt',
    'var',
    'var/log',
    'var/log/today',
    "ENOENT: no such file or directory, open '/nowhere'",
  ]);
});

test('backend: serves what functions say', async () => {
  await serving(
    'backend',
    () => 'facts',
    async ({ fs }) => {
      assert.equal(await fs.readdir('/'), ['memory', 'name', 'uptime', 'versions']);
      assert.equal(await fs.readdir('/versions'), ['node', 'v8']);
      assert.is(await fs.readFile('/versions/node', 'utf8'), process.version);
      assert.is(await fs.readFile('/name', 'utf8'), 'facts');
      assert.match(await fs.readFile('/uptime', 'utf8'), /^\d+\.\d+ s\n$/u);
      assert.is((await fs.stat('/name')).size, 5);
      assert.ok((await fs.stat('/versions')).isDirectory());
      assert.is(await codeOf(fs.readFile('/toString')), 'ENOENT');
      assert.is(await codeOf(fs.writeFile('/name', 'x')), 'EROFS');
      assert.is(await codeOf(fs.readFile('/versions')), 'EISDIR');
    },
  );
});

test('policy: hides, keeps from changing, and logs', async () => {
  const log = await serving('policy', plant, async ({ fs }) => {
    assert.equal((await fs.readdir('/')).sort(), ['file', 'src']);
    assert.is(await codeOf(fs.readFile('/.env')), 'ENOENT');
    assert.is(await codeOf(fs.writeFile('/src/code', '')), 'EROFS');
    assert.is(await fs.readFile('/src/code', 'utf8'), 'code');
    await fs.rename('/file', '/renamed');
  });
  const lines = log.map((line) => line.replace(/ \(\d+\.\d\d ms\)$/, ''));
  assert.ok(lines.includes('client 1: OpenAt "/src/code" EROFS'), lines.join('\n'));
  assert.ok(lines.includes('client 1: RenameAt "/file" -> "/renamed" ok'), lines.join('\n'));
});

test('sqlite: serves rows, which are still there the next time', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lisafs-rows-'));
  const database = (): string => join(folder, 'rows.db');
  await serving('sqlite', database, async ({ fs }) => {
    assert.equal(await fs.readdir('/'), []);
    await Promise.all(['a', 'b', 'c'].map((name) => fs.writeFile(`/${name}`, `value of ${name}`)));
    await fs.appendFile('/a', ', and more');
    await fs.rename('/c', '/b');
    await fs.writeFile('/gone', '');
    await fs.unlink('/gone');
    assert.is(await codeOf(fs.readFile('/c')), 'ENOENT');
    assert.is(await codeOf(fs.mkdir('/d')), 'ENOTSUP');
    assert.is((await fs.stat('/a')).size, 'value of a, and more'.length);
  });
  await serving('sqlite', database, async ({ fs }) => {
    assert.equal(await fs.readdir('/'), ['a', 'b']);
    assert.is(await fs.readFile('/a', 'utf8'), 'value of a, and more');
    assert.is(await fs.readFile('/b', 'utf8'), 'value of c');
  });
  rmSync(folder, { recursive: true });
});

test('each has fewer than 100 lines', () => {
  for (const name of ['backend', 'directory', 'memory', 'policy', 'sqlite', 'mount']) {
    const text = readFileSync(new URL(`../../../examples/${name}.ts`, import.meta.url), 'utf8');
    assert.ok(text.split('\n').length <= 100, name);
  }
});

test.run();
