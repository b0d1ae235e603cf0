/**
 * Whole sandboxes of gVisor, of 2022 and of today, on our gofer: a real workload, run also on gVisor's own gofer. What
 * it prints, how it ends and the tree that it leaves must be the same; processes, mounts and state must not be left.
 */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertNothingLeft, holdings } from '../peers/leaks.js';
import { ANNOTATION } from './sandbox-files.js';
import { needingSandbox, runSandbox, type SandboxKind, type SandboxOptions, type SandboxResult } from './sandbox.js';
import { describeTree } from './side-by-side.js';
import { plantWork, sectionsOf, STATUS, WORKLOAD } from './workload.js';

const MODULE = new URL('./sandbox-files.js', import.meta.url);
const MIB_COUNT = 64;

interface Run extends SandboxResult {
  readonly sections: Map<string, string>;
  readonly tree: string[];
  /** Of the 64 MiB that the workload copied. */
  readonly hash: string;
}

function hashOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** Runs the workload in a sandbox. */
function run(kind: SandboxKind, gofer: SandboxOptions['gofer'], more: Partial<SandboxOptions> = {}): Promise<Run> {
  const plant = (work: string): void => plantWork(work, MIB_COUNT);
  return runSandbox({ kind, gofer, script: WORKLOAD, plant, ...more }, (result, work) => ({
    ...result,
    sections: sectionsOf(result.stdout),
    tree: describeTree(work),
    hash: gofer === MODULE ? '' : hashOf(join(work, 'big')),
  }));
}

/** What went wrong, where anything did. */
function assertRan({ code, stdout, stderr, log }: SandboxResult): void {
  assert.is(code, STATUS, `status ${code}\n${stdout.slice(-500)}\n${stderr}\n${log}`);
  assert.is(log, '', 'runsc logged a failure');
}

const test = suite('sandbox');

/** What memfs says otherwise: of links' modes and sizes, of hard links made elsewhere, and to root without rights. */
const NOT_OF_MEMORY = ['reading', 'attributes', 'in the end'];
/** gVisor executes nothing from a mount that others may change, unless it is given descriptors. */
const EXCLUSIVE = { flags: ['--file-access-mounts=exclusive'] };

for (const kind of ['debian', 'current'] as const) {
  const whole = needingSandbox(test, kind);
  let gvisor: Run;

  whole(`${kind} gVisor: a workload does on our gofer what it does on gVisor's own`, async () => {
    const before = holdings();
    const runs = await Promise.all([run(kind, 'gvisor'), run(kind, 'ours')]);
    const [, ours] = runs;
    [gvisor] = runs;
    assertRan(gvisor);
    assertRan(ours);
    assert.is(ours.sections.size, 11);
    assert.equal([...ours.sections], [...gvisor.sections]);
    assert.is(ours.stderr, gvisor.stderr);
    assert.equal(ours.tree, gvisor.tree);
    assert.is(ours.hash, gvisor.hash);
    assertNothingLeft(before);
  });

  whole(`${kind} gVisor: and on files that are in memory`, async () => {
    const before = holdings();
    const inMemory = await run(kind, MODULE, { ...EXCLUSIVE, annotations: { [ANNOTATION]: 'in memory' } });
    assertRan(inMemory);
    for (const [name, text] of gvisor.sections) {
      // In 2022 a mount of one's own has the size of a file once for each of its names.
      if (NOT_OF_MEMORY.includes(name) || (kind === 'debian' && name === 'hard links')) continue;
      assert.is(inMemory.sections.get(name), text, name);
    }
    assertNothingLeft(before);
  });
}

needingSandbox(test, 'current')('current gVisor: and without donated descriptors', async () => {
  const before = holdings();
  const [gvisor, ours] = await Promise.all([
    run('current', 'gvisor', EXCLUSIVE),
    run('current', MODULE, { ...EXCLUSIVE, annotations: { [ANNOTATION]: 'without donation' } }),
  ]);
  assertRan(ours);
  assert.equal([...ours.sections], [...gvisor.sections]);
  assert.equal(ours.tree, gvisor.tree);
  assertNothingLeft(before);
});

test.run();
