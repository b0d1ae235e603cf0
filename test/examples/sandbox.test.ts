/** examples/sandbox: a sandbox of gVisor's on files that are in memory, and on a directory with a policy. */

import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { run } from '../cli/command.js';
import { needingSandbox } from '../interop/sandbox.js';
import { findRunsc } from '../interop/peers.js';
import { assertNothingLeft, holdings } from '../peers/leaks.js';

const SCRIPT = fileURLToPath(new URL('../../examples/sandbox.js', import.meta.url));

const EXPECTED = [
  'In the sandbox:',
  'These files are made of TypeScript.',
  'src',
  'for this sandbox alone',
  /^[0-9a-f]{64}$/,
  "/bin/sh: can't create /project/src/code: Read-only file system",
  'It ended with status 7.',
  '',
  'What it did to /project:',
  'MkdirAt /project/build ok',
  'OpenCreateAt /project/build/done ok',
  'OpenAt /project/src/code EROFS',
  'What is there now, on this machine: .env build build/code build/done src src/code',
];

const sandbox = suite('examples/sandbox');

for (const kind of ['debian', 'current'] as const) {
  needingSandbox(sandbox, kind)(`runs a sandbox of ${kind} gVisor, and tells what it did`, async () => {
    const before = holdings();
    const env = { ...process.env, RUNSC: findRunsc(kind)!.path };
    const { code, stdout, stderr } = await run([process.execPath, SCRIPT], { env });
    assert.is(code, 0, `${stderr}\n${stdout}`);
    const lines = stdout.split('\n');
    let at = 0;
    for (const line of EXPECTED) {
      const found = lines.findIndex(
        (said, i) => i >= at && (typeof line === 'string' ? said === line : line.test(said)),
      );
      assert.ok(found >= 0, `${String(line)} is not in\n${stdout}`);
      at = found + 1;
    }
    assertNothingLeft(before);
  });
}

sandbox.run();
