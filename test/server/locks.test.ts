/** The order in which calls get their locks, where answers come later. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Lock, Locks } from '../../runtime/session/locks.js';

const test = suite('locks');

test('a part of a call waits for nobody who waits for the call', async () => {
  const [tree, directory] = [new Lock(), new Lock()];
  const staying = { lock: tree, write: false };
  const moving = { lock: tree, write: true };
  const reading = { lock: directory, write: false };
  const writing = { lock: directory, write: true };
  const locks = new Locks();
  const order: string[] = [];
  const note = (name: string) => async (): Promise<void> => {
    order.push(name);
  };
  const walk = locks.run([staying], async () => {
    await new Promise(setImmediate);
    await locks.runNested([reading], note('walk'));
    // Once more, now that a release has gone over the queue.
    await locks.runNested([reading], note('walk on'));
  });
  const rename = locks.run([moving], note('rename'));
  const mkdir = locks.run([staying, writing], note('mkdir'));
  await Promise.all([walk, rename, mkdir]);
  assert.equal(order, ['walk', 'walk on', 'rename', 'mkdir']);
});

test('a part of a call waits for who holds what it claims', async () => {
  const directory = new Lock();
  const locks = new Locks();
  let held = true;
  const holder = locks.run([{ lock: directory, write: true }], async () => {
    await new Promise(setImmediate);
    held = false;
  });
  const seen = await locks.runNested([{ lock: directory, write: false }], async () => held);
  await holder;
  assert.not(seen);
});

test.run();
