/**
 * Serves the rows of a SQLite table as files: their names are the keys, their contents the values. The database works
 * in a thread of its own, so every answer comes later; the server sees to it that calls keep off each other meanwhile.
 *
 *     node dist/examples/sqlite.js DATABASE SOCKET
 */

import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { serve, serveFS, type NodeFS, type NodePath, type NodeStats } from 'lisafs/server';
import sqlite from 'node-sqlite3-wasm';

type Value = string | number | Uint8Array;
type Row = Readonly<Record<string, Value>>;
type Query = (sql: string, ...values: Value[]) => Promise<Row[]>;

const [S_IFDIR, S_IFREG] = [0o040000, 0o100000];

/** Answers queries of the main thread, in their order. */
function answerQueries(path: string): void {
  const database = new sqlite.Database(path);
  database.exec('CREATE TABLE IF NOT EXISTS files (name TEXT PRIMARY KEY, body BLOB NOT NULL, mtime INTEGER NOT NULL)');
  parentPort!.on('message', ([sql, values]: [string, Value[]]) => {
    parentPort!.postMessage(database.all(sql, values));
  });
}

function fail(code: string): never {
  throw Object.assign(new Error(code), { code });
}

/** The table as an object like node:fs/promises: as many of its methods as make sense. */
function filesOf(query: Query): NodeFS {
  // A flat directory: `/name`.
  const keyOf = (path: NodePath): string => String(path).slice(1);
  const rowOf = async (path: NodePath, columns: string): Promise<Row> => {
    const [row] = await query(`SELECT ${columns} FROM files WHERE name = ?`, keyOf(path));
    return row ?? fail('ENOENT');
  };
  return {
    async stat(path): Promise<NodeStats> {
      if (path === '/') return { mode: S_IFDIR | 0o755, ino: 1 };
      const { rowid, size, mtime } = await rowOf(path, 'rowid, length(body) AS size, mtime');
      return { mode: S_IFREG | 0o644, ino: Number(rowid) + 1, size: Number(size), mtimeMs: Number(mtime) };
    },
    async readdir() {
      return (await query('SELECT name FROM files ORDER BY name')).map(({ name }) => String(name));
    },
    async readFile(path) {
      return (await rowOf(path, 'body'))['body'] as Uint8Array;
    },
    async writeFile(path, data, { flag }) {
      const how = flag === 'wx' ? '' : 'ON CONFLICT (name) DO UPDATE SET body = excluded.body, mtime = excluded.mtime';
      await query(`INSERT INTO files (name, body, mtime) VALUES (?, ?, ?) ${how}`, keyOf(path), data, Date.now());
    },
    async unlink(path) {
      await query('DELETE FROM files WHERE name = ?', keyOf(path));
    },
    async rename(from, to) {
      await query('DELETE FROM files WHERE name = ?', keyOf(to));
      await query('UPDATE files SET name = ? WHERE name = ?', keyOf(to), keyOf(from));
    },
  };
}

async function main(): Promise<void> {
  const [path, listen] = process.argv.slice(2);
  if (path === undefined || listen === undefined) throw new Error('usage: sqlite.js DATABASE SOCKET');
  const thread = new Worker(new URL(import.meta.url), { workerData: path });
  const waiting: ((rows: Row[]) => void)[] = [];
  thread.on('message', (rows: Row[]) => waiting.shift()!(rows));
  const query: Query = (sql, ...values) => {
    thread.postMessage([sql, values]);
    return new Promise((resolve) => waiting.push(resolve));
  };

  await using server = await serve({ listen, root: serveFS(filesOf(query)) });
  console.log(`serving ${path} at ${listen}`);
  process.once('SIGINT', () => void server.close()).once('SIGTERM', () => void server.close());
  await server.closed;
  await thread.terminate();
}

if (isMainThread) await main();
else answerQueries(workerData as string);
