/** `npm run bench -- --quick` runs every case, measures nothing, keeps nothing, and says so. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Report } from '../../bench/goals.js';
import { filesBelow, ROOT } from '../style/sources.js';

const smoke = suite('npm run bench -- --quick');

function bench(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync('npm', ['run', '--silent', 'bench', '--', ...args], { cwd: ROOT, encoding: 'utf8' });
}

const hasPeers = existsSync(join(ROOT, 'bench/node_modules/.package-lock.json'));
const test = hasPeers || process.env['CI'] ? smoke : smoke.skip;
if (!hasPeers) console.log('skipped: no bench/node_modules; run npm ci --prefix bench');

test('runs every case and says that it measured nothing', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'lisafs-smoke-'));
  const before = filesBelow('bench/results');
  const left = new Set(readdirSync(tmpdir()));
  try {
    const file = join(scratch, 'report.json');
    const { status, stdout, stderr } = bench('--quick', '--json', file);
    assert.is(status, 0, stdout + stderr);
    assert.match(stdout, 'A SMOKE TEST, NO MEASUREMENT');
    const { rows, goals } = JSON.parse(readFileSync(file, 'utf8')) as Report;
    const measured = new Set(rows.map((row) => row.case));
    for (const name of [
      'null',
      'async-busy',
      'async-many',
      'async-sleeping',
      'codec-statx',
      'callers',
      'tail',
      'idle',
      'generate',
    ])
      assert.ok(measured.has(name), name);
    for (const { side, min, median, max } of rows) assert.ok(min <= median && median <= max, side);
    assert.ok(goals.length > 25 && goals.every(({ met }) => !met));
    assert.equal(filesBelow('bench/results'), before);
    const forgotten = readdirSync(tmpdir()).filter((name) => name.startsWith('lisafs-bench') && !left.has(name));
    assert.equal(forgotten, []);
  } finally {
    rmSync(scratch, { recursive: true });
  }
});

test('refuses a pattern that names no case, and says which there are', () => {
  const { status, stderr } = bench('--quick', 'nonsense');
  assert.is(status, 2);
  assert.match(stderr, 'no case has nonsense in its name');
  assert.match(stderr, 'async-sleeping');
});

smoke.run();
