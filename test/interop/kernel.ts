/** What the kernel says of files and descriptors, where node:fs does not say it: the truth that answers are held to. */

import { readFileSync } from 'node:fs';
import koffi from 'koffi';
import * as assert from 'uvu/assert';
import { getsockopt } from '../../runtime/os/libc.js';
import { errnoName } from '../../runtime/wire/errno.js';

const libc = koffi.load(null);

const lgetxattr = libc.func('long lgetxattr(const char *path, const char *name, void *value, size_t size)') as (
  path: string,
  name: string,
  value: Uint8Array,
  size: number,
) => number;
const lsetxattr = libc.func(
  'int lsetxattr(const char *path, const char *name, void *value, size_t size, int flags)',
) as (path: string, name: string, value: Uint8Array, size: number, flags: number) => number;

/** The value of an attribute of the file itself, symlink or not; the errno's name where there is none. */
export function xattr(path: string, name: string): Buffer | string {
  const value = Buffer.alloc(65536);
  const size = lgetxattr(path, name, value, value.length);
  return size < 0 ? errnoName(koffi.errno()) : value.subarray(0, size);
}

/** Sets an attribute; the errno's name if that fails. */
export function setXattr(path: string, name: string, value: Uint8Array): string | undefined {
  return lsetxattr(path, name, value, value.length, 0) < 0 ? errnoName(koffi.errno()) : undefined;
}

const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const O_ACCMODE = 3;

export interface DescriptorFlags {
  readonly accessMode: number;
  readonly nonBlocking: boolean;
  readonly closeOnExec: boolean;
}

export function descriptorFlags(fd: number): DescriptorFlags {
  const info = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
  const flags = Number.parseInt(/^flags:\s*([0-7]+)$/m.exec(info)![1]!, 8);
  return {
    accessMode: flags & O_ACCMODE,
    nonBlocking: (flags & O_NONBLOCK) !== 0,
    closeOnExec: (flags & O_CLOEXEC) !== 0,
  };
}

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;

/** Who connected: the other end of a Unix socket, as the kernel knows it. */
export function peerCredentials(fd: number): { pid: number; uid: number; gid: number } {
  const values = new Int32Array(3);
  assert.is(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, values, Uint32Array.of(12)), 0);
  return { pid: values[0]!, uid: values[1]!, gid: values[2]! };
}
