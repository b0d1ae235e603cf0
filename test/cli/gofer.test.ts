/** The commands on gVisor's own gofers, old and current: an inherited socket, and a server that describes nothing. */

import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { closeFD } from '../../runtime/os/descriptor.js';
import { needingRunsc } from '../interop/peers.js';
import { goferOn, newDirectory } from '../interop/session.js';
import { MAIN, run, type Ended } from './command.js';

const test = suite('commands on gVisor');

for (const kind of ['debian', 'current'] as const) {
  needingRunsc(test, kind)(`inspect, call, tree, cat and cp speak to ${kind} gVisor`, async () => {
    const base = newDirectory();
    const root = join(base, 'root');
    mkdirSync(join(root, 'etc'), { recursive: true });
    writeFileSync(join(root, 'etc', 'hostname'), 'here\n');
    symlinkSync('etc/hostname', join(root, 'link'));
    /** Runs a command with a gofer of its own as descriptor 3: a gofer serves one client. */
    const lisafs = async (...args: string[]): Promise<Ended> => {
      const { gofer, fd } = goferOn(root, { runsc: kind });
      try {
        return await run([process.execPath, MAIN, ...args, '--fd', '3'], { fds: [fd] });
      } finally {
        closeFD(fd);
        await gofer.stop();
      }
    };
    try {
      const { code, stdout, stderr } = await lisafs('inspect', '--json', '--calls', '10');
      assert.equal([code, stderr], [0, '']);
      const facts = JSON.parse(stdout) as {
        protocol: string;
        description: string;
        roundTrips: object;
        channels: number;
      };
      assert.equal([facts.protocol, facts.description], ['LISAFS', 'LISAFS, since the server describes nothing']);
      assert.ok('FStat, blocking' in facts.roundTrips && facts.channels > 0);
      const walked = await lisafs('call', 'Walk', '{"dirFD": "$0.root.controlFD", "path": ["etc", "none"]}');
      assert.is(walked.code, 0, walked.stderr);
      const { status, inodes } = JSON.parse(walked.stdout) as { status: number; inodes: object[] };
      assert.equal([status, inodes.length], [1, 1]);
      assert.match((await lisafs('tree')).stdout, /hostname\n.* link -> etc\/hostname\n/);
      assert.is((await lisafs('cat', '/link')).stdout, 'here\n');
      assert.is((await lisafs('cp', '-r', ':/', join(base, 'copy'))).code, 0);
      assert.is((await run(['diff', '-r', '--no-dereference', root, join(base, 'copy')])).stdout, '');
    } finally {
      rmSync(base, { recursive: true, force: true });
    }
  });
}

test.run();
