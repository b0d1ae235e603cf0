/** Real gofers under load: many calls at once, large files, names that are no text, large directories. */

import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { randomFillSync } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type FDID, RPCError, Statx } from '../../runtime/index.js';
import { Random } from '../../runtime/wire/random.js';
import { decodeString } from '../../runtime/wire/string.js';
import { needingRunsc } from './peers.js';
import { type Session, type SessionOptions, withSession } from './session.js';
import { type Face, NOBODY, O_RDONLY, O_RDWR } from './stage.js';

const CALLS_COUNT = 10_000;
const FILES_COUNT = 64;
const FILE_BYTES = 4096;
const LARGE_BYTES = 64 * 1024 * 1024;
const ENTRIES_COUNT = 10_000;

const AT_REMOVEDIR = 0x200;

/** A directory of files whose contents and sizes say which one they are. */
class Field {
  readonly #session: Session;
  readonly #controls: FDID[] = [];
  readonly #opens: FDID[] = [];
  #made = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  async sow(): Promise<void> {
    const { client, path, root } = this.#session;
    for (let i = 0; i < FILES_COUNT; i++) {
      writeFileSync(`${path}/f${i}`, this.#content(i));
      symlinkSync(`target ${i}`, `${path}/l${i}`);
      const { inodes } = await client.walk({ dirFD: root, path: [`f${i}`] });
      const { openFD, hostFD } = await client.openAt({ fd: inodes[0]!.controlFD, flags: O_RDWR });
      hostFD?.close();
      this.#controls.push(inodes[0]!.controlFD);
      this.#opens.push(openFD);
    }
  }

  #content(i: number): Buffer {
    return Buffer.alloc(FILE_BYTES + i, `<${i}>`);
  }

  /** One call of a kind that chance picks, and the check of its result. */
  async call(random: Random): Promise<void> {
    const i = random.below(FILES_COUNT);
    const kinds = [
      this.#stat,
      this.#read,
      this.#write,
      this.#walk,
      this.#walkStat,
      this.#link,
      this.#error,
      this.#make,
    ];
    await kinds[random.below(kinds.length)]!.call(this, i, random);
  }

  /** The same with a call that blocks. */
  callSync(random: Random): void {
    const { client } = this.#session;
    const i = random.below(FILES_COUNT);
    assert.is(client.fstatSync({ fd: this.#controls[i]! }, new Statx()).size, BigInt(FILE_BYTES + i));
    const { data } = client.preadSync({ fd: this.#opens[i]!, offset: 1, count: 100 });
    assert.ok(Buffer.from(data).equals(this.#content(i).subarray(1, 101)));
  }

  async #stat(i: number): Promise<void> {
    const stat = await this.#session.client.fstat({ fd: this.#controls[i]! });
    assert.is(stat.size, BigInt(FILE_BYTES + i));
  }

  async #read(i: number, random: Random): Promise<void> {
    const offset = random.below(FILE_BYTES);
    const { data } = await this.#session.client.pread({ fd: this.#opens[i]!, offset, count: 2 * FILE_BYTES });
    assert.ok(Buffer.from(data).equals(this.#content(i).subarray(offset)));
  }

  async #write(i: number, random: Random): Promise<void> {
    const offset = random.below(FILE_BYTES);
    const data = this.#content(i).subarray(offset);
    assert.is((await this.#session.client.pwrite({ fd: this.#opens[i]!, offset, data })).count, BigInt(data.length));
  }

  async #walk(i: number): Promise<void> {
    const { client, root } = this.#session;
    const { status, inodes } = await client.walk({ dirFD: root, path: [`f${i}`] });
    assert.equal([status, inodes.length, inodes[0]!.stat.size], [0, 1, BigInt(FILE_BYTES + i)]);
    await client.closeFD(inodes[0]!.controlFD);
  }

  async #walkStat(i: number): Promise<void> {
    const { client, root } = this.#session;
    const { stats } = await client.walkStat({ dirFD: root, path: ['', `f${i}`] });
    assert.equal([stats.length, stats[1]!.size], [2, BigInt(FILE_BYTES + i)]);
  }

  async #link(i: number): Promise<void> {
    const { client, root } = this.#session;
    const { inodes } = await client.walk({ dirFD: root, path: [`l${i}`] });
    const { controlFD } = inodes[0]!;
    assert.is((await client.readLinkAt({ fd: controlFD })).target, `target ${i}`);
    await client.closeFD(controlFD);
  }

  async #error(i: number): Promise<void> {
    const { client } = this.#session;
    const outcome = await client.openAt({ fd: this.#opens[i]!, flags: O_RDONLY }).catch((error: unknown) => error);
    assert.ok(outcome instanceof RPCError && outcome.code === 'EINVAL', String(outcome));
  }

  /** Makes a file with a donated descriptor, looks at it through that, and removes it. */
  async #make(): Promise<void> {
    const { client, root } = this.#session;
    const name = `new${this.#made++}`;
    const common = { dirFD: root, uid: NOBODY, gid: NOBODY, mode: 0o600 };
    const { child, newFD, hostFD } = await client.openCreateAt({ ...common, name, flags: O_RDWR });
    using owned = hostFD;
    assert.ok(owned);
    assert.is(statSync(`/proc/self/fd/${owned.fd}`, { bigint: true }).ino, child.stat.ino);
    assert.ok(readlinkSync(`/proc/self/fd/${owned.fd}`).endsWith(`/${name}`));
    await client.unlinkAt({ dirFD: root, flags: 0, name });
    await client.close({ fds: [child.controlFD, newFD] });
  }

  async verify(): Promise<void> {
    const { path, client } = this.#session;
    for (let i = 0; i < FILES_COUNT; i++) assert.ok(readFileSync(`${path}/f${i}`).equals(this.#content(i)));
    assert.equal(
      readdirSync(path).filter((name) => name.startsWith('new')),
      [],
    );
    await client.close({ fds: [...this.#controls, ...this.#opens] });
  }
}

/** A control FD and an open FD of a file, by the stubs that block or by those that do not. */
async function makeFile({ client, root }: Session, name: string): Promise<{ control: FDID; open: FDID }> {
  const req = { dirFD: root, uid: NOBODY, gid: NOBODY, mode: 0o600, name, flags: O_RDWR };
  const { child, newFD, hostFD } = await client.openCreateAt(req);
  hostFD?.close();
  return { control: child.controlFD, open: newFD };
}

/** Writes a large file by one face and reads it back by the same. */
async function largeFile(session: Session, face: Face): Promise<void> {
  const { client, path } = session;
  const { control, open } = await makeFile(session, 'large');
  const content = randomFillSync(Buffer.alloc(LARGE_BYTES));
  const back = Buffer.alloc(LARGE_BYTES + 100);
  const began = performance.now();
  if (face === 'synchronous') client.writeFDSync(open, content);
  else await client.writeFD(open, content);
  const written = performance.now();
  const count = face === 'synchronous' ? client.readFDSync(open, back) : await client.readFD(open, back);
  const read = performance.now();
  console.log(`    64 MiB ${face}: written in ${ms(written - began)}, read in ${ms(read - written)}`);
  assert.is(count, LARGE_BYTES);
  assert.ok(back.subarray(0, LARGE_BYTES).equals(content));
  assert.ok(readFileSync(`${path}/large`).equals(content));
  // From the middle of a chunk across the next, up to the end and no further.
  const at = 3_000_001;
  const part = Buffer.alloc(5_000_000);
  assert.is(
    face === 'synchronous' ? client.readFDSync(open, part, at) : await client.readFD(open, part, at),
    part.length,
  );
  assert.ok(part.equals(content.subarray(at, at + part.length)));
  assert.is(await client.readFD(open, part, LARGE_BYTES - 5), 5);
  await client.close({ fds: [control, open] });
}

function ms(time: number): string {
  return `${Math.round(time)} ms`;
}

/** All bytes that a name can hold, one after the other, and some of them in the wrong places. */
const WILD_NAMES = [
  Buffer.from(Array.from({ length: 127 }, (_, i) => i + 1)).filter((byte) => byte !== 0x2f),
  Buffer.from(Array.from({ length: 128 }, (_, i) => i + 128)),
  Buffer.from([0xff]),
  Buffer.from([0xc3, 0x28]),
  Buffer.from('überall'),
  Buffer.from('überall', 'latin1'),
  Buffer.concat([Buffer.from('🙂'), Buffer.from([0x80]), Buffer.from('🙂').subarray(0, 3)]),
  // A surrogate in UTF-8's clothes, and a slash in two bytes.
  Buffer.from([0xed, 0xb3, 0xbf]),
  Buffer.from([0xc0, 0xaf]),
  Buffer.alloc(255, 0xfe),
].map((name) => Buffer.from(name));

/** The bytes of a name as the SDK's strings carry them: a byte that is no UTF-8 is a lone surrogate. */
function bytesOf(text: string): Buffer {
  const parts = [...text].map((char) => {
    const code = char.codePointAt(0)!;
    return code >= 0xdc80 && code <= 0xdcff ? Buffer.of(code & 0xff) : Buffer.from(char);
  });
  return Buffer.concat(parts);
}

function pathOf(dir: string, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${dir}/`), name]);
}

const hex = (names: readonly Buffer[]): string[] => names.map((name) => name.toString('hex')).sort();

/** The names in a directory, to its end. */
async function namesOf({ client }: Session, dirFD: FDID, count: number): Promise<string[]> {
  const { openFD } = await client.openAt({ fd: dirFD, flags: O_RDONLY });
  const names: string[] = [];
  for (;;) {
    const { dirents } = await client.getdents64({ dirFD: openFD, count });
    if (dirents.length === 0) break;
    names.push(...dirents.map(({ name }) => name));
  }
  await client.close({ fds: [openFD] });
  return names;
}

/** What node:fs makes is listed, found and read through the gofer. */
async function seesWildNames(session: Session): Promise<void> {
  const { client, root, path } = session;
  for (const name of WILD_NAMES) symlinkSync(name, pathOf(path, name));
  const listed = await namesOf(session, root, 4096);
  assert.equal(hex(listed.map(bytesOf)), hex(WILD_NAMES));
  for (const name of listed) {
    const { inodes } = await client.walk({ dirFD: root, path: [name] });
    assert.is(inodes[0]!.stat.ino, lstatSync(pathOf(path, bytesOf(name)), { bigint: true }).ino);
    assert.is((await client.readLinkAt({ fd: inodes[0]!.controlFD })).target, name);
    assert.is(client.walkStatSync({ dirFD: root, path: [name] }).stats[0]!.ino, inodes[0]!.stat.ino);
    await client.close({ fds: [inodes[0]!.controlFD] });
    await client.unlinkAt({ dirFD: root, flags: 0, name });
  }
  assert.equal(readdirSync(path), []);
}

/** What is made through the gofer is what node:fs then sees. */
async function makesWildNames(session: Session): Promise<void> {
  const { client, root, path } = session;
  mkdirSync(`${path}/wild`);
  const { inodes } = await client.walk({ dirFD: root, path: ['wild'] });
  const dirFD = inodes[0]!.controlFD;
  for (const bytes of WILD_NAMES) {
    const name = decodeString(bytes, 0, bytes.length);
    const { symlink } = await client.symlinkAt({ dirFD, uid: NOBODY, gid: NOBODY, name, target: name });
    await client.close({ fds: [symlink.controlFD] });
    await client.renameAt({ oldDir: dirFD, newDir: root, oldName: name, newName: name });
  }
  await client.unlinkAt({ dirFD: root, flags: AT_REMOVEDIR, name: 'wild' });
  await client.close({ fds: [dirFD] });
  assert.equal(hex(readdirSync(path, 'buffer')), hex(WILD_NAMES));
  for (const name of WILD_NAMES) assert.ok(readlinkSync(pathOf(path, name), 'buffer').equals(name));
}

/** A large directory, as much of it at a time as is asked for. */
async function largeDirectory(session: Session): Promise<void> {
  const { root, path, client } = session;
  const expected = Array.from({ length: ENTRIES_COUNT }, (_, i) => `${i}-${'n'.repeat(i % 200)}`).sort();
  for (const name of expected) writeFileSync(`${path}/${name}`, '');
  const began = performance.now();
  for (const count of [8192, 65_536, 1_000_000]) assert.equal((await namesOf(session, root, count)).sort(), expected);
  console.log(`    ${ENTRIES_COUNT} entries listed three times in ${ms(performance.now() - began)}`);
  const { openFD } = client.openAtSync({ fd: root, flags: O_RDONLY });
  const { dirents } = client.getdents64Sync({ dirFD: openFD, count: 1_000_000 });
  assert.ok(dirents.length > 4000, 'a response holds many');
  assert.is(new Set(dirents.map(({ off }) => off)).size, dirents.length);
  client.closeSync({ fds: [openFD] });
}

for (const kind of ['debian', 'current'] as const) {
  for (const over of ['channels', 'the socket'] as const) {
    const load = suite(`load, ${kind}, over ${over}`);
    const test = needingRunsc(load, kind);
    const options: SessionOptions = { runsc: kind, channels: over === 'channels' ? 2 : 0 };

    test('10,000 mixed calls at once', () =>
      withSession(options, async (session) => {
        const seed = Number(process.env['LISAFS_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
        console.log(`    LISAFS_SEED=${seed}`);
        const random = new Random(seed);
        const field = new Field(session);
        await field.sow();
        const began = performance.now();
        await Promise.all(Array.from({ length: CALLS_COUNT }, () => field.call(random)));
        console.log(`    ${CALLS_COUNT} calls in ${ms(performance.now() - began)}`);
        await field.verify();
      }));

    test('synchronous calls amid asynchronous ones', () =>
      withSession(options, async (session) => {
        const random = new Random(1);
        const field = new Field(session);
        await field.sow();
        const pending: Promise<void>[] = [];
        for (let i = 0; i < 1000; i++) {
          pending.push(field.call(random));
          if (i % 3 === 0) field.callSync(random);
          if (i % 50 === 0) await pending.shift();
        }
        await Promise.all(pending);
        await field.verify();
      }));

    for (const face of ['asynchronous', 'synchronous'] as const) {
      test(`a file of 64 MiB, ${face}`, () => withSession(options, (session) => largeFile(session, face)));
    }

    test('names that are not UTF-8 come from the file system', () => withSession(options, seesWildNames));
    test('names that are not UTF-8 go to the file system', () => withSession(options, makesWildNames));
    test('a directory of 10,000 entries', () => withSession(options, largeDirectory));

    load.run();
  }
}
