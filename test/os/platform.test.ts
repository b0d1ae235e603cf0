import { existsSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SYSCALL } from '../../runtime/os/platform.js';
import { Program } from '../peers/program.js';

const IMPORTER = new URL('./programs/importer.js', import.meta.url);
const RUNTIME = new URL('../../runtime/', import.meta.url);

const platform = suite('platform');

const machines = [
  ['darwin', 'arm64', 'LE'],
  ['win32', 'x64', 'LE'],
  ['freebsd', 'x64', 'LE'],
  ['linux', 'ia32', 'LE'],
  ['linux', 'arm', 'LE'],
  ['linux', 'riscv64', 'LE'],
  ['linux', 'arm64', 'BE'],
];

/** Modules through which native code could be reached, the public ones where they exist. */
const modules = ['os/libc.js', 'os/futex.js', 'transport/channel.js', 'index.js'].filter((name) =>
  existsSync(new URL(name, RUNTIME)),
);

for (const [name, arch, endianness] of machines) {
  platform(`is refused in words, before native code is loaded: ${name} ${arch} ${endianness}`, async () => {
    for (const module of modules) {
      const program = new Program(IMPORTER, [new URL(module, RUNTIME).href, name!, arch!, endianness!]);
      const { code, lines, stderr } = await program.ended();
      assert.is(code, 0, stderr);
      assert.is(lines[0], `refused: lisafs runs on Linux on x64 or arm64, not on ${name} on ${arch}: it speaks ${WHY}`);
      assert.is(lines[1], 'native code loaded: false');
    }
  });
}

const WHY = 'through memfds, futexes and descriptor passing, with system call numbers of those two';

platform('is taken where it is one of ours', async () => {
  const program = new Program(IMPORTER, [new URL('os/libc.js', RUNTIME).href, 'linux', process.arch, 'LE']);
  assert.equal((await program.ended()).lines, ['imported', 'native code loaded: true']);
});

platform('has the system call numbers of its kernel', () => {
  const x64 = { futex: 202, futexWaitv: 449, renameat2: 316, getdents64: 217, setresuid: 117, setresgid: 119 };
  const arm64 = { futex: 98, futexWaitv: 449, renameat2: 276, getdents64: 61, setresuid: 147, setresgid: 149 };
  assert.equal(SYSCALL, process.arch === 'x64' ? { ...x64, rseq: 334 } : { ...arm64, rseq: 293 });
});

platform.run();
