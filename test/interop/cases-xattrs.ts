/**
 * Cases of the messages about extended attributes: MIDs 25-28. The gofer of 2022 lists two of them and does neither.
 */

import { symlinkSync, writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { type FDID, MID } from '../../runtime/index.js';
import { setXattr, xattr } from './kernel.js';
import { type Case, type Stage } from './stage.js';

const XATTR_CREATE = 1;
const XATTR_REPLACE = 2;
/** A value that is no text: the SDK's strings carry it all the same. */
const BYTES = Buffer.from([0, 1, 0x7f, 0x80, 0xc3, 0x28, 0xff, 0]);
/** The string that these bytes are. */
const BYTES_TEXT = '\0\x01\x7f\udc80\udcc3(\udcff\0';

interface Attributes {
  readonly file: FDID;
  readonly symlink: FDID;
}

async function files(t: Stage): Promise<Attributes> {
  writeFileSync(t.at('file'), '');
  symlinkSync('file', t.at('symlink'));
  return { file: await t.walk('file'), symlink: await t.walk('symlink') };
}

/** Runs `today` against a current gofer; one of 2022 answers `old` with EOPNOTSUPP. */
function supported(
  old: (t: Stage, fd: FDID) => Promise<unknown>,
  today: (t: Stage, files: Attributes) => Promise<void>,
): (t: Stage) => Promise<void> {
  return async (t) => {
    const made = await files(t);
    if (t.kind === 'debian') return t.fails('EOPNOTSUPP', old(t, made.file));
    const missing = setXattr(t.at('file'), 'user.probe', Buffer.of(1));
    if (missing !== undefined) return t.fails(missing, t.ask.fsetXattr(attribute(made.file, 'x')), 'FSetXattr');
    await t.ask.fremoveXattr({ fd: made.file, name: 'user.probe' });
    return today(t, made);
  };
}

const attribute = (fd: FDID, value: string, flags = 0) => ({ fd, flags, name: 'user.a', value });

const fgetXattr: Case[] = [
  {
    title: 'gives the value, any bytes, with no limit or a sufficient one',
    run: supported(
      (t, fd) => t.ask.fgetXattr({ fd, bufSize: 0, name: 'user.a' }),
      async (t, { file: fd }) => {
        for (const [value, text] of [
          [BYTES, BYTES_TEXT],
          [Buffer.alloc(0), ''],
          [Buffer.alloc(2000, 'v'), 'v'.repeat(2000)],
        ] as const) {
          assert.is(setXattr(t.at('file'), 'user.a', value), undefined);
          for (const bufSize of [0, value.length, 65536, 0xffff_ffff]) {
            assert.is((await t.ask.fgetXattr({ fd, bufSize, name: 'user.a' })).value, text);
          }
        }
      },
    ),
  },
  {
    title: 'is ENODATA where there is none, ERANGE for a small buffer, EOPNOTSUPP for a name of no namespace',
    run: supported(
      (t, fd) => t.ask.fgetXattr({ fd, bufSize: 0, name: 'nonsense' }),
      async (t, { file: fd, symlink }) => {
        setXattr(t.at('file'), 'user.a', BYTES);
        await t.fails('ENODATA', t.ask.fgetXattr({ fd, bufSize: 0, name: 'user.b' }));
        await t.fails('ERANGE', t.ask.fgetXattr({ fd, bufSize: 2, name: 'user.a' }));
        await t.fails('EOPNOTSUPP', t.ask.fgetXattr({ fd, bufSize: 0, name: 'nonsense' }));
        await t.fails('ERANGE', t.ask.fgetXattr({ fd, bufSize: 0, name: `user.${'n'.repeat(251)}` }));
        const truth = xattr(t.at('symlink'), 'user.a') as string;
        await t.fails(truth, t.ask.fgetXattr({ fd: symlink, bufSize: 0, name: 'user.a' }));
      },
    ),
  },
  {
    title: 'wants a control FD',
    run: (t) => t.wantsControlFD((fd) => t.ask.fgetXattr({ fd, bufSize: 0, name: 'user.a' })),
  },
];

const fsetXattr: Case[] = [
  {
    title: 'sets any bytes, replaces them, and heeds XATTR_CREATE and XATTR_REPLACE',
    run: supported(
      (t, fd) => t.ask.fsetXattr(attribute(fd, 'x')),
      async (t, { file: fd }) => {
        const value = (): Buffer | string => xattr(t.at('file'), 'user.a');
        await t.fails('ENODATA', t.ask.fsetXattr(attribute(fd, 'x', XATTR_REPLACE)));
        await t.ask.fsetXattr(attribute(fd, BYTES_TEXT, XATTR_CREATE));
        assert.equal(value(), BYTES);
        await t.fails('EEXIST', t.ask.fsetXattr(attribute(fd, 'x', XATTR_CREATE)));
        await t.ask.fsetXattr(attribute(fd, 'replaced', XATTR_REPLACE));
        assert.equal(value(), Buffer.from('replaced'));
        await t.ask.fsetXattr(attribute(fd, ''));
        assert.equal(value(), Buffer.alloc(0));
      },
    ),
  },
  {
    title: 'is EINVAL for flags that mean nothing, EOPNOTSUPP for a name of no namespace, EPERM for a symlink',
    run: supported(
      (t, fd) => t.ask.fsetXattr(attribute(fd, 'x', 99)),
      async (t, { file: fd, symlink }) => {
        await t.fails('EINVAL', t.ask.fsetXattr(attribute(fd, 'x', 99)));
        await t.fails('EOPNOTSUPP', t.ask.fsetXattr({ ...attribute(fd, 'x'), name: 'nonsense' }));
        await t.fails('ERANGE', t.ask.fsetXattr({ ...attribute(fd, 'x'), name: `user.${'n'.repeat(251)}` }));
        await t.fails('EPERM', t.ask.fsetXattr(attribute(symlink, 'x')));
      },
    ),
  },
  {
    title: 'wants a control FD',
    run: (t) => t.wantsControlFD((fd) => t.ask.fsetXattr(attribute(fd, 'x'))),
  },
];

const flistXattr: Case[] = [
  {
    title: 'lists the names; none is none; ERANGE for a small buffer',
    run: supported(
      (t, fd) => t.ask.flistXattr({ fd, size: 0 }),
      async (t, { file: fd }) => {
        assert.equal((await t.ask.flistXattr({ fd, size: 0 })).xattrs, []);
        setXattr(t.at('file'), 'user.one', BYTES);
        setXattr(t.at('file'), 'user.zwei', BYTES);
        for (const size of [0, 19, 65536, 2n ** 64n - 1n]) {
          assert.equal((await t.ask.flistXattr({ fd, size })).xattrs.sort(), ['user.one', 'user.zwei']);
        }
        await t.fails('ERANGE', t.ask.flistXattr({ fd, size: 18 }));
      },
    ),
  },
  {
    title: 'wants a control FD; of what is deleted gVisor lists nothing',
    run: supported(
      (t, fd) => t.ask.flistXattr({ fd, size: 0 }),
      async (t, { file }) => {
        await t.ask.unlinkAt({ dirFD: t.dir, flags: 0, name: 'file' });
        // EINVAL is meant, but the handler drops it.
        assert.equal((await t.ask.flistXattr({ fd: file, size: 0 })).xattrs, []);
        await t.wantsControlFD((fd) => t.ask.flistXattr({ fd, size: 0 }));
      },
    ),
  },
];

const fremoveXattr: Case[] = [
  {
    title: 'removes one; ENODATA where there is none',
    run: supported(
      (t, fd) => t.ask.fremoveXattr({ fd, name: 'user.a' }),
      async (t, { file: fd, symlink }) => {
        setXattr(t.at('file'), 'user.a', BYTES);
        setXattr(t.at('file'), 'user.b', BYTES);
        await t.ask.fremoveXattr({ fd, name: 'user.a' });
        assert.is(xattr(t.at('file'), 'user.a'), 'ENODATA');
        assert.equal(xattr(t.at('file'), 'user.b'), BYTES);
        await t.fails('ENODATA', t.ask.fremoveXattr({ fd, name: 'user.a' }));
        await t.fails('EPERM', t.ask.fremoveXattr({ fd: symlink, name: 'user.a' }));
      },
    ),
  },
  {
    title: 'wants a control FD',
    run: (t) => t.wantsControlFD((fd) => t.ask.fremoveXattr({ fd, name: 'user.a' })),
  },
];

export const xattrCases = new Map<number, Case[]>([
  [MID.FGetXattr, fgetXattr],
  [MID.FSetXattr, fsetXattr],
  [MID.FListXattr, flistXattr],
  [MID.FRemoveXattr, fremoveXattr],
]);
