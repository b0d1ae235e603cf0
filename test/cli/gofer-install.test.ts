/** The copy of runsc that `lisafs gofer --install` makes: what stands in it, and whom its script starts. */

import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { lisafs, MAIN, run } from './command.js';

/** What stands for runsc: a program that says what it is called with, and has the path in it. */
const RUNSC = `#!/bin/sh
# /proc/self/exe and /proc/self/exe
echo "runsc: $*"
`;

interface Context {
  folder: string;
  runsc: string;
}

const install = suite<Context>('lisafs gofer --install');

install.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "lisafs-install-it's-"));
  chmodSync(context.folder, 0o755);
  context.runsc = join(context.folder, 'original');
  writeFileSync(context.runsc, RUNSC, { mode: 0o755 });
});

install.after.each(({ folder }) => rmSync(folder, { recursive: true }));

install('makes a copy in which another path of the same length stands', async ({ folder, runsc }) => {
  const to = join(folder, 'to');
  const { code, stdout, stderr } = await lisafs('gofer', '--install', to, '--runsc', runsc);
  assert.equal([code, stderr], [0, '']);
  assert.is(stdout, `made ${to}/runsc, to be run from within ${to}\n`);
  assert.is(readFileSync(join(to, 'runsc'), 'utf8'), RUNSC.replaceAll('/proc/self/exe', './lisafs-gofer'));
  assert.is(readlinkSync(join(to, 'lisafs-gofer')), join(to, 'gofer.sh'));
  assert.equal(readdirSync(to).sort(), ['gofer.sh', 'lisafs-gofer', 'runsc']);
  for (const name of ['gofer.sh', 'runsc']) assert.is(statSync(join(to, name)).mode & 0o777, 0o755);
});

install('can be run from anywhere where the directory has a short path', async ({ runsc }) => {
  const to = `/t${process.pid % 100000}`;
  assert.not(existsSync(to));
  try {
    const { code, stdout } = await lisafs('gofer', '--install', to, '--runsc', runsc);
    assert.equal([code, stdout], [0, `made ${to}/runsc, to be run from anywhere\n`]);
    const path = `${to}/gofer`.padStart(14, '/');
    assert.is(readFileSync(join(to, 'runsc'), 'utf8'), RUNSC.replaceAll('/proc/self/exe', path));
    assert.match((await run([path, 'state'])).stdout, /^runsc: state$/m);
  } finally {
    rmSync(to, { recursive: true, force: true });
  }
});

install('starts our gofer for a gofer, and runsc for all else', async ({ folder, runsc }) => {
  const to = join(folder, 'to');
  const module = join(folder, 'no module.js');
  await lisafs('gofer', '--install', to, '--runsc', runsc, '--module', module);
  const script = join(to, 'lisafs-gofer');
  const boot = await run([script, '--root=a gofer', '--log=x', 'boot', '--bundle', 'gofer']);
  assert.is(boot.stdout, 'runsc: --root=a gofer --log=x boot --bundle gofer\n');
  const gofer = await run([script, '--root=x', 'gofer', '--bundle', 'y']);
  assert.is(gofer.code, 2);
  assert.match(gofer.stderr, /those are not runsc's arguments/);
  const launched = readFileSync(script, 'utf8');
  assert.match(launched, MAIN);
  assert.match(launched, `'--module' '${module.replaceAll("'", `'\\''`)}'`);
});

install('replaces an older copy', async ({ folder, runsc }) => {
  for (const text of [RUNSC, RUNSC.replace('echo', 'printf')]) {
    writeFileSync(runsc, text);
    assert.is((await lisafs('gofer', '--install', folder, '--runsc', runsc)).code, 0);
    assert.is(readFileSync(join(folder, 'runsc'), 'utf8'), text.replaceAll('/proc/self/exe', './lisafs-gofer'));
  }
});

install('makes nothing of a program that is none, or was changed already', async ({ folder, runsc }) => {
  const to = join(folder, 'to');
  writeFileSync(runsc, 'something else');
  const other = await lisafs('gofer', '--install', to, '--runsc', runsc);
  assert.is(other.code, 1);
  assert.match(other.stderr, `lisafs gofer: ${runsc} does not start its gofer by /proc/self/exe`);
  const none = await lisafs('gofer', '--install', to, '--runsc', join(folder, 'none'));
  assert.equal([none.code, none.stderr], [1, `lisafs gofer: ${folder}/none: No such file or directory\n`]);
  assert.not(existsSync(to));
});

install('leaves the original where it is', async ({ folder }) => {
  const own = join(folder, 'runsc');
  writeFileSync(own, RUNSC, { mode: 0o755 });
  const { code, stderr } = await lisafs('gofer', '--install', folder, '--runsc', own);
  assert.is(code, 2);
  assert.match(stderr, 'that is where the runsc to copy is');
  assert.is(readFileSync(own, 'utf8'), RUNSC);
});

install('refuses a directory that nobody but its owner can enter', async ({ folder, runsc }) => {
  const closed = join(folder, 'closed');
  mkdirSync(closed, { mode: 0o700 });
  const { code, stderr } = await lisafs('gofer', '--install', join(closed, 'to'), '--runsc', runsc);
  assert.equal([code, stderr.includes(`chmod o+x ${closed}`)], [1, true], stderr);
});

install('says what is missing, and what does not go together', async ({ folder }) => {
  const path = { ...process.env, PATH: folder };
  const none = await run([process.execPath, MAIN, 'gofer', '--install', folder], { env: path });
  assert.equal([none.code, /no runsc in PATH; name one with --runsc/.test(none.stderr)], [2, true]);
  for (const [args, what] of [
    [[], '--install DIR, or what runsc says'],
    [['--install', folder, '--', 'x'], '--install does not serve'],
    [['--runsc', 'x', '--', 'gofer'], '--runsc goes with --install'],
    [['x'], 'x: what runsc says comes after --'],
  ] as const) {
    const { code, stderr } = await lisafs('gofer', ...args);
    assert.equal([code, stderr.includes(what)], [2, true], stderr);
  }
});

install.run();
