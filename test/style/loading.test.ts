/** What a user's process loads: our own modules, Node's, and koffi. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Program } from '../peers/program.js';
import { filesBelow, ROOT } from './sources.js';

const LOADING = new URL('./programs/loading.js', import.meta.url);
const loading = suite('loading');

/** What is loaded for a module: packages by name, our own by their URLs, and what of Node's. */
async function loadedFor(module: string): Promise<{ packages: string[]; own: string[]; nodes: string[] }> {
  const program = new Program(LOADING, [pathToFileURL(join(ROOT, module)).href]);
  const { code, lines, stderr } = await program.ended();
  assert.is(code, 0, stderr);
  const packages = new Set<string>();
  const own: string[] = [];
  const nodes: string[] = [];
  for (const line of lines) {
    const [, name] = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*\/node_modules\/)/.exec(line) ?? [];
    if (name !== undefined) packages.add(name);
    else (line.startsWith('node:') ? nodes : own).push(line);
  }
  return { packages: [...packages].sort(), own, nodes };
}

const entryPoints = [
  ...filesBelow('dist/runtime').filter((path) => /^dist\/runtime\/[^/]*\.js$/.test(path)),
  ...filesBelow('dist/generated').filter((path) => /^dist\/generated\/[^/]*\/index\.js$/.test(path)),
];

/** What only a few calls need, and takes 0.1 to 0.3 MB in each thread: its global is loaded when it is used. */
const LARGE = ['node:crypto', 'node:stream/web'];

/** koffi brings its native code in a package for each machine. */
const KOFFI = ['@koromix/koffi-linux-arm64', '@koromix/koffi-linux-x64', 'koffi'];

loading('is seen whole: the compiler’s packages, its own and koffi', async () => {
  const { packages, own } = await loadedFor('dist/codegen/read.js');
  assert.ok(packages.includes('ts-morph'), packages.join(' '));
  assert.ok(own.some((url) => url.endsWith('/dist/codegen/read.js')));
  const transport = await loadedFor('dist/runtime/transport/channel.js');
  assert.ok(transport.packages.includes('koffi'), transport.packages.join(' '));
  assert.ok(transport.nodes.includes('node:fs'), transport.nodes.join(' '));
});

for (const module of entryPoints) {
  loading(
    `${module} loads no package but koffi, nothing of the compiler, no test, and nothing large of Node’s`,
    async () => {
      const { packages, own, nodes } = await loadedFor(module);
      assert.equal(
        packages.filter((name) => !KOFFI.includes(name)),
        [],
      );
      assert.equal(
        own.filter((url) => /\/dist\/(codegen|cli|test|bench|examples|schema)\//.test(url)),
        [],
      );
      assert.equal(
        nodes.filter((name) => LARGE.includes(name)),
        [],
      );
    },
  );
}

loading('a thread of a server loads LISAFS only for a filesystem', async () => {
  const isLISAFS = (url: string): boolean => /\/generated\/lisafs\/|\/session\/(lisafs|policy)/.test(url);
  const { own } = await loadedFor('dist/runtime/session/serve-what.js');
  assert.equal(own.filter(isLISAFS), []);
  const { own: ofFileSystem } = await loadedFor('dist/runtime/session/lisafs-service.js');
  assert.ok(ofFileSystem.some(isLISAFS));
});

if (!existsSync(join(ROOT, 'dist/runtime/index.js'))) {
  loading.skip('there is no dist/runtime/index.js yet', () => undefined);
}

loading.run();
