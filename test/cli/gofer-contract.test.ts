/** What runsc says to its gofer, of both gVisors: recorded arguments, and what is wrong with others. */

import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Flags, logOf, readContract, type Contract } from '../../cli/gofer-contract.js';

const SPEC = {
  root: { path: 'rootfs', readonly: true },
  annotations: { a: 'b' },
  mounts: [
    { destination: '/proc', type: 'proc' },
    { destination: '/data', type: 'bind', source: '/srv/data', options: ['ro'] },
    { destination: '/tmp', type: 'tmpfs', source: 'tmpfs' },
    { destination: '/bound', source: 'work', options: ['rbind'] },
  ],
};

/** Reads arguments with a config.json on the descriptor that SPEC stands for. */
function read(args: readonly string[], spec: unknown = SPEC): Contract {
  const folder = mkdtempSync(join(tmpdir(), 'lisafs-contract-'));
  writeFileSync(join(folder, 'config.json'), typeof spec === 'string' ? spec : JSON.stringify(spec));
  const fd = openSync(join(folder, 'config.json'), 'r');
  try {
    return readContract(new Flags(args.map((word) => word.replace('SPEC', String(fd)))));
  } finally {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  }
}

const OF_2022 = ['--root=r', '--log=l', 'gofer', '--bundle', '/b', '--spec-fd=SPEC', '--mounts-fd=5'];
const CONFS = '--gofer-mount-confs=lisafs:none,lisafs:self,lisafs:none';
const OF_TODAY = ['--root=r', '--directfs=false', 'gofer', '--bundle=/b', '--spec-fd=SPEC', '--mounts-fd=5', CONFS];
const THREE = ['--io-fds=7', '--io-fds=8', '--io-fds', '9'];

const shown = ({ mounts }: Contract): unknown[] =>
  mounts.map(({ destination, source, readOnly, ioFD }) => [destination, source, readOnly, ioFD]);

const contract = suite("runsc's words to its gofer");

contract('name the root and each bind mount, with its socket, in 2022', () => {
  const read2022 = read([...OF_2022, ...THREE, 'an-id']);
  assert.equal(shown(read2022), [
    ['/', '/b/rootfs', true, 7],
    ['/data', '/srv/data', true, 8],
    ['/bound', '/b/work', false, 9],
  ]);
  assert.equal([read2022.mountsFD, read2022.hostUDS, read2022.hostFIFO], [5, 'none', 'none']);
  assert.equal(read2022.mounts[0]!.annotations, { a: 'b' });
  const told = JSON.parse(read2022.mountsJSON) as { destination: string; source?: string }[];
  assert.equal(
    told.map(({ source }) => source),
    [undefined, '/srv/data', '/b/tmpfs', '/b/work'],
  );
});

contract('name them so today, those that the sandbox keeps to itself being unchanged', () => {
  assert.equal(shown(read([...OF_TODAY, ...THREE])), [
    ['/', '/b/rootfs', true, 7],
    ['/data', '/srv/data', true, 8],
    ['/bound', '/b/work', false, 9],
  ]);
  const kept = OF_TODAY.map((word) =>
    word === CONFS ? '--gofer-mount-confs=none:memory,none:none,lisafs:anon' : word,
  );
  assert.equal(shown(read([...kept, '--io-fds=7'])), [['/bound', '/b/work', true, 7]]);
});

contract('of 2022 say by --overlay what is kept from the host', () => {
  const readOnly = (...flags: string[]): boolean[] =>
    read([...flags, ...OF_2022, ...THREE]).mounts.map((mount) => mount.readOnly);
  assert.equal(readOnly(), [true, true, false]);
  assert.equal(readOnly('--overlay'), [true, true, true]);
  assert.equal(readOnly('--overlay2=all:memory'), [true, true, true]);
  assert.equal(readOnly('--overlay2=root:self'), [true, true, false]);
});

contract('may let sockets and FIFOs through', () => {
  const { hostUDS, hostFIFO } = read(['--host-uds=all', '-host-fifo', 'open', ...OF_2022, ...THREE]);
  assert.equal([hostUDS, hostFIFO], ['all', 'open']);
  assert.throws(() => read(['--host-uds=some', ...OF_2022, ...THREE]), /--host-uds=some: not one of none, open/);
});

contract('are refused where they are none, or say what cannot be', () => {
  const wrong = (pattern: RegExp, args: readonly string[], spec?: unknown): void =>
    assert.throws(() => read(args, spec), pattern);
  wrong(/those are not runsc's arguments/, []);
  wrong(/those are not runsc's arguments/, OF_2022);
  wrong(/--io-fds=-1: not the number of a descriptor/, [...OF_2022, '--io-fds=-1']);
  wrong(/--io-fds=1e3: not the number of a descriptor/, [...OF_2022, '--io-fds=1e3']);
  wrong(/--spec-fd=99999: no config.json comes from it/, [...OF_2022, '--spec-fd=99999', ...THREE]);
  wrong(/no config.json comes from it/, [...OF_2022, ...THREE], '{');
  wrong(/has no root.path/, [...OF_2022, ...THREE], { root: {} });
  wrong(/has no root.path/, [...OF_2022, ...THREE], 'null');
  wrong(/3 mounts are to be served, on 2 sockets/, [...OF_2022, '--io-fds=7', '--io-fds=8']);
  wrong(/config.json has 3 mounts with files of the host, and runsc says 1/, [
    ...OF_TODAY.slice(0, -1),
    '--gofer-mount-confs=lisafs:none',
    ...THREE,
  ]);
});

contract('are refused where the sandbox needs what this gofer does not do', () => {
  const today = [...OF_TODAY, ...THREE];
  assert.throws(() => read(today.filter((word) => !word.includes('directfs'))), /run runsc with --directfs=false/);
  assert.throws(() => read([...today, '--sync-userns-fd=3']), /run runsc as root/);
  assert.throws(() => read([...today, '--dev-io-fd=3']), /run runsc without them/);
});

contract('say where failures are told', () => {
  assert.is(logOf(new Flags(['gofer'])), undefined);
  const folder = mkdtempSync(join(tmpdir(), 'lisafs-contract-'));
  const fd = openSync(join(folder, 'log'), 'w+');
  logOf(new Flags([`--log-fd=${fd}`, '--log-format=json']))!.tell('a "word"');
  logOf(new Flags([`--log-fd=${fd}`]))!.tell('two');
  const [json, text] = readFileSync(join(folder, 'log'), 'utf8').split('\n');
  closeSync(fd);
  rmSync(folder, { recursive: true });
  const { msg, level } = JSON.parse(json!) as { msg: string; level: string };
  assert.equal([msg, level], ['lisafs gofer: a "word"', 'error']);
  assert.match(text!, /^\d{4}-\S+Z lisafs gofer: two$/);
});

contract.run();
