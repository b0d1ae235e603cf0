/** examples/echo: its two processes, as a reader starts them. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Program } from '../peers/program.js';

const echo = suite('examples/echo');

echo('says the same', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lisafs-echo-'));
  const path = join(folder, 'echo.sock');
  const server = new Program(new URL('../../examples/echo/server.js', import.meta.url), [path]);
  assert.is(await server.line(), `listening at ${path}`);
  const client = new Program(new URL('../../examples/echo/client.js', import.meta.url), [path]);
  const { code, lines, stderr } = await client.ended();
  server.kill();
  await server.ended();
  rmSync(folder, { recursive: true });
  assert.is(code, 0, stderr);
  assert.equal(lines, ['Hello from the other side of a shared page.']);
});

echo.run();
