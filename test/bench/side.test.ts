/** The sides of a comparison: driven by lines, failing with what they say, leaving no process behind. */

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { allocatedBy } from '../../bench/allocated.js';
import { measure, QUICK } from '../../bench/rounds.js';
import { Side, type SideSpec } from '../../bench/side.js';

const sides = suite('sides of the bench');

/** A side that a script of node's is: it reads lines, and `answer(line)` gives what it says. */
function scripted(name: string, answer: string, ready = '{"ready": true}'): SideSpec {
  const script =
    `console.log(${JSON.stringify(ready)});` +
    `require('readline').createInterface({ input: process.stdin }).on('line', (line) => {` +
    `if (line === 'end') process.exit(); console.log(JSON.stringify((${answer})(line))); });`;
  return { name, program: [process.execPath, '-e', script] };
}

const BATCHES = `(line) => line.startsWith('bytes') ? { bytes: 7 } : { ns: 1000 * Number(line.split(' ')[1]) }`;

function rejection(promise: Promise<unknown>): Promise<string> {
  const fails = new Error('it should have failed');
  return promise.then(
    () => Promise.reject(fails),
    (error: Error) => error.message,
  );
}

sides('answer commands, and end', async () => {
  const side = await Side.start(scripted('good', BATCHES));
  assert.is(await side.batch(50), 1000);
  assert.equal(await side.ask('bytes', 3), { bytes: 7 });
  const { pid } = side;
  await side.end();
  assert.not.ok(existsSync(`/proc/${pid}`));
});

sides('that cannot be started, break off, or report an error fail with its words', async () => {
  assert.match(await rejection(Side.start({ name: 'absent', program: ['/does/not/exist'] })), 'absent ended');
  const refusing = scripted('refusing', BATCHES, '{"error": "no peer here"}');
  assert.is(await rejection(Side.start(refusing)), 'refusing: no peer here');
  const side = await Side.start(scripted('mortal', '() => process.exit(1)'));
  assert.match(await rejection(side.batch(1)), 'mortal ended');
  await side.end();
});

sides('are measured in turns, and one that fails is left out with its reason', async () => {
  const failing = scripted('failing', `() => ({ error: 'broken' })`);
  const { sides: measured, missing } = await measure(
    { sides: [scripted('a', BATCHES), failing, scripted('b', BATCHES)] },
    QUICK,
  );
  assert.equal(
    measured.map(({ side, rounds, bytesPerCall }) => [side, rounds, bytesPerCall]),
    [
      ['a', [1000, 1000], 7],
      ['b', [1000, 1000], 7],
    ],
  );
  assert.equal(missing, [{ side: 'failing', why: 'failing: broken' }]);
});

sides('have several processes, one after the other, and all of their rounds count', async () => {
  const itsPID = `(line) => ({ ns: process.pid * Number(line.split(' ')[1]) })`;
  const sideSpec = { ...scripted('a', itsPID), countsBytes: false };
  const { sides: measured } = await measure({ sides: [sideSpec] }, { ...QUICK, processes: 3 });
  const { rounds } = measured[0]!;
  assert.is(rounds.length, 3 * QUICK.rounds);
  const pids = new Set(rounds);
  assert.is(pids.size, 3);
  for (const pid of pids) assert.not.ok(existsSync(`/proc/${pid}`));
});

sides('whose second process fails are left out, whatever the first has measured', async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'lisafs-side-'));
  const mark = JSON.stringify(join(scratch, 'mark'));
  // Only the first process can make the directory.
  const makesMark = `require('fs').mkdirSync(${mark}) === undefined`;
  const isFirst = `(() => { try { return ${makesMark}; } catch { return false; } })()`;
  const mortal = scripted(
    'mortal',
    `() => (globalThis.first ??= ${isFirst}) ? { ns: 1, bytes: 1 } : { error: 'gone' }`,
  );
  try {
    const { sides: measured, missing } = await measure(
      { sides: [mortal, scripted('a', BATCHES)] },
      { ...QUICK, processes: 2 },
    );
    assert.equal(
      measured.map(({ side, rounds }) => [side, rounds.length]),
      [['a', 2 * QUICK.rounds]],
    );
    assert.equal(missing, [{ side: 'mortal', why: 'mortal: gone' }]);
  } finally {
    rmSync(scratch, { recursive: true });
  }
});

sides('count what they allocate, whether it is collected meanwhile or not', async () => {
  const COUNT = 200_000;
  const kept: number[][] = [];
  const allocate = (): void => {
    for (let i = 0; i < COUNT; i++) {
      const array = [i + 0.5, i, i, i];
      if (i % 1000 === 0) kept.push(array);
    }
  };
  allocate();
  const bytes = (await allocatedBy(allocate)) / COUNT;
  // An array of four doubles is 32 bytes of header, 16 of its elements' header and 32 of elements.
  assert.ok(bytes >= 64 && bytes <= 128, `${bytes} bytes an array`);
  assert.ok((await allocatedBy(() => undefined)) < 10_000);
});

sides.run();
