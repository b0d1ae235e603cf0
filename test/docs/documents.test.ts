/** README and guide: every block of code in them runs, in its order, as a reader would run it. */

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { run } from '../cli/command.js';
import { pack, ROOT } from '../package/pack.js';
import { blocksOf, scriptOf, STEP } from './blocks.js';

const TSC = join(ROOT, 'node_modules', '.bin', 'tsc');
const ESBUILD = join(ROOT, 'node_modules', 'esbuild', 'bin', 'esbuild');

/** The least blocks that a document has: none is overlooked. */
const DOCUMENTS = [
  ['README.md', 10],
  ['docs/guide.md', 10],
] as const;

const test = suite('documents');

/** Commands beside the reader's own: npm with this package for the one in the registry, and what compiles a block. */
function tools(folder: string): string {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const npm = `#!/bin/bash
PATH=\${PATH#*:}
args=()
for word; do [[ $word == lisafs ]] && word=${pack().file}; args+=("$word"); done
exec npm "\${args[@]}"
`;
  writeFileSync(join(bin, 'npm'), npm);
  const check = `'${TSC}' --noEmit --strict --module nodenext --target es2022 --types node`;
  const types = join(ROOT, 'node_modules', '@types');
  const libraries = `--lib es2023,esnext.disposable --typeRoots '${types}' --ignoreConfig`;
  // What is wrong with a program's types goes to standard error: its standard output is the program.
  const transpile = `#!/bin/sh
${check} ${libraries} "$1" >&2 && exec '${ESBUILD}' --log-level=error --target=node20 "$1"
`;
  writeFileSync(join(bin, 'transpile'), transpile);
  for (const name of ['npm', 'transpile']) chmodSync(join(bin, name), 0o755);
  return bin;
}

for (const [document, least] of DOCUMENTS) {
  test(`every block of ${document} runs`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lisafs-document-'));
    try {
      const blocks = blocksOf(join(ROOT, document));
      assert.ok(blocks.filter(({ kind }) => ['sh', 'ts'].includes(kind)).length >= least, `${blocks.length} blocks`);
      for (const name of ['run', 'work']) mkdirSync(join(folder, name));
      // What runs in the background ends with the script, whoever started it: all are of one process group.
      const end = `trap 'status=$?; trap "" TERM; kill 0; wait; exit $status' EXIT\nset -eo pipefail\n`;
      const env = {
        ...process.env,
        PATH: `${tools(folder)}:${process.env['PATH']}`,
        npm_config_prefer_offline: 'true',
      };
      const script = end + scriptOf(blocks, folder);
      const { code, stdout, stderr } = await run(['bash', '-c', script], {
        cwd: join(folder, 'work'),
        env,
        detached: true,
      });
      const last = stdout.slice(stdout.lastIndexOf(STEP));
      assert.is(code, 0, `${document}, ${last}\n${stderr}`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

test('whatever a document links to is there', async () => {
  const { existsSync, readFileSync } = await import('node:fs');
  for (const document of ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'docs/guide.md']) {
    const text = readFileSync(join(ROOT, document), 'utf8');
    for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
      assert.ok(existsSync(join(ROOT, document, '..', target!)), `${document}: ${target}`);
    }
  }
});

test.run();
