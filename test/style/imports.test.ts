/** Which part of the project may import which: README and CONTRIBUTING describe the parts, this holds them apart. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { importsOf, sources } from './sources.js';

interface Room {
  /** The rooms that it may import besides itself. */
  readonly rooms: readonly string[];
  readonly packages: readonly string[];
}

/** An empty name stands for the public entry points, which lie in runtime/ itself. */
const ENTRY_POINTS = 'runtime';
const RUNTIME_ROOMS = ['wire', 'os', 'transport', 'session', 'fs'].map((name) => `runtime/${name}`);

const rooms: Readonly<Record<string, Room>> = {
  schema: { rooms: [], packages: [] },
  codegen: { rooms: [], packages: ['ts-morph', 'handlebars', 'prettier'] },
  'runtime/wire': { rooms: [], packages: [] },
  generated: { rooms: ['runtime/wire'], packages: [] },
  'runtime/os': { rooms: ['runtime/wire'], packages: ['koffi'] },
  'runtime/transport': { rooms: ['runtime/os', 'runtime/wire'], packages: [] },
  'runtime/session': { rooms: ['runtime/transport', 'generated', 'runtime/wire'], packages: [] },
  'runtime/fs': { rooms: ['runtime/session', 'runtime/os', 'runtime/wire'], packages: [] },
  [ENTRY_POINTS]: { rooms: [...RUNTIME_ROOMS, 'generated'], packages: [] },
  cli: { rooms: ['codegen', ENTRY_POINTS], packages: [] },
  examples: {
    rooms: [ENTRY_POINTS, 'generated'],
    // Of this package the public entry points; of others what an example serves.
    packages: ['lisafs', 'lisafs/server', 'lisafs/schema', 'lisafs/wire', 'memfs', 'node-sqlite3-wasm'],
  },
};
/** These may import anything. */
const FREE = ['test', 'bench'];

/** The room that a file is in: that of the longest name. */
function roomOf(path: string): string {
  if (/^examples\/\w+\/generated\//.test(path)) return 'generated';
  const names = [...Object.keys(rooms), ...FREE].filter((name) => path.startsWith(`${name}/`));
  return names.sort((a, b) => b.length - a.length)[0] ?? 'nowhere';
}

function mayImport(path: string, imported: string): boolean {
  if (imported.startsWith('node:')) return true;
  const from = roomOf(path);
  const room = rooms[from];
  if (room === undefined) return FREE.includes(from);
  if (!imported.endsWith('.ts')) return room.packages.includes(imported);
  const to = roomOf(imported);
  return to === from || room.rooms.includes(to);
}

const imports = suite('imports');

imports('are found: declarations, re-exports, types, workers and dynamic ones', () => {
  const found = (path: string): string[] => importsOf(sources.get(path)!);
  assert.ok(found('runtime/os/libc.ts').includes('koffi'));
  assert.ok(found('runtime/transport/waiter.ts').includes('runtime/transport/waiter-thread.ts'));
  assert.ok(found('runtime/transport/communicator.ts').includes('runtime/wire/payload.ts'));
  assert.ok(found('test/os/platform.test.ts').includes('node:fs') === false || sources.size > 20);
});

for (const room of Object.keys(rooms)) {
  imports(`of ${room === ENTRY_POINTS ? 'the public entry points' : room} run along the table`, () => {
    const wrong: string[] = [];
    for (const [path, source] of sources) {
      if (roomOf(path) !== room) continue;
      for (const imported of importsOf(source)) if (!mayImport(path, imported)) wrong.push(`${path} → ${imported}`);
    }
    assert.equal(wrong, []);
  });
}

imports('keep native code to one file', () => {
  const users = [...sources].filter(
    ([path, source]) => path.startsWith('runtime/') && importsOf(source).includes('koffi'),
  );
  assert.equal(
    users.map(([path]) => path),
    ['runtime/os/libc.ts'],
  );
});

imports('name files that exist', () => {
  const missing: string[] = [];
  for (const [path, source] of sources) {
    for (const imported of importsOf(source)) {
      if (imported.endsWith('.ts') && !sources.has(imported)) missing.push(`${path} → ${imported}`);
    }
  }
  assert.equal(missing, []);
});

imports('have no cycles, types included', () => {
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, way: readonly string[]): void => {
    const at = way.indexOf(path);
    if (at >= 0) cycles.push([...way.slice(at), path].join(' → '));
    const source = sources.get(path);
    if (at >= 0 || done.has(path) || source === undefined) return;
    for (const imported of importsOf(source)) if (imported !== path) visit(imported, [...way, path]);
    done.add(path);
  };
  for (const path of sources.keys()) visit(path, []);
  assert.equal(cycles, []);
});

/** What can be reached from a part of the project. */
function reachable(start: string): Set<string> {
  const found = new Set<string>();
  const visit = (path: string): void => {
    if (found.has(path)) return;
    found.add(path);
    const source = sources.get(path);
    if (source !== undefined) importsOf(source).forEach(visit);
  };
  for (const path of sources.keys()) if (path.startsWith(start)) visit(path);
  return found;
}

imports('never lead from the runtime to the compiler or back', () => {
  const leads = (from: string, to: string): string[] => [...reachable(from)].filter((path) => path.startsWith(to));
  assert.equal(leads('runtime/', 'codegen/'), []);
  assert.equal(leads('generated/', 'codegen/'), []);
  assert.equal(leads('codegen/', 'runtime/'), []);
  assert.equal(leads('codegen/', 'generated/'), []);
});

imports('reach every file: none is an orphan', () => {
  const reached = new Set<string>();
  for (const start of ['cli/', 'examples/', 'test/', 'bench/', 'schema/']) {
    for (const path of reachable(start)) reached.add(path);
  }
  for (const path of sources.keys()) {
    if (/^runtime\/[^/]*\.ts$|^generated\/[^/]*\/index\.ts$/.test(path)) reachable(path).forEach((p) => reached.add(p));
  }
  assert.equal(
    [...sources.keys()].filter((path) => !reached.has(path)),
    [],
  );
});

imports.run();
