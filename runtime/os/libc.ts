/**
 * The C library, as its manual pages declare it: the one place that loads native code. Each prototype is wrapped once,
 * in the file of its subject beside this one. Pointers are passed as addresses (numbers) or as Buffers, and every call
 * here returns before it gives up the thread: none uses koffi's `.async`, which would occupy libuv's pool.
 */

import './platform.js';
import koffi from 'koffi';

const self = koffi.load(null);

/** Declares a function of the running process's libc under the TypeScript type that its wrapper uses. */
function declare<F extends (...args: never[]) => number>(prototype: string): F {
  return self.func(prototype) as unknown as F;
}

/** An address in this process, or memory of Node's: koffi passes the address of a Buffer's first byte. */
export type Pointer = number | Uint8Array | null;

/* socket(2) and its like. There is no ssize_t in koffi: on both our machines it is a long. */
export const socket = declare<(domain: number, type: number, protocol: number) => number>(
  'int socket(int domain, int type, int protocol)',
);
export const socketpair = declare<(domain: number, type: number, protocol: number, sv: Int32Array) => number>(
  'int socketpair(int domain, int type, int protocol, int *sv)',
);
export const connect = declare<(fd: number, addr: Uint8Array, len: number) => number>(
  'int connect(int sockfd, void *addr, uint32_t addrlen)',
);
export const bind = declare<(fd: number, addr: Uint8Array, len: number) => number>(
  'int bind(int sockfd, void *addr, uint32_t addrlen)',
);
export const listen = declare<(fd: number, backlog: number) => number>('int listen(int sockfd, int backlog)');
export const accept4 = declare<(fd: number, addr: null, len: null, flags: number) => number>(
  'int accept4(int sockfd, void *addr, void *addrlen, int flags)',
);
export const getsockname = declare<(fd: number, addr: Uint8Array, len: Uint32Array) => number>(
  'int getsockname(int sockfd, void *addr, void *addrlen)',
);
export const getpeername = declare<(fd: number, addr: Uint8Array, len: Uint32Array) => number>(
  'int getpeername(int sockfd, void *addr, void *addrlen)',
);
export const shutdown = declare<(fd: number, how: number) => number>('int shutdown(int sockfd, int how)');
export const getsockopt = declare<
  (fd: number, level: number, name: number, value: Int32Array, len: Uint32Array) => number
>('int getsockopt(int sockfd, int level, int optname, void *optval, void *optlen)');
export const send = declare<(fd: number, buf: Pointer, len: number, flags: number) => number>(
  'long send(int sockfd, void *buf, size_t len, int flags)',
);
export const recv = declare<(fd: number, buf: Pointer, len: number, flags: number) => number>(
  'long recv(int sockfd, void *buf, size_t len, int flags)',
);
export const sendmsg = declare<(fd: number, msg: number, flags: number) => number>(
  'long sendmsg(int sockfd, uintptr_t msg, int flags)',
);
export const recvmsg = declare<(fd: number, msg: number, flags: number) => number>(
  'long recvmsg(int sockfd, uintptr_t msg, int flags)',
);

/* Descriptors. fcntl(2) is variadic in C; on both our machines a fixed third argument is passed the same way. */
export const close = declare<(fd: number) => number>('int close(int fd)');
export const dup3 = declare<(from: number, to: number, flags: number) => number>(
  'int dup3(int oldfd, int newfd, int flags)',
);
export const fcntl = declare<(fd: number, cmd: number, arg: number) => number>('int fcntl(int fd, int cmd, long arg)');
export const poll = declare<(fds: number, count: number, timeout: number) => number>(
  'int poll(uintptr_t fds, unsigned long nfds, int timeout)',
);
export const epollCreate = declare<(flags: number) => number>('int epoll_create1(int flags)');
export const epollControl = declare<(epfd: number, op: number, fd: number, event: Uint8Array) => number>(
  'int epoll_ctl(int epfd, int op, int fd, void *event)',
);
export const eventfd = declare<(initial: number, flags: number) => number>(
  'int eventfd(unsigned int initval, int flags)',
);
export const read = declare<(fd: number, buf: Pointer, count: number) => number>(
  'long read(int fd, void *buf, size_t count)',
);
export const write = declare<(fd: number, buf: Pointer, count: number) => number>(
  'long write(int fd, void *buf, size_t count)',
);
export const statx = declare<(dirFD: number, path: Uint8Array, flags: number, mask: number, buf: number) => number>(
  'int statx(int dirfd, void *pathname, int flags, unsigned int mask, uintptr_t statxbuf)',
);
/** The same for a path at an address: to look for the memory of a Buffer takes koffi 15 ns. */
export const statxPathAt = declare<(dirFD: number, path: number, flags: number, mask: number, buf: number) => number>(
  'int statx(int dirfd, uintptr_t pathname, int flags, unsigned int mask, uintptr_t statxbuf)',
);
export const openat = declare<(dirFD: number, path: Pointer, flags: number, mode: number) => number>(
  'int openat(int dirfd, void *pathname, int flags, unsigned int mode)',
);
export const lseek = declare<(fd: number, offset: number, whence: number) => number>(
  'long lseek(int fd, long offset, int whence)',
);
export const pread = declare<(fd: number, buf: Pointer, count: number, offset: number | bigint) => number>(
  'long pread(int fd, void *buf, size_t count, int64_t offset)',
);
export const pwrite = declare<(fd: number, buf: Pointer, count: number, offset: number | bigint) => number>(
  'long pwrite(int fd, void *buf, size_t count, int64_t offset)',
);
export const fsync = declare<(fd: number) => number>('int fsync(int fd)');
export const fallocate = declare<
  (fd: number, mode: number, offset: number | bigint, length: number | bigint) => number
>('int fallocate(int fd, int mode, int64_t offset, int64_t len)');
export const fstatfs = declare<(fd: number, buf: number) => number>('int fstatfs(int fd, uintptr_t buf)');

/* Names. A path is bytes that end with a NUL. openat(2) is variadic, too. */
export const mkdirat = declare<(dirFD: number, path: Pointer, mode: number) => number>(
  'int mkdirat(int dirfd, void *pathname, unsigned int mode)',
);
export const mknodat = declare<(dirFD: number, path: Pointer, mode: number, device: number) => number>(
  'int mknodat(int dirfd, void *pathname, unsigned int mode, uint64_t dev)',
);
export const symlinkat = declare<(target: Pointer, dirFD: number, path: Pointer) => number>(
  'int symlinkat(void *target, int newdirfd, void *linkpath)',
);
export const readlinkat = declare<(dirFD: number, path: Pointer, buf: Pointer, size: number) => number>(
  'long readlinkat(int dirfd, void *pathname, void *buf, size_t bufsiz)',
);
export const linkat = declare<
  (oldDirFD: number, oldPath: Pointer, newDirFD: number, newPath: Pointer, flags: number) => number
>('int linkat(int olddirfd, void *oldpath, int newdirfd, void *newpath, int flags)');
export const unlinkat = declare<(dirFD: number, path: Pointer, flags: number) => number>(
  'int unlinkat(int dirfd, void *pathname, int flags)',
);
export const chmod = declare<(path: Pointer, mode: number) => number>('int chmod(void *pathname, unsigned int mode)');
export const fchmod = declare<(fd: number, mode: number) => number>('int fchmod(int fd, unsigned int mode)');
export const fchownat = declare<(dirFD: number, path: Pointer, uid: number, gid: number, flags: number) => number>(
  'int fchownat(int dirfd, void *pathname, uint32_t owner, uint32_t group, int flags)',
);
export const utimensat = declare<(dirFD: number, path: Pointer, times: number, flags: number) => number>(
  'int utimensat(int dirfd, void *pathname, uintptr_t times, int flags)',
);

/* Extended attributes. */
export const getxattr = declare<(path: Pointer, name: Pointer, value: Pointer, size: number) => number>(
  'long getxattr(void *path, void *name, void *value, size_t size)',
);
export const setxattr = declare<(path: Pointer, name: Pointer, value: Pointer, size: number, flags: number) => number>(
  'int setxattr(void *path, void *name, void *value, size_t size, int flags)',
);
export const listxattr = declare<(path: Pointer, list: Pointer, size: number) => number>(
  'long listxattr(void *path, void *list, size_t size)',
);
export const removexattr = declare<(path: Pointer, name: Pointer) => number>('int removexattr(void *path, void *name)');

/* Memory. */
export const mmap = declare<
  (addr: number, length: number, prot: number, flags: number, fd: number, offset: number) => number
>('long mmap(uintptr_t addr, size_t length, int prot, int flags, int fd, int64_t offset)');
export const mremap = declare<(from: number, fromSize: number, size: number, flags: number, to: number) => number>(
  'long mremap(uintptr_t old_address, size_t old_size, size_t new_size, int flags, uintptr_t new_address)',
);
export const munmap = declare<(addr: number, length: number) => number>('int munmap(uintptr_t addr, size_t length)');
export const memfdCreate = declare<(name: Uint8Array, flags: number) => number>(
  'int memfd_create(void *name, unsigned int flags)',
);
export const ftruncate = declare<(fd: number, length: number | bigint) => number>(
  'int ftruncate(int fd, int64_t length)',
);

export const schedYield = declare<() => number>('int sched_yield()');
export const schedGetcpu = declare<() => number>('int sched_getcpu()');
export const schedGetaffinity = declare<(pid: number, size: number, mask: number) => number>(
  'int sched_getaffinity(int pid, size_t cpusetsize, uintptr_t mask)',
);
export const schedSetaffinity = declare<(pid: number, size: number, mask: number) => number>(
  'int sched_setaffinity(int pid, size_t cpusetsize, uintptr_t mask)',
);
export const clockGettime = declare<(clock: number, timespec: number) => number>(
  'int clock_gettime(int clockid, uintptr_t tp)',
);

/*
 * syscall(2), as futex.ts calls it: FUTEX_WAKE and FUTEX_WAIT, and futex_waitv(2). Each has as many parameters as the
 * kernel reads: one more takes 8 ns.
 */
export const syscallFutexWake = declare<(nr: number, uaddr: number, op: number, val: number) => number>(
  'long syscall(long number, uintptr_t uaddr, long op, unsigned long val)',
);
export const syscallFutexWait = declare<
  (nr: number, uaddr: number, op: number, val: number, timeout: number) => number
>('long syscall(long number, uintptr_t uaddr, long op, unsigned long val, uintptr_t timeout)');
export const syscallFutexWaitv = declare<
  (nr: number, waiters: number, count: number, flags: number, timeout: number, clock: number) => number
>(
  'long syscall(long number, uintptr_t waiters, unsigned long nr_futexes, unsigned long flags, uintptr_t timeout, ' +
    'long clockid)',
);

/* And for what not every libc has a function for, or one that does more: see platform.ts for the numbers. */
export const syscallRename = declare<
  (nr: number, oldDirFD: number, oldPath: Pointer, newDirFD: number, newPath: Pointer, flags: number) => number
>('long syscall(long number, long olddirfd, void *oldpath, long newdirfd, void *newpath, unsigned long flags)');
export const syscallGetdents = declare<(nr: number, fd: number, buf: Pointer, count: number) => number>(
  'long syscall(long number, long fd, void *dirp, unsigned long count)',
);
export const syscallSetIDs = declare<(nr: number, real: number, effective: number, saved: number) => number>(
  'long syscall(long number, long real, long effective, long saved)',
);

/* A thread's restartable sequences (rseq.ts). On x64 its pthread_t is what its thread pointer says. */
export const pthreadSelf = declare<() => number>('unsigned long pthread_self()');
export const syscallRseq = declare<(nr: number, area: number, size: number, flags: number, sig: number) => number>(
  'long syscall(long number, uintptr_t rseq, unsigned long rseq_len, long flags, unsigned long sig)',
);
/** Where they are, from the thread pointer on; undefined with a libc that has none, as glibc before 2.35 and musl. */
export function rseqOffset(): number | undefined {
  try {
    return koffi.decode(self.symbol('__rseq_offset'), 'long') as number;
  } catch {
    return undefined;
  }
}

/** The errno of the call just made: ask at once, since any other call overwrites it. */
export function errno(): number {
  return koffi.errno();
}

/** The memory at an address of ours, without a copy. It does not keep the mapping alive: see memory.ts. */
export function viewMemory(address: number, size: number): ArrayBuffer {
  return koffi.view(address, size);
}

/** A libuv poll handle on a descriptor; see poll.ts for what it asks of its user. */
export type PollHandle = InstanceType<typeof koffi.node.PollHandle>;
/** Makes a poll handle. Its callback really gets a libuv status first, which koffi's declaration leaves out. */
export const uvPoll = koffi.node.poll as unknown as (
  fd: number,
  events: { readable: boolean; writable: boolean; disconnect: boolean },
  callback: (status: number) => void,
) => PollHandle;
