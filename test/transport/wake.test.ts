/** That a wake-up reaches the peer, whoever else is asleep on its word. */

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { closeFD } from '../../runtime/os/descriptor.js';
import { Endpoint } from '../../runtime/transport/endpoint.js';
import { Program } from '../peers/program.js';
import { honestMemfd, openWindow } from '../peers/scripted.js';

const SLEEPER = new URL('./programs/wake-sleeper.js', import.meta.url);

/** Starts a process that sleeps on connState, and waits until it does. */
async function asleep(fd: number): Promise<Program> {
  const program = new Program(SLEEPER, [], [fd]);
  assert.is(await program.line(), 'begins');
  while (!readFileSync(`/proc/${program.pid}/wchan`, 'latin1').includes('futex')) await sleep(5);
  return program;
}

const wakes = suite('wake-ups');

for (const how of ['send', 'shutdown'] as const) {
  wakes(`${how} wakes a peer that fell asleep behind a waiting thread of ours`, async () => {
    const fd = honestMemfd();
    const window = openWindow(fd);
    const ours = await asleep(fd);
    const peer = await asleep(fd);
    const endpoint = new Endpoint(window, 'client');
    if (how === 'send') assert.is(endpoint.send(0), 0);
    else endpoint.shutdown();
    assert.is(await peer.line(), '0');
    assert.is(await ours.line(), '0');
    await Promise.all([ours.ended(), peer.ended()]);
    window.destroy();
    closeFD(fd);
  });
}

wakes.run();
