/** The real peers themselves: that they start, what they advertise, and that nothing of them stays behind. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { closeFD } from '../../runtime/os/descriptor.js';
import { receiveWithFDs, sendNow, SOCK_STREAM, socketPair } from '../../runtime/os/socket.js';
import { EAGAIN } from '../../runtime/wire/errno.js';
import { startGofer, type Gofer, type GoferOptions } from './gofer.js';
import { findBuilt, needingRunsc, type PeerKind } from './peers.js';

const ERROR = 0;
const MOUNT = 1;
const CHANNEL = 2;
const MKDIR_AT = 13;
const INODE_BYTES = 152;
const HEADER_BYTES = 8;
const EROFS = 30;

const upTo31 = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 21, 22, 23, 24, 25, 26, 29, 30, 31];
const advertised: Record<PeerKind, number[]> = {
  debian: upTo31,
  current: [...upTo31, 27, 28, 32, 33].sort((a, b) => a - b),
  // Before sockets could be bound.
  2021: upTo31.filter((mid) => mid <= 26),
};

interface Answer {
  readonly mid: number;
  readonly payload: DataView;
  readonly fds: number[];
}

/** One end of a socket pair whose other end a gofer has: requests made by hand, so that nothing of ours is needed. */
class Line {
  #fd: number;
  readonly root = mkdtempSync(join(tmpdir(), 'lisafs-root-'));
  readonly gofer: Gofer;

  constructor(options: Omit<GoferOptions, 'root' | 'socketFD'>) {
    const pair = socketPair(SOCK_STREAM);
    if (typeof pair === 'number') throw new Error(`socketpair: ${pair}`);
    this.#fd = pair[0];
    try {
      this.gofer = startGofer({ ...options, root: this.root, socketFD: pair[1] });
    } finally {
      closeFD(pair[1]);
    }
  }

  async #receive(size: number, fds: number[]): Promise<Uint8Array> {
    const whole = new Uint8Array(size);
    for (let at = 0; at < size;) {
      const part = new Uint8Array(Math.min(64, size - at));
      const count = receiveWithFDs(this.#fd, part, 4, fds);
      if (count === -EAGAIN) await sleep(1);
      else if (count <= 0) throw new Error(`hung up (${count}); ${this.gofer.stderr}`);
      else whole.set(part.subarray(0, count), at);
      at += Math.max(count, 0);
    }
    return whole;
  }

  async ask(mid: number, payload: Uint8Array): Promise<Answer> {
    const message = Buffer.alloc(HEADER_BYTES + payload.length);
    message.writeUInt32LE(payload.length, 0);
    message.writeUInt16LE(mid, 4);
    message.set(payload, HEADER_BYTES);
    assert.is(sendNow(this.#fd, message, message.length), message.length);
    const fds: number[] = [];
    const header = new DataView((await this.#receive(HEADER_BYTES, fds)).buffer);
    const body = await this.#receive(header.getUint32(0, true), fds);
    return { mid: header.getUint16(4, true), payload: new DataView(body.buffer), fds };
  }

  mount(): Promise<Answer> {
    // In 2021 the request is a path, counted in 32 bits; today it is empty.
    const request = this.gofer.runsc.kind === '2021' ? Buffer.from([1, 0, 0, 0, 0x2f]) : Buffer.alloc(0);
    return this.ask(MOUNT, request);
  }

  hangUp(): void {
    closeFD(this.#fd);
    this.#fd = -1;
  }
}

async function withLine(
  options: Omit<GoferOptions, 'root' | 'socketFD'>,
  body: (line: Line) => Promise<void>,
): Promise<void> {
  const line = new Line(options);
  try {
    await body(line);
  } finally {
    await line.gofer.stop();
    line.hangUp();
    rmSync(line.root, { recursive: true });
  }
}

/** The MIDs in the response of Mount. */
function supportedMIDs({ payload }: Answer): number[] {
  const at = INODE_BYTES + 4;
  return Array.from({ length: payload.getUint16(at, true) }, (_, i) => payload.getUint16(at + 2 + 2 * i, true));
}

function childPids(): string[] {
  return readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean);
}

function bundles(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith(`lisafs-gofer-${process.pid}-`));
}

for (const kind of ['debian', 'current', '2021'] as const) {
  const gofers = suite(`gofer, ${kind}`);
  const test = needingRunsc(gofers, kind);

  test('mounts, and advertises the messages that it is known for', () =>
    withLine({ runsc: kind }, async (line) => {
      const answer = await line.mount();
      assert.is(answer.mid, MOUNT);
      assert.equal(answer.fds, []);
      assert.equal(supportedMIDs(answer), advertised[kind]);
    }));

  test('makes a channel', () =>
    withLine({ runsc: kind }, async (line) => {
      await line.mount();
      const { mid, fds } = await line.ask(CHANNEL, Buffer.alloc(0));
      assert.is(mid, CHANNEL);
      assert.is(fds.length, 2);
      fds.forEach(closeFD);
    }));

  test('runs in one process and a mount namespace of its own, and leaves the mounts of the machine alone', async () => {
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
    await withLine({ runsc: kind }, async (line) => {
      await line.mount();
      const { pid } = line.gofer;
      assert.is(readlinkSync(`/proc/${pid}/exe`), line.gofer.runsc.path);
      assert.is.not(readlinkSync(`/proc/${pid}/ns/mnt`), readlinkSync('/proc/self/ns/mnt'));
      assert.is(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'), '');
      assert.is(readFileSync('/proc/self/mountinfo', 'utf8'), mounts);
    });
    assert.is(readFileSync('/proc/self/mountinfo', 'utf8'), mounts);
  });

  test('ends by itself on hang-up; no process and no file stays behind', async () => {
    const before = bundles();
    const children = childPids();
    await withLine({ runsc: kind }, async (line) => {
      await line.mount();
      line.hangUp();
      assert.equal(await line.gofer.exited, { code: 0, signal: null });
      assert.equal(childPids(), children);
      assert.not.ok(existsSync(`/proc/${line.gofer.pid}`));
      assert.equal(bundles(), before);
    });
  });

  test('stop kills it and reaps it', () =>
    withLine({ runsc: kind }, async (line) => {
      await line.mount();
      assert.equal(await line.gofer.stop(), { code: null, signal: 'SIGKILL' });
      assert.not.ok(existsSync(`/proc/${line.gofer.pid}`));
      assert.equal(await line.gofer.stop(), { code: null, signal: 'SIGKILL' });
    }));

  test('serves nothing but temporary directories', () => {
    assert.throws(() => startGofer({ runsc: kind, root: '/usr', socketFD: 0 }), /will not serve \/usr/);
    assert.throws(() => startGofer({ runsc: kind, root: tmpdir(), socketFD: 0 }), /will not serve/);
  });

  gofers.run();
}

for (const kind of ['debian', 'current'] as const) {
  const readOnly = suite(`gofer, ${kind}, read-only`);

  needingRunsc(readOnly, kind)('refuses a change before it looks at it', () =>
    withLine({ runsc: kind, readonly: true }, async (line) => {
      await line.mount();
      const { mid, payload } = await line.ask(MKDIR_AT, Buffer.alloc(0));
      assert.is(mid, ERROR);
      assert.is(payload.getUint32(0, true), EROFS);
    }),
  );

  readOnly.run();
}

const directFS = suite('gofer, current, with directfs');

needingRunsc(directFS, 'current')('donates the root with Mount, and still makes channels', () =>
  withLine({ runsc: 'current', directFS: true }, async (line) => {
    const mounted = await line.mount();
    assert.is(mounted.fds.length, 1);
    const channel = await line.ask(CHANNEL, Buffer.alloc(0));
    assert.is(channel.fds.length, 2);
    [...mounted.fds, ...channel.fds].forEach(closeFD);
  }),
);

directFS.run();

const goclient = suite("gVisor's client");

needingRunsc(goclient, 'current')('measures FStat over a channel', async () => {
  const path = findBuilt('goclient');
  assert.ok(path, 'no .cache/goclient; run test/interop/build.sh');
  const [ours, theirs] = socketPair(SOCK_STREAM) as [number, number];
  const root = mkdtempSync(join(tmpdir(), 'lisafs-root-'));
  const gofer = startGofer({ runsc: 'current', root, socketFD: theirs });
  closeFD(theirs);
  const child = spawn(path, ['3', 'fstat', '100'], { stdio: ['ignore', 'pipe', 'inherit', ours] });
  closeFD(ours);
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  assert.equal(await once(child, 'close'), [0, null]);
  const result = JSON.parse(output) as Record<string, unknown>;
  assert.is(result['count'], 100);
  assert.is(result['over'], 'channel');
  assert.equal(await gofer.exited, { code: 0, signal: null });
  rmSync(root, { recursive: true });
});

goclient.run();
