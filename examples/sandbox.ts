/**
 * Runs a command in a gVisor sandbox whose files come from here: its root is in memory, made by this file, and /project
 * is a directory of this machine, less what the command is not to see or to change.
 *
 *     node dist/examples/sandbox.js ['SHELL COMMANDS']
 *
 * As root, with Debian's packages runsc and busybox-static; RUNSC names another runsc.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { localDirectory, serveFS, type Backend, type CallRecord, type GoferModule } from 'lisafs/server';
import { memfs } from 'memfs';

const SCRIPT = `
cat /etc/motd
ls -A /project
cp -r /project/src /project/build && echo built > /project/build/done
echo changed > /project/src/code
mkdir /home && echo 'for this sandbox alone' > /home/note && cat /home/note
sha256sum /bin/busybox | cut -c 1-64
exit 7`;

/** The sandbox's root: whatever looks like node:fs. Nothing of it is on a disk, and it ends with the sandbox. */
function rootInMemory(): Backend {
  const memory = memfs({ '/etc/motd': 'These files are made of TypeScript.\n' }).fs;
  memory.mkdirSync('/bin');
  memory.writeFileSync('/bin/busybox', fs.readFileSync('/bin/busybox'), { mode: 0o755 });
  for (const name of ['cat', 'cp', 'cut', 'ls', 'mkdir', 'sh', 'sha256sum'])
    memory.symlinkSync('busybox', `/bin/${name}`);
  return serveFS(memory.promises);
}

/** Asked by the sandbox's gofer, a process of its own that loads this file, what to serve at each mount. */
const files: GoferModule = ({ destination, source, bundle }) => {
  if (destination === '/') return { root: rootInMemory() };
  const onCall = ({ message, paths, code }: CallRecord): void => {
    if (/^(?:OpenCreateAt|MkdirAt|OpenAt)$/.test(message)) {
      fs.appendFileSync(join(bundle, 'audit.log'), `${message} ${destination}${paths[0]} ${code ?? 'ok'}\n`);
    }
  };
  return { root: localDirectory(source), policy: { hide: ['**/.env'], readOnly: ['/src'] }, onCall };
};
export default files;

function plantProject(folder: string): string {
  const project = join(folder, 'project');
  fs.mkdirSync(join(project, 'src'), { recursive: true });
  fs.writeFileSync(join(project, 'src', 'code'), 'code\n');
  fs.writeFileSync(join(project, '.env'), 'SECRET=1\n');
  return project;
}

function runSandbox(folder: string, script: string): void {
  const manifest = import.meta.resolve('lisafs/package.json');
  const { bin } = JSON.parse(fs.readFileSync(new URL(manifest), 'utf8')) as { bin: { lisafs: string } };
  const lisafs = fileURLToPath(new URL(bin.lisafs, manifest));
  const runsc = process.env['RUNSC'] ?? 'runsc';
  const found = execFileSync('sh', ['-c', `command -v ${runsc}`], { encoding: 'utf8' }).trim();
  // The same as: npx lisafs gofer --install FOLDER --module sandbox.js
  const module = fileURLToPath(import.meta.url);
  execFileSync(process.execPath, [lisafs, 'gofer', '--install', folder, '--runsc', found, '--module', module]);
  const config = {
    ociVersion: '1.0.2',
    process: { user: { uid: 0, gid: 0 }, cwd: '/project', env: ['PATH=/bin'], args: ['/bin/sh', '-c', script] },
    root: { path: 'served-from-memory' },
    mounts: [{ destination: '/project', type: 'bind', source: plantProject(folder) }],
    linux: {},
  };
  fs.writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  const isToday = spawnSync(found, ['flags'], { encoding: 'utf8' }).output.join('').includes('directfs');
  const flags = ['--root=state', '--platform=ptrace', '--network=none', '--ignore-cgroups', '--log=log'];
  if (isToday) flags.push('--directfs=false', '--overlay2=none');
  // Whatever runsc mounts goes with the mount namespace.
  const command = ['-m', '--propagation', 'private', './runsc', ...flags, 'run', `sandbox-${process.pid}`];
  const box = spawnSync('unshare', command, { cwd: folder, encoding: 'utf8' });
  console.log(`In the sandbox:\n${box.stdout}${box.stderr}It ended with status ${box.status}.\n`);
  const audit = join(folder, 'audit.log');
  if (fs.existsSync(audit)) console.log(`What it did to /project:\n${fs.readFileSync(audit, 'utf8')}`);
  const there = fs.readdirSync(join(folder, 'project'), { recursive: true, encoding: 'utf8' }).sort();
  console.log(`What is there now, on this machine: ${there.join(' ')}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = fs.mkdtempSync(join(tmpdir(), 'lisafs-sandbox-'));
  fs.chmodSync(folder, 0o755); // Part of runsc runs as nobody.
  try {
    runSandbox(folder, process.argv[2] ?? SCRIPT);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}
